//! Call records: the call, its turns, the snapshot from which another worker goes on, callbacks.
//!
//! What is said is sealed with a data key of the call; without the key (retention, erasure) the
//! words are gone and the statistics stay. Snapshots are opaque here.

mod callback;
mod evidence;
mod holder;
mod key;
mod list;
mod lost;
mod snapshot;
mod supervision;
mod transcript;
mod work;

use frontdesk_types::{CallId, CallOutcome, Channel, Phi};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::{Value, json};

pub use callback::{CallbackReason, Message, add_callback, add_message, message};
pub use evidence::{Evidence, evidence};
pub use holder::{Movable, holder, is_open_in, movable, movable_in, take_over};
pub(crate) use key::some_keys;
pub use key::{CallKey, rewrap_keys};
pub use list::{CallFilter, Recorded, audit_reading, list, recorded, summary};
pub use lost::{GRACE, clinics_with_lost, close_held, close_lost, expire_transcripts};
pub use snapshot::{load_snapshot, save_snapshot};
pub use supervision::{Act, audit_act};
pub use transcript::{Speaker, Turn, add_turns, next_turn, transcript};
pub use work::{Callback, Handling, WorkFilter, callback, handle, work};

use crate::crypt::KeyRing;
use crate::patient::VerifiedPatient;
use crate::{Principal, Result, TenantTx};
use key::key_place;

/// A call that begins.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// Id.
    pub id: CallId,
    /// How the caller reaches us.
    pub channel: Channel,
    /// Whether their camera may be on.
    pub video: bool,
    /// BCP 47 language.
    pub language: String,
    /// The room's name.
    pub room: Option<String>,
    /// The caller's number, E.164, where the line tells it.
    pub caller_phone: Option<Phi<String>>,
    /// Whether another worker can go on with it.
    pub movable: bool,
    /// The worker that runs it.
    pub worker: String,
    /// Until when it is the worker's, should that be none of [`crate::workers`].
    pub lease_until: Timestamp,
}

/// Writes down that a call begins.
///
/// # Errors
/// If the id is in use or the database fails.
pub async fn start(
    tx: &mut TenantTx,
    ring: &KeyRing,
    call: &NewCall,
    simulated: bool,
    now: Timestamp,
) -> Result<CallKey> {
    let (key, wrapped) = ring.new_data_key(&key_place(call.id))?;
    sqlx::query(
        "INSERT INTO calls (clinic_id, id, channel, video, room, caller_phone, language, started_at,
                            simulated, worker, lease_until, ring_key, wrapped_key, movable)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.id.uuid())
    .bind(call.channel.as_str())
    .bind(call.video)
    .bind(&call.room)
    .bind(call.caller_phone.as_ref().map(Phi::expose))
    .bind(&call.language)
    .bind(now.to_sqlx())
    .bind(simulated)
    .bind(&call.worker)
    .bind(call.lease_until.to_sqlx())
    .bind(wrapped.ring_key)
    .bind(wrapped.sealed)
    .bind(call.movable)
    .execute(tx.conn())
    .await?;
    event(tx, "call.started", call.id, json!({"channel": call.channel}), simulated, now).await?;
    Ok(CallKey { call: call.id, key })
}

/// Writes down whom the call is about; what [`crate::patient::resume`] goes by.
///
/// # Errors
/// If the database fails.
pub async fn identify(tx: &mut TenantTx, call: CallId, who: &VerifiedPatient) -> Result<()> {
    sqlx::query(
        "UPDATE calls SET patient_id = $3, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .bind(who.patient().uuid())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down how the call would end as it stands: what counts should its worker die, beside what it
/// has written.
///
/// # Errors
/// If the database fails.
pub async fn stands(tx: &mut TenantTx, call: CallId, outcome: CallOutcome) -> Result<()> {
    sqlx::query("UPDATE calls SET standing = $3 WHERE clinic_id = $1 AND id = $2")
        .bind(tx.tenant().clinic().uuid())
        .bind(call.uuid())
        .bind(outcome.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes down how a call ended; the first end counts. Its snapshot goes.
///
/// # Errors
/// If the database fails.
pub async fn end(
    tx: &mut TenantTx,
    key: &CallKey,
    outcome: CallOutcome,
    summary: Option<&Phi<String>>,
    metrics: &Value,
    now: Timestamp,
) -> Result<bool> {
    let place = format!("calls.summary:{}", key.call);
    let summary = summary.map(|text| key.key.seal(&place, text.expose().as_bytes())).transpose()?;
    let simulated: Option<bool> = sqlx::query_scalar(
        "UPDATE calls SET ended_at = greatest($3, started_at), outcome = $4, summary = $5,
                metrics = $6, lease_until = NULL, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
         RETURNING simulated",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(key.call.uuid())
    .bind(now.to_sqlx())
    .bind(outcome.as_str())
    .bind(summary)
    .bind(metrics)
    .fetch_optional(tx.conn())
    .await?;
    let Some(simulated) = simulated else { return Ok(false) };
    sqlx::query("DELETE FROM call_snapshots WHERE clinic_id = $1 AND call_id = $2")
        .bind(tx.tenant().clinic().uuid())
        .bind(key.call.uuid())
        .execute(tx.conn())
        .await?;
    let payload = json!({"outcome": outcome});
    event(tx, "call.ended", key.call, payload, simulated, now).await?;
    Ok(true)
}

async fn event(
    tx: &mut TenantTx,
    event: &str,
    call: CallId,
    payload: Value,
    simulated: bool,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("SELECT record_change($1, $2, $3, $4, $5, $6, 'call', $4, '{}', $7)")
        .bind(tx.tenant().clinic().uuid())
        .bind(now.to_sqlx())
        .bind(Principal::Call(call).to_string())
        .bind(call.uuid())
        .bind(simulated)
        .bind(event)
        .bind(payload)
        .execute(tx.conn())
        .await?;
    Ok(())
}
