//! Another connection has taken the place of the caller's, and nothing shows that it is theirs.
//!
//! The dialogue forgets whom it spoke with, and what it says from then on is for whoever is there
//! now. What was on its way before is for nobody: it is dropped wherever it comes along, from the
//! moment at which the line has told.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use frontdesk_line::Shown;
use frontdesk_pipelines::dialogue::{Output, UtteranceId};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    /// Times that the line has told.
    told: AtomicU32,
    /// Times that the dialogue has forgotten since.
    forgotten: AtomicU32,
    /// The first utterance that is for whoever is there now.
    first: AtomicU64,
    /// Utterances of the caller that have begun, and those of them that are not of whoever is there
    /// now: they have the lowest numbers.
    begun: AtomicU64,
    heard_before: AtomicU64,
}

impl Replaced {
    /// The line tells.
    pub(crate) fn notice(&self) {
        self.heard_before.fetch_max(self.begun.load(Ordering::SeqCst), Ordering::SeqCst);
        self.told.fetch_add(1, Ordering::SeqCst);
    }

    /// The dialogue has forgotten; these are its outputs.
    pub(crate) fn forgotten(&self, outputs: &[Output]) {
        let said = outputs.iter().find_map(|output| match output {
            Output::Say { utterance, .. } => Some(utterance.0),
            _ => None,
        });
        if let Some(first) = said {
            self.first.fetch_max(first, Ordering::SeqCst);
        }
        self.forgotten.fetch_add(1, Ordering::SeqCst);
    }

    /// How often it has happened.
    pub(crate) fn count(&self) -> u32 {
        self.told.load(Ordering::SeqCst)
    }

    /// Whether an utterance is for somebody who may not be there any more.
    pub(crate) fn voids(&self, utterance: UtteranceId) -> bool {
        // The call's own last words are for everybody.
        if utterance.0 > u64::MAX / 2 {
            return false;
        }
        let pending = self.count() != self.forgotten.load(Ordering::SeqCst);
        pending || utterance.0 < self.first.load(Ordering::SeqCst)
    }

    /// The caller begins to speak: their utterance of that number.
    pub(crate) fn begins(&self, number: u64) {
        self.begun.fetch_max(number + 1, Ordering::SeqCst);
    }

    /// Whether an utterance of the caller was begun by who may not be there any more.
    pub(crate) fn voids_heard(&self, number: u64) -> bool {
        number < self.heard_before.load(Ordering::SeqCst)
    }

    /// Whether what is to be shown is.
    pub(crate) fn voids_shown(&self, shown: &Shown) -> bool {
        match shown {
            Shown::AgentText { utterance, .. } | Shown::AgentDone { utterance, .. } => {
                self.voids(UtteranceId(*utterance))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_is_for_nobody_and_what_is_said_after_is() {
        let say = |number| Output::Say {
            utterance: UtteranceId(number),
            text: String::new(),
            more: false,
        };
        let replaced = Replaced::default();
        assert!(!replaced.voids(UtteranceId(3)));
        replaced.notice();
        assert!(replaced.voids(UtteranceId(3)) && replaced.voids(UtteranceId(7)));
        replaced.forgotten(&[say(7)]);
        assert!(replaced.voids(UtteranceId(6)) && !replaced.voids(UtteranceId(7)));
        replaced.notice();
        assert!(replaced.voids(UtteranceId(8)), "until it has forgotten once more");
        assert!(!replaced.voids(UtteranceId(u64::MAX)), "the goodbye");
    }

    #[test]
    fn who_was_speaking_has_told_nothing() {
        let replaced = Replaced::default();
        replaced.begins(0);
        replaced.begins(1);
        assert!(!replaced.voids_heard(1));
        replaced.notice();
        replaced.begins(2);
        assert_eq!([0, 1, 2].map(|number| replaced.voids_heard(number)), [true, true, false]);
    }
}
