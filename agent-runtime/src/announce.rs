//! Where this runtime is, left in its data folder for the tools that call it.
//!
//! Only where it is asked for (`FRONTDESK_ANNOUNCE`): a runtime with servers of somebody else needs
//! no folder that it can write. Nothing secret is in it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

const FILE: &str = "runtime.json";

/// What a runtime tells of itself.
#[derive(Debug, Serialize)]
pub(crate) struct Announcement {
    /// Its process.
    pub pid: u32,
    /// Its HTTP listener.
    pub http: SocketAddr,
    /// Whether calls' clocks may be pinned.
    pub allow_call_clock: bool,
    /// Name that front ends dispatch its worker by.
    pub agent_name: String,
}

/// The file could not be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} cannot be written: {reason}; set FRONTDESK_DATA_DIR to a folder that can, or \
     FRONTDESK_ANNOUNCE=off",
    path.display()
)]
pub struct AnnounceError {
    path: PathBuf,
    reason: std::io::Error,
}

/// The written file; removed when dropped.
#[derive(Debug)]
pub(crate) struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Announcement {
    /// Writes `runtime.json` into the data folder, whole, readable by its owner alone.
    ///
    /// # Errors
    /// [`AnnounceError`] if the folder cannot be written.
    pub(crate) fn write(&self, data_dir: &Path) -> Result<Announced, AnnounceError> {
        let path = data_dir.join(FILE);
        let temporary = data_dir.join(format!("{FILE}.new"));
        let write = || {
            std::fs::create_dir_all(data_dir)?;
            let _ = std::fs::remove_file(&temporary);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&temporary)?.write_all(&serde_json::to_vec(self)?)?;
            std::fs::rename(&temporary, &path)
        };
        match write() {
            Ok(()) => Ok(Announced(path)),
            Err(reason) => Err(AnnounceError { path, reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn announcement(http: SocketAddr) -> Announcement {
        let agent_name = "frontdesk".to_owned();
        Announcement { pid: 1, http, allow_call_clock: true, agent_name }
    }

    #[test]
    fn the_file_is_private_and_goes_with_the_runtime() {
        let dir = tempfile::tempdir().expect("a folder");
        let http = ([127, 0, 0, 1], 8080).into();
        let announced = announcement(http).write(dir.path()).expect("written");
        let path = dir.path().join(FILE);
        let mode = path.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(announced);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error = announcement(([127, 0, 0, 1], 1).into())
            .write(Path::new("/proc/frontdesk"))
            .expect_err("nobody can make folders there");
        let message = error.to_string();
        assert!(message.contains("/proc/frontdesk/runtime.json"), "{message}");
    }
}
