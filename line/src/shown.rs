//! What a line may show to its caller beside the voice.

use std::fmt;

use frontdesk_types::Offer;
use serde::Serialize;

/// What the agent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Getting ready.
    Initializing,
    /// Silent, and listening.
    Listening,
    /// Making up an answer.
    Thinking,
    /// Speaking.
    Speaking,
}

/// What has become of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppointmentChange {
    /// It was made.
    Booked,
    /// It has another time.
    Moved,
    /// It is cancelled.
    Cancelled,
}

/// Why a caller is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// All places are taken.
    Full,
    /// The runtime is being stopped.
    Stopping,
    /// The clinic that is called is not there or not active, or the call names none.
    NoClinic,
    /// It cannot be told at the moment whom the call is for.
    Unavailable,
}

impl RefusalReason {
    /// Its name in attributes and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Stopping => "stopping",
            Self::NoClinic => "no_clinic",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What is to be shown. Numbers of utterances increase; the caller's and the agent's are apart.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// What the agent is doing now.
    State(AgentState),
    /// The next piece of an utterance of the agent begins to be heard.
    AgentText {
        /// Its utterance.
        utterance: u64,
        /// The piece.
        text: String,
    },
    /// An utterance of the agent is over.
    AgentDone {
        /// The utterance.
        utterance: u64,
        /// As much of it as was heard.
        heard: String,
        /// Whether that is all of it.
        complete: bool,
    },
    /// The caller's words so far, or all of them.
    CallerText {
        /// Their utterance.
        number: u64,
        /// All of its words.
        text: String,
        /// Whether they will not change any more.
        is_final: bool,
    },
    /// What a supervisor who has taken the call over says, so far or all of it, or has written.
    StaffText {
        /// Number of their utterance.
        number: u64,
        /// Their name.
        name: String,
        /// All of its words.
        text: String,
        /// Whether they will not change any more.
        is_final: bool,
    },
    /// What was read into the caller's last words, as JSON: for who has asked to be told.
    Read(String),
    /// An appointment of the caller's that was changed in this call.
    Appointment {
        /// What has become of it.
        change: AppointmentChange,
        /// With whom and when it is now, or was.
        visit: Box<Offer>,
        /// Its reference, as it is read out.
        reference: String,
    },
    /// The call is not taken, and the line ends soon.
    Refused(RefusalReason),
}

impl fmt::Debug for Shown {
    // Words of a call are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(state) => write!(f, "State({state:?})"),
            Self::AgentText { utterance, .. } => write!(f, "AgentText({utterance})"),
            Self::AgentDone { utterance, complete, .. } => {
                write!(f, "AgentDone({utterance} complete={complete})")
            }
            Self::Refused(reason) => write!(f, "Refused({})", reason.as_str()),
            Self::Read(_) => f.write_str("Read"),
            Self::Appointment { change, .. } => write!(f, "Appointment({change:?})"),
            Self::StaffText { number, is_final, .. } => {
                write!(f, "StaffText({number} final={is_final})")
            }
            Self::CallerText { number, is_final, .. } => {
                write!(f, "CallerText({number} final={is_final})")
            }
        }
    }
}
