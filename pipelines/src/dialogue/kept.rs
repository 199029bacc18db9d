//! What a dialogue leaves for its successor: a snapshot of each turn, and the inputs since.
//!
//! A snapshot holds the whole history of the call, so taking one after every input would make a
//! call's work grow with the square of its length. One is taken when the caller's turn is over;
//! what comes in between is kept as it came and handled once more by a successor, which is the same
//! (a dialogue depends on nothing but its state, the input and the time). What changed nothing, as
//! nearly every partial, is not kept at all.

use serde::{Deserialize, Serialize};

use super::{Dialogue, Input, ModelEvent, Now};

/// Inputs that are kept beside a snapshot at most: then another one is taken. Pieces of a model's
/// text do not count: there may be hundreds of them in a turn, each of a few bytes.
const MAX_SINCE: usize = 32;

/// The same with the pieces of text.
const MAX_PIECES: usize = 4096;

/// See the module's documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Kept {
    snapshot: Option<serde_json::Value>,
    since: Vec<(Now, Input)>,
    /// How many of them are no pieces of a model's text.
    #[serde(default)]
    counted: usize,
    /// The dialogue's revision after all of it.
    revision: Option<u64>,
}

impl Kept {
    /// Whether nothing has been kept yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.snapshot.is_none() && self.since.is_empty()
    }

    /// Keeps what came of an input that `dialogue` has handled, once its outputs have been taken.
    pub fn note(&mut self, dialogue: &dyn Dialogue, now: Now, input: Input) {
        let revision = dialogue.revision();
        if revision.is_some() && revision == self.revision {
            return;
        }
        self.revision = revision;
        let turn = matches!(input, Input::Heard { .. });
        let full = self.counted >= MAX_SINCE || self.since.len() >= MAX_PIECES;
        if turn || self.snapshot.is_none() || full {
            self.snapshot = Some(dialogue.snapshot());
            self.since.clear();
            self.counted = 0;
        } else {
            let piece = matches!(input, Input::Model { event: ModelEvent::Text(_), .. });
            self.counted += usize::from(!piece);
            self.since.push((now, input));
        }
    }

    /// The dialogue as it was left; `make` builds a new one, or one from a snapshot.
    ///
    /// # Errors
    /// If `make` fails.
    pub fn restore<E>(
        &self,
        make: impl FnOnce(Option<serde_json::Value>) -> Result<Box<dyn Dialogue>, E>,
    ) -> Result<Box<dyn Dialogue>, E> {
        let mut dialogue = make(self.snapshot.clone())?;
        for (now, input) in &self.since {
            dialogue.handle_input(*now, input.clone());
            // They have been taken before.
            while dialogue.poll_output().is_some() {}
        }
        Ok(dialogue)
    }
}
