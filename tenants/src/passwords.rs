//! Passwords: hashed and compared with Argon2id, which takes 19 MiB and a core for some 60 ms each
//! time. So one at a time, on threads that may block, and few that wait: sign-ins do not slow calls.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use frontdesk_types::Phi;
use tokio::sync::Semaphore;

use crate::Error;

/// Shortest password, in characters.
pub const MIN_PASSWORD: usize = 10;
/// Longest password, in bytes; more would only cost time.
pub const MAX_PASSWORD: usize = 256;

/// How many may wait for their turn.
const WAITING: usize = 16;

/// A hash that nobody has the password of. Who gives an address that is not known is compared with
/// it, so that the answer takes as long.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBvZiBub2JvZHk$\
                     n1XcEHpF5w4cGYyP2Imy4wuPcK5pzqzOWqUvV+b6CvU";

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Too many at once.
    #[error("too many people sign in at once; try again in a moment")]
    Busy,
    /// Not one to be had.
    #[error("a password has at least {MIN_PASSWORD} characters and at most {MAX_PASSWORD} bytes")]
    Length,
    /// The hash function failed, or the stored hash is none.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Hashes and compares; cheap to clone, and all clones take turns.
#[derive(Debug, Clone)]
pub struct Passwords {
    turn: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { turn: semaphore(1), waiting: semaphore(WAITING) }
    }
}

/// m = 19 MiB, t = 2, p = 1: what OWASP's cheat sheet asks for at least.
fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None);
    let params = params.map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Passwords {
    /// The hash to keep of a new password.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: Phi<String>) -> Result<String, PasswordError> {
        let text = password.expose();
        if text.chars().count() < MIN_PASSWORD || text.len() > MAX_PASSWORD {
            return Err(PasswordError::Length);
        }
        self.in_turn(move || {
            let hash = argon2()?.hash_password(password.expose().as_bytes());
            hash.map(|hash| hash.to_string())
                .map_err(|error| PasswordError::Hash(error.to_string()))
        })
        .await
    }

    /// Whether that is the password of the hash. Takes as long without a hash, and is false then.
    ///
    /// # Errors
    /// [`PasswordError::Busy`].
    pub async fn is_right(
        &self,
        password: Phi<String>,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        if password.expose().len() > MAX_PASSWORD {
            return Ok(false);
        }
        self.in_turn(move || {
            let kept = hash.as_deref().unwrap_or(DECOY);
            let right = argon2()?.verify_password(password.expose().as_bytes(), kept).is_ok();
            Ok(right && hash.is_some())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        let turn = turn.map_err(|_| PasswordError::Busy)?;
        // The turn goes with the work: who no longer waits for it has not ended it.
        let done = tokio::task::spawn_blocking(move || (work(), turn)).await;
        done.map_err(|error| PasswordError::Hash(error.to_string()))?.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_is() {
        let passwords = Passwords::default();
        let word = |text: &str| Phi::new(text.to_owned());
        let hash = passwords.hash(word("correct horse")).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let again = passwords.hash(word("correct horse")).await.expect("hashed");
        assert_ne!(hash, again, "each has a salt of its own");
        let right =
            async |text, hash| passwords.is_right(word(text), hash).await.expect("compared");
        assert!(right("correct horse", Some(hash.clone())).await);
        assert!(!right("correct hors", Some(hash)).await);
        assert!(!right("correct horse", None).await);
        assert!(!right("correct horse", Some("no hash".to_owned())).await);
    }

    #[tokio::test]
    async fn who_is_not_known_is_compared_as_well() {
        // If the decoy were no hash, the comparison would take no time.
        use argon2::password_hash::phc::PasswordHash;
        let decoy = PasswordHash::new(DECOY).expect("a hash");
        let (theirs, ours) = (Params::try_from(&decoy).expect("parameters"), argon2());
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(costs(&theirs), costs(ours.expect("ours").params()));
        assert!(decoy.hash.is_some());
    }

    #[tokio::test]
    async fn too_short_and_too_long_ones_are_refused_without_work() {
        let passwords = Passwords::default();
        for text in ["short", "ماي كلمة", &"x".repeat(MAX_PASSWORD + 1)] {
            let refused = passwords.hash(Phi::new(text.to_owned())).await;
            assert!(matches!(refused, Err(PasswordError::Length)), "{text}");
        }
    }

    #[tokio::test]
    async fn who_comes_when_too_many_wait_is_told_to_come_back() {
        let passwords = Passwords::default();
        let _all = passwords.waiting.try_acquire_many(u32::try_from(WAITING).expect("few"));
        let asked = passwords.is_right(Phi::new("correct horse".to_owned()), None).await;
        assert!(matches!(asked, Err(PasswordError::Busy)));
    }
}
