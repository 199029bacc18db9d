//! The decision log: what turn taking was fed and what it decided, in some 300 bytes per second.
//!
//! A log begins with the settings, the lag of the detector and the moment; then each input stands
//! with the time since the one before, followed by the outputs that it brought. Of words there are
//! only their number and what they amount to, so that a log holds nothing personal. Numbers are
//! LEB128; times are microseconds.

use std::time::Duration;

use frontdesk_types::Mono;

use super::{Completeness, EndReason, TurnInput, TurnOutput, TurnSettings};

/// The first byte of every log.
pub(super) const VERSION: u8 = 1;

/// Scores have this many steps, so that one fits a byte beside the tags.
const STEPS: u8 = 200;

/// First bytes of what is not a score.
pub(super) mod tag {
    pub(in super::super) const WORDS: u8 = 201;
    pub(in super::super) const PLAYING: u8 = 202;
    pub(in super::super) const SILENT: u8 = 203;
    pub(in super::super) const TIMEOUT: u8 = 204;
    pub(in super::super) const RECOGNIZED: u8 = 205;
    pub(in super::super) const MOVED: u8 = 206;
    pub(in super::super) const STARTED: u8 = 211;
    pub(in super::super) const ENDED: u8 = 212;
    pub(in super::super) const DISCARD: u8 = 213;
    pub(in super::super) const PAUSE: u8 = 214;
    pub(in super::super) const RESUME: u8 = 215;
    pub(in super::super) const INTERRUPT: u8 = 216;
}

/// Most bytes of one call's log: half an hour of speech. What comes after is not logged.
pub const MAX_LOG: usize = 512 * 1024;

/// A score as the log can hold it, rounded down. Turn taking is fed with these, so that a replay
/// decides by the very same numbers.
#[must_use]
pub fn quantized(score: f32) -> f32 {
    score_of(byte_of(score))
}

fn byte_of(score: f32) -> u8 {
    (score.clamp(0.0, 1.0) * f32::from(STEPS)) as u8
}

pub(super) fn score_of(byte: u8) -> f32 {
    f32::from(byte) / f32::from(STEPS)
}

pub(super) const REASONS: [EndReason; 4] =
    [EndReason::Complete, EndReason::Default, EndReason::Incomplete, EndReason::TooLong];
pub(super) const COMPLETENESS: [Completeness; 3] =
    [Completeness::Complete, Completeness::Unknown, Completeness::Incomplete];

/// What a log begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogHead {
    /// The settings of the call.
    pub settings: TurnSettings,
    /// Lag of the voice detector.
    pub lag: Duration,
    /// Length of its frames.
    pub frame: Duration,
    /// The moment at which the log begins …
    pub begun: Mono,
    /// … and the same moment on the wall clock, in microseconds since 1970.
    pub begun_wall: u64,
}

/// A log that is being written.
#[derive(Debug, Clone)]
pub struct TurnLog {
    bytes: Vec<u8>,
    last: Mono,
    total: usize,
}

impl TurnLog {
    /// An empty log.
    #[must_use]
    pub fn new(head: &LogHead) -> Self {
        let mut log = Self { bytes: vec![VERSION], last: head.begun, total: 0 };
        for number in
            [micros(head.lag), micros(head.frame), head.begun.as_micros(), head.begun_wall]
        {
            log.number(number);
        }
        let settings = serde_json::to_vec(&head.settings).unwrap_or_default();
        log.number(settings.len() as u64);
        log.bytes.extend_from_slice(&settings);
        log
    }

    /// An empty log that follows on that of another process.
    #[must_use]
    pub fn following(head: &LogHead) -> Self {
        let mut log = Self::new(head);
        log.bytes.insert(0, tag::MOVED);
        log
    }

    /// Notes an input at `now`.
    pub fn input(&mut self, now: Mono, input: &TurnInput) {
        if self.is_full() {
            return;
        }
        match *input {
            TurnInput::Voice { score, .. } => self.entry(byte_of(score), now),
            TurnInput::Words { count, completeness, backchannel, stop } => {
                self.entry(tag::WORDS, now);
                self.number(count as u64);
                let place = COMPLETENESS.iter().position(|known| *known == completeness);
                let flags = place.unwrap_or_default() as u8;
                self.bytes.push(flags | u8::from(backchannel) << 2 | u8::from(stop) << 3);
            }
            TurnInput::Playing(true) => self.entry(tag::PLAYING, now),
            TurnInput::Playing(false) => self.entry(tag::SILENT, now),
            TurnInput::Timeout => self.entry(tag::TIMEOUT, now),
        }
    }

    /// Notes an output of the last input.
    pub fn output(&mut self, output: &TurnOutput) {
        if self.is_full() {
            return;
        }
        match *output {
            TurnOutput::SpeechStarted => self.bytes.push(tag::STARTED),
            TurnOutput::TurnEnded { reason, last_voiced, wait } => {
                self.bytes.push(tag::ENDED);
                let place = REASONS.iter().position(|known| *known == reason);
                self.bytes.push(place.unwrap_or_default() as u8);
                // The last voiced moment is before the last input.
                self.number(self.last.as_micros().saturating_sub(last_voiced.as_micros()));
                self.number(micros(wait));
            }
            TurnOutput::Discard => self.bytes.push(tag::DISCARD),
            TurnOutput::PausePlayout => self.bytes.push(tag::PAUSE),
            TurnOutput::ResumePlayout => self.bytes.push(tag::RESUME),
            TurnOutput::Interrupt => self.bytes.push(tag::INTERRUPT),
        }
    }

    /// Notes that the recognizer's final words are there.
    pub fn recognized(&mut self, now: Mono) {
        if !self.is_full() {
            self.entry(tag::RECOGNIZED, now);
        }
    }

    /// Takes what was written since the last time; all pieces in order are the log.
    pub fn take(&mut self) -> Vec<u8> {
        self.total += self.bytes.len();
        std::mem::take(&mut self.bytes)
    }

    /// Whether the log has grown to its limit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.total + self.bytes.len() >= MAX_LOG
    }

    fn entry(&mut self, tag: u8, now: Mono) {
        self.bytes.push(tag);
        self.number(micros(now.since(self.last)));
        self.last = self.last.max(now);
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
