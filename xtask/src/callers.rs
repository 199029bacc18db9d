//! Every public function of `tenants` has a caller outside tests: what nobody calls, nothing does.
//!
//! Judged by names: a function by `module::name`, or by its bare name where that is imported; a method
//! by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::exceptions::{EXCEPTIONS, Exceptions};
use crate::{Findings, sources};

/// The crate whose functions are looked at, and those of its files that are for tests.
const CRATE: &str = "tenants/src";
const FOR_TESTS: [&str; 2] = ["tenants/src/testing.rs", "tenants/src/bench.rs"];

/// Whose calls count.
const CALLERS: [&str; 5] = ["actors/src", "agent/src", "agent-runtime/src", "scenarios/src", CRATE];

/// Public functions that nobody calls and that are no exception, and exceptions that are none.
pub(crate) fn check(root: &Path, exceptions: &Exceptions) -> Result<Findings> {
    let mut defined = BTreeMap::new();
    let mut used = Used::default();
    for path in sources::rust_files(root)? {
        let counts = CALLERS.iter().any(|folder| path.starts_with(folder));
        if !counts
            || sources::is_test(&path)
            || FOR_TESTS.iter().any(|file| path == Path::new(file))
        {
            continue;
        }
        let tokens = TokenStream::from_str(&sources::read(root, &path)?)
            .map_err(|error| anyhow!("{} cannot be read as Rust: {error}", path.display()))?;
        let mut file = File::default();
        file.walk(tokens, false);
        let modules = modules(&path);
        let ours = path.starts_with(CRATE);
        for (name, method) in file.defined.into_iter().filter(|_| ours) {
            let place = format!("{}::{name}", modules.join("::"));
            defined.insert(place, (name, method, modules.clone()));
        }
        used.methods.extend(file.methods);
        used.qualified.extend(file.qualified);
        let bare = file.bare.into_iter();
        used.bare.extend(bare.filter(|name| file.imported.contains(name)));
        // In its own file a function is called by its bare name.
        used.own.extend(file.own.into_iter().map(|name| (modules.join("::"), name)));
    }
    let alone: BTreeSet<String> = defined
        .into_iter()
        .filter(|(_, (name, method, modules))| !used.calls(name, *method, modules))
        .map(|(place, _)| place)
        .collect();
    let new = alone.difference(&exceptions.callers).map(|place| {
        format!("tenants: {place} has no caller outside tests: call it, or take it away")
    });
    let over = exceptions.callers.difference(&alone);
    let over = over.map(|place| format!("{EXCEPTIONS}: {place} is no exception any more"));
    Ok(new.chain(over).collect())
}

/// Names of the folders and the file of a source.
fn modules(path: &Path) -> Vec<String> {
    let below = path.strip_prefix(CRATE).unwrap_or(path).with_extension("");
    let parts = below.iter().map(|part| part.to_string_lossy().into_owned());
    parts.filter(|part| part != "mod" && part != "lib").collect()
}

#[derive(Default)]
struct Used {
    methods: BTreeSet<String>,
    qualified: BTreeSet<(String, String)>,
    bare: BTreeSet<String>,
    own: BTreeSet<(String, String)>,
}

impl Used {
    fn calls(&self, name: &str, method: bool, modules: &[String]) -> bool {
        if method {
            return self.methods.contains(name);
        }
        let qualified =
            |module: &String| self.qualified.contains(&(module.clone(), name.to_owned()));
        // Also what the crate's root gives on.
        modules.iter().any(qualified)
            || qualified(&"frontdesk_tenants".to_owned())
            || self.bare.contains(name)
            || self.own.contains(&(modules.join("::"), name.to_owned()))
    }
}

/// What a file defines and uses, outside tests.
#[derive(Default)]
struct File {
    defined: Vec<(String, bool)>,
    imported: BTreeSet<String>,
    bare: BTreeSet<String>,
    own: BTreeSet<String>,
    qualified: BTreeSet<(String, String)>,
    methods: BTreeSet<String>,
}

