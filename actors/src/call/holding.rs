//! Whether a call is this process's, and how much of it another one would know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

use frontdesk_tenants::crypt::KeyRing;
use frontdesk_types::CallOutcome;
use jiff::SignedDuration;
use tokio::sync::watch;

use super::Call;
use crate::lease::Lease;

/// How long a call is this process's should the process's own lease not be in the database.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// What the records of all calls of a process need.
#[derive(Debug)]
pub struct Records {
    /// Seals what is said.
    pub keys: Arc<KeyRing>,
    /// Name of this worker in the records of its calls; another process has another one.
    pub worker: String,
    /// The worker's lease on its calls.
    pub lease: Lease,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Holding {
    /// Set once another process has the call.
    lost: AtomicBool,
    /// Lapses of the process's lease that were seen when the database was asked last.
    lapses: AtomicU64,
    /// Number of the last turn that the dialogue has told the CallRecorder; -1 for none.
    told: AtomicI32,
    /// Number of the last turn in the database.
    written: watch::Sender<i32>,
}

impl Holding {
    /// Of a call that this process begins, or goes on with, now.
    pub(super) fn new(lapses: u64) -> Self {
        let (written, _) = watch::channel(-1);
        let (lost, lapses) = (AtomicBool::new(false), AtomicU64::new(lapses));
        Self { lost, lapses, told: AtomicI32::new(-1), written }
    }

    /// Whether the database was asked since that many lapses.
    pub(super) fn seen(&self, lapses: u64) -> bool {
        self.lapses.load(Ordering::SeqCst) >= lapses
    }

    /// The database was asked after that many lapses.
    pub(super) fn looked(&self, lapses: u64) {
        self.lapses.fetch_max(lapses, Ordering::SeqCst);
    }

    /// The CallRecorder has been told of the turns up to this one.
    pub(super) fn is_told(&self, turn: i32) {
        self.told.fetch_max(turn, Ordering::SeqCst);
    }

    /// The turns up to this one are in the database.
    pub(super) fn is_written(&self, turn: i32) {
        self.written.send_if_modified(|written| {
            let more = turn > *written;
            *written = turn.max(*written);
            more
        });
    }

    /// Waits until all that was told up to now is in the database.
    pub(super) async fn written(&self) {
        let told = self.told.load(Ordering::SeqCst);
        // The sender lives as long as this.
        let _ = self.written.subscribe().wait_for(|written| *written >= told).await;
    }
}

impl Call {
    /// Another process has the call: it is left to it, with nothing said and nothing written.
    pub(crate) fn lose(&self) {
        if self.holding.lost.swap(true, Ordering::SeqCst) {
            return;
        }
        tracing::error!(parent: &self.span, "another process has the call");
        self.outlet.stop();
        self.finish(CallOutcome::Abandoned, Some("another process has the call"));
    }

    /// Whether another process has it.
    pub(crate) fn is_lost(&self) -> bool {
        self.holding.lost.load(Ordering::SeqCst)
    }
}
