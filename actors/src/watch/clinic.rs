//! One clinic's live calls and latest events.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use frontdesk_types::CallId;
use jiff::Timestamp;
use tokio::sync::broadcast;

use super::Start;
use super::event::{Event, EventNumber, LiveCall, What};

/// Events that are kept for those who come back, and that a reader may be behind.
pub(super) const RECENT: usize = 1024;

/// See the module's documentation.
pub(super) struct Clinic {
    /// Number of the next event.
    next: u64,
    calls: BTreeMap<CallId, LiveCall>,
    recent: VecDeque<Arc<Event>>,
    readers: broadcast::Sender<Arc<Event>>,
}

impl Clinic {
    pub(super) fn new(first: u64) -> Self {
        let (readers, _) = broadcast::channel(RECENT);
        Self { next: first, calls: BTreeMap::new(), recent: VecDeque::new(), readers }
    }

    pub(super) fn calls(&self) -> Vec<LiveCall> {
        let mut calls: Vec<_> = self.calls.values().cloned().collect();
        calls.sort_by_key(|live| live.began_at);
        calls
    }

    pub(super) fn call(&self, call: CallId) -> Option<LiveCall> {
        self.calls.get(&call).cloned()
    }

    /// Adds an event; of a call that is not among the live ones only its beginning.
    pub(super) fn tell(&mut self, call: CallId, at: Timestamp, what: What) {
        match &what {
            What::Started { state } => {
                self.calls.insert(call, LiveCall::clone(state));
            }
            What::Ended { .. } => {
                if self.calls.remove(&call).is_none() {
                    return;
                }
            }
            What::Agent { state } if self.calls.get(&call).is_some_and(|c| c.agent == *state) => {
                return;
            }
            What::Identified { patient }
                if self.calls.get(&call).is_some_and(|c| c.patient == *patient) =>
            {
                return;
            }
            other => match self.calls.get_mut(&call) {
                Some(live) => live.apply(other),
                None => return,
            },
        }
        let event = Arc::new(Event { number: EventNumber(self.next), at, call, what });
        self.next += 1;
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::clone(&event));
        // Nobody may be reading.
        let _ = self.readers.send(event);
    }

    pub(super) fn subscribe(
        &self,
        after: Option<EventNumber>,
    ) -> (Start, broadcast::Receiver<Arc<Event>>) {
        let events = self.readers.subscribe();
        if let Some(seen) = after
            && let Some(missed) = self.since(seen)
        {
            return (Start::Missed(missed), events);
        }
        let last = EventNumber(self.next.saturating_sub(1));
        (Start::Snapshot { last, calls: self.calls() }, events)
    }

    /// All events after that one; `None` if some of them are not kept any more, or it is another
    /// process's.
    fn since(&self, seen: EventNumber) -> Option<Vec<Arc<Event>>> {
        let oldest = self.recent.front().map_or(self.next, |event| event.number.0);
        let known = seen.0 < self.next && seen.0 + 1 >= oldest;
        let later = self.recent.iter().filter(|event| event.number > seen);
        known.then(|| later.cloned().collect())
    }
}
