//! One utterance on its way through recognition: its audio, whose turn it is, and its end.
//!
//! Threads take turns on an utterance, and one that hangs may come back at any moment. So each turn
//! belongs to an *epoch*: when a thread is taken for hung (or dies) the utterance begins anew in the
//! next epoch, and whatever the old one still does is recognized by its number and changes nothing.
//! Everything that decides is under the one lock of [`Audio`]; `tests/interleavings` has the checks.

use std::sync::Arc;

use frontdesk_models::stt::{Adaptation, Listening, Recognizer, Transcript};
use frontdesk_types::{Mono, SAMPLE_RATE_HZ};

use crate::sync::Mutex;

/// Samples recognized in one turn at most, so that calls take turns: one second.
const TURN_SAMPLES: usize = SAMPLE_RATE_HZ as usize;

/// Longest utterance kept; what follows is dropped (turn taking cuts earlier).
const MAX_SAMPLES: usize = 40 * SAMPLE_RATE_HZ as usize;

/// Times an utterance is begun anew after its recognizer died.
const MAX_RETRIES: u32 = 1;

/// What comes of an utterance.
#[derive(Debug, Clone)]
pub(crate) enum RecognitionEvent {
    /// Words so far.
    Partial(Transcript),
    /// All words. Empty if nothing was understood.
    Final(Transcript),
    /// The recognizer failed; the audio is lost.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schedule {
    /// Nothing to do.
    Idle,
    /// A turn is waiting for a thread.
    Queued,
    /// A thread is on it.
    Running,
    /// A thread is on it, and there is more to do since.
    Again,
    /// In line for a recognizer: more audio needs no turn before there is one.
    Parked,
}

struct Audio {
    samples: Vec<i16>,
    read: usize,
    ended: bool,
    /// When there was no more audio to come.
    ended_at: Option<Mono>,
    discarded: bool,
    schedule: Schedule,
    retries: u32,
    epoch: u32,
    /// It was told how it ended, or nobody wants to know.
    over: bool,
    /// A recognizer is counted for it: here between turns, or in the hands of this epoch's thread.
    holds: bool,
    recognizer: Option<Box<dyn Recognizer>>,
}

/// What recognizers learned of a call's caller. The call keeps it: the next utterance may be
/// recognized by another one.
pub(crate) type Learned = Arc<Mutex<Option<Adaptation>>>;

/// One turn of an utterance, of the epoch in which it was asked for.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) utterance: Arc<Utterance>,
    epoch: u32,
}

/// What a turn begins with.
pub(super) struct Begun {
    /// Samples not recognized before, at most a second of them.
    pub(super) chunk: Vec<i16>,
    /// They are the last.
    pub(super) ended: bool,
    /// Nobody wants the words any more.
    pub(super) discarded: bool,
    /// The recognizer of the turn before.
    pub(super) recognizer: Option<Box<dyn Recognizer>>,
}

type Sink = Box<dyn Fn(RecognitionEvent) + Send + Sync>;
type Listens = Box<dyn Fn() -> Listening + Send + Sync>;
type Submit = Box<dyn Fn(Turn) + Send + Sync>;

/// The audio of one utterance, and who wants its words.
pub(crate) struct Utterance {
    /// What is listened for.
    pub(super) listening: Listens,
    pub(super) learned: Learned,
    audio: Mutex<Audio>,
    /// Called with the audio locked, so that nothing is told after the end or after a discard: it
    /// must neither wait nor come back here.
    sink: Sink,
    /// Gives a turn to the threads.
    submit: Submit,
    now: Box<dyn Fn() -> Mono + Send + Sync>,
}

impl std::fmt::Debug for Utterance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Utterance({} samples)", self.audio.lock().samples.len())
    }
}

impl Utterance {
    pub(super) fn new(
        listening: Listens,
        learned: Learned,
        sink: Sink,
        submit: Submit,
        now: Box<dyn Fn() -> Mono + Send + Sync>,
    ) -> Arc<Self> {
        let audio = Audio {
            samples: Vec::new(),
            read: 0,
            ended: false,
            ended_at: None,
            discarded: false,
            schedule: Schedule::Idle,
            retries: 0,
            epoch: 0,
            over: false,
            holds: false,
            recognizer: None,
        };
        Arc::new(Self { listening, learned, audio: Mutex::new(audio), sink, submit, now })
    }

    /// Adds audio.
    pub(crate) fn push(self: &Arc<Self>, samples: &[i16]) {
        let mut audio = self.audio.lock();
        if audio.samples.len() + samples.len() <= MAX_SAMPLES && !audio.ended {
            audio.samples.extend_from_slice(samples);
        }
        if audio.schedule != Schedule::Parked {
            self.wake(&mut audio);
        }
    }

    /// There will be no more audio: the final words are wanted.
    pub(crate) fn finish(self: &Arc<Self>) {
        let now = (self.now)();
        let mut audio = self.audio.lock();
        audio.ended = true;
        audio.ended_at.get_or_insert(now);
        if audio.schedule != Schedule::Parked {
            self.wake(&mut audio);
        }
    }

