//! The first pause of a turn: where what was said so far is likely to be all of it.

use std::time::Duration;

/// Unvoiced time that is a pause. The longest gap inside a sentence is 144 ms at the 95th
/// percentile (docs/speech.md); the earliest end of a turn is 250 ms after its last voiced frame,
/// less the 68 ms that the detector falls behind.
const QUIET: Duration = Duration::from_millis(150);

/// Voiced time after which the caller goes on. Less is a click, as at the beginning of a turn.
const VOICED: Duration = Duration::from_millis(60);

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The caller makes a pause.
    Paused,
    /// The caller goes on after a pause.
    WentOn,
}

/// Follows the voice of one utterance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pause {
    quiet: Duration,
    voiced: Duration,
    paused: bool,
}

impl Pause {
    /// Takes a frame; whether that changes anything.
    pub fn frame(&mut self, voiced: bool, duration: Duration) -> Option<Change> {
        if voiced {
            self.voiced += duration;
            if !self.paused {
                self.quiet = Duration::ZERO;
            } else if self.voiced >= VOICED {
                *self = Self::default();
                return Some(Change::WentOn);
            }
            return None;
        }
        self.voiced = Duration::ZERO;
        self.quiet += duration;
        if !self.paused && self.quiet >= QUIET {
            self.paused = true;
            return Some(Change::Paused);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(16);

    fn frames(pause: &mut Pause, voiced: bool, count: usize) -> Vec<Change> {
        (0..count).filter_map(|_| pause.frame(voiced, FRAME)).collect()
    }

    #[test]
    fn a_gap_between_two_words_is_no_pause_and_a_longer_one_is_one() {
        let mut pause = Pause::default();
        assert_eq!(frames(&mut pause, true, 20), []);
        assert_eq!(frames(&mut pause, false, 9), []);
        assert_eq!(frames(&mut pause, true, 1), []);
        assert_eq!(frames(&mut pause, false, 40), [Change::Paused], "and only one");
    }

    #[test]
    fn a_click_in_a_pause_changes_nothing_and_a_word_ends_it() {
        let mut pause = Pause::default();
        assert_eq!(frames(&mut pause, false, 10), [Change::Paused]);
        assert_eq!(frames(&mut pause, true, 2), []);
        assert_eq!(frames(&mut pause, false, 20), []);
        assert_eq!(frames(&mut pause, true, 4), [Change::WentOn]);
        assert_eq!(frames(&mut pause, false, 10), [Change::Paused], "the next one");
    }
}
