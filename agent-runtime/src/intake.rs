//! From a job to a call: who is called, whether there is a place, which clock counts.
//!
//! A caller for whom there is no place waits for one; one who cannot be served is told so. Only when
//! too many wait is a job refused without a word: those who ask for a call first are told before.
//!
//! Knows nothing of the worker protocol, so that it is tested without a LiveKit server.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::{CallEnd, CallRequest, NoPlace, Refused, Reservation, Switchboard, Waiting};
use frontdesk_line::{Connect, RefusalReason};
use frontdesk_pipelines::dialogue::CallFacts;
use frontdesk_pipelines::language::Languages;
use frontdesk_tenants::Tenant;
use frontdesk_types::{CallId, Channel, Clock, IdSource, Mono, Phi};
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::clinics::{CallRefused, Clinics};
use crate::config::Config;
use crate::job_metadata::{JobMetadata, MetadataError};

/// How often, and with what pause, it is looked whether a call in the same room is being closed.
const CLOSING_LOOKS: u32 = 8;
const CLOSING_PAUSE: Duration = Duration::from_millis(250);

/// Why a job is refused. Each is one log line and the end of the job on this worker.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobRefused {
    /// No place, or none given out any more.
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    /// The call has its agent: its room was made again, by somebody whose token calls one.
    #[error("a call goes on in that room")]
    UnderWay,
    /// The metadata is not usable.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The clinic.
    #[error(transparent)]
    Clinic(#[from] CallRefused),
}

impl JobRefused {
    /// What the caller is told.
    fn reason(&self) -> RefusalReason {
        match self {
            Self::NoPlace(NoPlace::Full { .. }) => RefusalReason::Full,
            Self::NoPlace(NoPlace::Draining) => RefusalReason::Stopping,
            Self::Metadata(_)
            | Self::Clinic(
                CallRefused::NoClinic
                | CallRefused::Unknown(_)
                | CallRefused::UnknownNumber(_)
                | CallRefused::Inactive(_),
            ) => RefusalReason::NoClinic,
            Self::Clinic(_) | Self::UnderWay => RefusalReason::Unavailable,
        }
    }

    /// Whether nobody is to be told: another runtime might take the job, or the caller has an agent.
    const fn is_silent(&self) -> bool {
        matches!(self, Self::NoPlace(_) | Self::UnderWay)
    }
}

/// Where an accepted call has its place.
enum Place {
    Reserved(Reservation),
    Waits(Waiting),
}

/// What was decided on a job.
pub(crate) enum Decided {
    /// It becomes a call.
    Call(Box<Accepted>),
    /// Its caller is told why it does not.
    Told(Unserved),
}

impl Decided {
    /// Identity of the caller in the room, as written into the call when their token was made.
    #[must_use]
    pub(crate) fn caller(&self) -> Option<&str> {
        match self {
            Self::Call(accepted) => accepted.caller.as_deref(),
            Self::Told(unserved) => unserved.caller.as_deref(),
        }
    }
}

/// A caller who is told that they cannot be served.
pub(crate) struct Unserved {
    language: String,
    voice: bool,
    caller: Option<String>,
    reason: RefusalReason,
}

/// A job that was accepted: its place is kept until the call has ended or this is dropped.
pub(crate) struct Accepted {
    place: Place,
    tenant: Tenant,
    facts: CallFacts,
    now: Option<Timestamp>,
    caller: Option<String>,
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

    /// Decides on a job in a room. The place comes first: when there is none, nothing is looked up.
    ///
    /// # Errors
    /// [`JobRefused`] if another runtime is to be asked, or the caller has an agent.
    pub(crate) async fn decide(&self, room: &str, metadata: &str) -> Result<Decided, JobRefused> {
        let dispatch = match JobMetadata::parse(metadata, self.allow_call_clock) {
            Ok(dispatch) => dispatch,
            // Nothing can be read of it: a voice and captions reach everybody.
            Err(error) => return Ok(told(&error.into(), &JobMetadata::default())),
        };
        match self.accept(room, &dispatch).await {
            Ok(accepted) => Ok(Decided::Call(Box::new(accepted))),
            Err(refused) if refused.is_silent() => Err(refused),
            Err(refused) => Ok(told(&refused, &dispatch)),
        }
    }

