//! Admission: places for calls, exactly as many as there may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Why a call is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// All places are taken.
    #[error("all {max_calls} calls are taken")]
    Full {
        /// How many there are.
        max_calls: usize,
    },
    /// The process is shutting down, or too many native threads hang.
    #[error("draining: no new calls are taken")]
    Draining,
}

/// The places of a process.
#[derive(Debug)]
pub(super) struct Admission {
    max_calls: usize,
    live: AtomicUsize,
    draining: AtomicBool,
    freed: Notify,
}

/// A place for one call; given back when dropped.
#[derive(Debug)]
pub struct Reservation(Arc<Admission>);

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::SeqCst);
        self.0.freed.notify_waiters();
    }
}

impl Admission {
    pub(super) fn new(max_calls: usize) -> Self {
        Self {
            max_calls,
            live: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            freed: Notify::new(),
        }
    }

    pub(super) fn reserve(self: &Arc<Self>) -> Result<Reservation, NoPlace> {
        if self.is_draining() {
            return Err(NoPlace::Draining);
        }
        let max_calls = self.max_calls;
        let more = |live: usize| (live < max_calls).then_some(live + 1);
        match self.live.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more) {
            Ok(_) => Ok(Reservation(Arc::clone(self))),
            Err(_) => Err(NoPlace::Full { max_calls }),
        }
    }

    /// Gives out no more places; says whether none were given out before.
    pub(super) fn drain(&self) -> bool {
        self.draining.swap(true, Ordering::SeqCst)
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Places there are.
    pub(super) const fn max_calls(&self) -> usize {
        self.max_calls
    }

    /// Places reserved now.
    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    /// Waits until no place is reserved.
    pub(super) async fn idle(&self) {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.live() == 0 {
                return;
            }
            freed.await;
        }
    }
}
