//! What is said of a call from outside.

use serde::{Deserialize, Serialize};

/// How the caller reaches the agent. Video is a property of a web call, not a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A browser with a microphone.
    #[default]
    Web,
    /// A telephone line (SIP).
    Phone,
    /// Typed messages on `lk.chat`.
    Text,
}

/// How a call ended. Where several apply the first wins: emergency, transferred, the last write
/// (booked, rescheduled, cancelled), answered, abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallOutcome {
    /// An appointment was booked.
    Booked,
    /// An appointment was moved.
    Rescheduled,
    /// An appointment was cancelled.
    Cancelled,
    /// A question was answered and nothing was written.
    Answered,
    /// Handed to a person, or a callback was noted.
    Transferred,
    /// A red flag was raised.
    Emergency,
    /// The caller left with nothing done.
    Abandoned,
}
