//! The keys that seal patients' data and that sign supervisors' tokens: configured, or kept in the
//! data folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use frontdesk_tenants::Database;
use frontdesk_tenants::crypt::{CryptError, KeyRing};
use frontdesk_tenants::ring_check::{self, RingFaults};
use frontdesk_types::{IdSource as _, SystemIds};

use crate::access_token::{AccessKeys, AccessKeysError};
use crate::config::{Config, DatabaseConfig};

/// Where the embedded database's keys are kept in the data folder.
const DATA_KEYS: &str = "data-keys";

/// Why there are no keys; one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The configured ones.
    #[error("FRONTDESK_DATA_KEYS: {0}")]
    Keys(#[from] CryptError),
    /// The configured ones of tokens.
    #[error("FRONTDESK_JWT_KEYS: {0}")]
    Access(#[from] AccessKeysError),
    /// They do not open what lies in the database.
    #[error(
        "the key ring of {source_of} is not the one of this database; {faults}; put the lost keys \
         back, newest first"
    )]
    Ring {
        /// The setting, or the file.
        source_of: String,
        /// Ids of keys.
        faults: String,
    },
    /// It cannot be told whether they do.
    #[error("the key ring cannot be compared with the database: {0}")]
    Database(frontdesk_tenants::Error),
    /// The file of keys that the embedded database uses.
    #[error("the keys in {path} cannot be used: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// The keys as they are configured, or kept in the data folder; nothing is made. `None` if there are
/// none.
///
/// # Errors
/// [`KeysError`] if they cannot be read.
pub fn known_data_keys(config: &Config) -> Result<Option<KeyRing>, KeysError> {
    match (&config.data_keys, &config.database) {
        (Some(keys), _) => Ok(Some(KeyRing::parse(keys.reveal())?)),
        (None, DatabaseConfig::Embedded { .. }) => kept_keys(&config.data_dir.join(DATA_KEYS)),
        (None, DatabaseConfig::External { .. }) => Ok(None),
    }
}

/// The configured keys; with the embedded database and none configured, those of the data folder,
/// made at the first start. `None` for somebody else's database without keys: a key of this machine
/// alone would seal what no other machine can open. They open what lies in the database.
///
/// # Errors
/// [`KeysError`] if they cannot be read or kept, or do not open what is there.
pub async fn data_keys(config: &Config, database: &Database) -> Result<Option<KeyRing>, KeysError> {
    let known = known_data_keys(config)?;
    let embedded = matches!(config.database, DatabaseConfig::Embedded { .. });
    let path = config.data_dir.join(DATA_KEYS);
    let faults = ring_check::accept(database, known.as_ref()).await.map_err(KeysError::Database)?;
    if !faults.is_empty() {
        return Err(refused(config, &faults));
    }
    if known.is_some() || !embedded {
        return Ok(known);
    }
    // Only here, where nothing is sealed yet: else what is would be lost without a word.
    let made = kept(&path).map_err(|error| file_fault(&path, &error))?;
    let made = KeyRing::parse(made.trim()).map_err(|error| file_fault(&path, &error))?;
    ring_check::accept(database, Some(&made)).await.map_err(KeysError::Database)?;
    Ok(Some(made))
}

/// The same without making or noting anything, for whoever only wants to know: the id of the newest key.
///
/// # Errors
/// As [`data_keys`].
pub async fn look(config: &Config, database: &Database) -> Result<Option<String>, KeysError> {
    let known = known_data_keys(config)?;
    let faults = ring_check::check(database, known.as_ref()).await.map_err(KeysError::Database)?;
    if faults.is_empty() {
        return Ok(known.map(|ring| ring.newest().to_owned()));
    }
    Err(refused(config, &faults))
}

fn refused(config: &Config, faults: &RingFaults) -> KeysError {
    let in_folder =
        config.data_keys.is_none() && matches!(config.database, DatabaseConfig::Embedded { .. });
    let file = config.data_dir.join(DATA_KEYS);
    let setting = "FRONTDESK_DATA_KEYS".to_owned();
    let source_of = if in_folder { file.display().to_string() } else { setting };
    KeysError::Ring { source_of, faults: told(faults) }
}

/// What is wrong with a ring, by the ids of its keys.
fn told(faults: &RingFaults) -> String {
    let list = |ids: &[String]| ids.join(", ");
    let missing = (!faults.missing.is_empty())
        .then(|| format!("missing: {} (it seals data here)", list(&faults.missing)));
    let wrong = (!faults.wrong.is_empty())
        .then(|| format!("another key than the one that seals data here: {}", list(&faults.wrong)));
    missing.into_iter().chain(wrong).collect::<Vec<_>>().join("; ")
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
    let text = kept(&path).map_err(|error| file_fault(&path, &error))?;
    AccessKeys::parse(text.trim()).map_err(|error| file_fault(&path, &error))
}

fn file_fault(path: &Path, reason: &dyn std::fmt::Display) -> KeysError {
    KeysError::File { path: path.display().to_string(), reason: reason.to_string() }
}

/// The ring in that file; `None` if it is not there.
fn kept_keys(path: &Path) -> Result<Option<KeyRing>, KeysError> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_fault(path, &error)),
        Ok(text) => match KeyRing::parse(text.trim()) {
            Ok(ring) => Ok(Some(ring)),
            Err(error) => Err(file_fault(path, &error)),
        },
    }
}

/// The keys in that file, made if it is not there; for its owner alone. The id is a new one each time:
/// two keys never have the same.
fn kept(path: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = SystemIds.uuid().simple().to_string();
            let text = KeyRing::generate(&format!("local-{}", &id[id.len() - 8..]));
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
        let path = dir.path().join(DATA_KEYS);
        assert!(kept_keys(&path).expect("looked").is_none(), "nothing is made by looking");
        let text = kept(&path).expect("made");
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(kept(&path).expect("read"), text, "never replaced");
        let made = kept_keys(&path).expect("read").expect("there");
        std::fs::remove_file(&path).expect("lost");
        kept(&path).expect("made anew");
        let other = kept_keys(&path).expect("read").expect("there");
        assert_ne!(made.newest(), other.newest(), "another key has another id");
    }

    #[test]
    fn a_damaged_file_is_named_and_left_as_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in [DATA_KEYS, "jwt-keys"] {
            let path = dir.path().join(name);
            std::fs::write(&path, "local-1:not-base64").expect("written");
            let refused = match name {
                DATA_KEYS => kept_keys(&path).map(|_| ()),
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
