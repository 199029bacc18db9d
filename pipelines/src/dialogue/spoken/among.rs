//! What the callers of one call say, where it is known which patients they are likely to be.

use std::sync::OnceLock;

use frontdesk_models::stt::Listening;
use frontdesk_types::Phi;

use super::super::understand::Heard;
use super::super::{Expectation, Now};
use super::{Spoken, once};
use crate::language::listen::Templates;

/// What is listened for where the caller is likely to be one of a few patients. It holds their
/// names, so it lives no longer than the call.
#[derive(Debug)]
pub struct Among {
    spoken: Spoken,
    patients: Vec<Phi<String>>,
    known: [OnceLock<Listening>; Expectation::ALL.len()],
}

impl Among {
    pub(super) fn new(spoken: Spoken, patients: Vec<Phi<String>>) -> Self {
        Self { spoken, patients, known: Default::default() }
    }

    /// What is listened for where this is expected.
    #[must_use]
    pub fn listening(&self, expectation: Expectation) -> Listening {
        if self.patients.is_empty() || !expectation.is_naming() {
            return self.spoken.listening(expectation);
        }
        let source = || self.spoken.source(expectation, &self.patients);
        let make = || Listening::private(expectation.context(), source());
        once(&self.known, expectation, make)
    }

    /// Makes what is listened for wherever a name is asked for. It takes as long as thousands of
    /// names do, so it belongs on a thread that may compute.
    pub fn prepare(&self) {
        let naming = Expectation::ALL.into_iter().filter(|asked| asked.is_naming());
        naming.for_each(|expectation| drop(self.listening(expectation)));
    }

    /// What the dialogue takes from an answer to what was asked.
    pub(in crate::dialogue) fn heard(&self, asked: Expectation, text: &str, now: Now) -> Heard {
        Heard::of(text, self.spoken.setting(asked, now))
    }

    /// What is said in the callers' language.
    pub(in crate::dialogue) fn templates(&self) -> &Templates {
        self.spoken.templates()
    }

    /// Whether one of the patients whom the caller is likely to be has this name.
    pub(in crate::dialogue) fn is_known(&self, name: &str) -> bool {
        self.patients.iter().any(|known| known.expose().eq_ignore_ascii_case(name))
    }

    /// As [`Spoken::respelled`], for these patients.
    #[must_use]
    pub fn respelled(&self, expectation: Expectation, text: &str) -> String {
        self.spoken.respelled(expectation, text, &self.patients)
    }
}
