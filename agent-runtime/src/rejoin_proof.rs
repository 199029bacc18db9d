//! What shows that a token was got by a call's own caller during the call: see
//! [`frontdesk_rtc::line::ProofCheck`].
//!
//! A browser that has the cookie of its call gets another token for it, with a proof that is sealed
//! for that room and identity and has a number of its own, so that it counts once. The key is made of
//! the LiveKit secret, as that of the cookie is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_rtc::line::ProofCheck;
use frontdesk_rtc::token::ApiKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A key of our own for one purpose, made of the LiveKit secret: all runtimes at one server have it.
pub(crate) fn derived_key(key: &ApiKey, purpose: &str) -> Hmac<Sha256> {
    let keyed = |key: &[u8]| {
        // The keyed hash takes keys of any length.
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any key will do"))
    };
    let derived = keyed(key.secret().as_bytes()).chain_update(purpose);
    keyed(&derived.finalize().into_bytes())
}

/// Makes and checks proofs.
#[derive(Clone)]
pub(crate) struct RejoinProofs(Hmac<Sha256>);

impl RejoinProofs {
    pub(crate) fn new(key: &ApiKey) -> Self {
        Self(derived_key(key, "frontdesk: proof of a rejoin"))
    }

    fn seal_of(&self, room: &str, identity: &str, number: &str) -> Hmac<Sha256> {
        // Lengths keep the parts apart, whatever is in them.
        let lengths = format!("{}/{}/", room.len(), identity.len());
        [&*lengths, room, identity, number]
            .into_iter()
            .fold(self.0.clone(), hmac::Mac::chain_update)
    }

    /// A proof for one connection of that identity.
    pub(crate) fn make(&self, room: &str, identity: &str, number: &str) -> String {
        let seal = self.seal_of(room, identity, number).finalize().into_bytes();
        format!("{number}.{}", URL_SAFE_NO_PAD.encode(seal))
    }

    fn is_for(&self, room: &str, identity: &str, proof: &str) -> bool {
        let Some((number, seal)) = proof.rsplit_once('.') else { return false };
        let seal = URL_SAFE_NO_PAD.decode(seal);
        seal.is_ok_and(|seal| self.seal_of(room, identity, number).verify_slice(&seal).is_ok())
    }

    /// Checks those of one room.
    pub(crate) fn of_room(&self, room: String) -> ProofCheck {
        let proofs = self.clone();
        ProofCheck::new(move |identity, proof| proofs.is_for(&room, identity, proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_for_one_room_one_identity_and_one_server() {
        let proofs = |secret: &str| RejoinProofs::new(&ApiKey::new("key", secret));
        let ours = proofs("secret");
        let proof = ours.make("call-1", "caller-1", "0190");
        assert!(ours.is_for("call-1", "caller-1", &proof));
        assert!(!ours.is_for("call-2", "caller-1", &proof), "another room");
        assert!(!ours.is_for("call-1", "caller-2", &proof), "another caller");
        assert!(!ours.is_for("call-1c", "aller-1", &proof), "the same letters");
        assert!(!proofs("other").is_for("call-1", "caller-1", &proof), "another key");
        let forged = proof.replace("0190", "0191");
        for nonsense in ["", ".", "0190", "0190.", "0190.AAAA", &*forged] {
            assert!(!ours.is_for("call-1", "caller-1", nonsense), "{nonsense}");
        }
    }
}
