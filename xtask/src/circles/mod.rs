//! No circle of imports between the files of a crate. A file and the files below it in the module
//! tree may use one another: a parent re-exports what its children hold.
//!
//! Works on tokens: `use` trees and paths that begin with `crate`, `super` or `self`. A name that a
//! module re-exports counts as used from the file that holds it. Test code is passed over.

mod graph;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::exceptions::Exceptions;
use crate::{Findings, sources};
use graph::Imports;
use source::{Source, read};

/// Every crate of the workspace.
pub(crate) fn check(root: &Path, exceptions: &Exceptions) -> Result<Findings> {
    let mut imports = Imports::default();
    let files: BTreeSet<PathBuf> = sources::rust_files(root)?.into_iter().collect();
    for lib in files.iter().filter(|path| is_root(path, &files)) {
        let folder = lib.parent().unwrap_or(lib);
        let mut modules = BTreeMap::new();
        for path in files.iter().filter(|path| path.starts_with(folder)) {
            let Some(module) = module(path, folder, lib) else { continue };
            let source = read(&sources::read(root, path)?, &module)
                .map_err(|error| anyhow!("{} cannot be read as Rust: {error}", path.display()))?;
            modules.insert(module, (path.clone(), source));
        }
        add(&modules, &mut imports);
    }
    Ok(imports.findings(&exceptions.circles))
}

/// Whether the file is the root of a crate: `lib.rs`, or `main.rs` where there is no library.
fn is_root(path: &Path, files: &BTreeSet<PathBuf>) -> bool {
    let in_src = path.parent().is_some_and(|folder| folder.ends_with("src"));
    in_src
        && (path.ends_with("lib.rs")
            || path.ends_with("main.rs") && !files.contains(&path.with_file_name("lib.rs")))
}

/// The module of a file below its crate's `src`; `None` for tests and programs beside the library.
fn module(path: &Path, folder: &Path, root: &Path) -> Option<Vec<String>> {
    if path == root {
        return Some(Vec::new());
    }
    let below = path.strip_prefix(folder).ok()?.with_extension("");
    let mut module: Vec<String> =
        below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    let other = ["main", "lib", "bin"].contains(&module.first()?.as_str());
    (!other && !sources::is_test(path)).then_some(module)
}

/// A module path, from the crate's root.
type Module = Vec<String>;
type Modules = BTreeMap<Module, (PathBuf, Source)>;

/// Hops from one re-export to the next; more would be a circle of re-exports.
const HOPS: usize = 8;

fn add(modules: &Modules, imports: &mut Imports) {
    for (module, (file, source)) in modules {
        for (within, path) in &source.paths {
            let Some(target) = resolve(modules, within, path, HOPS) else { continue };
            // Up and down the same branch of the tree is no circle.
            if !target.starts_with(module) && !module.starts_with(&target) {
                imports.add(file, &modules[&target].0);
            }
        }
    }
}

/// The module whose file holds what `path` names, seen from the module `within`.
fn resolve(modules: &Modules, within: &[String], path: &[String], hops: usize) -> Option<Module> {
    let mut at = within.to_vec();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => {
            at.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|first| first == "super") {
                at.pop();
                rest = &rest[1..];
            }
        }
        // A child, or something that `use` brought here; else a crate of others.
        first => {
            let child = [within, &[first.to_owned()]].concat();
            if !modules.contains_key(&child) {
                return None;
            }
        }
    }
    for (index, name) in rest.iter().enumerate() {
        let child = [at.as_slice(), std::slice::from_ref(name)].concat();
        if modules.contains_key(&child) {
            at = child;
            continue;
        }
        let source = modules.get(&at).map(|(_, source)| source);
        let renamed = source.and_then(|source| source.names.get(name));
        if let (Some(renamed), 1..) = (renamed, hops) {
            let further = [renamed.as_slice(), &rest[index + 1..]].concat();
            if let Some(found) = resolve(modules, &at, &further, hops - 1) {
                return Some(found);
            }
        }
        break;
    }
    // An inline module is part of the nearest file above it.
    while !modules.contains_key(&at) {
        at.pop()?;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join("one/src").join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        folder
    }

    fn found(files: &[(&str, &str)], exceptions: &str) -> Findings {
        let folder = crate_of(files);
        let exceptions = toml::from_str(exceptions).expect("valid");
        check(folder.path(), &exceptions).expect("readable")
    }

    const CIRCLE: [(&str, &str); 4] = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use super::c; pub struct B(c::C);"),
        ("c.rs", "pub struct C; fn f() { crate::a::g::<u8>() }"),
    ];

    #[test]
    fn a_circle_is_named_with_its_files_in_order() {
        let findings = found(&CIRCLE, "");
        assert_eq!(findings.len(), 1, "{findings:?}");
        let circle = "one/src/a.rs → one/src/b.rs → one/src/c.rs → one/src/a.rs";
        assert!(findings[0].contains(circle), "{findings:?}");
    }

    #[test]
    fn without_one_of_its_imports_it_is_none() {
        for (open, text) in [(1, "pub struct A;"), (2, "pub struct B;"), (3, "pub struct C;")] {
            let mut files = CIRCLE;
            files[open].1 = text;
            assert_eq!(found(&files, ""), Findings::new());
        }
    }

    #[test]
    fn a_parent_and_its_children_may_use_one_another() {
        let files = [
            ("lib.rs", "mod a; pub use a::low::Low; pub struct Top;"),
            ("a/mod.rs", "pub mod low; use low::Low; pub struct A(Low);"),
            ("a/low.rs", "use super::A; use crate::Top; pub struct Low;"),
        ];
        assert_eq!(found(&files, ""), Findings::new());
    }

    #[test]
    fn a_re_export_hides_no_circle() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A; pub(crate) use b::{B as Bee, Other};"),
            ("a.rs", "use crate::Bee; pub struct A(Bee);"),
            ("b.rs", "use crate::A; pub struct B(A); pub struct Other;"),
        ];
        assert_eq!(found(&files, "").len(), 1);
    }

    #[test]
    fn what_tests_use_and_what_only_looks_like_a_path_is_passed_over() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; // crate::b\n const S: &str = \"crate::b\";"),
            ("b.rs", "#[cfg(test)] mod tests { use crate::a::A; } pub struct B;"),
            ("b_tests.rs", "use crate::a::A;"),
        ];
        assert_eq!(found(&files, ""), Findings::new());
    }

    #[test]
    fn an_exception_takes_one_import_out_and_is_refused_when_it_is_none() {
        let back = "[circles]\n\"one/src/c.rs\" = [\"one/src/a.rs\"]";
        assert_eq!(found(&CIRCLE, back), Findings::new());
        let mut mended = CIRCLE;
        mended[2].1 = "pub struct B;";
        let findings = found(&mended, back);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].contains("is part of no circle"), "{findings:?}");
        let none = "[circles]\n\"one/src/b.rs\" = [\"one/src/a.rs\"]";
        let findings = found(&CIRCLE, none);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[1].contains("does not use"), "{findings:?}");
    }
}
