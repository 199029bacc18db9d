//! The cookie by which a page that is reloaded finds its own call again.
//!
//! It says which room and identity the browser was given, at which clinic and when, and is sealed
//! with a key made of the LiveKit secret, which all runtimes of one server share. It holds nothing
//! personal, is no token of LiveKit's, and scripts cannot read it.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_rtc::token::ApiKey;
use frontdesk_types::Channel;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use crate::rejoin_proof::derived_key;

const NAME: &str = "frontdesk_call";

/// How long it counts: longer than any call lasts.
const MAX_AGE_SECONDS: i64 = 60 * 60;

/// A call that a browser was given a token for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnCall {
    pub(super) channel: Channel,
    pub(super) room: String,
    pub(super) identity: String,
}

/// Seals and opens cookies.
pub(super) struct Cookies(Hmac<Sha256>);

impl Cookies {
    pub(super) fn new(key: &ApiKey) -> Self {
        Self(derived_key(key, "frontdesk: cookie of a call"))
    }

    fn seal_of(&self, clinic: &str, payload: &str) -> Hmac<Sha256> {
        // A slug has no slash.
        self.0.clone().chain_update(clinic).chain_update("/").chain_update(payload)
    }

    /// The header that sets it, for requests that start calls at that clinic alone.
    pub(super) fn set(&self, clinic: &str, call: &OwnCall, now: Timestamp, https: bool) -> String {
        let OwnCall { channel, room, identity } = call;
        let payload = format!("{channel}.{room}.{identity}.{}", now.as_second());
        let seal = self.seal_of(clinic, &payload).finalize().into_bytes();
        let seal = URL_SAFE_NO_PAD.encode(seal);
        let secure = if https { "; Secure" } else { "" };
        format!(
            "{NAME}={payload}.{seal}; Path=/api/v1/clinics/{clinic}/calls; \
             Max-Age={MAX_AGE_SECONDS}; HttpOnly; SameSite=Strict{secure}"
        )
    }

    /// The call that the request's cookie names, if we made it for this clinic and it is not old.
    pub(super) fn read(
        &self,
        clinic: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<OwnCall> {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
        pairs.find_map(|pair| {
            let value = pair.strip_prefix(NAME)?.strip_prefix('=')?;
            self.open(clinic, value, now)
        })
    }

    fn open(&self, clinic: &str, value: &str, now: Timestamp) -> Option<OwnCall> {
        let (payload, seal) = value.rsplit_once('.')?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        self.seal_of(clinic, payload).verify_slice(&seal).ok()?;
        let mut parts = payload.split('.');
        let channel = parts.next()?.parse().ok()?;
        let (room, identity) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let made: i64 = parts.next()?.parse().ok()?;
        let age = now.as_second() - made;
        (0..=MAX_AGE_SECONDS).contains(&age).then_some(OwnCall { channel, room, identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn cookies(secret: &str) -> Cookies {
        Cookies::new(&ApiKey::new("key", secret))
    }

    fn call() -> OwnCall {
        OwnCall { channel: Channel::Web, room: "call-1".into(), identity: "caller-1".into() }
    }

    /// What a browser would send back.
    fn sent(set: &str) -> HeaderMap {
        let value = set.split(';').next().expect("a value");
        HeaderMap::from_iter([(header::COOKIE, format!("a=b; {value}").parse().expect("a header"))])
    }

    #[test]
    fn a_cookie_opens_what_it_was_made_for_and_nothing_else() {
        let ours = cookies("secret");
        let set = ours.set("nile-heart", &call(), NOW, false);
        let headers = sent(&set);
        assert_eq!(ours.read("nile-heart", &headers, NOW), Some(call()));
        assert_eq!(ours.read("harbor-family", &headers, NOW), None, "another clinic");
        assert_eq!(cookies("other").read("nile-heart", &headers, NOW), None, "another key");
        let later = NOW + jiff::SignedDuration::from_secs(MAX_AGE_SECONDS + 1);
        assert_eq!(ours.read("nile-heart", &headers, later), None, "old");
        let forged = sent(&set.replace("call-1", "call-2"));
        assert_eq!(ours.read("nile-heart", &forged, NOW), None, "changed");
        for nonsense in ["frontdesk_call=", "frontdesk_call=a.b", "frontdesk_call=....."] {
            assert_eq!(ours.read("nile-heart", &sent(nonsense), NOW), None, "{nonsense}");
        }
    }

    #[test]
    fn scripts_and_other_sites_and_other_paths_do_not_get_it() {
        let set = cookies("secret").set("nile-heart", &call(), NOW, true);
        for attribute in
            ["HttpOnly", "SameSite=Strict", "Secure", "Path=/api/v1/clinics/nile-heart/calls"]
        {
            assert!(set.split("; ").any(|part| part == attribute), "{attribute}: {set}");
        }
        assert!(!cookies("secret").set("nile-heart", &call(), NOW, false).contains("Secure"));
    }
}
