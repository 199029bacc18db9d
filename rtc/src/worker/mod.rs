//! The LiveKit Agents worker protocol, version 1: a process that offers an agent by name and is
//! given jobs (one room each) by the server.
//!
//! [`Worker::start`] registers and hands back a [`WorkerHandle`] and the queue of [`Job`]s. Each
//! job that the server has to place is first shown to the [`Acceptor`] as a [`JobOffer`]. The
//! server waits ten seconds for the answer and then gives the caller up, without asking another
//! worker; a refusal it takes to the next one. So every offer is answered: an acceptor that is
//! slow or panics, a queue that is full or that nobody reads, and a worker that drains all mean
//! a refusal, with the reason in the log.
//!
//! One task owns the socket. When the connection is lost it registers again, for as long as it
//! takes, and jobs that run go on meanwhile: they are connections of their own to their rooms. How
//! a job ended is told to the server when there is one.

mod end;
mod engine;
mod job;
mod options;
mod shared;
mod socket;
mod status;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use end::{JobEnd, Termination};
pub use job::{Acceptance, Acceptor, Answer, Job, JobControl, JobInfo, JobOffer, Reservation};
pub use options::{LoadSource, Permissions, WorkerError, WorkerOptions};
pub use status::{WorkerReport, WorkerStatus};

use engine::Engine;
use shared::Shared;

/// Starts workers.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Registers with the server and starts to take jobs; comes back registered.
    ///
    /// # Errors
    /// [`WorkerError`] if the URL or the key is wrong (at once), or if the server cannot be reached
    /// in as many attempts as [`WorkerOptions::retry`] allows. Once it is registered a worker never
    /// gives up.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(
        options: WorkerOptions,
        acceptor: impl Acceptor,
    ) -> Result<(WorkerHandle, mpsc::Receiver<Job>), WorkerError> {
        let shared = Arc::new(Shared::new(&options.agent_name));
        let (jobs, taken) = mpsc::channel(options.waiting_jobs.max(1));
        let engine = Engine::new(options, Arc::new(acceptor), Arc::clone(&shared), jobs);
        let connection = engine.first_connection().await?;
        let task = tokio::spawn(engine.run(connection));
        let (done, is_done) = watch::channel(false);
        tokio::spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(%error, "worker task failed");
            }
            done.send_replace(true);
        });
        let closing = shared.closing.clone().drop_guard();
        let handle = Handle { shared, is_done, _closing: closing };
        Ok((WorkerHandle(Arc::new(handle)), taken))
    }
}

/// A running worker. Cheap to clone; when the last clone is dropped the worker closes.
#[derive(Debug, Clone)]
pub struct WorkerHandle(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    is_done: watch::Receiver<bool>,
    _closing: tokio_util::sync::DropGuard,
}

impl WorkerHandle {
    /// How it stands now.
    #[must_use]
    pub fn status(&self) -> WorkerStatus {
        self.0.shared.status.borrow().clone()
    }

    /// Its status as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<WorkerStatus> {
        self.0.shared.status.subscribe()
    }

    /// Takes no more jobs, tells the server so, and comes back when the last running job has ended.
    /// It stays registered. Dropping the future does not end the draining.
    pub async fn drain(&self) {
        self.0.shared.drain();
        let mut status = self.watch();
        // An error would mean that the worker is gone, and its jobs with it.
        let _ = status.wait_for(|status| status.draining && status.is_idle()).await;
    }

    /// Leaves: tells the server how the last jobs ended and closes the connection, waiting at most
    /// a few seconds for either. Jobs that still run are told [`Termination::WorkerClosed`].
    pub async fn close(&self) {
        self.0.shared.closing.cancel();
        let mut is_done = self.0.is_done.clone();
        let _ = tokio::time::timeout(CLOSE_PATIENCE, is_done.wait_for(|done| *done)).await;
    }

    /// Cancelled when the worker begins to close.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.0.shared.closing.child_token()
    }
}

const CLOSE_PATIENCE: Duration = Duration::from_secs(10);
