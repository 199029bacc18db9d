//! Calls of a runtime that is gone: another one, or the same one started again, goes on with them.
//!
//! A job of LiveKit is offered once. So the room of a call whose runtime is lost is joined with a token
//! of our own; who joins is decided in the database, where one runtime alone can take a call over.
//! What cannot be taken the job `calls` closes a while later.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::{CallRequest, Moved, NoPlace, Refused, Reservation, Switchboard};
use frontdesk_line::RefusalReason;
use frontdesk_pipelines::dialogue::CallFacts;
use frontdesk_rtc::line::LiveKitCall;
use frontdesk_rtc::token::{JoinToken, SUPERVISOR_PREFIX};
use frontdesk_tenants::calls::{self, Movable};
use frontdesk_tenants::due::{self, Look};
use frontdesk_tenants::{Database, Error, TenantTx, workers};
use frontdesk_types::{Channel, Clock, IdSource};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clinics::Clinics;
use crate::intake::PinnedClock;
use crate::livekit_worker::Rooms;
use crate::servers::LiveKitAccess;

/// How often it looks for runtimes that are gone.
const EVERY: Duration = Duration::from_secs(1);

/// How long the LiveKit server may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// A call that has been lost for so long and that no runtime has a place for: its caller is told so,
/// before the job closes the call.
const LAST_MOMENT: Duration = Duration::from_secs(12);

/// See the module's documentation.
pub(crate) struct Recovery {
    pub(crate) switchboard: Switchboard,
    pub(crate) clinics: Clinics,
    /// The database as the worker's role, which sees all clinics' calls.
    pub(crate) worker: Option<Database>,
    pub(crate) rooms: Rooms,
    pub(crate) livekit: LiveKitAccess,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
}

impl Recovery {
    /// Begins to look.
    pub(crate) fn start(self) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(error) = self.look().await {
                    tracing::warn!(%error, "calls of lost runtimes not looked for");
                }
            }
        })
    }

    async fn look(&self) -> Result<(), Error> {
        let database = self.clinics.database();
        if workers::mark_lost(database).await? == 0 {
            return Ok(());
        }
        let now = self.clock.wall();
        let mut lost = match &self.worker {
            Some(worker) => calls::movable(worker, workers::TAKEN_AFTER, now).await?,
            None => {
                let mut lost = Vec::new();
                for tenant in due::clinics(database, Look::Calls, now).await? {
                    let mut tx = TenantTx::begin(database, &tenant).await?;
                    lost.extend(calls::movable_in(&mut tx, workers::TAKEN_AFTER, now).await?);
                }
                lost
            }
        };
        // Each runtime has an order of its own: two share the calls rather than race for each.
        let own = self.switchboard.worker().unwrap_or_default();
        lost.sort_by_key(|call| {
            let mut hasher = DefaultHasher::new();
            (own, call.call).hash(&mut hasher);
            hasher.finish()
        });
        for call in &lost {
            self.go_on_with(call).await;
        }
        Ok(())
    }

    async fn go_on_with(&self, lost: &Movable) {
        let call_id = lost.call;
        if !self.caller_is_there(lost).await {
            // Closed by the job, unless they are back before.
            return;
        }
        let facts =
            self.clinics.of_call(&lost.tenant, &lost.language, lost.channel, self.clock.mono());
        let facts = match facts.await {
            Ok(facts) => facts,
            Err(error) => return tracing::warn!(%call_id, %error, "lost call not taken over"),
        };
        let place = match self.switchboard.reserve_first() {
            Ok(place) => Some(place),
            Err(NoPlace::Full { .. }) if lost.lost_for >= LAST_MOMENT => None,
            Err(_) => return,
        };
        let moved = match self.switchboard.claim(&lost.tenant, call_id).await {
            Ok(Some(moved)) => moved,
            Ok(None) => return,
            Err(error) => return tracing::error!(%call_id, %error, "lost call not taken over"),
        };
        let line = match self.line(lost, &moved).await {
            Ok(line) => line,
            Err(error) => {
                tracing::error!(%call_id, error, "call that was taken over cannot be joined");
                return self.close(lost).await;
            }
        };
        match place {
            Some(place) => self.begin(place, lost, facts, moved, line),
            None => self.tell(lost, &facts, line).await,
        }
    }

    /// Whether somebody who may be the caller is in the room.
    async fn caller_is_there(&self, lost: &Movable) -> bool {
        let present = self.rooms.server.present(&lost.room);
        match tokio::time::timeout(LIMIT, present).await {
            Ok(Ok(present)) => present.iter().any(|who| {
                !who.agent && !who.hidden && !who.identity.starts_with(SUPERVISOR_PREFIX)
            }),
            Ok(Err(error)) => {
                tracing::warn!(call_id = %lost.call, %error, "room of a lost call not looked into");
                false
            }
            Err(_) => false,
        }
    }

    /// The room, without the other runtime's agent: it may be seen there for a while yet.
    async fn line(&self, lost: &Movable, moved: &Moved) -> Result<LiveKitCall, String> {
        if let Some(agent) = moved.agent() {
            let removed = self.rooms.server.remove(&lost.room, agent);
            match tokio::time::timeout(LIMIT, removed).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "agent of a lost runtime not removed"),
                Err(_) => tracing::warn!("agent of a lost runtime not removed in time"),
            }
        }
        // Of its own name: the other one's participant may still be there.
        let identity = format!("agent-{}", self.ids.uuid().simple());
        let token = JoinToken::agent_in(&lost.room, identity).sign(&self.livekit.key);
        let token = token.map_err(|error| error.to_string())?;
        let caller = moved.caller().map(|caller| caller.expose().as_str());
        Ok(self.rooms.line((self.livekit.url.clone(), token), &lost.room, caller))
    }

    fn begin(
        &self,
        place: Reservation,
        lost: &Movable,
        mut facts: CallFacts,
        moved: Moved,
        line: LiveKitCall,
    ) {
        let lost_ms = u64::try_from(lost.lost_for.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(call_id = %lost.call, lost_ms, "call of a lost runtime goes on here");
        facts.explain = moved.explains();
        let clock: Arc<dyn Clock> = match moved.wall().filter(|_| lost.simulated) {
            Some(wall) => Arc::new(PinnedClock::new(Arc::clone(&self.clock), wall)),
            None => Arc::clone(&self.clock),
        };
        // How it ends is in its record.
        let (done, _) = oneshot::channel();
        let request = CallRequest {
            id: lost.call,
            tenant: lost.tenant,
            line: Box::new(line),
            room: lost.room.clone(),
            caller: moved.caller().cloned(),
            facts,
            clock,
            simulated: lost.simulated,
            moved: Some(Box::new(moved)),
            done,
        };
        self.switchboard.take(place, request);
    }

    /// No runtime has a place for the call: it is closed, and its caller told.
    async fn tell(&self, lost: &Movable, facts: &CallFacts, line: LiveKitCall) {
        self.close(lost).await;
        let (done, _) = oneshot::channel();
        self.switchboard.refuse(Refused {
            id: lost.call,
            line: Box::new(line),
            language: facts.clinic.language().clone(),
            voice: lost.channel != Channel::Text,
            reason: RefusalReason::Full,
            done,
        });
    }

    async fn close(&self, lost: &Movable) {
        if let Err(error) = self.switchboard.close_moved(&lost.tenant, lost.call).await {
            tracing::error!(call_id = %lost.call, %error, "call that was taken over not closed");
        }
    }
}
