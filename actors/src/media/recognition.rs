//! Recognition on threads of its own, with a bounded number of recognizers.
//!
//! A recognizer may hold tens of megabytes, so there are few, and an utterance leases one from its
//! first sample to its last. Audio lies in the utterance until then: one that has to wait for a
//! recognizer, or whose recognizer died, is recognized from its beginning and catches up, since
//! recognition is many times faster than speech.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, SttError};
use frontdesk_types::{Clock, Mono};

use super::lease::{Lease, Leases};
use super::threads::{After, Threads, Work};
use super::utterance::{Begun, Learned, RecognitionEvent, Turn, Utterance};

/// A recognizer that computes or sleeps for this long over one turn hangs. A turn is at most a second
/// of audio, which takes a tenth of that.
const HUNG_AFTER: Duration = Duration::from_millis(1500);

/// Final words that come later than this after the end of a turn are heard as a silence.
const LATE: Duration = Duration::from_millis(300);

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
    leases: Leases,
}

/// What a turn without a recognizer gets.
enum Leased {
    Got(Box<dyn Recognizer>),
    /// A place in the line.
    Wait,
    /// Nothing: the turn is not wanted any more.
    Stale,
}

impl Recognition {
    /// One turn: at most a second of audio. Whether the utterance wants another at once.
    fn turn(&self, turn: &Turn) -> Result<bool, SttError> {
        let Some(Begun { chunk, ended, discarded, recognizer }) = turn.begin() else {
            return Ok(false);
        };
        if discarded {
            self.end_unheard(turn, recognizer);
            return Ok(false);
        }
        let mut recognizer = match recognizer {
            Some(recognizer) => recognizer,
            None => match self.lease(turn)? {
                Leased::Got(recognizer) => recognizer,
                Leased::Wait => {
                    // Nothing was recognized: the chunk is read again when a recognizer is free.
                    let is_in_line = || self.leases.is_in_line(&turn.utterance);
                    return Ok(turn.park(chunk.len(), is_in_line));
                }
                Leased::Stale => return Ok(false),
            },
        };
        if let Some(partial) = recognizer.push(&chunk)? {
            turn.tell(partial);
        }
        if !ended {
            return Ok(turn.keep(recognizer));
        }
        let words = (recognizer.finish()?, recognizer.adaptation());
        if turn.end(Some(words), |ended_at| self.count(ended_at)) {
            self.leases.give_back(Some(recognizer));
        }
        Ok(false)
    }

    fn lease(&self, turn: &Turn) -> Result<Leased, SttError> {
        let lease = match self.leases.lease(&turn.utterance) {
            Lease::Wait => return Ok(Leased::Wait),
            Lease::Ready(recognizer) => Some(recognizer),
            Lease::Make => None,
        };
        // Before anything that may hang: from here on the recognizer is lost with the turn.
        if !turn.hold() {
            self.leases.give_back(lease);
            return Ok(Leased::Stale);
        }
        let mut recognizer = match lease {
            Some(recognizer) => recognizer,
            None => self.stt.recognizer()?,
        };
        recognizer.adapt(turn.utterance.learned.lock().as_ref());
        recognizer.listen(&(turn.utterance.listening)())?;
        Ok(Leased::Got(recognizer))
    }

    /// Ends an utterance nobody wants; a recognizer that refuses is replaced.
    fn end_unheard(&self, turn: &Turn, recognizer: Option<Box<dyn Recognizer>>) {
        match recognizer {
            Some(mut recognizer) => {
                let is_sound = recognizer.finish().is_ok();
                if turn.end(None, |_| {}) {
                    self.leases.give_back(is_sound.then_some(recognizer));
                }
            }
            // It may have been woken for a recognizer that it does not need: pass it on.
            None => {
                if turn.end(None, |_| {}) {
                    self.leases.leave(&turn.utterance);
                }
            }
        }
    }

    fn count(&self, ended_at: Option<Mono>) {
        let Some(ended_at) = ended_at else { return };
        let wait = self.clock.mono().since(ended_at);
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.finals.count.fetch_add(1, Ordering::Relaxed);
        self.finals.late.fetch_add(u64::from(wait > LATE), Ordering::Relaxed);
        self.finals.wait_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn fail(&self, turn: &Turn) {
        let Some((is_lost, is_over)) = turn.fail() else { return };
        if is_lost {
            self.leases.give_back(None);
        }
        if is_over {
            self.leases.leave(&turn.utterance);
        }
    }
}

impl Work for Recognition {
    type Job = Turn;

    fn run(&self, turn: Turn) -> After<Turn> {
        match self.turn(&turn) {
            Ok(true) => After::Again(turn),
            Ok(false) => After::Done,
            Err(error) => {
                tracing::error!(%error, "utterance not recognized");
                self.fail(&turn);
                After::Done
            }
        }
    }

    fn lost(&self, turn: Turn) {
        self.fail(&turn);
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
        let work = Recognition {
            stt,
            clock: Arc::clone(&clock),
            finals: Finals::default(),
            leases: Leases::new(settings.recognizers.max(1)),
        };
        Ok(Self { threads: Threads::start("stt", settings.threads, clock, work)? })
    }

    /// Makes a recognizer ready before the first call needs it.
    ///
    /// # Errors
    /// [`SttError`] if a model is missing or the engine refuses.
    pub fn warm_up(&self) -> Result<(), SttError> {
        let work = self.threads.work();
        work.leases.add(work.stt.recognizer()?);
        Ok(())
    }

    /// Makes ready what an utterance will need. Computes: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`SttError`] if it cannot be made.
    pub(crate) fn prepare(&self, listening: &Listening) -> Result<(), SttError> {
        self.threads.work().stt.prepare(listening)
    }

    /// Begins an utterance. `listening` says what is listened for, on a thread of the pool, where it
    /// may compute. `sink` is called there as well, with the utterance locked: it must neither wait
    /// nor use the utterance.
    pub(crate) fn begin(
        &self,
        listening: impl Fn() -> Listening + Send + Sync + 'static,
        learned: Learned,
        sink: impl Fn(RecognitionEvent) + Send + Sync + 'static,
    ) -> Arc<Utterance> {
        let (threads, clock) = (self.threads.clone(), Arc::clone(&self.threads.work().clock));
        let submit = move |turn| threads.submit(turn);
        let now = move || clock.mono();
        Utterance::new(
            Box::new(listening),
            learned,
            Box::new(sink),
            Box::new(submit),
            Box::new(now),
        )
    }

    /// Replaces hung threads; returns how many were abandoned since the start.
    pub(crate) fn check(&self) -> u64 {
        self.threads.replace_hung(HUNG_AFTER);
        self.threads.abandoned()
    }

    /// Threads abandoned lately.
    pub(crate) fn abandoned_lately(&self) -> usize {
        self.threads.abandoned_lately()
    }

    /// The process stood still for a while.
    pub(crate) fn stood_still(&self) {
        self.threads.stood_still();
    }

    /// Whether nothing is recognized and nothing waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.threads.is_idle() && self.threads.work().leases.waiting() == 0
    }

    /// Utterances that wait for a thread or a recognizer.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.threads.queued() + self.threads.work().leases.waiting()
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