    async fn accept(&self, room: &str, dispatch: &JobMetadata) -> Result<Accepted, JobRefused> {
        if self.switchboard.is_live_in(room) {
            return Err(JobRefused::UnderWay);
        }
        let place = self.place()?;
        let (default, mono) = (self.default_clinic.as_deref(), self.clock.mono());
        let (tenant, facts) = self.clinics.call(dispatch, default, mono).await?;
        if self.goes_on_elsewhere(&tenant, room).await {
            return Err(JobRefused::UnderWay);
        }
        let (now, caller) = (dispatch.now, dispatch.caller.clone());
        Ok(Accepted { place, tenant, facts, now, caller })
    }

    /// Whether another runtime has a call in the room. One that is just being closed is over soon.
    async fn goes_on_elsewhere(&self, tenant: &Tenant, room: &str) -> bool {
        for _ in 0..CLOSING_LOOKS {
            match self.clinics.has_call_in(tenant, room).await {
                Ok(true) => tokio::time::sleep(CLOSING_PAUSE).await,
                Ok(false) => return false,
                Err(error) => {
                    tracing::warn!(%error, "not known whether a call goes on in the room");
                    return false;
                }
            }
        }
        true
    }

    fn place(&self) -> Result<Place, NoPlace> {
        match self.switchboard.reserve() {
            Ok(reservation) => Ok(Place::Reserved(reservation)),
            Err(NoPlace::Full { .. }) => self.switchboard.may_wait().map(Place::Waits),
            Err(draining) => Err(draining),
        }
    }

    /// Decides on a call to a number (E.164). The place comes first here as well.
    ///
    /// # Errors
    /// [`JobRefused`] with the reason.
    pub(crate) async fn accept_dialled(&self, number: &str) -> Result<Accepted, JobRefused> {
        let place = self.place()?;
        let (tenant, facts) = self.clinics.dialled(number, self.clock.mono()).await?;
        Ok(Accepted { place, tenant, facts, now: None, caller: None })
    }

    /// Begins the call of an accepted job. The receiver is told how it ended.
    pub(crate) fn begin(
        &self,
        accepted: Accepted,
        job: Assignment,
    ) -> (CallId, oneshot::Receiver<CallEnd>) {
        let Accepted { place, tenant, facts, now, caller } = accepted;
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
            moved: None,
            done,
        };
        match place {
            Place::Reserved(reservation) => self.switchboard.take(reservation, request),
            Place::Waits(waiting) => self.switchboard.wait(waiting, request),
        }
        (id, ended)
    }

    /// Tells the caller of a job why it is not taken.
    pub(crate) fn refuse(
        &self,
        unserved: Unserved,
        line: Box<dyn Connect>,
    ) -> (CallId, oneshot::Receiver<CallEnd>) {
        let Unserved { language, voice, caller: _, reason } = unserved;
        let id = CallId::new(self.ids.as_ref());
        let asked = std::slice::from_ref(&language);
        let language = Languages::built_in().for_call(&language, asked).clone();
        let (done, ended) = oneshot::channel();
        self.switchboard.refuse(Refused { id, line, language, voice, reason, done });
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

fn told(refused: &JobRefused, dispatch: &JobMetadata) -> Decided {
    tracing::warn!(reason = %refused, "call cannot be taken, its caller is told");
    Decided::Told(Unserved {
        language: dispatch.language.clone(),
        voice: dispatch.channel != Channel::Text,
        caller: dispatch.caller.clone(),
        reason: refused.reason(),
    })
}

/// A clock whose wall time began at a given moment and goes on from there.
pub(crate) struct PinnedClock {
    real: Arc<dyn Clock>,
    begun: Mono,
    wall: Timestamp,
}

impl PinnedClock {
    pub(crate) fn new(real: Arc<dyn Clock>, wall: Timestamp) -> Self {
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
