//! Recognition on threads of its own, with a bounded number of recognizers.
//!
//! A recognizer may hold tens of megabytes, so there are few, and an utterance leases one from its
//! first sample to its last. Audio lies in the utterance until then: one that has to wait for a
//! recognizer, or whose recognizer died, is recognized from its beginning and catches up, since
//! recognition is many times faster than speech.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_models::stt::{
    Adaptation, Listening, Recognizer, SpeechToText, SttError, Transcript,
};
use frontdesk_types::{Clock, Mono, SAMPLE_RATE_HZ};
use parking_lot::Mutex;

use super::threads::{After, Threads, Work};

/// A recognizer that takes this long over one turn is deaf.
const HUNG_AFTER: Duration = Duration::from_millis(1500);

/// Samples recognized in one turn at most, so that calls take turns: one second.
const TURN_SAMPLES: usize = SAMPLE_RATE_HZ as usize;

/// Longest utterance kept; what follows is dropped (turn taking cuts earlier).
const MAX_SAMPLES: usize = 40 * SAMPLE_RATE_HZ as usize;

/// Final words that come later than this after the end of a turn are heard as a silence.
const LATE: Duration = Duration::from_millis(300);

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
    Idle,
    Queued,
    Running,
    /// Running, and there is more since.
    Again,
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
    /// Increased when a lost thread's work is begun anew: what that thread still says is ignored.
    epoch: u32,
}

/// What recognizers learned of a call's caller. The call keeps it: the next utterance may be
/// recognized by another one.
pub(crate) type Learned = Arc<Mutex<Option<Adaptation>>>;

/// The audio of one utterance, and who wants its words.
pub(crate) struct Utterance {
    listening: Listening,
    learned: Learned,
    audio: Mutex<Audio>,
    recognizer: Mutex<Option<Box<dyn Recognizer>>>,
    sink: Box<dyn Fn(RecognitionEvent) + Send + Sync>,
    pool: RecognitionPool,
}

impl std::fmt::Debug for Utterance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Utterance({} samples)", self.audio.lock().samples.len())
    }
}

impl Utterance {
    /// Adds audio.
    pub(crate) fn push(self: &Arc<Self>, samples: &[i16]) {
        let mut audio = self.audio.lock();
        if audio.samples.len() + samples.len() <= MAX_SAMPLES && !audio.ended {
            audio.samples.extend_from_slice(samples);
        }
        self.wake(&mut audio);
    }

    /// There will be no more audio: the final words are wanted.
    pub(crate) fn finish(self: &Arc<Self>) {
        let now = self.pool.threads.work().clock.mono();
        let mut audio = self.audio.lock();
        audio.ended = true;
        audio.ended_at.get_or_insert(now);
        self.wake(&mut audio);
    }

    /// Nobody wants the words any more.
    pub(crate) fn discard(self: &Arc<Self>) {
        let mut audio = self.audio.lock();
        audio.ended = true;
        audio.discarded = true;
        self.wake(&mut audio);
    }

    fn wake(self: &Arc<Self>, audio: &mut Audio) {
        match audio.schedule {
            Schedule::Idle => {
                audio.schedule = Schedule::Queued;
                self.pool.threads.submit(Arc::clone(self));
            }
            Schedule::Running => audio.schedule = Schedule::Again,
            Schedule::Queued | Schedule::Again => {}
        }
    }

    fn emit(&self, epoch: u32, event: RecognitionEvent) {
        let audio = self.audio.lock();
        let wanted = audio.epoch == epoch && !audio.discarded;
        drop(audio);
        if wanted {
            (self.sink)(event);
        }
    }
}

struct Recognizers {
    idle: Vec<Box<dyn Recognizer>>,
    made: usize,
    waiting: VecDeque<Arc<Utterance>>,
}

/// What callers waited for their final words.
#[derive(Debug, Default)]
struct Finals {
    count: AtomicU64,
    late: AtomicU64,
    wait_ms: AtomicU64,
}

/// Final words so far, of all utterances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FinalWords {
    /// Utterances that were recognized to their end.
    pub(crate) count: u64,
    /// Those of them whose words came more than 300 ms after the turn was over.
    pub(crate) late: u64,
    /// All waits from the end of a turn to its words, in milliseconds.
    pub(crate) wait_ms: u64,
}

struct Recognition {
    stt: Arc<dyn SpeechToText>,
    clock: Arc<dyn Clock>,
    finals: Finals,
    max: usize,
    recognizers: Arc<Mutex<Recognizers>>,
}

enum Lease {
    Got(Box<dyn Recognizer>),
    Wait,
    Failed(SttError),
}

/// An error of the recognizer, and whether one is lost with it.
struct Failure {
    error: SttError,
    leased: bool,
}

impl From<SttError> for Failure {
    fn from(error: SttError) -> Self {
        Self { error, leased: true }
    }
}

