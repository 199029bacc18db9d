//! The lease of this process on its calls: one for all of them, renewed by one statement.
//!
//! While it runs, the calls are this process's. When it has run out, another process may have gone on
//! with any of them: before a call writes anything again, it asks the database whether it is still
//! this one's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_tenants::{Database, workers};
use frontdesk_types::{Clock, Mono};
use tokio_util::task::AbortOnDropHandle;

/// How long the lease lasts, and how often it is renewed. Another process goes on with the calls after
/// the lease and [`workers::TAKEN_AFTER`].
const LASTING: Duration = Duration::from_secs(8);
const RENEWAL: Duration = Duration::from_secs(2);
/// How long a renewal may take, and the pause after one that failed.
const LIMIT: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(500);

#[derive(Debug)]
struct Inner {
    /// Until when it runs, by this process's clock: begun before the database's.
    until: AtomicU64,
    /// How often it had run out when it was renewed.
    lapses: AtomicU64,
}

/// Tells whether the lease runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lease(Arc<Inner>);

impl Lease {
    /// One that never runs out: for processes that share their database with no other.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::until(Mono::from_micros(u64::MAX))
    }

    fn until(until: Mono) -> Self {
        let until = AtomicU64::new(until.as_micros());
        Self(Arc::new(Inner { until, lapses: AtomicU64::new(0) }))
    }

    /// Whether it runs.
    pub(crate) fn runs(&self, now: Mono) -> bool {
        now.as_micros() < self.0.until.load(Ordering::SeqCst)
    }

    /// How often it had run out: a call that has seen fewer asks the database whose it is.
    pub(crate) fn lapses(&self) -> u64 {
        self.0.lapses.load(Ordering::SeqCst)
    }

    /// It was renewed by a statement that was sent then.
    fn renewed(&self, sent: Mono) {
        let before = self.0.until.swap((sent + LASTING).as_micros(), Ordering::SeqCst);
        if before <= sent.as_micros() {
            self.0.lapses.fetch_add(1, Ordering::SeqCst);
            tracing::warn!("lease on the calls had run out, it runs again");
        }
    }
}

/// Keeps the lease of this process until it is ended.
#[derive(Debug)]
pub struct LeaseKeeper {
    database: Database,
    worker: String,
    lease: Lease,
    task: AbortOnDropHandle<()>,
}

impl LeaseKeeper {
    /// Begins to renew it. `worker` is the name of this process: another one has another name.
    #[must_use]
    pub fn start(database: Database, worker: String, clock: Arc<dyn Clock>) -> Self {
        let lease = Lease::until(clock.mono() + LASTING);
        let (own, name, db) = (lease.clone(), worker.clone(), database.clone());
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let sent = clock.mono();
                let beat = workers::beat(&db, &name, LASTING);
                let pause = match tokio::time::timeout(LIMIT, beat).await {
                    Ok(Ok(())) => {
                        own.renewed(sent);
                        RENEWAL
                    }
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "lease on the calls not renewed");
                        RETRY
                    }
                    Err(_) => {
                        tracing::warn!("lease on the calls not renewed: no answer in time");
                        RETRY
                    }
                };
                tokio::time::sleep(pause).await;
            }
        }));
        Self { database, worker, lease, task }
    }

    /// The lease.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// The calls have ended: gives the lease back.
    pub async fn stop(self) {
        self.task.abort();
        // Whatever was under way has ended before the row goes.
        let Self { database, worker, lease: _, task } = self;
        let _ = task.await;
        match tokio::time::timeout(LIMIT, workers::leave(&database, &worker)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "lease not given back"),
            Err(_) => tracing::debug!("lease not given back: no answer in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_had_run_out_counts_as_lapsed_and_runs_again() {
        let begun = Mono::from_millis(1000);
        let lease = Lease::until(begun + LASTING);
        assert!(lease.runs(begun) && !lease.runs(begun + LASTING));
        lease.renewed(begun + RENEWAL);
        assert_eq!(lease.lapses(), 0);
        assert!(lease.runs(begun + LASTING));
        lease.renewed(begun + RENEWAL + LASTING);
        assert_eq!(lease.lapses(), 1);
        assert!(lease.runs(begun + RENEWAL + LASTING));
    }
}
