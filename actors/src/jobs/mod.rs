//! Jobs: what runs again and again beside the calls, once for all runtimes of a database.
//!
//! ```text
//! Jobs                    one task; starts each loop again that dies
//! ├─ a loop a job         waits until the job is due, takes its lease in the database, runs it
//! │  └─ a run             a task of its own: a panic or a run that hangs is a run that failed
//! └─ the look             what the database says of all jobs, for metrics and for people
//! ```
//!
//! What a job does is a function of `frontdesk-tenants`; here is when, and that one row, one clinic
//! or one run that fails stops no other.

mod list;
mod notify;
#[cfg(test)]
mod notify_tests;
mod relay;
#[cfg(test)]
mod relay_tests;
mod run;
mod runner;
#[cfg(test)]
mod slots_bench;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use frontdesk_tenants::audit::Heads;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::{Database, Error};
use frontdesk_types::{Clock, IdSource};

pub use list::JOBS;
pub use notify::{Letter, Notifier, SendError, Sender, Sent};
pub use relay::{Consumer, DoctorDirectory, Taken};
pub use run::{Run, Tally};
pub use runner::{Jobs, JobsStatus, JobsWatch, NotRun, run_now, status};

/// What a job cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The database as the application sees it.
    Database,
    /// The database as the worker's role sees it: all clinics' events and audit.
    Worker,
    /// The keys that seal patients' data.
    Keys,
    /// What carries letters.
    Sender,
    /// The rooms in which callers are.
    Rooms,
}

/// A future of [`Rooms`]; gives how many, or why that is not known.
pub type Called<'a> = std::pin::Pin<Box<dyn Future<Output = Result<u64, String>> + Send + 'a>>;

/// The rooms in which callers are.
pub trait Rooms: Send + Sync {
    /// Calls the agent again to callers who wait and to whom nobody has come.
    fn call_again(&self) -> Called<'_>;
}

/// A future of a run; gives how much was done, in the job's own unit.
pub type JobFuture = std::pin::Pin<Box<dyn Future<Output = Result<u64, JobError>> + Send>>;

/// A job.
#[derive(Debug)]
pub struct Job {
    /// Name, as in the database and on the command line.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// What `done` counts.
    pub unit: &'static str,
    /// From the end of a run to the next.
    pub every: Duration,
    /// A run that takes longer has failed.
    pub limit: Duration,
    /// What it needs.
    pub needs: Needs,
    /// Does it.
    pub run: fn(Run) -> JobFuture,
}

/// What jobs are run with.
#[derive(Clone)]
pub struct JobServices {
    /// The clinics' database, as the application's role.
    pub database: Database,
    /// The same as the worker's role, if there is a login for it.
    pub worker: Option<Database>,
    /// Keys of sealed columns, if there are any.
    pub keys: Option<Arc<KeyRing>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Name of this runtime in the leases; another process has another one.
    pub runner: String,
    /// Who is handed the events.
    pub consumers: Vec<Arc<dyn Consumer>>,
    /// What carries letters, if there is something.
    pub sender: Option<Arc<dyn Sender>>,
    /// Where callers wait, if this process knows.
    pub rooms: Option<Arc<dyn Rooms>>,
    /// Keeps the heads of the audit log's chains outside of the database, if there is a place.
    pub anchor: Option<Anchor>,
}

/// Keeps heads somewhere; trouble is its own to tell.
pub type Anchor = Arc<dyn Fn(&Heads) + Send + Sync>;

impl std::fmt::Debug for JobServices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobServices").field("runner", &self.runner).finish_non_exhaustive()
    }
}

impl JobServices {
    /// What the job needs and is not there.
    #[must_use]
    pub const fn missing(&self, job: &Job) -> Option<Needs> {
        match job.needs {
            Needs::Worker if self.worker.is_none() => Some(Needs::Worker),
            Needs::Keys if self.keys.is_none() => Some(Needs::Keys),
            Needs::Sender if self.sender.is_none() => Some(Needs::Sender),
            Needs::Rooms if self.rooms.is_none() => Some(Needs::Rooms),
            _ => None,
        }
    }
}

/// Why a run failed. Ids and names of errors, nothing personal: it is kept and shown.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database.
    #[error(transparent)]
    Database(#[from] Error),
    /// Some of what there was to do failed; the rest was done.
    #[error("{failed} of {all} failed, the first: {first}")]
    Some {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// Why the first one.
        first: String,
    },
    /// The rooms could not be looked through.
    #[error("the rooms cannot be looked through: {0}")]
    Rooms(String),
    /// What the job needs is not there.
    #[error("it needs {0:?}")]
    Missing(Needs),
    /// The run panicked; what it said is not repeated, because it may quote data.
    #[error("the run panicked")]
    Panicked,
    /// The run took longer than it may.
    #[error("the run took longer than {} s and was ended", .0.as_secs())]
    TooLong(Duration),
    /// Another runtime has the job now, or the database was away for too long.
    #[error("the lease was lost")]
    LeaseLost,
}
