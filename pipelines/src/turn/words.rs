//! What the words heard so far amount to, for turn taking.

use serde::{Deserialize, Serialize};

/// Whether the words heard so far complete what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// They do.
    Complete,
    /// Nothing can be said.
    #[default]
    Unknown,
    /// They break off: more will come.
    Incomplete,
}

/// Words after which more will come (speech.md, section 6).
const OPEN_ENDINGS: &[&str] = &[
    "and", "or", "but", "the", "a", "an", "to", "for", "with", "on", "at", "my", "um", "uh", "er",
    "doctor", "of", "is", "in", "from", "about", "because", "half", "quarter", "past",
];

const BACKCHANNELS: &[&str] =
    &["uh-huh", "uhuh", "mhm", "mm", "mmhm", "okay", "ok", "right", "aha", "i see", "sure", "hm"];

const STOPS: &[&str] = &["stop", "wait", "hold on", "hang on", "one moment", "excuse me"];

impl Completeness {
    /// Judges words by their ending alone: unfinished after "and", "the", "doctor" …, else unknown.
    /// What completes an answer depends on the question; the dialogue says it.
    #[must_use]
    pub fn of_ending(text: &str) -> Self {
        match text.split_whitespace().last() {
            Some(last) if OPEN_ENDINGS.contains(&last) => Self::Incomplete,
            _ => Self::Unknown,
        }
    }
}

/// Whether the text holds nothing but acknowledgements, which do not take the turn.
#[must_use]
pub fn is_backchannel(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    BACKCHANNELS.contains(&text.as_str())
        || (!text.is_empty() && text.split_whitespace().all(|w| BACKCHANNELS.contains(&w)))
}

/// Whether the text asks the agent to stop speaking.
#[must_use]
pub fn is_stop(text: &str) -> bool {
    let text = format!(" {} ", text.trim().to_lowercase());
    STOPS.iter().any(|stop| text.contains(&format!(" {stop} ")))
}
