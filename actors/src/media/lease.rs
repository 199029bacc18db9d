//! The recognizers that there may be at most, and who waits in line for one.

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_models::stt::Recognizer;

use super::utterance::Utterance;
use crate::sync::Mutex;

struct Recognizers {
    idle: Vec<Box<dyn Recognizer>>,
    made: usize,
    waiting: VecDeque<Arc<Utterance>>,
}

/// At most so many recognizers, each leased to one utterance at a time.
pub(super) struct Leases {
    max: usize,
    recognizers: Mutex<Recognizers>,
}

/// What an utterance that needs a recognizer gets.
pub(super) enum Lease {
    /// One that is ready.
    Ready(Box<dyn Recognizer>),
    /// Leave to make one, which is counted already.
    Make,
    /// A place in the line.
    Wait,
}

impl Leases {
    pub(super) const fn new(max: usize) -> Self {
        let recognizers = Recognizers { idle: Vec::new(), made: 0, waiting: VecDeque::new() };
        Self { max, recognizers: Mutex::new(recognizers) }
    }

    pub(super) fn lease(&self, utterance: &Arc<Utterance>) -> Lease {
        let mut recognizers = self.recognizers.lock();
        let lease = match recognizers.idle.pop() {
            Some(recognizer) => Lease::Ready(recognizer),
            None if recognizers.made < self.max => {
                recognizers.made += 1;
                Lease::Make
            }
            None => {
                if !recognizers.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, utterance)) {
                    recognizers.waiting.push_back(Arc::clone(utterance));
                }
                return Lease::Wait;
            }
        };
        // More audio may have woken it before its turn came: it leaves the line, or it would be
        // called again when it is long over.
        recognizers.waiting.retain(|waiting| !Arc::ptr_eq(waiting, utterance));
        lease
    }

    pub(super) fn is_in_line(&self, utterance: &Arc<Utterance>) -> bool {
        let recognizers = self.recognizers.lock();
        recognizers.waiting.iter().any(|waiting| Arc::ptr_eq(waiting, utterance))
    }

    /// Takes a recognizer back, or counts it as gone, and lets the next in line have its turn.
    pub(super) fn give_back(&self, recognizer: Option<Box<dyn Recognizer>>) {
        {
            let mut recognizers = self.recognizers.lock();
            match recognizer {
                Some(recognizer) => recognizers.idle.push(recognizer),
                None => recognizers.made -= 1,
            }
        }
        self.offer();
    }

    /// The utterance wants none any more: it leaves the line, and if it was offered one, the next
    /// in line is.
    pub(super) fn leave(&self, utterance: &Arc<Utterance>) {
        self.recognizers.lock().waiting.retain(|waiting| !Arc::ptr_eq(waiting, utterance));
        self.offer();
    }

    /// Wakes the first that waits, if there is a recognizer for it.
    fn offer(&self) {
        loop {
            let next = {
                let mut recognizers = self.recognizers.lock();
                let free = !recognizers.idle.is_empty() || recognizers.made < self.max;
                if free { recognizers.waiting.pop_front() } else { None }
            };
            // Not under the lock: an utterance that is locked may ask for its place in the line.
            if next.is_none_or(|next| next.offered()) {
                return;
            }
        }
    }

    /// Adds one that is ready.
    pub(super) fn add(&self, recognizer: Box<dyn Recognizer>) {
        let mut recognizers = self.recognizers.lock();
        recognizers.made += 1;
        recognizers.idle.push(recognizer);
    }

    /// Utterances that wait for one.
    pub(super) fn waiting(&self) -> usize {
        self.recognizers.lock().waiting.len()
    }
}
