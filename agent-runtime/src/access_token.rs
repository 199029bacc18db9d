//! What a supervisor's page shows with each request: a signed token that says who signed in, for
//! fifteen minutes. It says nothing of what they may do; that is read from the database each time.
//!
//! HS256 by `jsonwebtoken`. Its cryptography is chosen for the whole process at the first use, by us
//! or by LiveKit's tokens, whose own choice can do nothing but HMAC: so no other algorithm here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk_tenants::sign_in::SignedIn;
use frontdesk_types::{SignInId, UserId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// How long a token counts.
pub(crate) const LIFETIME_SECONDS: i64 = 15 * 60;

const ISSUER: &str = "frontdesk";
/// What the token is for: none of LiveKit's, whatever key that is signed with.
const AUDIENCE: &str = "frontdesk:api";

/// Why there are no keys; one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeysError {
    /// Not in the form.
    #[error(
        "key {0} is not `id:base64-of-32-bytes` with an id of its own; make one \
         with `openssl rand -base64 32`"
    )]
    Form(usize),
    /// The key cannot sign.
    #[error("a token could not be signed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// Keys by id; the first signs, all are believed.
pub struct AccessKeys(Vec<(String, Vec<u8>)>);

impl std::fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    /// The sign-in.
    sid: SignInId,
    iat: i64,
    exp: i64,
}

impl AccessKeys {
    /// Reads `id:base64-of-32-bytes`, comma-separated, newest first.
    ///
    /// # Errors
    /// [`AccessKeysError::Form`] with the number of the key that is not one.
    pub fn parse(text: &str) -> Result<Self, AccessKeysError> {
        let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
        for (number, part) in text.split(',').map(str::trim).enumerate() {
            let key = part.split_once(':').and_then(|(id, key)| {
                let key = STANDARD.decode(key).ok().filter(|key| key.len() == 32)?;
                let fresh = !id.is_empty() && keys.iter().all(|(known, _)| known != id);
                fresh.then(|| (id.to_owned(), key))
            });
            keys.push(key.ok_or(AccessKeysError::Form(number + 1))?);
        }
        Ok(Self(keys))
    }

    /// Keys of their own for another purpose, in the same order.
    pub(crate) fn derived(&self, purpose: &str) -> Vec<[u8; 32]> {
        let derive = |key: &Vec<u8>| {
            // The keyed hash takes keys of any length.
            let keyed = Hmac::<Sha256>::new_from_slice(key);
            let keyed = keyed.unwrap_or_else(|_| unreachable!("any key will do"));
            keyed.chain_update(purpose).finalize().into_bytes().into()
        };
        self.0.iter().map(|(_, key)| derive(key)).collect()
    }

    /// A token for somebody who has just signed in, or renewed that.
    ///
    /// # Errors
    /// [`AccessKeysError::Sign`], never in practice.
    pub fn sign(&self, who: SignedIn, now: Timestamp) -> Result<String, AccessKeysError> {
        // There is at least one: splitting gives a part of any text.
        let (id, key) = self.0.first().ok_or(AccessKeysError::Form(1))?;
        let header = Header { kid: Some(id.clone()), ..Header::new(Algorithm::HS256) };
        let iat = now.as_second();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: who.user,
            sid: who.sign_in,
            iat,
            exp: iat + LIFETIME_SECONDS,
        };
        Ok(jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key))?)
    }

    /// Who signed in, if we signed the token and it has not run out.
    #[must_use]
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<SignedIn> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let (_, key) = self.0.iter().find(|(known, _)| *known == id)?;
        let mut checks = Validation::new(Algorithm::HS256);
        checks.set_issuer(&[ISSUER]);
        checks.set_audience(&[AUDIENCE]);
        // By our clock, below.
        checks.validate_exp = false;
        let key = DecodingKey::from_secret(key);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &checks).ok()?.claims;
        let counts = (claims.iat..claims.exp).contains(&now.as_second());
        counts.then_some(SignedIn { user: claims.sub, sign_in: claims.sid })
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_types::{IdSource as _, SeededIds};

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; 32]))
    }

    fn keys(text: &str) -> AccessKeys {
        AccessKeys::parse(text).expect("keys")
    }

    fn who() -> SignedIn {
        let ids = SeededIds::new(1);
        SignedIn { user: UserId::new(&ids), sign_in: SignInId::from_uuid(ids.uuid()) }
    }

    fn after(seconds: i64) -> Timestamp {
        NOW + jiff::SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_token_tells_who_signed_in_for_fifteen_minutes() {
        let keys = keys(&key("a", 1));
        let token = keys.sign(who(), NOW).expect("signed");
        assert_eq!(keys.verify(&token, NOW), Some(who()));
        assert_eq!(keys.verify(&token, after(899)), Some(who()));
        assert_eq!(keys.verify(&token, after(900)), None, "run out");
        assert_eq!(keys.verify(&token, after(-1)), None, "from the future");
    }

    #[test]
    fn a_new_key_signs_and_the_old_one_is_still_believed() {
        let old = keys(&key("a", 1)).sign(who(), NOW).expect("signed");
        let both = keys(&format!("{}, {}", key("b", 2), key("a", 1)));
        assert_eq!(both.verify(&old, NOW), Some(who()));
        let new = both.sign(who(), NOW).expect("signed");
        assert_eq!(keys(&key("a", 1)).verify(&new, NOW), None, "not by who has the old one alone");
        assert_eq!(keys(&key("a", 3)).verify(&old, NOW), None, "the id is not the key");
    }

    #[test]
    fn what_is_changed_unsigned_or_meant_for_something_else_is_not_believed() {
        let ours = keys(&key("a", 1));
        let token = ours.sign(who(), NOW).expect("signed");
        let (signed, seal) = token.rsplit_once('.').expect("a token");
        let (header, claims) = signed.split_once('.').expect("a token");
        let b64 = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        for forged in [
            String::new(),
            "a.b.c".to_owned(),
            format!("{signed}."),
            format!("{}.{claims}.", b64(r#"{"alg":"none","kid":"a"}"#)),
            format!("{}.{claims}.{seal}", b64(r#"{"alg":"HS512","kid":"a"}"#)),
            format!("{header}.{}.{seal}", b64("{}")),
        ] {
            assert_eq!(ours.verify(&forged, NOW), None, "{forged}");
        }
        let header = Header { kid: Some("a".to_owned()), ..Header::default() };
        let claims = serde_json::json!({
            "iss": "frontdesk", "aud": "livekit", "sub": who().user, "sid": who().sign_in,
            "iat": NOW.as_second(), "exp": NOW.as_second() + 60,
        });
        let other = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&[1; 32]));
        assert_eq!(ours.verify(&other.expect("signed"), NOW), None, "for something else");
    }

    #[test]
    fn keys_that_are_none_are_counted_and_not_shown() {
        let good = key("a", 1);
        for (text, number) in [
            (String::new(), 1),
            ("a".to_owned(), 1),
            ("a:c2hvcnQ=".to_owned(), 1),
            (format!("{good},"), 2),
            (format!("{good},{good}"), 2),
        ] {
            let error = AccessKeys::parse(&text).expect_err("no keys").to_string();
            assert!(
                error.contains(&format!("key {number} ")) && !error.contains("AQEB"),
                "{error}"
            );
        }
        assert_eq!(format!("{:?}", keys(&good)), "[\"a\"]");
    }
}
