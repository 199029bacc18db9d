//! A call that another process held and that goes on here: taken over in the database, restored from
//! its snapshot.

use std::sync::Arc;

use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::dialogue::tools::ToolCallId;
use frontdesk_tenants::booking::Hold;
use frontdesk_tenants::calls::{self, CallKey};
use frontdesk_tenants::patient::{self, VerifiedPatient};
use frontdesk_tenants::{Error, Tenant, TenantTx, decisions};
use frontdesk_types::{CallId, Phi};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::holding::LEASE;
use super::{Call, Records, Services};
use crate::tools::Tokens;
use crate::watch::Speaker;

/// What is in a call's snapshot beside its dialogue and its tools.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Facts {
    /// Identity of the caller on the line.
    caller: Option<Phi<String>>,
    /// Identity of the agent on it.
    agent: Option<String>,
    /// Whether the caller is shown what is read into their words.
    explain: bool,
    /// The call's wall clock.
    wall: Option<Timestamp>,
}

/// What the tools left.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Held {
    holds: Vec<Hold>,
    identified_by: Option<ToolCallId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Snapshot {
    dialogue: Kept,
    tools: Held,
    call: Facts,
}

/// The state from which another process goes on.
pub(super) fn snapshot(call: &Call, dialogue: &Kept) -> Result<Vec<u8>, serde_json::Error> {
    let found = call.caller.get().and_then(|caller| caller.identity.clone());
    let facts = Facts {
        caller: call.named.clone().or(found),
        agent: call.line.agent(),
        explain: call.facts.explain,
        wall: Some(call.clock.wall()),
    };
    let tools = call.tokens.snapshot();
    serde_json::to_vec(&serde_json::json!({ "dialogue": dialogue, "tools": tools, "call": facts }))
}

/// A call that this process has taken over; its record is this process's to close.
pub struct Moved {
    pub(super) key: Arc<CallKey>,
    pub(super) dialogue: Kept,
    pub(super) tokens: Tokens,
    /// Number of its next turn.
    pub(super) first_turn: u32,
    /// Parts of its decision log.
    pub(super) parts: i32,
    /// What was said in it, for a console.
    pub(super) said: Vec<(Speaker, Phi<String>)>,
    facts: Facts,
}

impl std::fmt::Debug for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Moved").field("first_turn", &self.first_turn).finish_non_exhaustive()
    }
}

impl Moved {
    /// Identity of the caller on the line, if it was known.
    #[must_use]
    pub const fn caller(&self) -> Option<&Phi<String>> {
        self.facts.caller.as_ref()
    }

    /// Identity of the other process's agent on the line, if it was known: it may be seen there yet.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.facts.agent.as_deref()
    }

    /// Whether the caller is shown what is read into their words.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.facts.explain
    }

    /// The call's wall clock when it was last written down: where a pinned one goes on.
    #[must_use]
    pub const fn wall(&self) -> Option<Timestamp> {
        self.facts.wall
    }
}

/// Takes a call over from a process that is lost; `None` if it is over, or another one has it.
pub(crate) async fn claim(
    services: &Services,
    records: &Records,
    tenant: &Tenant,
    call: CallId,
) -> Result<Option<Moved>, Error> {
    let now = services.clock.wall();
    let lease_until = now.saturating_add(LEASE).unwrap_or(now);
    let mut tx = TenantTx::begin(&services.database, tenant).await?;
    let (ring, worker) = (&records.keys, &records.worker);
    let taken = calls::take_over(&mut tx, ring, call, worker, lease_until, now).await?;
    let Some(key) = taken else { return Ok(None) };
    let snapshot = calls::load_snapshot(&mut tx, &key).await?;
    let patient = patient::resume(&mut tx, call).await?;
    let next = calls::next_turn(&mut tx, call).await?;
    let parts = decisions::next_part(&mut tx, call).await?;
    let transcript = match calls::transcript(&mut tx, ring, call).await {
        Err(Error::Crypt(error)) => {
            tracing::error!(%call, %error, "earlier words of the call not read");
            Vec::new()
        }
        read => read?,
    };
    tx.commit().await?;
    let body = snapshot.map(|(_, body)| serde_json::from_slice::<Snapshot>(&body));
    let read = body.transpose().unwrap_or_else(|error| {
        // By category alone: what serde says may quote what was said.
        tracing::error!(%call, kind = ?error.classify(), "snapshot not read, call begins anew");
        None
    });
    let Snapshot { dialogue, tools, call: facts } = read.unwrap_or_default();
    let tokens = restored(tools, patient);
    let first_turn = u32::try_from(next).unwrap_or_default();
    let said = said(transcript);
    Ok(Some(Moved { key: Arc::new(key), dialogue, tokens, first_turn, parts, said, facts }))
}

/// What people said, as a console shows it.
fn said(turns: Vec<calls::Turn>) -> Vec<(Speaker, Phi<String>)> {
    let by = |speaker| match speaker {
        calls::Speaker::Caller => Some(Speaker::Caller),
        calls::Speaker::Agent => Some(Speaker::Agent),
        calls::Speaker::Staff => Some(Speaker::Supervisor),
        calls::Speaker::Tool => None,
    };
    turns.into_iter().filter_map(|turn| Some((by(turn.speaker)?, turn.text))).collect()
}

fn restored(held: Held, patient: Option<VerifiedPatient>) -> Tokens {
    let tokens = Tokens::default();
    if let (Some(by), Some(who)) = (held.identified_by, patient) {
        tokens.prove(by, who);
    }
    for hold in held.holds {
        tokens.hold(hold.slot, hold);
    }
    tokens
}
