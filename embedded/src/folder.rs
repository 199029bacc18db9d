//! The data folder: made, locked, and its files written whole.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::{EmbeddedError, IoContext};

/// Makes the data folder if it is absent. Private, except that root's can be passed through by
/// the user who runs PostgreSQL; the secret files in it are private themselves.
pub(crate) fn make(dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let root = rustix::process::geteuid().is_root();
    let mode = if root { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(dir).at("make the folder", dir)?;
    let dir = dir.canonicalize().at("open the folder", dir)?;
    let meta = dir.metadata().at("open the folder", &dir)?;
    if root && meta.uid() == 0 && meta.mode() & 0o001 == 0 {
        let mode = Permissions::from_mode(meta.mode() & 0o7777 | 0o111);
        std::fs::set_permissions(&dir, mode).at("change the mode of", &dir)?;
    }
    // Root may do everything; anybody else would fail later with a less clear message.
    if !root && rustix::fs::access(&dir, rustix::fs::Access::WRITE_OK).is_err() {
        return Err(EmbeddedError::Permission { action: "write to", path: dir });
    }
    Ok(dir)
}

/// Held by the runtime that uses the data folder. The kernel drops it with the process, however
/// that ends; the server processes do not inherit it.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    // Closing would not be enough while another thread of this process forks: until its `exec` the
    // child has the file open as well, and with it the lock.
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes the lock `name` of the folder, without waiting.
    pub(crate) fn take(dir: &Path, name: &str) -> Result<Self, EmbeddedError> {
        let path = dir.join(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .at("open", &path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                file.read_to_string(&mut text).at("read", &path)?;
                return Err(EmbeddedError::InUse {
                    dir: dir.to_owned(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(errno) => return Err(EmbeddedError::io("lock", &path, errno.into())),
        }
        file.set_len(0).at("write", &path)?;
        file.rewind().at("write", &path)?;
        writeln!(file, "{}", std::process::id()).at("write", &path)?;
        Ok(Self(file))
    }
}

/// Writes a private file whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), EmbeddedError> {
    let temporary = path.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().at("write", path)
}

/// The text of a file; `None` if there is none.
pub(crate) fn read_if_present(path: &Path) -> Result<Option<String>, EmbeddedError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::io("read", path, error)),
    }
}

/// A short name for a path that is the same in every process and release (FNV-1a).
pub(crate) fn short_name(path: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in path.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_and_the_second_is_told_by_whom() {
        let dir = tempfile::tempdir().expect("a folder");
        let lock = Lock::take(dir.path(), "x.lock").expect("free");
        let message = Lock::take(dir.path(), "x.lock").expect_err("taken").to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        drop(lock);
        Lock::take(dir.path(), "x.lock").expect("free again");
    }

    #[test]
    fn secret_files_are_private_and_replaced_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("keys.json");
        for text in ["one", "two"] {
            write_private(&path, text).expect("written");
        }
        assert_eq!(read_if_present(&path).expect("readable").as_deref(), Some("two"));
        assert_eq!(path.metadata().expect("there").mode() & 0o777, 0o600);
    }
}
