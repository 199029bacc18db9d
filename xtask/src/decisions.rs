//! The index of `docs/decisions`: every record is listed once, by number.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{Findings, sources};

const FOLDER: &str = "docs/decisions";
const INDEX: &str = "docs/decisions/README.md";
const BEGIN: &str = "<!-- index:begin -->\n";
const END: &str = "<!-- index:end -->";

/// Compares the index with the records.
pub(crate) fn check(root: &Path) -> Result<Findings> {
    let mut findings = Findings::new();
    let entries = entries(root, &mut findings)?;
    if findings.is_empty() && sources::read(root, INDEX)? != render(root, &entries)? {
        findings.push(format!("{INDEX} is stale: run `cargo xtask decisions` and commit it"));
    }
    Ok(findings)
}

/// Writes the index.
pub(crate) fn write(root: &Path) -> Result<()> {
    let mut findings = Findings::new();
    let entries = entries(root, &mut findings)?;
    if !findings.is_empty() {
        bail!("{}", findings.join("\n"));
    }
    fs::write(root.join(INDEX), render(root, &entries)?).context(INDEX)
}

/// One line of the index per record.
fn entries(root: &Path, findings: &mut Findings) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join(FOLDER)).context(FOLDER)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut lines = Vec::new();
    let mut last = String::new();
    for name in names.iter().filter(|name| *name != "README.md") {
        let number = name.get(..4).filter(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
        let (Some(number), true) = (number, name.ends_with(".md")) else {
            findings.push(format!("{FOLDER}/{name}: a record is named NNNN-title.md"));
            continue;
        };
        if number == last {
            findings.push(format!("{FOLDER}/{name}: number {number} is taken"));
        }
        number.clone_into(&mut last);
        let text = sources::read(root, Path::new(FOLDER).join(name))?;
        let Some(title) = text.lines().next().and_then(|line| line.strip_prefix("# ")) else {
            findings.push(format!("{FOLDER}/{name}: the first line is not a title (`# …`)"));
            continue;
        };
        // Some titles repeat the number; the index shows it once.
        let title = title.trim_start_matches(number).trim_start_matches(['.', ':', ' ', '-', '—']);
        lines.push(format!("- [{number}]({name}) {title}\n"));
    }
    Ok(lines)
}

fn render(root: &Path, entries: &[String]) -> Result<String> {
    let text = sources::read(root, INDEX)?;
    let begin = text.find(BEGIN).with_context(|| format!("{INDEX} lacks {BEGIN:?}"))? + BEGIN.len();
    let end = text.find(END).with_context(|| format!("{INDEX} lacks {END:?}"))?;
    Ok(format!("{}{}{}", &text[..begin], entries.concat(), &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(records: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join(FOLDER)).expect("made");
        fs::write(folder.path().join(INDEX), format!("# Decisions\n{BEGIN}{END}\n")).expect("made");
        for (name, text) in records {
            fs::write(folder.path().join(FOLDER).join(name), text).expect("written");
        }
        folder
    }

    #[test]
    fn a_record_that_is_not_listed_is_found_and_listed() {
        let folder = folder(&[("0002-b.md", "# 0002. Second\n"), ("0001-a.md", "# First\n")]);
        let stale = check(folder.path()).expect("readable");
        assert!(stale[0].contains("stale"), "{stale:?}");
        write(folder.path()).expect("written");
        assert!(check(folder.path()).expect("readable").is_empty());
        let index = fs::read_to_string(folder.path().join(INDEX)).expect("readable");
        assert!(
            index.contains("- [0001](0001-a.md) First\n- [0002](0002-b.md) Second\n"),
            "{index}"
        );
    }

    #[test]
    fn a_number_taken_twice_a_bad_name_and_a_missing_title_are_found() {
        let folder =
            folder(&[("0001-a.md", "# A\n"), ("0001-b.md", "no title\n"), ("notes.md", "# N\n")]);
        let findings = check(folder.path()).expect("readable").join("\n");
        for part in ["number 0001 is taken", "not a title", "notes.md: a record is named"] {
            assert!(findings.contains(part), "{findings}");
        }
    }
}
