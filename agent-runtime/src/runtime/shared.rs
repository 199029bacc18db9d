//! What the HTTP handlers see of a runtime.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_actors::Switchboard;
use frontdesk_actors::jobs::JobsWatch;
use frontdesk_pipelines::language::Languages;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::worker::{WorkerHandle, WorkerStatus};
use frontdesk_types::{Clock, IdSource};

use crate::clinics::Clinics;
use crate::counters;
use crate::http::{PublicClinic, Sample, Service};
use crate::join_token::{Join, TokenError, TokenRequest, TokenSigner};
use crate::readiness::Readiness;
use crate::supervision::Supervision;

/// How long the LiveKit server may take to say who is in a room, before a caller who comes back is
/// given a new call.
const ROOM_PATIENCE: Duration = Duration::from_secs(2);

/// What the HTTP handlers see.
pub(super) struct Shared {
    pub(super) switchboard: Switchboard,
    pub(super) clinics: Clinics,
    pub(super) worker: OnceLock<WorkerHandle>,
    pub(super) agent_name: String,
    pub(super) tokens: TokenSigner,
    pub(super) rooms: Arc<ServerApi>,
    pub(super) supervision: Supervision,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) jobs: OnceLock<JobsWatch>,
    pub(super) readiness: Readiness,
    pub(super) clock: Arc<dyn Clock>,
}

impl Service for Shared {
    fn worker(&self) -> WorkerStatus {
        let mut status = self.worker.get().map(WorkerHandle::status).unwrap_or_default();
        status.agent_name.clone_from(&self.agent_name);
        // The switchboard may refuse calls before the worker does.
        status.draining |= self.switchboard.counters().draining;
        status.load = self.switchboard.load();
        status
    }

    async fn database(&self) -> Result<(), String> {
        self.readiness.writes(&self.clinics, &self.switchboard, self.clock.as_ref()).await
    }

    fn disk(&self) -> Result<(), String> {
        self.readiness.disk()
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = counters::samples(&self.switchboard.counters(), &self.worker());
        let jobs = self.jobs.get().map(JobsWatch::status).unwrap_or_default();
        samples.extend(counters::job_samples(&jobs));
        samples
    }

    async fn clinic(&self, slug: &str) -> Result<Option<PublicClinic>, String> {
        let found = self.clinics.public(slug).await.map_err(|error| error.to_string())?;
        Ok(found.map(|clinic| PublicClinic {
            name: clinic.name,
            phone: clinic.phone,
            emergency_number: clinic.emergency_number,
            speaks: spoken(&clinic.languages),
        }))
    }

    fn has_place(&self) -> Result<(), &'static str> {
        let status = self.worker();
        if status.draining {
            Err("this server is being stopped; try again in a moment")
        } else if status.load >= 1.0 {
            Err("all lines are busy; try again in a moment")
        } else if !status.registered {
            Err("nobody can answer at the moment; try again soon")
        } else {
            Ok(())
        }
    }

    async fn call_lasts(&self, room: &str) -> bool {
        match tokio::time::timeout(ROOM_PATIENCE, self.rooms.has_agent(room)).await {
            Ok(Ok(lasts)) => lasts,
            Ok(Err(error)) => {
                tracing::warn!(%error, "room not looked up");
                false
            }
            Err(_) => {
                tracing::warn!("room not looked up: no answer in time");
                false
            }
        }
    }

    fn join(&self, request: &TokenRequest) -> Result<Join, TokenError> {
        self.tokens.join(request, self.ids.as_ref())
    }

    async fn call_agent(&self, join: &Join) -> Result<(), String> {
        let Some(agent) = &join.agent else { return Ok(()) };
        let dispatch = self.rooms.dispatch(&join.room, agent.clone());
        match tokio::time::timeout(ROOM_PATIENCE, dispatch).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the LiveKit server does not answer in time".to_owned()),
        }
    }

    fn rejoin(&self, room: String, identity: String, ttl: Duration) -> Result<Join, TokenError> {
        self.tokens.rejoin(room, identity, ttl, self.ids.as_ref())
    }
}

/// Those of a clinic's languages in which calls are held, or the one that they fall back to.
fn spoken(languages: &[String]) -> Vec<String> {
    let built_in = Languages::built_in();
    let codes = languages.iter().map(|tag| tag.split('-').next().unwrap_or_default());
    let spoken: Vec<_> =
        codes.filter(|code| built_in.get(code).is_some()).map(str::to_owned).collect();
    if spoken.is_empty() {
        vec![built_in.for_call("", languages).code().to_owned()]
    } else {
        spoken
    }
}
