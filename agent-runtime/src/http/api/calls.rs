//! Calls as they were recorded. Live ones are the console's (`…/calls/live`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::TenantTx;
use frontdesk_tenants::calls::{self, CallFilter, Speaker, Turn, audit_reading};
use frontdesk_tenants::patient;
use frontdesk_tenants::permissions::Permission;
use frontdesk_types::{CallId, CallOutcome, Channel, PatientId, Phi};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At, not_here};
use super::answer::{Listed, json};
use super::fault::fault;
use super::input::query;
use super::pages::Pages;
use super::patients::ring;
use super::values::Limit;
use crate::http::Problem;

names!(outcomes, CallOutcome);
names!(channels, Channel);
names!(speakers, Speaker);

/// A call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Call {
    #[schema(value_type = Uuid)]
    id: CallId,
    #[schema(schema_with = channels)]
    channel: Channel,
    /// Whether the caller's camera could be on.
    video: bool,
    language: String,
    /// Whom it was about, if they were identified.
    #[schema(value_type = Option<Uuid>)]
    patient: Option<PatientId>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Null while it goes on.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// How it ended; null while it goes on.
    #[schema(value_type = Option<String>)]
    outcome: Option<CallOutcome>,
    /// A test or a demo, whose clock was pinned.
    simulated: bool,
    /// Where its recording is; null without one.
    recording: Option<String>,
    /// Of a call that is shown alone: what it was about, where that was noted and is kept.
    #[schema(value_type = Option<String>)]
    summary: Option<Phi<String>>,
}

impl From<calls::Recorded> for Call {
    fn from(row: calls::Recorded) -> Self {
        Self {
            id: row.id,
            channel: row.channel,
            video: row.video,
            language: row.language,
            patient: row.patient,
            started_at: row.started_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
            simulated: row.simulated,
            recording: row.recording,
            summary: None,
        }
    }
}

/// One turn of a transcript.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TranscriptTurn {
    /// Number within the call, from 0.
    number: i32,
    #[schema(schema_with = speakers)]
    speaker: Speaker,
    /// What was said; of the agent, what was played.
    #[schema(value_type = String)]
    text: Phi<String>,
    #[schema(value_type = String, format = DateTime)]
    spoken_at: Timestamp,
}

impl From<Turn> for TranscriptTurn {
    fn from(turn: Turn) -> Self {
        let Turn { number, speaker, text, spoken_at, .. } = turn;
        Self { number, speaker, text, spoken_at }
    }
}

/// What was said in a call; without turns if nothing was, or its words are destroyed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Transcript {
    #[schema(value_type = Uuid)]
    call: CallId,
    turns: Vec<TranscriptTurn>,
}

query! {
    /// Which calls are asked for.
    struct RecordedFilter {
        /// Only about this patient.
        #[param(value_type = Option<Uuid>)]
        patient: Option<PatientId>,
        /// Only those that ended so.
        #[param(schema_with = outcomes, required = false)]
        outcome: Option<CallOutcome>,
        /// Begun not before.
        #[param(value_type = Option<String>, format = DateTime)]
        from: Option<Timestamp>,
        /// Begun before.
        #[param(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// `next` of the page before.
        #[serde(skip)]
        cursor: Option<String>,
        /// Rows of a page, 1 to 200; 50 where nothing is said.
        #[serde(skip)]
        #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
        limit: Limit,
    }
}

/// Lists the clinic's calls, the latest first.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/calls", tag = "calls",
    operation_id = "list_calls", params(RecordedFilter),
    responses((status = 200, body = Listed<Call>)),
    extensions(("x-permission" = json!("call:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallRead).await?;
    let filter: RecordedFilter = ask.query()?;
    let pages = Pages::of(&at, "calls", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let wanted = CallFilter {
        patient: filter.patient,
        outcome: filter.outcome,
        from: filter.from,
        until: filter.until,
    };
    let mut tx = at.begin().await?;
    let page = calls::list(&mut tx, &wanted, &rows).await.map_err(fault)?;
    let patients: Vec<_> = page.items.iter().filter_map(|row| row.patient).collect();
    shown(&at, &mut tx, &patients).await?;
    tx.commit().await.map_err(fault)?;
    Ok(pages.answer(page, Call::from))
}

/// Shows a call.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/calls/{call}", tag = "calls",
    operation_id = "get_call", responses((status = 200, body = Call)),
    extensions(("x-permission" = json!("call:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallRead).await?;
    let mut tx = at.begin().await?;
    let row = found(&mut tx, &ask).await?;
    shown(&at, &mut tx, row.patient.as_slice()).await?;
    let mut call = Call::from(row);
    if let Some(ring) = api.options.records.as_deref() {
        call.summary = calls::summary(&mut tx, ring, call.id).await.map_err(fault)?;
    }
    let principal = at.by.principal;
    audit_reading(&mut tx, call.id, "call.read", principal, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(json(StatusCode::OK, call))
}

/// Reads what was said in a call.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/calls/{call}/transcript", tag = "calls",
    operation_id = "get_transcript", responses((status = 200, body = Transcript)),
    extensions(("x-permission" = json!("transcript:read"))))]
pub(super) async fn transcript(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::TranscriptRead).await?;
    let ring = ring(&api)?;
    let mut tx = at.begin().await?;
    let call = found(&mut tx, &ask).await?.id;
    let principal = at.by.principal;
    let action = "call.transcript_read";
    audit_reading(&mut tx, call, action, principal, at.now).await.map_err(fault)?;
    let turns = calls::transcript(&mut tx, ring, call).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    let turns = turns.into_iter().map(TranscriptTurn::from).collect();
    Ok(json(StatusCode::OK, Transcript { call, turns }))
}

async fn found(tx: &mut TenantTx, ask: &Ask) -> Result<calls::Recorded, Problem> {
    let id: CallId = ask.id("call")?;
    calls::recorded(tx, id).await.map_err(fault)?.ok_or_else(|| not_here("call"))
}

async fn shown(at: &At<'_>, tx: &mut TenantTx, patients: &[PatientId]) -> Result<(), Problem> {
    let done = patient::audit_reading(tx, patients, "patient.calls_read", &at.by, at.now).await;
    done.map_err(fault)
}
