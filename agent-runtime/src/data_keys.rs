//! The keys that seal patients' data: configured, or kept in the data folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use frontdesk_tenants::crypt::{CryptError, KeyRing};

use crate::config::{Config, DatabaseConfig};

/// Why there are no keys; one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The configured ones.
    #[error("FRONTDESK_DATA_KEYS: {0}")]
    Keys(#[from] CryptError),
    /// The file of keys that the embedded database uses.
    #[error("the keys in {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// The configured keys; with the embedded database and none configured, those of the data folder,
/// made at the first start. `None` for somebody else's database without keys: a key of this machine
/// alone would seal what no other machine can open.
///
/// # Errors
/// [`KeysError`] if they cannot be read or kept.
pub fn data_keys(config: &Config) -> Result<Option<KeyRing>, KeysError> {
    match (&config.data_keys, &config.database) {
        (Some(keys), _) => Ok(Some(KeyRing::parse(keys.reveal())?)),
        (None, DatabaseConfig::Embedded { .. }) => Ok(Some(kept_keys(&config.data_dir)?)),
        (None, DatabaseConfig::External { .. }) => Ok(None),
    }
}

fn kept_keys(dir: &Path) -> Result<KeyRing, KeysError> {
    let path = dir.join("data-keys");
    let fault = |reason: String| KeysError::File { path: path.display().to_string(), reason };
    let text = kept(&path).map_err(|error| fault(error.to_string()))?;
    KeyRing::parse(text.trim()).map_err(|error| fault(error.to_string()))
}

/// The keys in that file, made if it is not there; for its owner alone.
pub(crate) fn kept(path: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = KeyRing::generate("local-1");
            write_private(path, text.as_bytes())?;
            Ok(text.to_string())
        }
        read => read,
    }
}

/// Writes a new file that its owner alone can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_and_for_their_owner_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        kept_keys(dir.path()).expect("made");
        let path = dir.path().join("data-keys");
        let text = std::fs::read_to_string(&path).expect("kept");
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        kept_keys(dir.path()).expect("read");
        assert_eq!(std::fs::read_to_string(&path).expect("kept"), text, "never replaced");
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("data-keys");
        std::fs::write(&path, "local-1:not-base64").expect("written");
        let message = kept_keys(dir.path()).expect_err("no keys").to_string();
        assert!(message.contains("data-keys") && !message.contains("not-base64"), "{message}");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "local-1:not-base64");
    }
}
