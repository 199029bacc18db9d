//! Patience and limits of a dialogue.

use std::time::Duration;

use frontdesk_types::{Channel, Mono};
use serde::{Deserialize, Serialize};

/// How long a dialogue waits, and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Silence after which the caller is asked again.
    pub silence: Duration,
    /// Silences in a row after which the call ends.
    pub max_silences: u32,
    /// Misunderstandings in a row after which a person is called.
    pub max_misunderstood: u32,
    /// Time a tool may run before the caller is asked for patience.
    pub tool_notice: Duration,
    /// Pause before a tool that was unavailable is tried again, and how much longer each further one
    /// is.
    pub retry: Duration,
    /// How often it is tried again: a database that is away for a while is waited for.
    #[serde(default = "max_retries")]
    pub max_retries: u32,
    /// Failed identifications in a call after which a person is called.
    pub max_identifications: u32,
    /// Writes in a call at most; a transfer to a person is always possible.
    pub max_writes: u32,
    /// Turns of the caller at most.
    pub max_turns: u32,
    /// Words of which the recognizer is less sure than this, in percent, are asked for again.
    #[serde(default)]
    pub min_confidence: u8,
}

/// A tool is waited for for 8 s at the most, so with the pauses this is up to 40 s in all.
const fn max_retries() -> u32 {
    3
}

impl Settings {
    /// Usual settings of a channel: who types is given more time.
    #[must_use]
    pub const fn of(channel: Channel) -> Self {
        let silence = match channel {
            Channel::Text => 20,
            Channel::Web | Channel::Phone => 8,
        };
        Self {
            silence: Duration::from_secs(silence),
            max_silences: 3,
            max_misunderstood: 3,
            tool_notice: Duration::from_secs(3),
            retry: Duration::from_millis(1500),
            max_retries: max_retries(),
            max_identifications: 3,
            max_writes: 12,
            max_turns: 60,
            min_confidence: 12,
        }
    }
}

/// Waiting for a caller who was spoken to: the wait counts from the end of what was played.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patience {
    /// Utterances that were said and not yet reported as played.
    speaking: u32,
    /// When the caller is asked again.
    pub(super) deadline: Option<Mono>,
    /// Silences in a row.
    pub(super) silences: u32,
}

impl Patience {
    /// Something is said: should its playing never be reported, the caller is still not left alone.
    pub(super) fn said(&mut self, now: Mono, text: &str, silence: Duration) {
        self.speaking += 1;
        self.said_so_far(now, text.len(), silence);
    }

    /// What is being said is this long so far, in bytes.
    pub(super) fn said_so_far(&mut self, now: Mono, length: usize, silence: Duration) {
        let letters = u64::try_from(length).unwrap_or(u64::MAX);
        let longest = Duration::from_millis(letters.saturating_mul(120)) + 2 * silence;
        self.deadline = Some(now + longest);
    }

    /// Something was played.
    pub(super) fn played(&mut self, now: Mono, silence: Duration) {
        self.speaking = self.speaking.saturating_sub(1);
        if self.speaking == 0 && self.deadline.is_some() {
            self.deadline = Some(now + silence);
        }
    }

    /// The caller spoke.
    pub(super) const fn heard(&mut self) {
        self.silences = 0;
    }

    /// Nobody is waited for.
    pub(super) const fn stop(&mut self) {
        self.deadline = None;
    }

    /// Whether the deadline has come.
    pub(super) fn is_due(&self, now: Mono) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}
