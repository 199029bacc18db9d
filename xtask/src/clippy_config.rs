//! The `clippy.toml` files, written from `xtask/bans.toml`.
//!
//! Clippy reads only the file nearest to a crate, so a crate with an exception gets a whole file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{Findings, deps, sources};

const BANS: &str = "xtask/bans.toml";

const HEAD: &str = "\
# Written by `cargo xtask clippy-config` from xtask/bans.toml; edit that file.
allow-unwrap-in-tests = true
allow-print-in-tests = true

disallowed-methods = [
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bans {
    ban: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    calls: Vec<String>,
    reason: String,
    #[serde(default)]
    except: BTreeSet<String>,
}

/// Compares the files with the list.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let mut findings = Findings::new();
    let members = deps::members(root)?;
    let wanted = files(&sources::read(root, BANS)?, &members)?;
    for (path, text) in &wanted {
        if fs::read_to_string(root.join(path)).ok().as_ref() != Some(text) {
            findings.push(format!("{path} is stale: run `cargo xtask clippy-config`, commit it"));
        }
    }
    for folder in members.values() {
        let path = format!("{folder}/clippy.toml");
        if !wanted.contains_key(&path) && root.join(&path).exists() {
            findings.push(format!("{path} hides the root's bans: remove it"));
        }
    }
    Ok(findings)
}

/// Writes the files, and removes those of crates that need none.
pub(crate) fn write(root: &Path) -> Result<()> {
    let members = deps::members(root)?;
    let wanted = files(&sources::read(root, BANS)?, &members)?;
    for folder in members.values() {
        let path = format!("{folder}/clippy.toml");
        if !wanted.contains_key(&path) && root.join(&path).exists() {
            fs::remove_file(root.join(&path)).context(path)?;
        }
    }
    for (path, text) in wanted {
        fs::write(root.join(&path), text).context(path)?;
    }
    Ok(())
}

/// The files as they should be, by path; `members` maps a crate's name to its folder.
fn files(bans: &str, members: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let bans: Bans = toml::from_str(bans).context(BANS)?;
    let mut files = BTreeMap::from([("clippy.toml".to_owned(), render(&bans, None))]);
    for name in bans.ban.iter().flat_map(|ban| &ban.except) {
        let folder = members
            .get(name)
            .with_context(|| format!("{BANS} excepts {name}, which is no crate of ours"))?;
        files.insert(format!("{folder}/clippy.toml"), render(&bans, Some(name)));
    }
    Ok(files)
}

fn render(bans: &Bans, name: Option<&str>) -> String {
    let mut text = HEAD.to_owned();
    for ban in &bans.ban {
        if name.is_some_and(|name| ban.except.contains(name)) {
            continue;
        }
        for call in &ban.calls {
            let _ = writeln!(text, "    {{ path = {call:?}, reason = {:?} }},", ban.reason);
        }
    }
    text.push_str("]\n");
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const SAMPLE: &str = r#"
        [[ban]]
        calls = ["a::now"]
        reason = "time is an argument"

        [[ban]]
        calls = ["b::spawn"]
        reason = "actors own tasks"
        except = ["ours-actors"]
    "#;

    fn members() -> BTreeMap<String, String> {
        BTreeMap::from([("ours-actors".to_owned(), "actors".to_owned())])
    }

    #[test]
    fn an_exception_gives_a_crate_a_file_of_its_own_that_keeps_the_other_bans() {
        let files = files(SAMPLE, &members()).expect("valid");
        assert!(files["clippy.toml"].contains("a::now"));
        assert!(files["clippy.toml"].contains("b::spawn"));
        assert!(files["actors/clippy.toml"].contains("a::now"));
        assert!(!files["actors/clippy.toml"].contains("b::spawn"));
    }

    #[test]
    fn an_exception_for_a_crate_that_does_not_exist_is_an_error() {
        let error = files(SAMPLE, &BTreeMap::new()).expect_err("unknown crate");
        assert!(error.to_string().contains("ours-actors"), "{error}");
    }

    #[test]
    fn a_stale_file_and_one_that_hides_the_bans_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for sub in ["xtask/src", "plain/src"] {
            fs::create_dir_all(root.join(sub)).expect("made");
        }
        fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"plain\"]\n").expect("made");
        fs::write(root.join("plain/Cargo.toml"), "[package]\nname = \"plain\"\n").expect("made");
        fs::write(root.join("plain/src/lib.rs"), "").expect("made");
        let bans = "[[ban]]\ncalls = [\"a::b\"]\nreason = \"c\"\n";
        fs::write(root.join(BANS), bans).expect("made");

        assert!(check(root).expect("readable")[0].contains("stale"));
        write(root).expect("written");
        assert!(check(root).expect("readable").is_empty());
        fs::write(root.join("plain/clippy.toml"), "").expect("made");
        assert!(check(root).expect("readable")[0].contains("hides"));
        write(root).expect("written");
        assert!(check(root).expect("readable").is_empty());
    }

    /// The bans of the standard library, tried with the real clippy on a crate that breaks them.
    #[test]
    fn clippy_refuses_the_banned_calls_and_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, workspace) = (folder.path(), sources::root().expect("a workspace"));
        let bans = sources::read(&workspace, BANS).expect("readable");
        let bans: Bans = toml::from_str(&bans).expect("valid");
        fs::create_dir_all(root.join("src")).expect("made");
        let manifest = "[package]\nname = \"bad\"\nedition = \"2024\"\n[workspace]\n";
        fs::write(root.join("Cargo.toml"), manifest).expect("made");
        fs::write(root.join("clippy.toml"), render(&bans, None)).expect("made");
        let code = "fn main() { let _ = std::time::Instant::now(); std::process::exit(1) }\n";
        fs::write(root.join("src/main.rs"), code).expect("made");
        let run = Command::new(env!("CARGO"))
            .args(["clippy", "--quiet", "--offline", "--target-dir"])
            .arg(root.join("target"))
            .current_dir(root)
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(said.contains("disallowed method `std::time::Instant::now`"), "{said}");
        assert!(said.contains("disallowed method `std::process::exit`"), "{said}");
        assert!(said.contains("time is an argument"), "{said}");
    }
}
