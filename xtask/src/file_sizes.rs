//! Files that deserve a hard look.

use std::path::Path;

use anyhow::Result;

use crate::sources;

/// Above this many lines a file gets a hard look.
const HARD_LOOK: usize = 600;

/// One line for each file that is too long.
pub(crate) fn warnings(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in sources::rust_files(root)? {
        let lines = sources::read(root, &path)?.lines().count();
        if lines > HARD_LOOK {
            found.push(format!(
                "{} has {lines} lines: does it hold two things? (a hard look above {HARD_LOOK})",
                path.display()
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_named_and_a_short_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("long.rs"), "\n".repeat(601)).expect("written");
        std::fs::write(folder.path().join("short.rs"), "\n".repeat(600)).expect("written");
        let warnings = warnings(folder.path()).expect("readable");
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("long.rs has 601 lines"), "{warnings:?}");
    }
}