    /// Nobody wants the words any more; none are told once this has returned.
    pub(crate) fn discard(self: &Arc<Self>) {
        let mut audio = self.audio.lock();
        audio.ended = true;
        audio.discarded = true;
        self.wake(&mut audio);
    }

    /// There may be a recognizer for it. False if it needs none any more: offer it to the next.
    pub(super) fn offered(self: &Arc<Self>) -> bool {
        let mut audio = self.audio.lock();
        self.wake(&mut audio);
        !audio.over
    }

    fn wake(self: &Arc<Self>, audio: &mut Audio) {
        match audio.schedule {
            _ if audio.over => {}
            Schedule::Idle | Schedule::Parked => {
                audio.schedule = Schedule::Queued;
                (self.submit)(Turn { utterance: Arc::clone(self), epoch: audio.epoch });
            }
            Schedule::Running => audio.schedule = Schedule::Again,
            Schedule::Queued | Schedule::Again => {}
        }
    }
}

impl Turn {
    /// Runs `change` if this turn is of the utterance's epoch and the utterance is not over.
    fn change<R>(&self, change: impl FnOnce(&mut Audio) -> R) -> Option<R> {
        let mut audio = self.utterance.audio.lock();
        (audio.epoch == self.epoch && !audio.over).then(|| change(&mut audio))
    }

    /// Begins the turn; `None` if the utterance does not want it any more.
    pub(super) fn begin(&self) -> Option<Begun> {
        self.change(|audio| {
            audio.schedule = Schedule::Running;
            let to = audio.samples.len().min(audio.read + TURN_SAMPLES);
            let chunk = audio.samples[audio.read..to].to_vec();
            audio.read = to;
            Begun {
                chunk,
                ended: audio.ended && to == audio.samples.len(),
                discarded: audio.discarded,
                recognizer: audio.recognizer.take(),
            }
        })
    }

    /// A recognizer is counted for the utterance from now on; false if it is not wanted any more.
    pub(super) fn hold(&self) -> bool {
        self.change(|audio| audio.holds = true).is_some()
    }

    /// There was no recognizer: gives the unrecognized samples back and waits in line. Whether it
    /// needs another turn at once, because it is in no line any more.
    pub(super) fn park(&self, unread: usize, is_in_line: impl FnOnce() -> bool) -> bool {
        self.change(|audio| {
            audio.read -= unread;
            // One may have become free since, and this utterance have been taken out of the line
            // for it: that turn must not be forgotten.
            let again = audio.discarded || !is_in_line();
            audio.schedule = if again { Schedule::Queued } else { Schedule::Parked };
            again
        })
        .unwrap_or(false)
    }

    /// Tells words so far.
    pub(super) fn tell(&self, partial: Transcript) {
        self.change(|audio| {
            if !audio.discarded {
                (self.utterance.sink)(RecognitionEvent::Partial(partial));
            }
        });
    }

    /// Keeps the recognizer for the next turn. Whether that is wanted at once.
    pub(super) fn keep(&self, recognizer: Box<dyn Recognizer>) -> bool {
        let mut recognizer = Some(recognizer);
        self.change(|audio| {
            audio.recognizer = recognizer.take();
            let again = audio.schedule == Schedule::Again || audio.read < audio.samples.len();
            audio.schedule = if again { Schedule::Queued } else { Schedule::Idle };
            again
        })
        .unwrap_or(false)
    }

    /// Ends the utterance with its words, or without (nobody wants them). `count` is given the
    /// moment when its audio was over, before the words are told: whoever has them finds them
    /// counted. False, and nothing is told, if this turn is no longer the one that may. After this
    /// the recognizer is no longer counted for the utterance.
    pub(super) fn end(
        &self,
        words: Option<(Transcript, Option<Adaptation>)>,
        count: impl FnOnce(Option<Mono>),
    ) -> bool {
        let ended = self.change(|audio| {
            audio.over = true;
            audio.holds = false;
            if let Some((transcript, learned)) = words {
                *self.utterance.learned.lock() = learned;
                count(audio.ended_at);
                if !audio.discarded {
                    (self.utterance.sink)(RecognitionEvent::Final(transcript));
                }
            }
        });
        ended.is_some()
    }

    /// The turn's thread hung, died or got an error: the utterance begins anew in another epoch, or
    /// is told to have failed. `None` if that does not concern it any more, else whether a
    /// recognizer is lost with it, and whether it is over.
    pub(super) fn fail(&self) -> Option<(bool, bool)> {
        let mut kept = None;
        let failed = self.change(|audio| {
            audio.epoch += 1;
            audio.schedule = Schedule::Idle;
            kept = audio.recognizer.take();
            let lost = std::mem::take(&mut audio.holds);
            if audio.retries < MAX_RETRIES && !audio.discarded {
                audio.retries += 1;
                audio.read = 0;
                self.utterance.wake(audio);
            } else {
                audio.over = true;
                if !audio.discarded {
                    (self.utterance.sink)(RecognitionEvent::Failed);
                }
            }
            (lost, audio.over)
        });
        // Freed without the lock: it is foreign code.
        drop(kept);
        failed
    }
}
