//! A decision log read back: what was decided and why, and what other settings would have decided.

use std::time::Duration;

use frontdesk_types::Mono;
use serde::Serialize;

use super::log::{COMPLETENESS, LogHead, REASONS, VERSION, score_of, tag};
use super::{Completeness, EndReason, TurnInput, TurnOutput, TurnSettings, TurnTaker};

/// A caller who speaks again this soon after a turn was taken to be over had not finished: the turn
/// was cut.
pub const CUT_WITHIN: Duration = Duration::from_millis(1000);

/// A log that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the decision log cannot be read at byte {at}: {what}")]
pub struct DamagedLog {
    /// Where.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// One entry of a log.
#[derive(Debug, Clone, PartialEq)]
pub enum LogEntry {
    /// Something was fed.
    Input(TurnInput),
    /// Something was decided.
    Output(TurnOutput),
    /// The recognizer's final words were there.
    Recognized,
}

/// The log of one process.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it begins with.
    pub head: LogHead,
    /// What happened, in order.
    pub entries: Vec<(Mono, LogEntry)>,
}

/// What was decided, as it is counted and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The caller began to speak.
    Started,
    /// The turn is over.
    Ended,
    /// What was heard counts for nothing.
    Discarded,
    /// Playout pauses.
    Paused,
    /// Playout goes on.
    Resumed,
    /// Playout stops for good.
    Interrupted,
}

/// A decision with what it was made on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Milliseconds since the log began.
    pub at_ms: u64,
    /// What was decided.
    pub verdict: Verdict,
    /// The rule that ended the turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// The wait of that rule in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// Milliseconds since the last voiced moment, corrected for the detector's lag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_ms: Option<u64>,
    /// Milliseconds of voice since the caller began.
    pub voiced_ms: u64,
    /// Mean score of the frames since the caller began.
    pub mean_score: f32,
    /// Words heard since then.
    pub words: usize,
    /// What they amount to.
    pub completeness: Completeness,
    /// Whether they are all acknowledgements.
    pub backchannel: bool,
    /// Whether the agent was playing.
    pub playing: bool,
    /// Of a turn that ended: whether the caller went on within [`CUT_WITHIN`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub went_on: Option<bool>,
    /// Of a turn that ended: milliseconds until the recognizer's final words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognized_ms: Option<u64>,
    /// The moment on the wall clock, in microseconds since 1970.
    pub wall: u64,
}

