//! The folder of documents: one folder a clinic, named by its slug, with files in it.
//!
//! It is looked at again and again instead of watched by the system: that works on every kind of
//! volume (network shares and container mounts report no changes), loses nothing, and costs a
//! `stat` a file.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{FileError, MAX_BYTES};

/// What tells a file from one that was changed: device, inode, size, and when content and inode
/// were last changed, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp([i128; 5]);

/// The files of every clinic's folder, by slug and name.
pub type Seen = BTreeMap<String, BTreeMap<String, Stamp>>;

/// A folder of documents.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What lies in it now. Hidden files and what editors leave (`~` at the end) are none; folders
    /// in a clinic's folder are not entered. Blocks.
    ///
    /// # Errors
    /// If the folder, or one in it, cannot be read: nothing is known then, not that it is empty.
    pub fn look(&self) -> std::io::Result<Seen> {
        let mut seen = Seen::new();
        for (slug, path) in entries(&self.root)? {
            if path.is_dir() {
                let mut files = BTreeMap::new();
                for (name, path) in entries(&path)? {
                    match std::fs::metadata(&path) {
                        Ok(meta) if meta.is_file() => {
                            files.insert(name, stamp(&meta));
                        }
                        Ok(_) => {}
                        // Removed between the two looks.
                        Err(error) if error.kind() == ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
                seen.insert(slug, files);
            }
        }
        Ok(seen)
    }

    /// The content of a clinic's file. Blocks.
    ///
    /// # Errors
    /// [`FileError`] if it is too large or cannot be read.
    pub fn content(&self, slug: &str, name: &str) -> Result<Vec<u8>, FileError> {
        let unreadable = |error: std::io::Error| FileError::Unreadable(error.to_string());
        let file = std::fs::File::open(self.root.join(slug).join(name)).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES { Err(FileError::TooLarge) } else { Ok(bytes) }
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // What is not UTF-8 cannot be cited.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with('.') && !name.ends_with('~') {
            all.push((name, entry.path()));
        }
    }
    Ok(all)
}

fn stamp(meta: &std::fs::Metadata) -> Stamp {
    let nanos = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Stamp([
        meta.dev().into(),
        meta.ino().into(),
        meta.size().into(),
        nanos(meta.mtime(), meta.mtime_nsec()),
        nanos(meta.ctime(), meta.ctime_nsec()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_seen_by_clinic_and_a_change_shows() {
        let root = tempfile::tempdir().expect("a folder");
        let clinic = root.path().join("nile-heart");
        std::fs::create_dir_all(clinic.join("old")).expect("made");
        for name in ["a.md", ".a.md.swp", "a.md~"] {
            std::fs::write(clinic.join(name), "one").expect("written");
        }
        std::fs::write(root.path().join("stray.md"), "one").expect("written");
        let folder = Folder::new(root.path().to_owned());
        let first = folder.look().expect("looked");
        assert_eq!(first.len(), 1);
        assert_eq!(first["nile-heart"].keys().collect::<Vec<_>>(), ["a.md"]);
        std::fs::write(clinic.join("a.md"), "two").expect("written");
        assert_ne!(folder.look().expect("looked"), first);
        assert_eq!(folder.content("nile-heart", "a.md"), Ok(b"two".to_vec()));
        std::fs::remove_file(clinic.join("a.md")).expect("removed");
        assert!(folder.look().expect("looked")["nile-heart"].is_empty());
        assert!(folder.content("nile-heart", "a.md").is_err());
    }

    #[test]
    fn a_folder_that_is_gone_is_not_an_empty_one() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(Folder::new(root.path().join("gone")).look().is_err());
    }

    #[test]
    fn no_more_of_a_file_is_read_than_may_be_used() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("a")).expect("made");
        let file = std::fs::File::create(root.path().join("a/b.txt")).expect("made");
        file.set_len(1 << 40).expect("a file with a hole");
        let content = Folder::new(root.path().to_owned()).content("a", "b.txt");
        assert_eq!(content, Err(FileError::TooLarge));
    }
}
