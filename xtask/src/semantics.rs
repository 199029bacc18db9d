//! Every promise of `docs/runtime-semantics.md` names tests that exist.

use std::path::Path;

use anyhow::Result;

use crate::{Findings, sources};

const SEMANTICS: &str = "docs/runtime-semantics.md";

/// From here on promises have no test yet.
const OPEN: &str = "## Open";

pub(crate) fn check(root: &Path) -> Result<Findings> {
    let text = sources::read(root, SEMANTICS)?;
    let promised = text.split_once(OPEN).map_or(text.as_str(), |(promised, _)| promised);
    let mut findings = Findings::new();
    for promise in promises(promised) {
        let named = tests(&promise);
        if named.is_empty() {
            findings.push(format!(
                "{SEMANTICS} promises without a test: {promise:?}; name one as `file::test`, or \
                 move it to Open"
            ));
        }
        for (file, test) in named {
            let source = sources::read(root, file).unwrap_or_default();
            if !words(&source).any(|word| word == test) {
                findings.push(format!("{SEMANTICS} names {file}::{test}, which is not there"));
            }
        }
    }
    Ok(findings)
}

/// Items of lists with what is indented below them, and rows of tables.
fn promises(text: &str) -> Vec<String> {
    let mut promises: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_heading = lines.peek().is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("- ")
            || line.starts_with('|') && !line.starts_with("|---") && !is_heading
        {
            promises.push(line.to_owned());
        } else if let (Some(last), true) = (promises.last_mut(), line.starts_with("  ")) {
            last.push_str(line);
        }
    }
    promises
}

/// What stands in backticks and has the form of a file and a test.
fn tests(promise: &str) -> Vec<(&str, &str)> {
    let code = promise.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.split_once("::"))
        .filter(|(file, _)| file.ends_with(".rs"))
        .collect()
}

fn words(source: &str) -> impl Iterator<Item = &str> {
    source.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Findings {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("docs")).expect("made");
        std::fs::write(folder.path().join(SEMANTICS), text).expect("written");
        std::fs::write(folder.path().join("calls.rs"), "fn a_call_ends() {}").expect("written");
        check(folder.path()).expect("readable")
    }

    #[test]
    fn a_promise_with_its_test_passes_and_what_is_open_needs_none() {
        let text = "Text.\n\n- A call ends.\n  `calls.rs::a_call_ends`\n\n| | test |\n|---|---|\n\
                    | `x` | `calls.rs::a_call_ends` |\n\n## Open\n- Whatever.\n";
        assert_eq!(found(text), Findings::new());
    }

    #[test]
    fn a_promise_without_a_test_and_a_test_that_is_not_there_are_found() {
        assert!(found("- A call ends. `calls.rs`\n")[0].contains("without a test"));
        assert!(found("| a | b |\n|---|---|\n| a | b |\n")[0].contains("without a test"));
        for gone in ["calls.rs::a_call", "gone.rs::a_call_ends"] {
            let findings = found(&format!("- A call ends.\n  `{gone}`\n"));
            assert!(findings[0].contains("not there"), "{findings:?}");
        }
    }
}