impl Record {
    /// Reads a log from its pieces, joined: one record for each process that had the call, in order.
    ///
    /// # Errors
    /// [`DamagedLog`] where it is not one.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, DamagedLog> {
        let mut reader = Reader { bytes, at: 0 };
        let mut records = vec![Self::read_one(&mut reader)?];
        while reader.at < bytes.len() {
            // The mark.
            reader.byte()?;
            records.push(Self::read_one(&mut reader)?);
        }
        Ok(records)
    }

    fn read_one(reader: &mut Reader<'_>) -> Result<Self, DamagedLog> {
        if reader.byte()? != VERSION {
            return reader.damaged("not a log of this version");
        }
        let (lag, frame) = (reader.micros()?, reader.micros()?);
        let begun = Mono::from_micros(reader.number()?);
        let begun_wall = reader.number()?;
        let length = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let settings = reader.take(length)?;
        let Ok(settings) = serde_json::from_slice(settings) else {
            return reader.damaged("no settings");
        };
        let head = LogHead { settings, lag, frame, begun, begun_wall };
        let mut entries = Vec::new();
        let mut now = begun;
        while reader.bytes.get(reader.at).is_some_and(|next| *next != tag::MOVED) {
            let entry = reader.entry(&mut now, frame)?;
            entries.push((now, entry));
        }
        Ok(Self { head, entries })
    }

    /// What was decided in the call.
    #[must_use]
    pub fn decisions(&self) -> Vec<Decision> {
        let outputs = self.entries.iter().filter_map(|(at, entry)| match entry {
            LogEntry::Output(output) => Some((*at, *output)),
            _ => None,
        });
        self.explain(&outputs.collect::<Vec<_>>(), self.head.settings.activation_threshold)
    }

    /// What `settings` decide on the same inputs. With the settings of the call, that is
    /// [`Record::decisions`]; with others, deadlines are kept to the microsecond. What the agent
    /// and the caller would have done otherwise after the first difference nobody knows: they are
    /// taken to do what they did.
    #[must_use]
    pub fn replay(&self, settings: &TurnSettings) -> Vec<Decision> {
        let same = *settings == self.head.settings;
        let mut taker = TurnTaker::new(*settings, self.head.lag);
        let mut outputs = Vec::new();
        let mut drain = |taker: &mut TurnTaker, at| {
            outputs.extend(std::iter::from_fn(|| taker.poll_output()).map(|output| (at, output)));
        };
        for (at, entry) in &self.entries {
            let LogEntry::Input(input) = entry else { continue };
            if !same {
                while let Some(due) = taker.poll_timeout().filter(|due| due < at) {
                    taker.handle_input(due, &TurnInput::Timeout);
                    drain(&mut taker, due);
                    if taker.poll_timeout() == Some(due) {
                        break;
                    }
                }
            }
            taker.handle_input(*at, input);
            drain(&mut taker, *at);
        }
        let mut decisions = self.explain(&outputs, settings.activation_threshold);
        if !same {
            // When the words would have come after another decision, nobody knows.
            decisions.iter_mut().for_each(|decision| decision.recognized_ms = None);
        }
        decisions
    }

    /// Puts beside each output what had been heard until then, and what came after.
    fn explain(&self, outputs: &[(Mono, TurnOutput)], threshold: f32) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let mut heard = Heard::default();
        let mut entries = self.entries.iter().peekable();
        for (number, (at, output)) in outputs.iter().enumerate() {
            while let Some((_, entry)) = entries.next_if(|(when, _)| when <= at) {
                heard.take(entry, threshold);
            }
            if *output == TurnOutput::SpeechStarted {
                heard.begin(self.head.frame);
            }
            let mut decision = heard.decision(self.ms(*at), verdict(output));
            decision.wall =
                self.head.begun_wall + at.as_micros().saturating_sub(self.head.begun.as_micros());
            if let TurnOutput::TurnEnded { reason, last_voiced, wait } = output {
                decision.reason = Some(*reason);
                decision.wait_ms = Some(millis(*wait));
                decision.silent_ms = Some(millis(at.since(*last_voiced)));
                let next = outputs[number + 1..].iter();
                let next = next.clone().find(|(_, next)| *next == TurnOutput::SpeechStarted);
                decision.went_on = Some(next.is_some_and(|(then, _)| then.since(*at) < CUT_WITHIN));
                let after = self.entries.iter().filter(|(when, _)| when >= at);
                let final_words = after.clone().find(|(_, entry)| *entry == LogEntry::Recognized);
                decision.recognized_ms = final_words.map(|(then, _)| millis(then.since(*at)));
            }
            decisions.push(decision);
        }
        decisions
    }

    fn ms(&self, at: Mono) -> u64 {
        millis(at.since(self.head.begun))
    }
}

/// What was heard since the caller began.
#[derive(Default)]
struct Heard {
    voiced_frames: u32,
    frames: u32,
    scores: f32,
    frame: Duration,
    words: usize,
    completeness: Completeness,
    backchannel: bool,
    playing: bool,
    /// Voiced frames in a row, before speech counts as begun.
    onset: u32,
    onset_scores: f32,
}

impl Heard {
    fn take(&mut self, entry: &LogEntry, threshold: f32) {
        match *entry {
            LogEntry::Input(TurnInput::Voice { score, duration }) => {
                self.frame = duration;
                self.frames += 1;
                self.scores += score;
                if score >= threshold {
                    self.voiced_frames += 1;
                    self.onset += 1;
                    self.onset_scores += score;
                } else {
                    self.onset = 0;
                    self.onset_scores = 0.0;
                }
            }
            LogEntry::Input(TurnInput::Words { count, completeness, backchannel, .. }) => {
                self.words = count;
                self.completeness = completeness;
                self.backchannel = backchannel;
            }
            LogEntry::Input(TurnInput::Playing(playing)) => self.playing = playing,
            LogEntry::Input(TurnInput::Timeout) | LogEntry::Output(_) | LogEntry::Recognized => {}
        }
    }

