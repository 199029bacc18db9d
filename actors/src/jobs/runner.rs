//! When jobs run, and that they go on running.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::jobs::{self, JobState, When};
use frontdesk_tenants::outbox::{self, Backlog};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::task::{JoinHandle, JoinSet};

use super::{Job, JobError, JobServices, Run};

/// How long a lease lasts, and how often it is renewed while the run goes on.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const RENEWAL: Duration = Duration::from_secs(10);
/// The longest pause between two looks whether a job is due.
const LOOK: Duration = Duration::from_secs(5);
/// The shortest pause after a run that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// A loop that died begins again after this.
const AFTER_DEATH: Duration = Duration::from_secs(1);
/// How much of an error is kept.
const ERROR_CHARS: usize = 300;

/// What the database said of the jobs at the last look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobsStatus {
    /// The jobs, by name.
    pub jobs: Vec<JobState>,
    /// Events that wait, if the database was asked as the worker's role.
    pub events: Option<Backlog>,
}

/// Tells what the database said of the jobs at the last look, a few seconds ago. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct JobsWatch(Arc<Mutex<JobsStatus>>);

impl JobsWatch {
    /// What it said.
    #[must_use]
    pub fn status(&self) -> JobsStatus {
        self.0.lock().clone()
    }
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum NotRun {
    /// It is not due, or another runtime runs it.
    #[error("another runtime is running it")]
    Elsewhere,
    /// The database does not say.
    #[error("the database cannot be asked: {0}")]
    Database(#[from] frontdesk_tenants::Error),
}

/// The jobs of a runtime; they end with this.
#[derive(Debug)]
pub struct Jobs {
    task: Option<JoinHandle<()>>,
    services: JobServices,
    status: Arc<Mutex<JobsStatus>>,
}

impl Jobs {
    /// Begins to run those of these jobs whose needs are there.
    #[must_use]
    pub fn start(services: JobServices, all: &'static [Job]) -> Self {
        let mine: Vec<&'static Job> =
            all.iter().filter(|job| services.missing(job).is_none()).collect();
        let status = Arc::new(Mutex::new(JobsStatus::default()));
        let task = tokio::spawn(supervise(services.clone(), mine, Arc::clone(&status)));
        Self { task: Some(task), services, status }
    }

    /// What the database says of them, for metrics and for people.
    #[must_use]
    pub fn watch(&self) -> JobsWatch {
        JobsWatch(Arc::clone(&self.status))
    }

    /// Runs no more. What is under way is broken off: the database rolls it back, and another
    /// runtime may go on at once.
    pub async fn stop(mut self) {
        let Some(task) = self.task.take() else { return };
        task.abort();
        let _ = task.await;
        if let Err(error) = jobs::release(&self.services.database, &self.services.runner).await {
            tracing::debug!(%error, "leases of jobs not given back");
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What the database says of the jobs now.
///
/// # Errors
/// If it does not answer.
pub async fn status(services: &JobServices) -> Result<JobsStatus, frontdesk_tenants::Error> {
    let events = match &services.worker {
        Some(worker) => Some(outbox::backlog(worker, services.clock.wall()).await?),
        None => None,
    };
    Ok(JobsStatus { jobs: jobs::list(&services.database).await?, events })
}

/// Runs a job now, whether it is due or not; gives how much was done.
///
/// # Errors
/// [`NotRun`] if it was not run; the inner error if the run failed.
pub async fn run_now(services: &JobServices, job: &Job) -> Result<Result<u64, JobError>, NotRun> {
    jobs::enrol(&services.database, &[job.name], services.clock.wall()).await?;
    turn(services, job, When::Now).await?.ok_or(NotRun::Elsewhere)
}

async fn supervise(services: JobServices, mine: Vec<&'static Job>, status: Arc<Mutex<JobsStatus>>) {
    // The tasks of a set end with it, so with this task.
    let mut tasks = JoinSet::new();
    let mut loops = std::collections::HashMap::new();
    for job in mine {
        loops
            .insert(tasks.spawn(look_after(services.clone(), job, Duration::ZERO)).id(), Some(job));
    }
    loops.insert(tasks.spawn(look(services.clone(), Arc::clone(&status))).id(), None);
    // A loop never comes back: what is joined here has died.
    while let Some(died) = tasks.join_next_with_id().await {
        let id = died.map_or_else(|error| error.id(), |(id, ())| id);
        let Some(what) = loops.remove(&id) else { continue };
        tracing::error!(job = what.map(|job| job.name), "loop of a job died, starting it again");
        let again = match what {
            Some(job) => tasks.spawn(look_after(services.clone(), job, AFTER_DEATH)),
            None => tasks.spawn(look(services.clone(), Arc::clone(&status))),
        };
        loops.insert(again.id(), what);
    }
}

/// Keeps the status that metrics are read from.
async fn look(services: JobServices, kept: Arc<Mutex<JobsStatus>>) {
    loop {
        // Trouble with the database is told by the jobs themselves.
        if let Ok(seen) = status(&services).await {
            *kept.lock() = seen;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn look_after(services: JobServices, job: &'static Job, pause: Duration) {
    tokio::time::sleep(pause).await;
    let mut enrolled = false;
    loop {
        let ran = async {
            if !enrolled {
                jobs::enrol(&services.database, &[job.name], services.clock.wall()).await?;
            }
            turn(&services, job, When::Due).await
        };
        let pause = match ran.await {
            Ok(Some(Ok(_))) => job.every.min(LOOK),
            Ok(Some(Err(_)) | None) => job.every.clamp(AFTER_FAILURE, LOOK),
            Err(error) => {
                tracing::warn!(job = job.name, %error, "job not looked after");
                LOOK
            }
        };
        enrolled = true;
        tokio::time::sleep(pause).await;
    }
}

/// Runs the job if its lease can be had; `None` if not.
pub(super) async fn turn(
    services: &JobServices,
    job: &Job,
    when: When,
) -> Result<Option<Result<u64, JobError>>, frontdesk_tenants::Error> {
    let (db, runner) = (&services.database, services.runner.as_str());
    let begun = services.clock.wall();
    if !jobs::lease(db, job.name, runner, when, after(begun, LEASE), begun).await? {
        return Ok(None);
    }
    let ended = run(services, job).await;
    let now = services.clock.wall();
    let took_ms = services.clock.wall().duration_since(begun).as_millis();
    let (done, pause) = match &ended {
        Ok(done) => {
            tracing::debug!(job = job.name, done, took_ms, "job done");
            (Ok(*done), job.every)
        }
        Err(error) => {
            tracing::error!(job = job.name, %error, took_ms, "job failed");
            let text = error.to_string().chars().take(ERROR_CHARS).collect();
            (Err(text), job.every.max(AFTER_FAILURE))
        }
    };
    let pause = SignedDuration::try_from(pause).unwrap_or(LEASE);
    jobs::finish(db, job.name, runner, &done, after(now, pause), now).await?;
    Ok(Some(ended))
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(now)
}

/// The run in a task of its own, while its lease is renewed.
async fn run(services: &JobServices, job: &Job) -> Result<u64, JobError> {
    let cx = Run::new(services.clone(), job.name);
    let mut task = JoinSet::new();
    task.spawn((job.run)(cx));
    let over = tokio::time::sleep(job.limit);
    tokio::pin!(over);
    let mut renewal = tokio::time::interval(RENEWAL);
    renewal.tick().await;
    let mut until = after(services.clock.wall(), LEASE);
    // Whatever ends this ends the task: the set goes with it.
    loop {
        tokio::select! {
            ended = task.join_next() => return match ended {
                Some(Ok(ended)) => ended,
                _ => Err(JobError::Panicked),
            },
            () = &mut over => return Err(JobError::TooLong(job.limit)),
            _ = renewal.tick() => {
                let now = services.clock.wall();
                let next = after(now, LEASE);
                let renewed = jobs::renew(&services.database, job.name, &services.runner, next);
                match tokio::time::timeout(RENEWAL, renewed).await {
                    Ok(Ok(true)) => until = next,
                    Ok(Ok(false)) => return Err(JobError::LeaseLost),
                    // The database is away: go on until somebody else may have the job.
                    Ok(Err(_)) | Err(_) if now < until => {}
                    Ok(Err(_)) | Err(_) => return Err(JobError::LeaseLost),
                }
            }
        }
    }
}
