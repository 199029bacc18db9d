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

/// Callers who may wait for a place at once.
pub(super) const MAX_WAITING: usize = 4;

/// The places of a process.
#[derive(Debug)]
pub(super) struct Admission {
    max_calls: usize,
    live: AtomicUsize,
    waiting: AtomicUsize,
    draining: AtomicBool,
    freed: Notify,
    /// Held by whoever has waited longest; the lock is fair.
    turn: tokio::sync::Mutex<()>,
}

/// A caller who may wait for a place, until this is dropped.
#[derive(Debug)]
pub struct Waiting(Arc<Admission>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
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
            waiting: AtomicUsize::new(0),
            turn: tokio::sync::Mutex::default(),
            draining: AtomicBool::new(false),
            freed: Notify::new(),
        }
    }

    /// A place for a caller who has just come: those who wait are before them.
    pub(super) fn reserve(self: &Arc<Self>) -> Result<Reservation, NoPlace> {
        if self.waiting() > 0 && !self.is_draining() {
            return Err(NoPlace::Full { max_calls: self.max_calls });
        }
        self.take()
    }

    /// A place for a caller whose call was under way elsewhere: before those who wait.
    pub(super) fn reserve_first(self: &Arc<Self>) -> Result<Reservation, NoPlace> {
        self.take()
    }

    /// Lets a caller wait, if not too many do.
    pub(super) fn wait(self: &Arc<Self>) -> Result<Waiting, NoPlace> {
        if self.is_draining() {
            return Err(NoPlace::Draining);
        }
        let more = |waiting: usize| (waiting < MAX_WAITING).then_some(waiting + 1);
        match self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more) {
            Ok(_) => Ok(Waiting(Arc::clone(self))),
            Err(_) => Err(NoPlace::Full { max_calls: self.max_calls }),
        }
    }

    /// Waits for a place: whoever has waited longest gets the next.
    ///
    /// # Errors
    /// [`NoPlace::Draining`] when none will be given out any more.
    pub(super) async fn place(self: &Arc<Self>) -> Result<Reservation, NoPlace> {
        let _turn = self.turn.lock().await;
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            match self.take() {
                Err(NoPlace::Full { .. }) => freed.await,
                decided => return decided,
            }
        }
    }

    /// Callers who wait now.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    fn take(self: &Arc<Self>) -> Result<Reservation, NoPlace> {
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
        let before = self.draining.swap(true, Ordering::SeqCst);
        // Those who wait are told.
        self.freed.notify_waiters();
        before
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
