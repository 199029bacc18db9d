//! Callers to whom nobody has come: the agent is called to them again.
//!
//! LiveKit offers a job once, when it is dispatched. Where no runtime could take it then, or the one
//! that took it died before the call was in the database, its caller would wait for ever. Whoever has
//! the job `callers` looks for such rooms; who answers is decided as for every dispatch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::Switchboard;
use frontdesk_actors::jobs::{Called, Rooms};
use frontdesk_rtc::dispatch::{ApiError, Dispatch, OpenRoom, ServerApi};
use frontdesk_rtc::token::{AgentRequest, SUPERVISOR_PREFIX};
use frontdesk_tenants::{Error, directory};
use frontdesk_types::{Clock, Mono};
use parking_lot::Mutex;

use crate::clinics::Clinics;
use crate::job_metadata::JobMetadata;

/// How long a caller has waited when the agent is called again.
const WAITED_MS: i64 = 4_000;

/// How long after a dispatch another one is made: a job is answered within some 6 s.
const ANSWERED_MS: i64 = 7_000;

/// How long a room in which an agent was seen is not looked into: a call that is under way is looked
/// after by others.
const SEEN: Duration = Duration::from_secs(60);

/// Rooms that are looked into in one run.
const LOOKS: usize = 64;

/// How long the LiveKit server may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// See the module's documentation.
pub(crate) struct Unanswered {
    pub(crate) switchboard: Switchboard,
    pub(crate) clinics: Clinics,
    pub(crate) server: Arc<ServerApi>,
    pub(crate) agent_name: String,
    pub(crate) default_clinic: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Rooms in which an agent was seen, and when.
    pub(crate) answered: Mutex<HashMap<String, Mono>>,
}

/// Why it is not known whether a caller waits.
#[derive(Debug, thiserror::Error)]
enum NotKnown {
    #[error(transparent)]
    Server(#[from] ApiError),
    #[error(transparent)]
    Database(#[from] Error),
    #[error("the LiveKit server does not answer in time")]
    Late,
}

async fn within<T>(asked: impl Future<Output = Result<T, ApiError>>) -> Result<T, NotKnown> {
    let answer = tokio::time::timeout(LIMIT, asked).await.map_err(|_| NotKnown::Late)?;
    Ok(answer?)
}

impl Rooms for Unanswered {
    fn call_again(&self) -> Called<'_> {
        Box::pin(async move { self.look().await.map_err(|error| error.to_string()) })
    }
}

impl Unanswered {
    async fn look(&self) -> Result<u64, NotKnown> {
        let open = within(self.server.rooms()).await?;
        let mut called = 0;
        for room in self.unknown(open) {
            match self.look_into(&room).await {
                Ok(again) => called += u64::from(again),
                Err(error) => {
                    tracing::warn!(room_id = room.sid, %error, "not known whether a caller waits");
                }
            }
        }
        Ok(called)
    }

    /// Rooms with somebody in them of which it is not known that they are answered.
    fn unknown(&self, open: Vec<OpenRoom>) -> Vec<OpenRoom> {
        let now = self.clock.mono();
        let mut answered = self.answered.lock();
        let names: HashSet<&str> = open.iter().map(|room| room.name.as_str()).collect();
        answered.retain(|room, at| now.since(*at) < SEEN && names.contains(room.as_str()));
        let unknown = open.into_iter().filter(|room| {
            room.participants > 0
                && !answered.contains_key(&room.name)
                && !self.switchboard.is_live_in(&room.name)
        });
        unknown.take(LOOKS).collect()
    }

    /// Whether the agent was called again into that room.
    async fn look_into(&self, room: &OpenRoom) -> Result<bool, NotKnown> {
        let present = within(self.server.present(&room.name)).await?;
        if present.iter().any(|who| who.agent && !who.hidden) {
            self.answered.lock().insert(room.name.clone(), self.clock.mono());
            return Ok(false);
        }
        let now_ms = self.clock.wall().as_millisecond();
        let waits = present.iter().any(|who| {
            let caller = !who.agent && !who.hidden && !who.identity.starts_with(SUPERVISOR_PREFIX);
            caller && now_ms - who.joined_ms >= WAITED_MS
        });
        if !waits {
            return Ok(false);
        }
        let dispatches = within(self.server.dispatches(&room.name)).await?;
        let ours = dispatches.into_iter().filter(|one| one.agent_name == self.agent_name);
        // A room into which our agent was never called is somebody else's.
        let Some(last) = ours.max_by_key(|one| one.made_ms) else { return Ok(false) };
        if now_ms - last.made_ms < ANSWERED_MS || self.goes_on(&room.name, &last).await? {
            return Ok(false);
        }
        let agent = AgentRequest {
            agent_name: last.agent_name,
            metadata: last.metadata,
            ..AgentRequest::default()
        };
        let again = within(self.server.dispatch(&room.name, agent)).await?;
        let (room_id, dispatch_id) = (&room.sid, again.id);
        tracing::warn!(room_id, dispatch_id, "nobody came to a caller, the agent is called again");
        Ok(true)
    }

    /// Whether the room's call is open: then it is gone on with, or closed, by others.
    async fn goes_on(&self, room: &str, dispatch: &Dispatch) -> Result<bool, Error> {
        // What cannot be read is told to the caller by whoever takes the job.
        let Ok(metadata) = JobMetadata::parse(&dispatch.metadata, true) else { return Ok(false) };
        let slug = metadata.clinic.as_deref().or(self.default_clinic.as_deref());
        let Some(slug) = slug else { return Ok(false) };
        let clinic = directory::clinic_by_slug(self.clinics.database(), slug).await?;
        let Some(tenant) = clinic.and_then(|clinic| clinic.tenant()) else { return Ok(false) };
        self.clinics.has_call_in(&tenant, room).await
    }
}
