//! What shows that a connection under the caller's identity is the caller's.
//!
//! Two connections of one identity cannot be told apart: whoever got hold of a token can take the
//! caller's place. So a token that the caller asked for during their call carries a proof, as an
//! attribute that the server takes from the token alone. Others in the room can read it; so each
//! counts once.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::Participant;

/// The attribute that holds the proof.
pub const PROOF_ATTRIBUTE: &str = "frontdesk.proof";

/// Proofs that are remembered: more than a caller can ask for in a call. Beyond that none counts.
const MAX_PROOFS: usize = 256;

/// Whether a proof, the second text, was made for an identity, the first, in this call.
#[derive(Clone)]
pub struct ProofCheck(Arc<Check>);

type Check = dyn Fn(&str, &str) -> bool + Send + Sync;

impl ProofCheck {
    /// A check of one room.
    pub fn new(check: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl fmt::Debug for ProofCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofCheck")
    }
}

/// The proofs of one room.
#[derive(Default)]
pub(super) struct Proofs {
    check: Option<ProofCheck>,
    used: HashSet<String>,
}

impl Proofs {
    pub(super) fn new(check: Option<ProofCheck>) -> Self {
        Self { check, used: HashSet::new() }
    }

    /// Whether this connection is shown to be the caller's; a proof counts once.
    pub(super) fn shows(&mut self, participant: &Participant) -> bool {
        let Some(ProofCheck(check)) = &self.check else { return false };
        let Some(proof) = participant.attributes.get(PROOF_ATTRIBUTE) else { return false };
        check(&participant.identity, proof)
            && self.used.len() < MAX_PROOFS
            && self.used.insert(proof.clone())
    }
}
