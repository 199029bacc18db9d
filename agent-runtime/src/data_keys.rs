//! The keys that seal patients' data and that sign supervisors' tokens: configured, or kept in the
//! data folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use frontdesk_tenants::crypt::{CryptError, KeyRing};

use crate::access_token::{AccessKeys, AccessKeysError};
use crate::config::{Config, DatabaseConfig};

/// Why there are no keys; one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The configured ones.
    #[error("FRONTDESK_DATA_KEYS: {0}")]
    Keys(#[from] CryptError),
    /// The configured ones of tokens.
    #[error("FRONTDESK_JWT_KEYS: {0}")]
    Access(#[from] AccessKeysError),
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

/// The keys of supervisors' tokens, in the same way. `None` for somebody else's database without
/// keys: what this process alone has signed would count nowhere else.
///
/// # Errors
/// [`KeysError`] if they cannot be read or kept.
pub fn access_keys(config: &Config) -> Result<Option<AccessKeys>, KeysError> {
    match (&config.jwt_keys, &config.database) {
        (Some(keys), _) => Ok(Some(AccessKeys::parse(keys.reveal())?)),
        (None, DatabaseConfig::Embedded { .. }) => Ok(Some(kept_access_keys(&config.data_dir)?)),
        (None, DatabaseConfig::External { .. }) => Ok(None),
    }
}

fn kept_access_keys(dir: &Path) -> Result<AccessKeys, KeysError> {
    let path = dir.join("jwt-keys");
    let fault = |reason: String| KeysError::File { path: path.display().to_string(), reason };
    let text = kept(&path).map_err(|error| fault(error.to_string()))?;
    AccessKeys::parse(text.trim()).map_err(|error| fault(error.to_string()))
}

fn kept_keys(dir: &Path) -> Result<KeyRing, KeysError> {
    let path = dir.join("data-keys");
    let fault = |reason: String| KeysError::File { path: path.display().to_string(), reason };
    let text = kept(&path).map_err(|error| fault(error.to_string()))?;
    KeyRing::parse(text.trim()).map_err(|error| fault(error.to_string()))
}

/// The keys in that file, made if it is not there; for its owner alone.
fn kept(path: &Path) -> std::io::Result<String> {
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
        for name in ["data-keys", "jwt-keys"] {
            let path = dir.path().join(name);
            std::fs::write(&path, "local-1:not-base64").expect("written");
            let refused = match name {
                "data-keys" => kept_keys(dir.path()).map(|_| ()),
                _ => kept_access_keys(dir.path()).map(|_| ()),
            };
            let message = refused.expect_err("no keys").to_string();
            assert!(message.contains(name) && !message.contains("not-base64"), "{message}");
            assert_eq!(std::fs::read_to_string(&path).expect("there"), "local-1:not-base64");
        }
    }

    #[test]
    fn what_was_signed_before_a_restart_counts_after_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let ids = frontdesk_types::SeededIds::new(1);
        let who = frontdesk_tenants::sign_in::SignedIn {
            user: frontdesk_types::UserId::new(&ids),
            sign_in: frontdesk_types::SignInId::new(&ids),
        };
        let now = jiff::Timestamp::constant(1_800_000_000, 0);
        let token = kept_access_keys(dir.path()).expect("made").sign(who, now).expect("signed");
        assert_eq!(kept_access_keys(dir.path()).expect("read").verify(&token, now), Some(who));
    }
}
