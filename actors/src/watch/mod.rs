//! The feed of live calls: what people at a console see of a clinic's calls while they last.
//!
//! Per clinic there is one stream of numbered events and the state that they come to. A call tells
//! its `CallFeed` what happens; that costs a short lock and never waits for a reader. Who
//! [subscribes](Watch::subscribe) gets the state as it stands, or the events missed since the number
//! that was seen last, and then every event in order; who reads too slowly is told so, and subscribes
//! again. The feed belongs to the process, so no stage of a call and no supervisor takes it along.
//!
//! Words are personal data; who they are shown to is decided by whoever subscribes.

mod call;
mod clinic;
mod event;

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_types::{CallId, ClinicId, Clock};
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};

pub(crate) use call::{CallFeed, Said};
use clinic::Clinic;
pub use event::{
    Event, EventNumber, HandedBack, LiveCall, Speaker, TakenOver, ToolRun, What, Words,
};

/// The feeds of all clinics of a process. Cheap to clone.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    /// Number of the first event of each clinic.
    first: u64,
    clinics: Mutex<HashMap<ClinicId, Arc<Mutex<Clinic>>>>,
}

/// What a subscription begins with.
#[derive(Debug, Clone)]
pub enum Start {
    /// The live calls, after the event of this number (and before the next).
    Snapshot {
        /// The last event that is in it.
        last: EventNumber,
        /// The calls, oldest first.
        calls: Vec<LiveCall>,
    },
    /// The events since the one that was seen last.
    Missed(Vec<Arc<Event>>),
}

/// Why there is no next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEvent {
    /// The reader was too slow and has missed some: subscribe again.
    #[error("events were missed: subscribe again")]
    Behind,
    /// The process ends.
    #[error("the feed is over")]
    Over,
}

/// The events from the beginning of a subscription on, in order and without a gap.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Arc<Event>>);

impl Events {
    /// Waits for the next event. Harmless to cancel.
    ///
    /// # Errors
    /// [`NoEvent`].
    pub async fn next(&mut self) -> Result<Arc<Event>, NoEvent> {
        self.0.recv().await.map_err(|error| match error {
            RecvError::Lagged(_) => NoEvent::Behind,
            RecvError::Closed => NoEvent::Over,
        })
    }
}

impl Watch {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        // Numbers of a process that takes another one's place are higher than all of its: no process
        // tells a million events a second. They fit into a JavaScript number.
        let first = u64::try_from(clock.wall().as_microsecond()).unwrap_or(1);
        Self(Arc::new(Inner { clock, first, clinics: Mutex::default() }))
    }

    /// The live calls of a clinic, oldest first.
    #[must_use]
    pub fn list(&self, clinic: ClinicId) -> Vec<LiveCall> {
        self.clinic(clinic).lock().calls()
    }

    /// A live call of a clinic; `None` if it is over, or another clinic's.
    #[must_use]
    pub fn call(&self, clinic: ClinicId, call: CallId) -> Option<LiveCall> {
        self.clinic(clinic).lock().call(call)
    }

    /// What happens to a clinic's calls from now on, and before it what `after` (the last event that
    /// was seen, if any) leaves to be told.
    #[must_use]
    pub fn subscribe(&self, clinic: ClinicId, after: Option<EventNumber>) -> (Start, Events) {
        let (start, events) = self.clinic(clinic).lock().subscribe(after);
        (start, Events(events))
    }

    /// A call begins, as it stands now.
    pub(crate) fn begin(&self, clinic: ClinicId, live: LiveCall) -> CallFeed {
        CallFeed::begin(self.clinic(clinic), Arc::clone(&self.0.clock), live)
    }

    fn clinic(&self, id: ClinicId) -> Arc<Mutex<Clinic>> {
        let mut clinics = self.0.clinics.lock();
        let first = self.0.first;
        Arc::clone(clinics.entry(id).or_insert_with(|| Arc::new(Mutex::new(Clinic::new(first)))))
    }
}

#[cfg(test)]
mod tests;
