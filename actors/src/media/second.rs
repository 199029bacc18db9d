//! The second recognizer, which hears free speech: threads on which whole utterances are decoded.
//!
//! A decode takes half a second of a core, so it begins while the end of the turn is still waited
//! for ([`SecondHearing::pause`]) where a thread is free, and is stopped if the caller goes on. What
//! is needed goes by a queue in which calls take turns, and is not begun any more once nobody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, SttError, Transcript};
use frontdesk_types::{CallId, Clock, Mono, SAMPLE_RATE_HZ};

use super::fair::Fair;
use super::threads::{After, Threads, Work};
use crate::sync::Mutex;

/// A decode that computes or sleeps for this long hangs: the longest utterance, all of it decoded
/// twice, takes 11 s of a slow core.
const HUNG_AFTER: Duration = Duration::from_secs(20);

/// Longest utterance that is heard; what follows is dropped (turn taking cuts earlier).
const MAX_SAMPLES: usize = 40 * SAMPLE_RATE_HZ as usize;

/// Times that a decode is begun anew after its thread died or hung.
const MAX_RETRIES: u32 = 1;

/// What the second recognizer has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SecondCounts {
    /// Utterances that were decoded for somebody who waited.
    pub(crate) heard: u64,
    /// Utterances of which nobody waited for the words any more.
    pub(crate) late: u64,
    /// Utterances that were not decoded: the recognizer failed.
    pub(crate) failed: u64,
    /// Decodes that were begun in a pause and dropped, since the caller went on.
    pub(crate) dropped: u64,
    /// All waits for words, in milliseconds.
    pub(crate) wait_ms: u64,
}

#[derive(Debug, Default)]
struct Counts {
    heard: AtomicU64,
    late: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    wait_ms: AtomicU64,
}

/// Is told what was heard, once; `None` if the recognizer failed.
type Sink = Box<dyn Fn(Option<Transcript>) + Send + Sync>;
type Listens = Box<dyn Fn() -> Listening + Send + Sync>;

/// One decode of what was said so far.
struct Request {
    hearing: Arc<SecondHearing>,
    number: u64,
    samples: Vec<i16>,
    /// Nobody wants it any more.
    stop: Arc<AtomicBool>,
}

/// A place in the queue. It names no request: the thread takes whosever turn it is.
#[derive(Clone, Default)]
struct Ticket(Arc<Mutex<Option<Arc<Request>>>>);

struct Decoding {
    stt: Arc<dyn SpeechToText>,
    clock: Arc<dyn Clock>,
    queue: Mutex<Fair<CallId, Arc<Request>>>,
    idle: Mutex<Vec<Box<dyn Recognizer>>>,
    counts: Counts,
}

impl Decoding {
    fn decode(&self, request: &Request) -> Result<Transcript, SttError> {
        let idle = self.idle.lock().pop();
        let mut recognizer = match idle {
            Some(recognizer) => recognizer,
            None => self.stt.recognizer()?,
        };
        recognizer.stop_by(Arc::clone(&request.stop));
        recognizer.listen(&(request.hearing.listening)())?;
        recognizer.push(&request.samples)?;
        let words = recognizer.finish()?;
        self.idle.lock().push(recognizer);
        Ok(words)
    }
}

impl Work for Decoding {
    type Job = Ticket;

    fn run(&self, ticket: Ticket) -> After<Ticket> {
        let Some(request) = self.queue.lock().pop() else { return After::Done };
        if request.stop.load(Ordering::Relaxed) {
            return After::Done;
        }
        *ticket.0.lock() = Some(Arc::clone(&request));
        let decoded = self.decode(&request);
        if let Err(error) = &decoded
            && !request.stop.load(Ordering::Relaxed)
        {
            tracing::error!(%error, "utterance not recognized by the second recognizer");
        }
        request.hearing.decoded(request.number, decoded.ok());
        After::Done
    }

    fn lost(&self, ticket: Ticket) {
        let request = ticket.0.lock().take();
        if let Some(request) = request {
            request.hearing.lost(request.number);
        }
    }
}

/// Threads of the second recognizer, for all calls.
#[derive(Clone)]
pub struct SecondPool {
    threads: Threads<Decoding>,
}

