//! No code picks a language: the code of one (`"en"`) stands only in its own folder and in tests.

use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context as _, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{Findings, sources};

/// Where the folders of languages are.
const FOLDERS: &str = "pipelines/src/language";

/// What serves calls.
const SOURCES: [&str; 5] =
    ["actors/src", "agent-runtime/src", "models/src", "pipelines/src", "tenants/src"];

/// What only measures, in one language.
const EXCEPT: [(&str, &str); 1] =
    [("agent-runtime/src/profile.rs", "the bench profile has one answer, in one language")];

/// Every place where the code of a language is written.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let mut codes = Vec::new();
    let folders = root.join(FOLDERS);
    for entry in fs::read_dir(&folders).with_context(|| folders.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            codes.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let mut findings = Findings::new();
    for path in sources::rust_files(root)? {
        let own = codes.iter().any(|code| path.starts_with(Path::new(FOLDERS).join(code)));
        let serves = SOURCES.iter().any(|folder| path.starts_with(folder));
        let except = EXCEPT.iter().any(|(place, _)| path.starts_with(place));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let tests = path.components().any(|part| part.as_os_str() == "tests");
        if own || !serves || except || tests || stem == "tests" || stem.ends_with("_tests") {
            continue;
        }
        let found = written(&sources::read(root, &path)?, &codes)
            .map_err(|error| anyhow!("{} cannot be read as Rust: {error}", path.display()))?;
        findings.extend(found.into_iter().map(|(line, code)| {
            let place = path.display();
            format!(
                "{place}:{line}: picks the language {code:?}; take a Language as an argument, or \
                 ask Languages::for_call"
            )
        }));
    }
    Ok(findings)
}

/// Lines of a source in which one of the codes is a whole string, outside tests.
fn written(source: &str, codes: &[String]) -> Result<Vec<(usize, String)>, proc_macro2::LexError> {
    let mut found = Vec::new();
    walk(TokenStream::from_str(source)?, codes, &mut found);
    Ok(found)
}

fn walk(tokens: TokenStream, codes: &[String], found: &mut Vec<(usize, String)>) {
    let mut in_test = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let braces = group.delimiter() == Delimiter::Brace;
                if in_test && braces {
                    in_test = false;
                } else if !in_test {
                    let attribute = group.stream().to_string().replace(' ', "");
                    in_test = group.delimiter() == Delimiter::Bracket && attribute == "cfg(test)";
                    walk(group.stream(), codes, found);
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => in_test = false,
            TokenTree::Literal(literal) if !in_test => {
                let text = literal.to_string();
                let code = codes.iter().find(|code| text == format!("{code:?}"));
                found.extend(code.map(|code| (literal.span().start().line, code.clone())));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_is_picked_is_found_outside_tests_alone() {
        let source = r#"
            //! "en" in prose.
            fn words() { of("en"); other("english"); }
            #[cfg(test)]
            use a::b;
            const CODE: &str = "en";
            #[cfg(test)]
            mod tests { fn f() { of("en") } }
        "#;
        let found = written(source, &["en".to_owned()]).expect("Rust");
        assert_eq!(found, [(3, "en".to_owned()), (6, "en".to_owned())]);
    }
}
