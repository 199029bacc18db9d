//! A job: first an offer, then an assignment, in the end a result.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use livekit_protocol as proto;
use tokio::sync::watch;

use super::end::{JobEnd, Termination};
use super::shared::Shared;

/// What is known of a job.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobInfo {
    /// `AJ_…`.
    pub id: String,
    /// `AD_…`, the dispatch that asked for the agent.
    pub dispatch_id: String,
    /// Name of the room.
    pub room: String,
    /// `RM_…`.
    pub room_sid: String,
    /// What the dispatch says to the agent; by convention JSON.
    pub metadata: String,
    /// Attributes of the dispatch.
    pub attributes: BTreeMap<String, String>,
    /// Name by which the agent was asked for.
    pub agent_name: String,
    /// Identity of the participant whom the job is for, if it is for one.
    pub participant: Option<String>,
}

impl JobInfo {
    pub(super) fn from_proto(job: proto::Job) -> Self {
        let room = job.room.unwrap_or_default();
        Self {
            id: job.id,
            dispatch_id: job.dispatch_id,
            room: room.name,
            room_sid: room.sid,
            metadata: job.metadata,
            attributes: job.attributes.into_iter().collect(),
            agent_name: job.agent_name,
            participant: job.participant.map(|participant| participant.identity),
        }
    }
}

impl fmt::Debug for JobInfo {
    // Names, metadata and attributes are chosen outside and may tell who calls.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobInfo")
            .field("id", &self.id)
            .field("dispatch_id", &self.dispatch_id)
            .field("room_sid", &self.room_sid)
            .finish_non_exhaustive()
    }
}

/// A job that the server has to place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct JobOffer {
    /// The job.
    pub info: JobInfo,
    /// Whether another worker had it before.
    pub resuming: bool,
}

/// Decides about offers. Functions from [`JobOffer`] to a future of [`Answer`] are acceptors.
///
/// Each decision runs in a task of its own, which is dropped at [`super::WorkerOptions::accept_within`]
/// or when the connection is lost.
pub trait Acceptor: Send + Sync + 'static {
    /// Whether to take the job.
    fn answer(&self, offer: JobOffer) -> BoxFuture<'static, Answer>;
}

impl<F, T> Acceptor for F
where
    F: Fn(JobOffer) -> T + Send + Sync + 'static,
    T: Future<Output = Answer> + Send + 'static,
{
    fn answer(&self, offer: JobOffer) -> BoxFuture<'static, Answer> {
        Box::pin(self(offer))
    }
}

/// The answer to an offer.
#[derive(Debug)]
pub enum Answer {
    /// Take it.
    Accept(Acceptance),
    /// Leave it to another worker.
    Refuse {
        /// Why, for the log: ids and facts, nothing of the caller.
        reason: String,
    },
    /// End it: there is nothing to do, for any worker. The server counts it as a success.
    Finish {
        /// Why, for the log.
        reason: String,
    },
}

impl Answer {
    /// Take it, as whom the server would name by itself.
    #[must_use]
    pub fn accept() -> Self {
        Self::Accept(Acceptance::default())
    }

    /// Leave it to another worker.
    #[must_use]
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse { reason: reason.into() }
    }
}

/// Something that is held from the acceptance to the end of the job, such as one of a limited
/// number of places. Dropped at once if the server does not assign the job after all.
pub type Reservation = Box<dyn Any + Send>;

/// As whom to take a job.
#[derive(Default)]
pub struct Acceptance {
    /// Identity of the agent in the room; `agent-<job id>` if `None`. A fresh one per job avoids
    /// what the server remembers about an identity.
    pub identity: Option<String>,
    /// Its display name.
    pub name: String,
    /// Its metadata.
    pub metadata: String,
    /// Its attributes. The agent's name is added under `lk.agent.name` and `lk.agent_name`.
    pub attributes: BTreeMap<String, String>,
    /// Handed on with the job.
    pub reservation: Option<Reservation>,
}

impl fmt::Debug for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptance").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// An assigned job: join the room, do the work, tell the end.
#[non_exhaustive]
pub struct Job {
    /// What is known of it.
    pub info: JobInfo,
    /// The server to join.
    pub url: String,
    /// The token to join with, valid for an hour; the session refreshes it.
    pub token: String,
    /// The agent's identity in the room.
    pub identity: String,
    /// What the acceptor reserved.
    pub reservation: Option<Reservation>,
    /// The worker's end of it.
    pub control: JobControl,
}

impl fmt::Debug for Job {
    // The token is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Ties the work on a job to the worker. Dropped without [`JobControl::finish`] (a panic), the job
/// counts as failed.
#[derive(Debug)]
pub struct JobControl {
    id: String,
    shared: Arc<Shared>,
    termination: watch::Receiver<Option<Termination>>,
    finished: bool,
}

impl JobControl {
    /// Begins a job.
    pub(super) fn begin(id: &str, shared: &Arc<Shared>) -> Self {
        let termination = shared.begin(id);
        Self { id: id.to_owned(), shared: Arc::clone(shared), termination, finished: false }
    }

    /// Comes back when the job should end. It counts as running until [`JobControl::finish`].
    pub async fn terminated(&self) -> Termination {
        let mut termination = self.termination.clone();
        match termination.wait_for(Option::is_some).await {
            Ok(reason) => reason.unwrap_or(Termination::WorkerClosed),
            Err(_) => Termination::WorkerClosed,
        }
    }

    /// Tells how it ended. If there is no connection now, the server learns it after the next
    /// registration.
    pub fn finish(mut self, end: JobEnd) {
        self.finished = true;
        self.shared.finish(&self.id, end);
    }
}

impl Drop for JobControl {
    fn drop(&mut self) {
        if !self.finished {
            let end = JobEnd::Failed("the agent ended without a result".to_owned());
            self.shared.finish(&self.id, end);
        }
    }
}
