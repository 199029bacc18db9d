//! Turn taking: when the caller has begun, paused, finished, or means to interrupt.
//!
//! Fed with voice scores, words and the state of playout; asked for outputs and for its next
//! deadline. Every decision comes out with the inputs that led to it, so that it can be explained
//! and replayed. Starting values are those of `TurnSettings`; each says where it comes from.

mod log;
mod replay;
pub(crate) mod words;

use std::collections::VecDeque;
use std::time::Duration;

use frontdesk_types::Mono;
use serde::{Deserialize, Serialize};

pub use log::{LogHead, MAX_LOG, TurnLog, quantized};
pub use replay::{CUT_WITHIN, DamagedLog, Decision, LogEntry, Record, Verdict};
pub use words::Completeness;

/// Most words of a short answer.
const SHORT_ANSWER: usize = 2;

/// Waits and thresholds. All waits count from the last voiced frame, corrected for the lag of the
/// detector. Names follow LiveKit Agents where it has the same setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TurnSettings {
    /// Score from which a frame counts as voiced, 0 to 1. earshot separates speech at 0.5.
    pub activation_threshold: f32,
    /// Voiced time before speech counts as begun: rejects clicks.
    pub min_speech: Duration,
    /// Wait when the words heard complete what was asked.
    pub min_delay: Duration,
    /// Wait when one or two words complete it: "yes" is often followed by more after a comma, for
    /// which voices pause some 300 ms.
    pub short_answer_delay: Duration,
    /// Wait when nothing is known of the words.
    pub default_delay: Duration,
    /// Wait when the words are unfinished ("on the …").
    pub incomplete_delay: Duration,
    /// No wait is longer than this.
    pub max_delay: Duration,
    /// Voiced time over playout after which playout pauses.
    pub pause_after: Duration,
    /// Voiced time over playout after which a pause becomes an interruption, given a word (or
    /// where the recognizer gives no partials).
    pub min_interruption_duration: Duration,
    /// A pause that brought no words for this long was false: playout resumes.
    pub false_interruption_timeout: Duration,
    /// Whether the recognizer gives partial words. Without them voice alone interrupts.
    pub partials: bool,
    /// An utterance is cut off after this long, so that a radio cannot hold the line.
    pub max_utterance: Duration,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            activation_threshold: 0.5,
            min_speech: Duration::from_millis(60),
            min_delay: Duration::from_millis(250),
            short_answer_delay: Duration::from_millis(450),
            default_delay: Duration::from_millis(700),
            incomplete_delay: Duration::from_millis(1300),
            max_delay: Duration::from_millis(2500),
            pause_after: Duration::from_millis(60),
            min_interruption_duration: Duration::from_millis(500),
            false_interruption_timeout: Duration::from_secs(2),
            partials: true,
            max_utterance: Duration::from_secs(30),
        }
    }
}

/// What turn taking hears of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum TurnInput {
    /// A frame of audio was scored. `duration` is its length.
    Voice {
        /// Probability of a voice, 0 to 1.
        score: f32,
        /// Length of the frame.
        duration: Duration,
    },
    /// The recognizer's words so far in this utterance, and what they amount to.
    Words {
        /// How many words.
        count: usize,
        /// Whether they complete what was asked.
        completeness: Completeness,
        /// Whether all of them are acknowledgements ("uh-huh", "okay").
        backchannel: bool,
        /// Whether they ask the agent to stop.
        stop: bool,
    },
    /// The agent began (true) or ended (false) to play.
    Playing(bool),
    /// Time has come to the deadline.
    Timeout,
}

/// Why a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The words completed what was asked.
    Complete,
    /// Nothing was known of the words.
    Default,
    /// The words were unfinished and nothing followed.
    Incomplete,
    /// The caller spoke longer than an utterance may be.
    TooLong,
}

/// What the actor has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TurnOutput {
    /// The caller began to speak: start recognition, including the audio of the last moments.
    SpeechStarted,
    /// The caller's turn is over.
    TurnEnded {
        /// The rule that ended it.
        reason: EndReason,
        /// Last voiced moment, corrected for the detector's lag.
        last_voiced: Mono,
        /// The wait that was applied.
        wait: Duration,
    },
    /// What was heard was noise or an acknowledgement: throw the utterance away.
    Discard,
    /// Hold playout; it may go on.
    PausePlayout,
    /// The pause was false: go on with the same audio.
    ResumePlayout,
    /// The caller took the turn: stop playout for good.
    Interrupt,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Silent,
    /// Voiced since, not yet long enough to count.
    Onset,
    Speaking,
}

/// The turn taking of one call.
#[derive(Debug, Clone)]
pub struct TurnTaker {
    settings: TurnSettings,
    lag: Duration,
    phase: Phase,
    playing: bool,
    paused_since: Option<Mono>,
    interrupted: bool,
    voiced: Duration,
    started: Mono,
    last_voiced: Mono,
    words: usize,
    completeness: Completeness,
    backchannel: bool,
    outputs: VecDeque<TurnOutput>,
}

