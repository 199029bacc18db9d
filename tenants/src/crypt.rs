//! Sealing personal data: AES-256-GCM, one data key per patient and per call, wrapped by a key of
//! the ring. Rotation re-wraps data keys; destroying a data key destroys what it sealed [PHI-1].

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

const NONCE: usize = 12;
const VERSION: u8 = 1;

/// Sealing or opening failed. The message names no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptError {
    /// The configured ring is not usable.
    #[error("FRONTDESK_DATA_KEYS is not valid: {0}; expected id:base64-of-32-bytes, newest first")]
    Ring(String),
    /// The data key is wrapped by a key that is no longer in the ring.
    #[error("the key {0} is not in FRONTDESK_DATA_KEYS; keep old keys until rotation is done")]
    UnknownKey(String),
    /// The data key was destroyed: what it sealed is gone for good.
    #[error("the data key was destroyed")]
    Destroyed,
    /// Not what was sealed: another key, another place, or damaged.
    #[error("the data does not open: wrong key, wrong place or damaged")]
    Damaged,
}

/// 256 bits that never print and are wiped when dropped.
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// A new key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *bytes);
        Self(bytes)
    }

    /// Seals `plain`. `place` (table, column and row id) is authenticated: a sealed value that is
    /// copied to another place does not open there.
    ///
    /// # Errors
    /// Only if the text is longer than AES-GCM can seal.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, CryptError> {
        let mut out = vec![0; 1 + NONCE];
        out[0] = VERSION;
        rand::rng().fill_bytes(&mut out[1..]);
        let nonce = Nonce::try_from(&out[1..]).map_err(|_| CryptError::Damaged)?;
        let sealed = self
            .cipher()
            .encrypt(&nonce, Payload { msg: plain, aad: place.as_bytes() })
            .map_err(|_| CryptError::Damaged)?;
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens what [`SecretKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// If it is not that.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptError> {
        if sealed.len() < 1 + NONCE || sealed[0] != VERSION {
            return Err(CryptError::Damaged);
        }
        let nonce = Nonce::try_from(&sealed[1..=NONCE]).map_err(|_| CryptError::Damaged)?;
        self.cipher()
            .decrypt(&nonce, Payload { msg: &sealed[1 + NONCE..], aad: place.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| CryptError::Damaged)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.0))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// A data key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Id of the ring's key that wraps it.
    pub ring_key: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
}

/// What one step of a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    /// Data keys now wrapped by the newest key.
    pub done: usize,
    /// Data keys of this clinic that still hang on an older one.
    pub left: i64,
}

/// The keys that wrap data keys, newest first. New data keys are wrapped by the newest; the older
/// ones stay until every data key has been re-wrapped.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<(String, SecretKey)>,
}

impl KeyRing {
    /// Reads `FRONTDESK_DATA_KEYS`: `id:base64` entries separated by commas, newest first.
    ///
    /// # Errors
    /// If an entry is not of that form, an id comes twice, or there is none.
    pub fn parse(text: &str) -> Result<Self, CryptError> {
        let mut keys: Vec<(String, SecretKey)> = Vec::new();
        for (number, entry) in text.split(',').map(str::trim).enumerate() {
            // Never the entry itself: it is a secret.
            let wrong = |what: &str| CryptError::Ring(format!("entry {} {what}", number + 1));
            let (id, key) = entry.split_once(':').ok_or_else(|| wrong("has no id"))?;
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(wrong("has an id other than letters, digits and hyphens"));
            }
            let mut bytes = STANDARD.decode(key).map_err(|_| wrong("is not base64"))?;
            let key = <[u8; 32]>::try_from(bytes.as_slice());
            bytes.zeroize();
            let key = key.map_err(|_| wrong("is not 32 bytes"))?;
            if keys.iter().any(|(other, _)| other == id) {
                return Err(wrong("has the id of another"));
            }
            keys.push((id.to_owned(), SecretKey(Zeroizing::new(key))));
        }
        Ok(Self { keys })
    }

    /// A text for [`KeyRing::parse`] with one new key, for the embedded default to keep in its data
    /// directory. The text is the secret.
    #[must_use]
    pub fn generate(id: &str) -> Zeroizing<String> {
        let key = SecretKey::generate();
        let mut text = Zeroizing::new(format!("{id}:"));
        STANDARD.encode_string(key.0.as_slice(), &mut text);
        text
    }

    /// A new data key, and how it is stored at `place`.
    ///
    /// # Errors
    /// Never in practice; see [`SecretKey::seal`].
    pub fn new_data_key(&self, place: &str) -> Result<(SecretKey, Wrapped), CryptError> {
        let key = SecretKey::generate();
        let wrapped = self.wrap(place, &key)?;
        Ok((key, wrapped))
    }

    fn wrap(&self, place: &str, key: &SecretKey) -> Result<Wrapped, CryptError> {
        let (id, newest) =
            self.keys.first().ok_or_else(|| CryptError::Ring("it has no key".to_owned()))?;
        Ok(Wrapped { ring_key: id.clone(), sealed: newest.seal(place, &*key.0)? })
    }

    /// The data key stored at `place`.
    ///
    /// # Errors
    /// If its wrapping key is not in the ring, or it was not wrapped for that place.
    pub fn unwrap(&self, place: &str, wrapped: &Wrapped) -> Result<SecretKey, CryptError> {
        let key = self
            .key(&wrapped.ring_key)
            .ok_or_else(|| CryptError::UnknownKey(wrapped.ring_key.clone()))?;
        let bytes = key.open(place, &wrapped.sealed)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| CryptError::Damaged)?;
        Ok(SecretKey(Zeroizing::new(bytes)))
    }

    /// The same data key wrapped by the newest key; `None` if it is already.
    ///
    /// # Errors
    /// As [`KeyRing::unwrap`].
    pub fn rewrap(&self, place: &str, wrapped: &Wrapped) -> Result<Option<Wrapped>, CryptError> {
        if self.keys.first().is_some_and(|(id, _)| *id == wrapped.ring_key) {
            return Ok(None);
        }
        let key = self.unwrap(place, wrapped)?;
        self.wrap(place, &key).map(Some)
    }

    /// Seals with that key itself, not with a data key; `None` if it is not in the ring.
    pub(crate) fn seal_with(
        &self,
        id: &str,
        place: &str,
        plain: &[u8],
    ) -> Result<Option<Vec<u8>>, CryptError> {
        self.key(id).map(|key| key.seal(place, plain)).transpose()
    }

    /// Whether that key is in the ring and has sealed just this, at that place.
    pub(crate) fn has_sealed(&self, id: &str, place: &str, plain: &[u8], sealed: &[u8]) -> bool {
        let opened = self.key(id).and_then(|key| key.open(place, sealed).ok());
        opened.is_some_and(|opened| *opened == plain)
    }

    fn key(&self, id: &str) -> Option<&SecretKey> {
        self.keys.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }

    /// A hash of `text` that nobody can make or try out without the newest key; `purpose` keeps
    /// hashes of one use apart from those of another.
    pub(crate) fn keyed_hash(&self, purpose: &str, text: &str) -> [u8; 32] {
        let keyed = |key: &[u8]| {
            // The keyed hash takes keys of any length.
            Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any key will do"))
        };
        let newest = self.keys.first().map_or(&[][..], |(_, key)| key.0.as_slice());
        let derived = Zeroizing::new(keyed(newest).chain_update(purpose).finalize().into_bytes().0);
        keyed(&*derived).chain_update(text).finalize().into_bytes().0
    }

    /// Ids of its keys.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(|(id, _)| id.as_str()).collect()
    }

    /// Id of the newest key.
    #[must_use]
    pub fn newest(&self) -> &str {
        self.keys.first().map_or("", |(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_with_its_key_and_in_its_place() {
        let key = SecretKey::generate();
        let sealed = key.seal("patient_records.notes:1", b"penicillin").expect("sealed");
        assert!(!sealed.windows(10).any(|w| w == b"penicillin"));
        assert_eq!(*key.open("patient_records.notes:1", &sealed).expect("open"), b"penicillin");
        assert_eq!(key.open("patient_records.notes:2", &sealed), Err(CryptError::Damaged));
        assert_eq!(
            SecretKey::generate().open("patient_records.notes:1", &sealed),
            Err(CryptError::Damaged)
        );
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(key.open("patient_records.notes:1", &damaged), Err(CryptError::Damaged));
        }
        assert_eq!(key.open("p", &[]), Err(CryptError::Damaged));
    }

    #[test]
    fn a_data_key_survives_the_rotation_of_the_ring() {
        let old_text = KeyRing::generate("a");
        let old = KeyRing::parse(&old_text).expect("ring");
        let (key, wrapped) = old.new_data_key("patient:1").expect("key");
        let sealed = key.seal("x", b"secret").expect("sealed");

        let both = format!("{},{}", *KeyRing::generate("b"), *old_text);
        let both = KeyRing::parse(&both).expect("ring");
        let again = both.rewrap("patient:1", &wrapped).expect("opens").expect("is old");
        assert_eq!((again.ring_key.as_str(), both.newest()), ("b", "b"));
        assert_eq!(both.rewrap("patient:1", &again).expect("opens"), None);
        let key = both.unwrap("patient:1", &again).expect("key");
        assert_eq!(*key.open("x", &sealed).expect("open"), b"secret");
        assert_eq!(both.unwrap("patient:2", &again).err(), Some(CryptError::Damaged));
        assert_eq!(
            old.unwrap("patient:1", &again).err(),
            Some(CryptError::UnknownKey("b".to_owned()))
        );
    }

    #[test]
    fn a_wrong_ring_is_refused_without_telling_the_secret() {
        let ring = KeyRing::generate("a");
        for wrong in ["", "a", "a:", "a:abc", ":AAAA", "a b:AAAA", &format!("{0},{0}", *ring)] {
            let error = KeyRing::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains("entry"), "{error}");
            assert!(!error.contains(ring.split_once(':').expect("form").1), "{error}");
        }
    }
}
