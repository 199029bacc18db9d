//! What happens on a line.

use std::fmt;
use std::sync::Arc;

use crate::CallerFacts;

/// Why a caller is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gone {
    /// They hung up, or were removed: they are not coming back.
    Left,
    /// Their connection broke: they may come back ([`LineEvent::CallerHere`]).
    Lost,
}

/// What happens on a line.
#[derive(Clone, PartialEq, Eq)]
pub enum LineEvent {
    /// What is played reaches the caller from now on.
    Audible,
    /// The caller is there, for the first time or again.
    CallerHere(CallerFacts),
    /// Another connection has taken the place of the caller's under their name, and nothing shows
    /// that it is the same person's; [`LineEvent::CallerHere`] follows.
    CallerReplaced,
    /// The caller is gone.
    CallerGone(Gone),
    /// The caller has put us on hold: nobody hears what is played, and what comes in is not theirs.
    Held,
    /// The caller is back from that.
    Resumed,
    /// The connection of a supervisor's voice came (`here`), or left.
    Supervisor {
        /// Its identity.
        identity: String,
        /// Whether it is there.
        here: bool,
    },
    /// The caller typed this.
    Typed(String),
    /// The caller pressed a key: `0`–`9`, `*`, `#`, `A`–`D`.
    Dtmf(char),
    /// The line's own connection broke and is being mended; sound may go on meanwhile.
    Lost,
    /// The connection is back.
    Back,
    /// The line is gone for good, or of no use; why.
    Over(String),
}

impl fmt::Debug for LineEvent {
    // What callers type and which keys they press is theirs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Audible => f.write_str("Audible"),
            Self::CallerHere(facts) => write!(f, "CallerHere({:?})", facts.kind),
            Self::CallerReplaced => f.write_str("CallerReplaced"),
            Self::CallerGone(why) => write!(f, "CallerGone({why:?})"),
            Self::Held => f.write_str("Held"),
            Self::Resumed => f.write_str("Resumed"),
            Self::Supervisor { here, .. } => write!(f, "Supervisor(here={here})"),
            Self::Typed(text) => write!(f, "Typed({} bytes)", text.len()),
            Self::Dtmf(_) => f.write_str("Dtmf"),
            Self::Lost => f.write_str("Lost"),
            Self::Back => f.write_str("Back"),
            Self::Over(why) => write!(f, "Over({why})"),
        }
    }
}

/// Is told what happens on a line, in order. It must not block.
pub type Listener = Arc<dyn Fn(LineEvent) + Send + Sync>;