impl TurnTaker {
    /// Turn taking with `settings`, behind a detector that falls `lag` after the last voiced sample.
    #[must_use]
    pub const fn new(settings: TurnSettings, lag: Duration) -> Self {
        Self {
            settings,
            lag,
            phase: Phase::Silent,
            playing: false,
            paused_since: None,
            interrupted: false,
            voiced: Duration::ZERO,
            started: Mono::ZERO,
            last_voiced: Mono::ZERO,
            words: 0,
            completeness: Completeness::Unknown,
            backchannel: false,
            outputs: VecDeque::new(),
        }
    }

    /// Takes an input that happened at `now`.
    pub fn handle_input(&mut self, now: Mono, input: &TurnInput) {
        match *input {
            TurnInput::Voice { score, duration } => self.on_voice(now, score, duration),
            TurnInput::Words { count, completeness, backchannel, stop } => {
                self.words = count;
                self.completeness = completeness;
                self.backchannel = backchannel;
                if stop && self.paused_since.is_some() {
                    self.interrupt();
                }
            }
            TurnInput::Playing(playing) => self.on_playing(playing),
            TurnInput::Timeout => {}
        }
        self.judge(now);
    }

    /// The next output, oldest first.
    pub fn poll_output(&mut self) -> Option<TurnOutput> {
        self.outputs.pop_front()
    }

    /// When [`TurnInput::Timeout`] is due at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let end = (self.phase == Phase::Speaking).then(|| self.last_voiced + self.wait().0);
        let resume = self
            .paused_since
            .filter(|_| self.words == 0)
            .map(|since| since + self.settings.false_interruption_timeout);
        match (end, resume) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn on_voice(&mut self, now: Mono, score: f32, duration: Duration) {
        if score < self.settings.activation_threshold {
            if self.phase == Phase::Onset {
                self.phase = Phase::Silent;
                self.voiced = Duration::ZERO;
            }
            return;
        }
        if self.phase == Phase::Silent {
            self.phase = Phase::Onset;
            self.voiced = Duration::ZERO;
            self.started = now;
        }
        self.voiced += duration;
        self.last_voiced = Mono::from_micros(
            now.as_micros().saturating_sub(u64::try_from(self.lag.as_micros()).unwrap_or(0)),
        )
        .max(self.started);
        if self.phase == Phase::Onset && self.voiced >= self.settings.min_speech {
            self.phase = Phase::Speaking;
            self.words = 0;
            self.completeness = Completeness::Unknown;
            self.backchannel = false;
            self.outputs.push_back(TurnOutput::SpeechStarted);
        }
    }

    fn on_playing(&mut self, playing: bool) {
        self.playing = playing;
        if playing {
            self.interrupted = false;
        } else {
            self.paused_since = None;
        }
    }

    /// The wait that the words heard so far deserve, and its name.
    fn wait(&self) -> (Duration, EndReason) {
        let short = self.words <= SHORT_ANSWER;
        let (wait, reason) = match self.completeness {
            Completeness::Complete if short => {
                (self.settings.short_answer_delay, EndReason::Complete)
            }
            Completeness::Complete => (self.settings.min_delay, EndReason::Complete),
            Completeness::Unknown => (self.settings.default_delay, EndReason::Default),
            Completeness::Incomplete => (self.settings.incomplete_delay, EndReason::Incomplete),
        };
        (wait.min(self.settings.max_delay), reason)
    }

    fn interrupt(&mut self) {
        self.paused_since = None;
        self.interrupted = true;
        self.playing = false;
        self.outputs.push_back(TurnOutput::Interrupt);
    }

    fn resume(&mut self) {
        if self.paused_since.take().is_some() {
            self.outputs.push_back(TurnOutput::ResumePlayout);
        }
    }

    fn judge(&mut self, now: Mono) {
        if self.phase == Phase::Speaking && self.playing && !self.interrupted {
            if self.paused_since.is_none() && self.voiced >= self.settings.pause_after {
                self.paused_since = Some(now);
                self.outputs.push_back(TurnOutput::PausePlayout);
            }
            let worded = (self.words > 0 && !self.backchannel) || !self.settings.partials;
            if self.paused_since.is_some()
                && worded
                && self.voiced >= self.settings.min_interruption_duration
            {
                self.interrupt();
            }
        }
        let wordless = self.words == 0 && self.settings.partials;
        if let Some(since) = self.paused_since
            && (wordless || self.backchannel)
            && now.since(since) >= self.settings.false_interruption_timeout
        {
            self.resume();
        }
        if self.phase != Phase::Speaking {
            return;
        }
        let (wait, reason) = self.wait();
        if now.since(self.started) >= self.settings.max_utterance {
            self.end(EndReason::TooLong, Duration::ZERO);
        } else if now.since(self.last_voiced) >= wait {
            self.end(reason, wait);
        }
    }

    fn end(&mut self, reason: EndReason, wait: Duration) {
        self.phase = Phase::Silent;
        self.voiced = Duration::ZERO;
        if self.paused_since.is_some() && self.backchannel {
            // "Uh-huh" while the agent speaks asks for nothing.
            self.resume();
            self.outputs.push_back(TurnOutput::Discard);
            return;
        }
        if self.paused_since.is_some() && self.words > 0 {
            self.interrupt();
        }
        self.outputs.push_back(TurnOutput::TurnEnded {
            reason,
            last_voiced: self.last_voiced,
            wait,
        });
    }
}

#[cfg(test)]
mod tests;
