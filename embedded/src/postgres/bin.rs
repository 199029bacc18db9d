//! Which PostgreSQL is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::EmbeddedError;
use crate::program;

/// The oldest major version that the schema works with.
pub(crate) const OLDEST: u32 = 15;

const REMEDY: &str = "install PostgreSQL 15 or newer (Debian: apt-get install postgresql), or set \
                      FRONTDESK_POSTGRES_BIN to the folder of initdb and postgres";

/// The server programs of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) dir: PathBuf,
    pub(crate) major: u32,
}

impl Programs {
    pub(crate) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    /// The installation in `dir`; `None` if there is none.
    fn in_folder(dir: &Path) -> Option<Result<Self, EmbeddedError>> {
        let (initdb, postgres) = (dir.join("initdb"), dir.join("postgres"));
        if !program::is_executable(&initdb) || !program::is_executable(&postgres) {
            return None;
        }
        // Links are followed, so that a PATH folder leads to the one with the other files.
        let dir = postgres.canonicalize().ok()?.parent()?.to_owned();
        let broken = |reason: String| EmbeddedError::Broken { program: postgres.clone(), reason };
        Some(match Command::new(&postgres).arg("--version").env_clear().output() {
            Err(error) => Err(broken(error.to_string())),
            Ok(output) => major(&String::from_utf8_lossy(&output.stdout))
                .map(|major| Self { dir, major })
                .ok_or_else(|| broken("--version tells no version".to_owned())),
        })
    }
}

/// The installation to use: the one that is named; else the one that wrote the data (`data` is its
/// major version); else the newest.
pub(crate) fn find(named: Option<&Path>, data: Option<u32>) -> Result<Programs, EmbeddedError> {
    let found = match named {
        Some(dir) => vec![Programs::in_folder(dir).unwrap_or_else(|| {
            Err(EmbeddedError::NotFound {
                program: "PostgreSQL (initdb and postgres)",
                looked: format!("{} (FRONTDESK_POSTGRES_BIN)", dir.display()),
                remedy: REMEDY,
            })
        })?],
        None => installed(),
    };
    let newest = found.iter().max_by_key(|programs| programs.major);
    let Some(newest) = newest else {
        return Err(EmbeddedError::NotFound {
            program: "PostgreSQL (initdb and postgres)",
            looked: "PATH and the distribution's folders".to_owned(),
            remedy: REMEDY,
        });
    };
    let chosen = match data {
        Some(data) => found.iter().find(|programs| programs.major == data).unwrap_or(newest),
        None => newest,
    };
    if chosen.major < OLDEST {
        return Err(EmbeddedError::TooOld {
            dir: chosen.dir.clone(),
            found: chosen.major,
            needed: OLDEST,
        });
    }
    Ok(chosen.clone())
}

/// All installations of the usual places.
pub(crate) fn installed() -> Vec<Programs> {
    let mut dirs = program::path_folders();
    for (parent, prefix) in [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt", "pgsql-")] {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        dirs.extend(
            entries
                .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
                .map(|entry| entry.path().join("bin")),
        );
    }
    dirs.push(PathBuf::from("/usr/local/pgsql/bin"));
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    dirs.sort();
    dirs.dedup();
    let mut found: Vec<Programs> =
        dirs.iter().filter_map(|dir| Programs::in_folder(dir)?.ok()).collect();
    found.dedup();
    found
}

/// The major version in `postgres (PostgreSQL) 15.14 (Debian …)`.
fn major(version: &str) -> Option<u32> {
    let number = version.split("(PostgreSQL)").nth(1)?.trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_folder_without_the_programs_is_named_in_the_error() {
        let error = find(Some(Path::new("/nonexistent")), None).expect_err("nothing there");
        let message = error.to_string();
        assert!(message.contains("/nonexistent"), "{message}");
        assert!(message.contains("FRONTDESK_POSTGRES_BIN"), "{message}");
        assert!(!message.contains('\n'));
    }
}
