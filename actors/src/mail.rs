//! Mail of a stage: a queue that outlives the actor that reads it.
//!
//! A ractor mailbox dies with its actor, and with it every message not yet handled. A stage of a
//! call must lose nothing when it is restarted, so its inputs lie in a [`Mail`] owned by the call,
//! and the actor's mailbox carries only coalesced wakes: one until the mail was found empty, so it
//! cannot flood. The input being handled stays here until the stage says it is done; the actor that
//! takes the place of a dead one is given it again, once.
//!
//! One reader at a time: whoever attached last. One that was replaced gets nothing more and
//! finishes nothing, however late it notices. All interleavings of a small mail are tried in
//! `tests/interleavings`.

use std::collections::VecDeque;
use std::fmt;

use crate::sync::Mutex;

/// Inputs that wait at most. Control inputs come a few per second, and the watchdog replaces a stage
/// that does not get on long before so many wait: this is a bound on memory, not a queue length. At
/// the bound the oldest input is dropped and counted, and an error is logged once per mail.
pub(crate) const CAPACITY: usize = 4096;

/// Times that an input is handed out: once, and once more after its reader died on it.
const ATTEMPTS: u32 = 2;

/// An input and how often it was handed out before.
#[derive(Debug)]
pub(crate) struct Delivery<T> {
    pub(crate) input: T,
    /// 0 the first time; 1 after the stage died on it once.
    pub(crate) attempt: u32,
}

/// What a reader gets when it asks.
#[derive(Debug)]
pub(crate) enum Next<T> {
    /// An input. It is in flight until [`Mail::done`].
    Input(Delivery<T>),
    /// There is none; the next one wakes the reader.
    Nothing,
    /// Another reads this mail now.
    Replaced,
}

/// The right to read a mail, until the next one attaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading(u64);

/// Tells the reader that there is mail; false if it is dead. Called with the mail locked, so it
/// must not wait.
type Wake = Box<dyn Fn() -> bool + Send>;

struct Inner<T> {
    queue: VecDeque<T>,
    in_flight: Option<(T, u32)>,
    reader: Option<Wake>,
    /// Counts the readers; the last one reads.
    readers: u64,
    /// The reader was woken and has not found the mail empty since.
    rung: bool,
    dropped: u64,
    poisoned: u64,
}

/// See the module's documentation.
pub(crate) struct Mail<T> {
    inner: Mutex<Inner<T>>,
}

impl<T> fmt::Debug for Mail<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({} waiting)", self.inner.lock().queue.len())
    }
}

impl<T: Clone + Send + 'static> Mail<T> {
    pub(crate) const fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                queue: VecDeque::new(),
                in_flight: None,
                reader: None,
                readers: 0,
                rung: false,
                dropped: 0,
                poisoned: 0,
            }),
        }
    }

    /// Leaves an input for the stage, whether or not an actor is there to read it now.
    pub(crate) fn post(&self, input: T) {
        let mut inner = self.inner.lock();
        if inner.queue.len() >= CAPACITY {
            inner.queue.pop_front();
            inner.dropped += 1;
            if inner.dropped == 1 {
                tracing::error!(capacity = CAPACITY, "mail is full and drops its oldest inputs");
            }
        }
        inner.queue.push_back(input);
        inner.ring();
    }

    /// Makes the caller the one that reads and that `wake` is called for, at once if anything waits.
    pub(crate) fn attach(&self, wake: impl Fn() -> bool + Send + 'static) -> Reading {
        let mut inner = self.inner.lock();
        inner.reader = Some(Box::new(wake));
        inner.readers += 1;
        inner.rung = false;
        if inner.in_flight.is_some() || !inner.queue.is_empty() {
            inner.ring();
        }
        Reading(inner.readers)
    }

    /// The next input, which stays in flight until [`Mail::done`]. An input that killed its readers
    /// twice is given up and counted.
    pub(crate) fn next(&self, reading: Reading) -> Next<T> {
        let mut inner = self.inner.lock();
        if inner.readers != reading.0 {
            return Next::Replaced;
        }
        if let Some((input, attempt)) = inner.in_flight.take() {
            if attempt < ATTEMPTS {
                inner.in_flight = Some((input.clone(), attempt + 1));
                return Next::Input(Delivery { input, attempt });
            }
            inner.poisoned += 1;
        }
        match inner.queue.pop_front() {
            Some(input) => {
                inner.in_flight = Some((input.clone(), 1));
                Next::Input(Delivery { input, attempt: 0 })
            }
            None => {
                inner.rung = false;
                Next::Nothing
            }
        }
    }

    /// The input in flight was handled. `commit` runs before anybody else sees the mail, so that
    /// what it records and the end of the input stand or fall together. False, and nothing is
    /// committed, if the reader was replaced: the input is its successor's.
    pub(crate) fn done(&self, reading: Reading, commit: impl FnOnce()) -> bool {
        let mut inner = self.inner.lock();
        let is_reader = inner.readers == reading.0;
        if is_reader {
            commit();
            inner.in_flight = None;
        }
        is_reader
    }
}

impl<T: Clone + Send + 'static> Default for Mail<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A mail, whatever it carries.
pub(crate) trait Queue {
    /// Whether everything has been handled.
    fn is_empty(&self) -> bool;

    /// Inputs dropped for want of room and inputs given up after two deaths.
    fn losses(&self) -> (u64, u64);
}

impl<T> Queue for Mail<T> {
    fn is_empty(&self) -> bool {
        let inner = self.inner.lock();
        inner.in_flight.is_none() && inner.queue.is_empty()
    }

    fn losses(&self) -> (u64, u64) {
        let inner = self.inner.lock();
        (inner.dropped, inner.poisoned)
    }
}

impl<T> Inner<T> {
    fn ring(&mut self) {
        if self.rung {
            return;
        }
        if let Some(wake) = &self.reader {
            // A dead reader is replaced by one that attaches and is woken then.
            self.rung = wake();
        }
    }
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
