//! What the patient hears.

use frontdesk_types::Mono;

/// What comes over the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The agent says something; `text` is all of the segment so far.
    Agent {
        /// Id of the segment.
        segment: String,
        /// Its text so far.
        text: String,
        /// Whether the text will not change any more.
        is_final: bool,
    },
    /// What the agent has understood of the patient's words; `text` is all of the segment so far.
    Understood {
        /// Id of the segment.
        segment: String,
        /// Its text so far.
        text: String,
        /// Whether the text will not change any more.
        is_final: bool,
    },
    /// What the agent has read into the patient's words, as JSON.
    Read(String),
    /// Whether the agent shows that it listens.
    Listening(bool),
    /// Something that can be heard.
    Sound(Sound),
    /// The agent left, or the room is gone.
    Gone,
}

/// What happens on the line that can be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// The patient's sentence is out: when its first and its last voiced frame were sent.
    Said {
        /// First.
        began: Mono,
        /// Last.
        ended: Mono,
    },
    /// The first packet of the agent after a pause.
    Packet {
        /// When it came.
        at: Mono,
    },
    /// The agent begins to sound.
    Onset {
        /// When its first voiced sample came.
        at: Mono,
    },
    /// The agent does not sound any more.
    Quiet,
    /// The patient cannot speak any more, and why.
    Mute(String),
}
