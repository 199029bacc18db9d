//! How long a source file may be.

use std::path::Path;

use anyhow::Result;

use crate::exceptions::{EXCEPTIONS, Exceptions};
use crate::{Findings, sources};

/// Lines of a file of code.
const CODE: usize = 500;
/// Lines of a file of tests.
const TESTS: usize = 600;
/// Lines of `lib.rs`, which says what the crate promises and names what is public.
const LIB: usize = 60;

/// One line for each file that is too long, and for each exception that is not needed.
pub(crate) fn check(root: &Path, exceptions: &Exceptions) -> Result<Findings> {
    let mut findings = Findings::new();
    let mut excepted: Vec<_> = exceptions.file_sizes.iter().collect();
    for path in sources::rust_files(root)? {
        let lines = sources::read(root, &path)?.lines().count();
        let (limit, what) = if sources::is_test(&path) {
            (TESTS, "tests")
        } else if path.ends_with("src/lib.rs") {
            (LIB, "lib.rs")
        } else {
            (CODE, "code")
        };
        let name = path.display();
        let exception = exceptions.file_sizes.get(&path);
        excepted.retain(|(excepted, _)| **excepted != path);
        match exception {
            Some(most) if lines <= limit => findings.push(format!(
                "{EXCEPTIONS} lets {name} have {most} lines, and {lines} are allowed anyway: take \
                 it out"
            )),
            Some(most) if lines < *most => findings.push(format!(
                "{EXCEPTIONS} lets {name} have {most} lines, and it has {lines}: say {lines}"
            )),
            Some(most) if lines == *most => {}
            _ if lines > limit => findings.push(format!(
                "{name} has {lines} lines, at most {limit} are allowed ({what}): does it hold two \
                 things?"
            )),
            _ => {}
        }
    }
    for (path, _) in excepted {
        findings.push(format!("{EXCEPTIONS} names {}, which is not there", path.display()));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, usize)], exceptions: &str) -> Findings {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, lines) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, "\n".repeat(*lines)).expect("written");
        }
        check(folder.path(), &toml::from_str(exceptions).expect("valid")).expect("readable")
    }

    #[test]
    fn each_kind_of_file_has_its_limit() {
        let fits = [
            ("a/src/long.rs", 500),
            ("a/src/lib.rs", 60),
            ("a/src/x_tests.rs", 600),
            ("a/src/x/tests.rs", 600),
            ("a/tests/it/x.rs", 600),
        ];
        assert_eq!(found(&fits, ""), Findings::new());
        for (path, lines) in fits {
            let findings = found(&[(path, lines + 1)], "");
            assert_eq!(findings.len(), 1, "{path}");
            let expected = format!("{path} has {} lines, at most {lines} are", lines + 1);
            assert!(findings[0].starts_with(&expected), "{findings:?}");
        }
    }

    #[test]
    fn an_exception_may_only_shrink() {
        let exception = "[file-sizes]\n\"a/src/long.rs\" = 510";
        let with = |lines| found(&[("a/src/long.rs", lines)], exception);
        assert_eq!(with(510), Findings::new());
        assert!(with(511)[0].contains("at most 500"));
        assert!(with(509)[0].contains("say 509"));
        assert!(with(500)[0].contains("take it out"));
        assert!(found(&[], exception)[0].contains("not there"));
    }
}
