//! What the guard remembers of requests to models and of an utterance that comes in pieces.
//!
//! An utterance that comes in pieces is *open* from its first piece to its last. At most one is,
//! and it is the last that was begun: whatever else is to be said ends it first. Each piece is
//! passed on at once, unless the policy does not have the floor: then it waits for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dialogue::{RequestId, UtteranceId};

/// An utterance of which more is to come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Open {
    /// The policy's number of it.
    pub(super) policy: UtteranceId,
    pub(super) utterance: UtteranceId,
    /// Its text so far.
    pub(super) text: String,
}

/// A piece that waits until the policy has the floor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) utterance: UtteranceId,
    pub(super) text: String,
    pub(super) more: bool,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) next_request: u64,
    /// Requests under way: the policy's numbers by ours.
    pub(super) requests: BTreeMap<u64, RequestId>,
    pub(super) requests_in_turn: u32,
    pub(super) open: Option<Open>,
    /// The policy's last utterance in pieces that is over: what still comes of it is dropped.
    pub(super) over: Option<UtteranceId>,
    pub(super) withheld: Vec<Piece>,
}

impl Stream {
    /// Whether a model is being asked.
    pub(super) fn is_asking(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The caller has spoken: a new turn.
    pub(super) const fn heard(&mut self) {
        self.requests_in_turn = 0;
    }

    pub(super) fn comes_in_pieces(&self, utterance: UtteranceId) -> bool {
        self.open.as_ref().is_some_and(|open| open.policy == utterance)
            || self.over.is_some_and(|over| utterance <= over)
            || self.withheld.iter().any(|piece| piece.utterance == utterance)
    }

    /// Ends the open utterance; gives its number and its text.
    pub(super) fn close(&mut self) -> Option<Open> {
        let open = self.open.take()?;
        self.over = Some(self.over.map_or(open.policy, |over| over.max(open.policy)));
        Some(open)
    }
}