impl Recognition {
    fn lease(&self, utterance: &Arc<Utterance>) -> Lease {
        let mut recognizers = self.recognizers.lock();
        if let Some(recognizer) = recognizers.idle.pop() {
            // More audio may have woken it before its turn came: it leaves the line, or it would be
            // called again when it is long over.
            recognizers.waiting.retain(|waiting| !Arc::ptr_eq(waiting, utterance));
            return Lease::Got(recognizer);
        }
        if recognizers.made >= self.max {
            if !recognizers.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, utterance)) {
                recognizers.waiting.push_back(Arc::clone(utterance));
            }
            return Lease::Wait;
        }
        recognizers.made += 1;
        recognizers.waiting.retain(|waiting| !Arc::ptr_eq(waiting, utterance));
        drop(recognizers);
        match self.stt.recognizer() {
            Ok(recognizer) => Lease::Got(recognizer),
            Err(error) => {
                self.recognizers.lock().made -= 1;
                Lease::Failed(error)
            }
        }
    }

    fn is_waiting(&self, utterance: &Arc<Utterance>) -> bool {
        let recognizers = self.recognizers.lock();
        recognizers.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, utterance))
    }

    /// Takes a recognizer back (or counts it as gone) and lets the next in line have its turn.
    fn give_back(&self, recognizer: Option<Box<dyn Recognizer>>) {
        {
            let mut recognizers = self.recognizers.lock();
            match recognizer {
                Some(recognizer) => recognizers.idle.push(recognizer),
                None => recognizers.made = recognizers.made.saturating_sub(1),
            }
        }
        self.offer();
    }

    /// Wakes the first utterance that waits, if there is a recognizer for it.
    fn offer(&self) {
        let next = {
            let mut recognizers = self.recognizers.lock();
            let free = !recognizers.idle.is_empty() || recognizers.made < self.max;
            if free { recognizers.waiting.pop_front() } else { None }
        };
        if let Some(next) = next {
            let mut audio = next.audio.lock();
            next.wake(&mut audio);
        }
    }

    /// One turn: at most a second of audio. Returns whether the utterance is over.
    fn turn(&self, utterance: &Arc<Utterance>) -> Result<bool, Failure> {
        let (chunk, ended, discarded, epoch) = {
            let mut audio = utterance.audio.lock();
            let to = audio.samples.len().min(audio.read + TURN_SAMPLES);
            let chunk = audio.samples[audio.read..to].to_vec();
            audio.read = to;
            let ended = audio.ended && to == audio.samples.len();
            (chunk, ended, audio.discarded, audio.epoch)
        };
        let held = utterance.recognizer.lock().take();
        if discarded {
            match held {
                Some(recognizer) => self.retire(recognizer),
                // It may have been woken for a recognizer that it does not need: pass it on.
                None => self.offer(),
            }
            return Ok(true);
        }
        let mut recognizer = match held {
            Some(recognizer) => recognizer,
            None => match self.lease(utterance) {
                Lease::Got(mut recognizer) => {
                    recognizer.adapt(utterance.learned.lock().as_ref());
                    recognizer.listen(&utterance.listening)?;
                    recognizer
                }
                Lease::Wait => {
                    // Nothing was recognized: the chunk is read again when a recognizer is free.
                    let mut audio = utterance.audio.lock();
                    audio.read -= chunk.len();
                    // More audio needs no turn before there is a recognizer. One may have become
                    // free since, and this utterance have been taken out of the line for it: that
                    // turn must not be forgotten.
                    let in_line = self.is_waiting(utterance);
                    audio.schedule = if in_line { Schedule::Running } else { Schedule::Again };
                    return Ok(false);
                }
                Lease::Failed(error) => return Err(Failure { error, leased: false }),
            },
        };
        if let Some(partial) = recognizer.push(&chunk)? {
            utterance.emit(epoch, RecognitionEvent::Partial(partial));
        }
        let transcript = if ended { Some(recognizer.finish()?) } else { None };
        if utterance.audio.lock().epoch != epoch {
            // This thread was taken for hung and its work was begun anew: leave quietly.
            return Ok(true);
        }
        if let Some(transcript) = transcript {
            self.count(utterance);
            *utterance.learned.lock() = recognizer.adaptation();
            utterance.emit(epoch, RecognitionEvent::Final(transcript));
            self.give_back(Some(recognizer));
        } else {
            *utterance.recognizer.lock() = Some(recognizer);
        }
        Ok(ended)
    }

    fn count(&self, utterance: &Arc<Utterance>) {
        let Some(ended_at) = utterance.audio.lock().ended_at else { return };
        let wait = self.clock.mono().since(ended_at);
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.finals.count.fetch_add(1, Ordering::Relaxed);
        self.finals.late.fetch_add(u64::from(wait > LATE), Ordering::Relaxed);
        self.finals.wait_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Ends an utterance nobody wants; a recognizer that refuses is replaced.
    fn retire(&self, mut recognizer: Box<dyn Recognizer>) {
        let sound = recognizer.finish().is_ok();
        self.give_back(sound.then_some(recognizer));
    }

    fn fail(&self, utterance: &Arc<Utterance>, leased: bool) {
        if leased {
            self.give_back(None);
        }
        let mut audio = utterance.audio.lock();
        audio.epoch += 1;
        audio.schedule = Schedule::Idle;
        if audio.retries < MAX_RETRIES && !audio.discarded {
            audio.retries += 1;
            audio.read = 0;
            utterance.wake(&mut audio);
        } else {
            let epoch = audio.epoch;
            drop(audio);
            utterance.emit(epoch, RecognitionEvent::Failed);
        }
    }
}

