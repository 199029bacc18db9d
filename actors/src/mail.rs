//! Mail of a stage: a queue that outlives the actor that reads it.
//!
//! A ractor mailbox dies with its actor, and with it every message not yet handled. A stage of a
//! call must lose nothing when it is restarted, so its inputs lie in a [`Mail`] owned by the call,
//! and the actor's mailbox carries only a coalesced [`StageMsg::Wake`]: at most one per batch, so
//! it cannot flood. The input being handled stays here until the stage says it is done; the actor
//! that takes the place of a dead one is given it again, once.

use std::collections::VecDeque;

use parking_lot::Mutex;
use ractor::ActorRef;

use crate::stage::StageMsg;

/// Inputs a stage may leave unread before the oldest is dropped and counted. Control inputs come a
/// few per second; a stage that is this far behind is dead and the watchdog is on its way.
const CAPACITY: usize = 4096;

/// An input and how often it was handed out before.
#[derive(Debug)]
pub(crate) struct Delivery<T> {
    pub(crate) input: T,
    /// 0 the first time; 1 after the stage died on it once.
    pub(crate) attempt: u32,
}

#[derive(Debug)]
struct Inner<T> {
    queue: VecDeque<T>,
    in_flight: Option<(T, u32)>,
    reader: Option<ActorRef<StageMsg>>,
    rung: bool,
    dropped: u64,
    poisoned: u64,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Mail<T> {
    inner: Mutex<Inner<T>>,
}

impl<T: Clone + Send + 'static> Mail<T> {
    pub(crate) const fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                queue: VecDeque::new(),
                in_flight: None,
                reader: None,
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
        }
        inner.queue.push_back(input);
        inner.ring();
    }

    /// Makes `reader` the actor that is woken, and wakes it if anything waits.
    pub(crate) fn attach(&self, reader: ActorRef<StageMsg>) {
        let mut inner = self.inner.lock();
        inner.reader = Some(reader);
        inner.rung = false;
        if inner.in_flight.is_some() || !inner.queue.is_empty() {
            inner.ring();
        }
    }

    /// Whether `reader` is still the one that is woken.
    pub(crate) fn is_read_by(&self, reader: &ActorRef<StageMsg>) -> bool {
        self.inner.lock().reader.as_ref().is_some_and(|r| r.get_id() == reader.get_id())
    }

    /// The next input, which stays in flight until [`Mail::done`]. An input that killed its reader
    /// twice is dropped and counted.
    pub(crate) fn next(&self) -> Option<Delivery<T>> {
        let mut inner = self.inner.lock();
        if let Some((input, attempts)) = inner.in_flight.take() {
            if attempts < 2 {
                inner.in_flight = Some((input.clone(), attempts + 1));
                return Some(Delivery { input, attempt: attempts });
            }
            inner.poisoned += 1;
        }
        match inner.queue.pop_front() {
            Some(input) => {
                inner.in_flight = Some((input.clone(), 1));
                Some(Delivery { input, attempt: 0 })
            }
            None => {
                inner.rung = false;
                None
            }
        }
    }

    /// The input in flight was handled. `commit` runs in the same breath, so that what it records
    /// and the end of the input stand or fall together.
    pub(crate) fn done(&self, commit: impl FnOnce()) {
        let mut inner = self.inner.lock();
        commit();
        inner.in_flight = None;
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
        if let Some(reader) = &self.reader {
            // A dead reader is replaced by one that attaches and is woken then.
            self.rung = reader.send_message(StageMsg::Wake).is_ok();
        }
    }
}
