//! What the worker's task, its handles and its jobs share.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::end::{JobEnd, Termination};
use super::status::WorkerStatus;

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Changes at every event; readers may miss states in between.
    pub(super) status: watch::Sender<WorkerStatus>,
    /// Wakes the task when there is something to tell the server.
    pub(super) wake: Notify,
    pub(super) closing: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<String, watch::Sender<Option<Termination>>>,
    // No job begins without a connection, so this holds at most what ran when it was lost.
    ended: Vec<(String, JobEnd)>,
}

impl Shared {
    pub(super) fn new(agent_name: &str) -> Self {
        let status = WorkerStatus { agent_name: agent_name.to_owned(), ..Default::default() };
        Self {
            state: Mutex::default(),
            status: watch::channel(status).0,
            wake: Notify::new(),
            closing: CancellationToken::new(),
        }
    }

    pub(super) fn drain(&self) {
        self.status.send_modify(|status| status.draining = true);
        self.wake.notify_one();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.status.borrow().draining || self.closing.is_cancelled()
    }

    /// A job begins. Gives where it is told to end.
    pub(super) fn begin(&self, id: &str) -> watch::Receiver<Option<Termination>> {
        let (sender, receiver) = watch::channel(None);
        let mut state = self.state.lock();
        state.running.insert(id.to_owned(), sender);
        let active = state.running.len();
        self.status.send_modify(|status| status.active_jobs = active);
        drop(state);
        receiver
    }

    /// A job has ended.
    pub(super) fn finish(&self, id: &str, end: JobEnd) {
        let mut state = self.state.lock();
        state.running.remove(id);
        let active = state.running.len();
        self.status.send_modify(|status| {
            status.active_jobs = active;
            match &end {
                JobEnd::Success => status.succeeded += 1,
                JobEnd::Failed(_) => status.failed += 1,
            }
        });
        state.ended.push((id.to_owned(), end));
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn is_running(&self, id: &str) -> bool {
        self.state.lock().running.contains_key(id)
    }

    pub(super) fn running(&self) -> Vec<String> {
        self.state.lock().running.keys().cloned().collect()
    }

    /// The end that waits longest to be told; it stays until [`Shared::told`].
    pub(super) fn to_tell(&self) -> Option<(String, JobEnd)> {
        self.state.lock().ended.first().cloned()
    }

    pub(super) fn told(&self, id: &str) {
        self.state.lock().ended.retain(|(ended, _)| ended != id);
    }

    pub(super) fn terminate(&self, id: &str, termination: Termination) {
        if let Some(job) = self.state.lock().running.get(id) {
            job.send_replace(Some(termination));
        }
    }

    pub(super) fn terminate_all(&self, termination: Termination) {
        for job in self.state.lock().running.values() {
            job.send_replace(Some(termination));
        }
    }
}