impl SecondPool {
    /// Starts the threads; as many utterances are decoded at once.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub fn start(
        threads: usize,
        clock: Arc<dyn Clock>,
        stt: Arc<dyn SpeechToText>,
    ) -> std::io::Result<Self> {
        let work = Decoding {
            stt,
            clock: Arc::clone(&clock),
            queue: Mutex::new(Fair::new()),
            idle: Mutex::new(Vec::new()),
            counts: Counts::default(),
        };
        Ok(Self { threads: Threads::start("stt2", threads, clock, work)? })
    }

    /// Begins an utterance of a call. `sink` is told its words once, on a thread of the pool or on
    /// the one that asks for them, with the utterance locked: it must neither wait nor use it.
    pub(crate) fn begin(
        &self,
        call: CallId,
        listening: impl Fn() -> Listening + Send + Sync + 'static,
        sink: impl Fn(Option<Transcript>) + Send + Sync + 'static,
    ) -> Arc<SecondHearing> {
        Arc::new(SecondHearing {
            call,
            pool: self.clone(),
            listening: Box::new(listening),
            sink: Box::new(sink),
            state: Mutex::new(State::default()),
        })
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

    /// Whether nothing is decoded and nothing waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.threads.is_idle()
    }

    /// Utterances that wait for a thread.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.threads.work().queue.lock().len()
    }

    /// What was done so far.
    pub(crate) fn counts(&self) -> SecondCounts {
        let counts = &self.threads.work().counts;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SecondCounts {
            heard: of(&counts.heard),
            late: of(&counts.late),
            failed: of(&counts.failed),
            dropped: of(&counts.dropped),
            wait_ms: of(&counts.wait_ms),
        }
    }

    /// Ends the threads.
    pub fn close(&self) {
        self.threads.close();
    }

    fn submit(&self, request: Arc<Request>) {
        self.threads.work().queue.lock().push(request.hearing.call, request);
        self.threads.submit(Ticket::default());
    }

    fn counted(&self, counter: impl Fn(&Counts) -> &AtomicU64, by: u64) {
        counter(&self.threads.work().counts).fetch_add(by, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct State {
    samples: Vec<i16>,
    /// The decode that counts, under way or done.
    current: Option<Current>,
    next: u64,
    retries: u32,
    /// Since when its words are wanted.
    wanted: Option<Mono>,
    /// The words were told, or nobody wants to know.
    over: bool,
}

struct Current {
    number: u64,
    stop: Arc<AtomicBool>,
    /// What came of it; `None` inside if it failed.
    words: Option<Option<Transcript>>,
}

/// One utterance for the second recognizer.
pub(crate) struct SecondHearing {
    call: CallId,
    pool: SecondPool,
    listening: Listens,
    sink: Sink,
    state: Mutex<State>,
}

impl std::fmt::Debug for SecondHearing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecondHearing({} samples)", self.state.lock().samples.len())
    }
}

impl SecondHearing {
    /// Adds audio.
    pub(crate) fn push(&self, samples: &[i16]) {
        let mut state = self.state.lock();
        if state.wanted.is_none() && state.samples.len() + samples.len() <= MAX_SAMPLES {
            state.samples.extend_from_slice(samples);
        }
    }

    /// The caller makes a pause: what was said so far may be all. It is decoded if a thread has
    /// nothing else to do.
    pub(crate) fn pause(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.current.is_none() && !state.over && self.pool.threads.has_free() {
            self.decode(&mut state);
        }
    }

    /// The caller goes on: what was decoded in the pause is not all.
    pub(crate) fn resume(&self) {
        let mut state = self.state.lock();
        if state.wanted.is_none() && Self::drop_current(&mut state) {
            self.pool.counted(|counts| &counts.dropped, 1);
        }
    }

    /// The words are wanted; there is no more audio to come.
    pub(crate) fn want(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.over || state.wanted.is_some() {
            return;
        }
        state.wanted = Some(self.pool.threads.work().clock.mono());
        match &state.current {
            None => self.decode(&mut state),
            Some(_) => self.tell(&mut state),
        }
    }

    /// Nobody waits for the words any more; none are told once this has returned.
    pub(crate) fn give_up(&self) {
        let mut state = self.state.lock();
        let late = state.wanted.is_some() && !state.over;
        state.over = true;
        Self::drop_current(&mut state);
        if late {
            self.pool.counted(|counts| &counts.late, 1);
        }
    }

    fn drop_current(state: &mut State) -> bool {
        let current = state.current.take();
        current.inspect(|current| current.stop.store(true, Ordering::Relaxed)).is_some()
    }

    fn decode(self: &Arc<Self>, state: &mut State) {
        let (number, stop) = (state.next, Arc::<AtomicBool>::default());
        state.next += 1;
        state.current = Some(Current { number, stop: Arc::clone(&stop), words: None });
        let samples = state.samples.clone();
        self.pool.submit(Arc::new(Request { hearing: Arc::clone(self), number, samples, stop }));
    }

    fn decoded(&self, number: u64, words: Option<Transcript>) {
        let mut state = self.state.lock();
        if let Some(current) = state.current.as_mut().filter(|current| current.number == number) {
            current.words = Some(words);
            self.tell(&mut state);
        }
    }

    /// The thread of a decode died or hung.
    fn lost(self: &Arc<Self>, number: u64) {
        let mut state = self.state.lock();
        if state.current.as_ref().is_none_or(|current| current.number != number) {
            return;
        }
        if state.retries < MAX_RETRIES {
            state.retries += 1;
            Self::drop_current(&mut state);
            self.decode(&mut state);
            return;
        }
        if let Some(current) = &mut state.current {
            current.words = Some(None);
        }
        self.tell(&mut state);
    }

    /// Tells the words if they are there and wanted.
    fn tell(&self, state: &mut State) {
        let Some(since) = state.wanted.filter(|_| !state.over) else { return };
        let Some(words) = state.current.as_ref().and_then(|current| current.words.clone()) else {
            return;
        };
        state.over = true;
        let waited = self.pool.threads.work().clock.mono().since(since);
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.pool.counted(|counts| &counts.wait_ms, ms);
        self.pool.counted(|counts| if words.is_some() { &counts.heard } else { &counts.failed }, 1);
        (self.sink)(words);
    }
}

#[cfg(test)]
#[path = "second_tests.rs"]
mod tests;
