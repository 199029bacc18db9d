//! What AudioIngest and the Transcriber tell each other, and are told by others.

use std::sync::Arc;

use frontdesk_models::stt::Transcript;
use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_pipelines::dialogue::spoken::Among;
use frontdesk_pipelines::turn::TurnInput;

use crate::media::{RecognitionEvent, SecondHearing};

/// What AudioIngest is told.
#[derive(Debug, Clone)]
pub(crate) enum IngestInput {
    /// The line has sound to read.
    Audio,
    /// Words so far, for turn taking.
    Words(TurnInput),
    /// The final words of an utterance are there.
    Recognized,
    /// What the caller was asked.
    Expect(Expectation),
    /// Whom the caller is likely to be: their names are listened for where a name is asked for.
    Among(Arc<Among>),
}

/// What the Transcriber is told.
#[derive(Debug, Clone)]
pub(crate) enum TranscriberInput {
    /// The recognizer said something of utterance number n.
    Recognized(u64, RecognitionEvent),
    /// Utterance number n is over, and this is what the second recognizer has of it.
    Second(u64, Arc<SecondHearing>),
    /// What the second recognizer heard of utterance number n; `None` if it failed.
    SecondHeard(u64, Option<Transcript>),
    /// What the caller was asked.
    Expect(Expectation),
    /// Whom the caller is likely to be.
    Among(Arc<Among>),
}