impl File {
    fn walk(&mut self, tokens: TokenStream, of_type: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let word = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
            Some(TokenTree::Ident(ident)) => ident.to_string(),
            Some(TokenTree::Punct(mark)) => mark.as_char().to_string(),
            _ => String::new(),
        };
        let (mut test, mut import, mut block) = (false, false, false);
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let brace = group.delimiter() == Delimiter::Brace;
                    if test {
                        test = !brace;
                    } else if import {
                        self.import(group.stream());
                    } else {
                        let attribute = group.stream().to_string().replace(' ', "");
                        test = group.delimiter() == Delimiter::Bracket
                            && (attribute == "cfg(test)"
                                || attribute == "cfg(feature=\"testing\")");
                        self.walk(group.stream(), block && brace);
                        block &= !brace;
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => (test, import) = (false, false),
                TokenTree::Ident(_) if !test => {
                    let name = word(Some(at));
                    let (before, next) = (word(at.checked_sub(1)), word(Some(at + 1)));
                    match name.as_str() {
                        "use" => import = true,
                        "impl" | "trait" => block = true,
                        _ if import => drop(self.imported.insert(name)),
                        _ if before == "fn" => {
                            let public = public(&tokens[..at - 1]);
                            self.defined.extend(public.then_some((name, of_type)));
                        }
                        _ if before == "." => drop(self.methods.insert(name)),
                        _ if before == ":" && word(at.checked_sub(2)) == ":" => {
                            let module = word(at.checked_sub(3));
                            self.methods.insert(name.clone());
                            self.qualified.insert((module, name));
                        }
                        _ if next != ":" => {
                            let called = matches!(tokens.get(at + 1), Some(TokenTree::Group(group))
                                if group.delimiter() == Delimiter::Parenthesis);
                            if called {
                                self.own.insert(name.clone());
                            }
                            self.bare.insert(name);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn import(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.import(group.stream()),
                TokenTree::Ident(ident) => drop(self.imported.insert(ident.to_string())),
                _ => {}
            }
        }
    }
}

/// Whether what stands before a `fn` makes it public to other crates.
fn public(before: &[TokenTree]) -> bool {
    let mut words = before.iter().rev().take_while(|token| !matches!(token, TokenTree::Punct(_)));
    words
        .find(
            |token| !matches!(token, TokenTree::Ident(word) if word == "async" || word == "const"),
        )
        .is_some_and(|token| matches!(token, TokenTree::Ident(word) if word == "pub"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_called_by_its_module_by_an_import_or_in_its_file_and_not_by_its_tests() {
        let source = "
            use crate::booking::{book, hold};
            pub async fn alone() {}
            pub(crate) fn hidden() {}
            pub const fn here() {}
            impl Type { pub fn method(&self) { here(); hold(book); calls::end(); self.other(); } }
            #[cfg(test)]
            mod tests { fn f() { super::alone() } }
        ";
        let mut file = File::default();
        file.walk(TokenStream::from_str(source).expect("Rust"), false);
        let defined = [("alone", false), ("here", false), ("method", true)];
        assert_eq!(file.defined, defined.map(|(name, method)| (name.to_owned(), method)));
        let used = Used {
            methods: file.methods,
            qualified: file.qualified,
            bare: file.bare.into_iter().filter(|name| file.imported.contains(name)).collect(),
            own: file.own.into_iter().map(|name| ("here".to_owned(), name)).collect(),
        };
        let calls = |name, method, module: &str| used.calls(name, method, &[module.to_owned()]);
        assert!(calls("book", false, "booking") && calls("hold", false, "booking"));
        assert!(calls("end", false, "calls") && !calls("end", false, "waitlist"));
        assert!(calls("here", false, "here") && !calls("here", false, "elsewhere"));
        assert!(calls("other", true, "any") && !calls("method", true, "any"));
        assert!(!calls("alone", false, "here"));
    }
}
