//! From a job to a call: who is called, whether there is a place, which clock counts.
//!
//! Knows nothing of the worker protocol, so that it is tested without a LiveKit server.

use std::sync::Arc;

use frontdesk_actors::{CallEnd, CallRequest, NoPlace, Reservation, Switchboard};
use frontdesk_line::Connect;
use frontdesk_pipelines::dialogue::CallFacts;
use frontdesk_tenants::Tenant;
use frontdesk_types::{CallId, Clock, IdSource, Mono, Phi};
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::clinics::{CallRefused, Clinics};
use crate::config::Config;
use crate::job_metadata::{JobMetadata, MetadataError};

/// Why a job is refused. Each is one log line and the end of the job on this worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobRefused {
    /// No place, or none given out any more.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The metadata is not usable.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The clinic.
    #[error(transparent)]
    Clinic(#[from] CallRefused),
}

/// A job that was accepted: its place is reserved until the call has ended or this is dropped.
pub(crate) struct Accepted {
    reservation: Reservation,
    tenant: Tenant,
    facts: CallFacts,
    now: Option<Timestamp>,
    caller: Option<String>,
}

impl Accepted {
    /// Identity of the caller in the room, as written into the call when their token was made.
    #[must_use]
    pub(crate) fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }
}

/// Where an accepted job's caller is.
pub(crate) struct Assignment {
    /// The room's name.
    pub room: String,
    /// The caller's line.
    pub line: Box<dyn Connect>,
}

/// Turns jobs into calls.
pub(crate) struct Intake {
    switchboard: Switchboard,
    clinics: Clinics,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    default_clinic: Option<String>,
    allow_call_clock: bool,
}

impl Intake {
    /// An intake in front of `switchboard`.
    #[must_use]
    pub(crate) fn new(
        config: &Config,
        switchboard: Switchboard,
        clinics: Clinics,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            switchboard,
            clinics,
            clock,
            ids,
            default_clinic: config.default_clinic.clone(),
            allow_call_clock: config.allow_call_clock,
        }
    }

    /// Decides on a job. The place comes first: when there is none, nothing is looked up.
    ///
    /// # Errors
    /// [`JobRefused`] with the reason.
    pub(crate) async fn accept(&self, metadata: &str) -> Result<Accepted, JobRefused> {
        let reservation = self.switchboard.reserve()?;
        let dispatch = JobMetadata::parse(metadata, self.allow_call_clock)?;
        let (default, mono) = (self.default_clinic.as_deref(), self.clock.mono());
        let (tenant, facts) = self.clinics.call(&dispatch, default, mono).await?;
        let JobMetadata { now, caller, .. } = dispatch;
        Ok(Accepted { reservation, tenant, facts, now, caller })
    }

    /// Decides on a call to a number (E.164). The place comes first here as well.
    ///
    /// # Errors
    /// [`JobRefused`] with the reason.
    pub(crate) async fn accept_dialled(&self, number: &str) -> Result<Accepted, JobRefused> {
        let reservation = self.switchboard.reserve()?;
        let (tenant, facts) = self.clinics.dialled(number, self.clock.mono()).await?;
        Ok(Accepted { reservation, tenant, facts, now: None, caller: None })
    }

    /// Begins the call of an accepted job. The receiver is told how it ended.
    pub(crate) fn begin(
        &self,
        accepted: Accepted,
        job: Assignment,
    ) -> (CallId, oneshot::Receiver<CallEnd>) {
        let Accepted { reservation, tenant, facts, now, caller } = accepted;
        let id = CallId::new(self.ids.as_ref());
        let clock: Arc<dyn Clock> = match now {
            Some(now) => Arc::new(PinnedClock::new(Arc::clone(&self.clock), now)),
            None => Arc::clone(&self.clock),
        };
        let (done, ended) = oneshot::channel();
        let request = CallRequest {
            id,
            tenant,
            line: job.line,
            room: job.room,
            caller: caller.map(Phi::new),
            facts,
            clock,
            simulated: now.is_some(),
            done,
        };
        self.switchboard.take(reservation, request);
        (id, ended)
    }

    /// Ends a call now.
    pub(crate) fn hang_up(&self, call: CallId, why: &'static str) {
        self.switchboard.hang_up(call, why);
    }

    /// How full the switchboard is, 0 to 1.
    #[must_use]
    pub(crate) fn load(&self) -> f32 {
        self.switchboard.load()
    }
}

/// A clock whose wall time began at a given moment and goes on from there.
struct PinnedClock {
    real: Arc<dyn Clock>,
    begun: Mono,
    wall: Timestamp,
}

impl PinnedClock {
    fn new(real: Arc<dyn Clock>, wall: Timestamp) -> Self {
        Self { begun: real.mono(), real, wall }
    }
}

impl Clock for PinnedClock {
    fn wall(&self) -> Timestamp {
        let since = self.mono().since(self.begun);
        self.wall.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    fn mono(&self) -> Mono {
        self.real.mono()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use frontdesk_types::ManualClock;

    use super::*;

    #[test]
    fn a_pinned_clock_goes_on_from_its_moment() {
        let real = Arc::new(ManualClock::new("2026-11-21T12:00:00Z".parse().expect("a moment")));
        let moment: Timestamp = "2026-03-02T09:00:00Z".parse().expect("a moment");
        let pinned = PinnedClock::new(Arc::<ManualClock>::clone(&real), moment);
        assert_eq!(pinned.wall(), moment);
        real.advance(Duration::from_secs(90));
        assert_eq!(pinned.wall(), "2026-03-02T09:01:30Z".parse().expect("a moment"));
        assert_eq!(pinned.mono(), real.mono());
    }
}