    /// Speech began: only the frames that it began with count.
    fn begin(&mut self, frame: Duration) {
        *self = Self {
            voiced_frames: self.onset,
            frames: self.onset,
            scores: self.onset_scores,
            frame,
            playing: self.playing,
            ..Self::default()
        };
    }

    fn decision(&self, at_ms: u64, verdict: Verdict) -> Decision {
        Decision {
            at_ms,
            verdict,
            reason: None,
            wait_ms: None,
            silent_ms: None,
            voiced_ms: millis(self.frame * self.voiced_frames),
            mean_score: self.scores / self.frames.max(1) as f32,
            words: self.words,
            completeness: self.completeness,
            backchannel: self.backchannel,
            playing: self.playing,
            went_on: None,
            recognized_ms: None,
            wall: 0,
        }
    }
}

const fn verdict(output: &TurnOutput) -> Verdict {
    match output {
        TurnOutput::SpeechStarted => Verdict::Started,
        TurnOutput::TurnEnded { .. } => Verdict::Ended,
        TurnOutput::Discard => Verdict::Discarded,
        TurnOutput::PausePlayout => Verdict::Paused,
        TurnOutput::ResumePlayout => Verdict::Resumed,
        TurnOutput::Interrupt => Verdict::Interrupted,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn damaged<T>(&self, what: &'static str) -> Result<T, DamagedLog> {
        Err(DamagedLog { at: self.at, what })
    }

    fn byte(&mut self) -> Result<u8, DamagedLog> {
        let Some(byte) = self.bytes.get(self.at) else { return self.damaged("it breaks off") };
        self.at += 1;
        Ok(*byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DamagedLog> {
        let end = self.at.checked_add(length);
        let Some(part) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return self.damaged("it breaks off");
        };
        self.at += length;
        Ok(part)
    }

    fn number(&mut self) -> Result<u64, DamagedLog> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        self.damaged("a number without end")
    }

    fn micros(&mut self) -> Result<Duration, DamagedLog> {
        Ok(Duration::from_micros(self.number()?))
    }

    fn one_of<T: Copy>(&mut self, known: &[T]) -> Result<T, DamagedLog> {
        let place = usize::from(self.byte()?);
        known.get(place).map_or_else(|| self.damaged("an unknown value"), |value| Ok(*value))
    }

    fn entry(&mut self, now: &mut Mono, frame: Duration) -> Result<LogEntry, DamagedLog> {
        let first = self.byte()?;
        if first <= tag::RECOGNIZED {
            *now = *now + self.micros()?;
        }
        Ok(match first {
            0..=200 => {
                LogEntry::Input(TurnInput::Voice { score: score_of(first), duration: frame })
            }
            tag::WORDS => {
                let count = usize::try_from(self.number()?).unwrap_or(usize::MAX);
                let flags = self.byte()?;
                let Some(&completeness) = COMPLETENESS.get(usize::from(flags & 3)) else {
                    return self.damaged("an unknown value");
                };
                let (backchannel, stop) = (flags & 4 != 0, flags & 8 != 0);
                LogEntry::Input(TurnInput::Words { count, completeness, backchannel, stop })
            }
            tag::PLAYING => LogEntry::Input(TurnInput::Playing(true)),
            tag::SILENT => LogEntry::Input(TurnInput::Playing(false)),
            tag::TIMEOUT => LogEntry::Input(TurnInput::Timeout),
            tag::RECOGNIZED => LogEntry::Recognized,
            tag::STARTED => LogEntry::Output(TurnOutput::SpeechStarted),
            tag::ENDED => {
                let reason = self.one_of(&REASONS)?;
                let ago = self.number()?;
                let last_voiced = Mono::from_micros(now.as_micros().saturating_sub(ago));
                LogEntry::Output(TurnOutput::TurnEnded {
                    reason,
                    last_voiced,
                    wait: self.micros()?,
                })
            }
            tag::DISCARD => LogEntry::Output(TurnOutput::Discard),
            tag::PAUSE => LogEntry::Output(TurnOutput::PausePlayout),
            tag::RESUME => LogEntry::Output(TurnOutput::ResumePlayout),
            tag::INTERRUPT => LogEntry::Output(TurnOutput::Interrupt),
            _ => return self.damaged("an unknown entry"),
        })
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