impl Work for Recognition {
    type Job = Arc<Utterance>;

    fn run(&self, utterance: Arc<Utterance>) -> After<Arc<Utterance>> {
        utterance.audio.lock().schedule = Schedule::Running;
        match self.turn(&utterance) {
            Ok(true) => After::Done,
            Ok(false) => {
                let mut audio = utterance.audio.lock();
                let more = audio.schedule == Schedule::Again
                    || (utterance.recognizer.lock().is_some() && audio.read < audio.samples.len());
                audio.schedule = if more { Schedule::Queued } else { Schedule::Idle };
                drop(audio);
                if more { After::Again(utterance) } else { After::Done }
            }
            Err(Failure { error, leased }) => {
                tracing::error!(%error, "utterance not recognized");
                self.fail(&utterance, leased);
                After::Done
            }
        }
    }

    fn lost(&self, utterance: Arc<Utterance>) {
        self.fail(&utterance, true);
    }
}

/// Sizes of the pool.
#[derive(Debug, Clone, Copy)]
pub struct RecognitionSettings {
    /// Threads that recognize.
    pub threads: usize,
    /// Recognizers at most; each may hold tens of megabytes.
    pub recognizers: usize,
}

/// Threads that recognize for all calls.
#[derive(Clone)]
pub struct RecognitionPool {
    threads: Threads<Recognition>,
}

impl RecognitionPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub fn start(
        settings: RecognitionSettings,
        clock: Arc<dyn Clock>,
        stt: Arc<dyn SpeechToText>,
    ) -> std::io::Result<Self> {
        let recognizers = Recognizers { idle: Vec::new(), made: 0, waiting: VecDeque::new() };
        let work = Recognition {
            stt,
            clock: Arc::clone(&clock),
            finals: Finals::default(),
            max: settings.recognizers.max(1),
            recognizers: Arc::new(Mutex::new(recognizers)),
        };
        Ok(Self { threads: Threads::start("stt", settings.threads, clock, work)? })
    }

    /// Makes a recognizer ready before the first call needs it.
    ///
    /// # Errors
    /// [`SttError`] if a model is missing or the engine refuses.
    pub fn warm_up(&self) -> Result<(), SttError> {
        let work = self.threads.work();
        let recognizer = work.stt.recognizer()?;
        let mut recognizers = work.recognizers.lock();
        recognizers.made += 1;
        recognizers.idle.push(recognizer);
        Ok(())
    }

    /// Makes ready what an utterance will need. Computes: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`SttError`] if it cannot be made.
    pub(crate) fn prepare(&self, listening: &Listening) -> Result<(), SttError> {
        self.threads.work().stt.prepare(listening)
    }

    /// Begins an utterance; `sink` is called on a thread of the pool.
    pub(crate) fn begin(
        &self,
        listening: Listening,
        learned: Learned,
        sink: impl Fn(RecognitionEvent) + Send + Sync + 'static,
    ) -> Arc<Utterance> {
        let audio = Audio {
            samples: Vec::new(),
            read: 0,
            ended: false,
            ended_at: None,
            discarded: false,
            schedule: Schedule::Idle,
            retries: 0,
            epoch: 0,
        };
        Arc::new(Utterance {
            listening,
            learned,
            audio: Mutex::new(audio),
            recognizer: Mutex::new(None),
            sink: Box::new(sink),
            pool: self.clone(),
        })
    }

    /// Replaces hung threads; returns how many were abandoned since the start.
    pub(crate) fn check(&self) -> u64 {
        self.threads.replace_hung(HUNG_AFTER);
        self.threads.abandoned()
    }

    /// Whether nothing is recognized and nothing waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.threads.is_idle() && self.threads.work().recognizers.lock().waiting.is_empty()
    }

    /// Utterances that wait for a thread or a recognizer.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.threads.queued() + self.threads.work().recognizers.lock().waiting.len()
    }

    /// How long final words were waited for.
    pub(crate) fn finals(&self) -> FinalWords {
        let finals = &self.threads.work().finals;
        FinalWords {
            count: finals.count.load(Ordering::Relaxed),
            late: finals.late.load(Ordering::Relaxed),
            wait_ms: finals.wait_ms.load(Ordering::Relaxed),
        }
    }

    /// Ends the threads.
    pub fn close(&self) {
        self.threads.close();
    }
}

#[cfg(test)]
#[path = "recognition_tests.rs"]
mod tests;
