//! Call records: the call, its turns, the snapshot from which another worker goes on, callbacks.
//!
//! What is said is sealed with a data key of the call; without the key (retention, erasure) the
//! words are gone and the statistics stay. Snapshots are opaque here.

use frontdesk_types::{CallId, CallOutcome, Channel, IdSource, Phi};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::{Value, json};

use crate::crypt::{CryptError, KeyRing, Rewrapped, SecretKey, Wrapped};
use crate::patient::VerifiedPatient;
use crate::{By, Error, Principal, Result, TenantTx, once};

/// Name of the operation for its idempotency keys.
const CALLBACK: &str = "callback";

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
    /// The worker that runs it.
    pub worker: String,
    /// Until when the worker must have renewed its lease ([`renew`]).
    pub lease_until: Timestamp,
}

/// The data key of a call, for its worker to hold while it runs.
#[derive(Debug)]
pub struct CallKey {
    call: CallId,
    key: SecretKey,
}

fn key_place(call: CallId) -> String {
    format!("calls:{call}")
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The agent; what was played, not what was generated.
    Agent,
    /// A member of the staff.
    Staff,
    /// A tool, for the record.
    Tool,
}

impl Speaker {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
            Self::Staff => "staff",
            Self::Tool => "tool",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Caller, Self::Agent, Self::Staff, Self::Tool]
            .into_iter()
            .find(|speaker| speaker.as_str() == text)
            .ok_or_else(|| Error::Answer(format!("speaker {text}")))
    }
}

/// One turn of the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Number within the call, from 0.
    pub number: i32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said.
    pub text: Phi<String>,
    /// Latencies and the like; no words.
    pub metrics: Value,
    /// When it began.
    pub spoken_at: Timestamp,
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Web => "web",
        Channel::Phone => "phone",
        Channel::Text => "text",
    }
}

fn outcome_str(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Booked => "booked",
        CallOutcome::Rescheduled => "rescheduled",
        CallOutcome::Cancelled => "cancelled",
        CallOutcome::Answered => "answered",
        CallOutcome::Transferred => "transferred",
        CallOutcome::Emergency => "emergency",
        CallOutcome::Abandoned => "abandoned",
    }
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
                            simulated, worker, lease_until, ring_key, wrapped_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.id.uuid())
    .bind(channel(call.channel))
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
    .execute(tx.conn())
    .await?;
    event(tx, "call.started", call.id, json!({"channel": channel(call.channel)}), simulated, now)
        .await?;
    Ok(CallKey { call: call.id, key })
}

/// The key of a call that another worker began, and the lease on it; `None` if the call is unknown,
/// over, or another worker's lease still runs.
///
/// # Errors
/// If the ring lacks the key or the database fails.
pub async fn take_over(
    tx: &mut TenantTx,
    ring: &KeyRing,
    call: CallId,
    worker: &str,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<Option<CallKey>> {
    let row: Option<(Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
        "UPDATE calls SET worker = $3, lease_until = $4, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
            AND (worker = $3 OR lease_until IS NULL OR lease_until <= $5)
         RETURNING ring_key, wrapped_key",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .bind(worker)
    .bind(lease_until.to_sqlx())
    .bind(now.to_sqlx())
    .fetch_optional(tx.conn())
    .await?;
    match row {
        None => Ok(None),
        Some((Some(ring_key), Some(sealed))) => {
            let key = ring.unwrap(&key_place(call), &Wrapped { ring_key, sealed })?;
            Ok(Some(CallKey { call, key }))
        }
        Some(_) => Err(CryptError::Destroyed.into()),
    }
}

/// Renews the worker's lease; false if another worker has the call now.
///
/// # Errors
/// If the database fails.
pub async fn renew(
    tx: &mut TenantTx,
    call: CallId,
    worker: &str,
    lease_until: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE calls SET lease_until = $4
          WHERE clinic_id = $1 AND id = $2 AND worker = $3 AND ended_at IS NULL",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .bind(worker)
    .bind(lease_until.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
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

/// Writes turns; one that is there already stays as it is, so a repeat does no harm.
///
/// # Errors
/// If the database fails.
pub async fn add_turns(tx: &mut TenantTx, key: &CallKey, turns: &[Turn]) -> Result<()> {
    for turn in turns {
        let place = format!("call_turns.body:{}:{}", key.call, turn.number);
        sqlx::query(
            "INSERT INTO call_turns (clinic_id, call_id, turn, speaker, body, metrics, spoken_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        )
        .bind(tx.tenant().clinic().uuid())
        .bind(key.call.uuid())
        .bind(turn.number)
        .bind(turn.speaker.as_str())
        .bind(key.key.seal(&place, turn.text.expose().as_bytes())?)
        .bind(&turn.metrics)
        .bind(turn.spoken_at.to_sqlx())
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// The transcript, in order.
///
/// # Errors
/// If a turn does not open or the database fails.
pub async fn transcript(tx: &mut TenantTx, ring: &KeyRing, call: CallId) -> Result<Vec<Turn>> {
    type Row = (i32, String, Vec<u8>, Value, jiff_sqlx::Timestamp);
    let Some(key) = open_key(tx, ring, call).await? else { return Ok(Vec::new()) };
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT turn, speaker, body, metrics, spoken_at FROM call_turns
          WHERE clinic_id = $1 AND call_id = $2 ORDER BY turn",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter()
        .map(|(number, speaker, body, metrics, spoken_at)| {
            let plain = key.open(&format!("call_turns.body:{call}:{number}"), &body)?;
            let text = String::from_utf8(plain.to_vec()).map_err(|_| CryptError::Damaged)?;
            Ok(Turn {
                number,
                speaker: Speaker::parse(&speaker)?,
                text: Phi::new(text),
                metrics,
                spoken_at: spoken_at.to_jiff(),
            })
        })
        .collect()
}

async fn open_key(tx: &mut TenantTx, ring: &KeyRing, call: CallId) -> Result<Option<SecretKey>> {
    let row: Option<(Option<String>, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT ring_key, wrapped_key FROM calls WHERE clinic_id = $1 AND id = $2")
            .bind(tx.tenant().clinic().uuid())
            .bind(call.uuid())
            .fetch_optional(tx.conn())
            .await?;
    let Some((Some(ring_key), Some(sealed))) = row else { return Ok(None) };
    Ok(Some(ring.unwrap(&key_place(call), &Wrapped { ring_key, sealed })?))
}

/// Re-wraps up to `limit` data keys of the clinic's calls by the newest key of the ring; see
/// [`crate::patient::rewrap_keys`]. Calls under way are among them: their workers hold the data key
/// itself, which does not change.
///
/// # Errors
/// If a key is wrapped by one that is not in the ring, or the database fails.
pub async fn rewrap_keys(tx: &mut TenantTx, ring: &KeyRing, limit: i64) -> Result<Rewrapped> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT id, ring_key, wrapped_key FROM calls
          WHERE clinic_id = $1 AND ring_key <> $2 ORDER BY id LIMIT $3 FOR UPDATE",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(ring.newest())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    let mut done = 0;
    for (call, ring_key, sealed) in rows {
        let place = key_place(CallId::from_uuid(call));
        let Some(new) = ring.rewrap(&place, &Wrapped { ring_key, sealed })? else { continue };
        sqlx::query(
            "UPDATE calls SET ring_key = $3, wrapped_key = $4 WHERE clinic_id = $1 AND id = $2",
        )
        .bind(tx.tenant().clinic().uuid())
        .bind(call)
        .bind(new.ring_key)
        .bind(new.sealed)
        .execute(tx.conn())
        .await?;
        done += 1;
    }
    let left =
        sqlx::query_scalar("SELECT count(*) FROM calls WHERE clinic_id = $1 AND ring_key <> $2")
            .bind(tx.tenant().clinic().uuid())
            .bind(ring.newest())
            .fetch_one(tx.conn())
            .await?;
    Ok(Rewrapped { done, left })
}

/// Stores the state of the call after a turn. False if a later one is there: then this worker is
/// behind another that took the call over, and must stop.
///
/// # Errors
/// If the database fails.
pub async fn save_snapshot(
    tx: &mut TenantTx,
    key: &CallKey,
    turn: i32,
    body: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let sealed = key.key.seal(&format!("call_snapshots.body:{}", key.call), body)?;
    let done = sqlx::query(
        "INSERT INTO call_snapshots AS s (clinic_id, call_id, turn, body, taken_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (clinic_id, call_id) DO UPDATE
            SET turn = excluded.turn, body = excluded.body, taken_at = excluded.taken_at
          WHERE s.turn <= excluded.turn",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(key.call.uuid())
    .bind(turn)
    .bind(sealed)
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The last stored state of a call: its turn and its body.
///
/// # Errors
/// If it does not open or the database fails.
pub async fn load_snapshot(tx: &mut TenantTx, key: &CallKey) -> Result<Option<(i32, Vec<u8>)>> {
    let row: Option<(i32, Vec<u8>)> = sqlx::query_as(
        "SELECT turn, body FROM call_snapshots WHERE clinic_id = $1 AND call_id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(key.call.uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some((turn, sealed)) = row else { return Ok(None) };
    let body = key.key.open(&format!("call_snapshots.body:{}", key.call), &sealed)?;
    Ok(Some((turn, body.to_vec())))
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
    .bind(outcome_str(outcome))
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
    let payload = json!({"outcome": outcome_str(outcome)});
    event(tx, "call.ended", key.call, payload, simulated, now).await?;
    Ok(true)
}

/// Why somebody is to be called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackReason {
    /// They asked for a person.
    Asked,
    /// All lines were busy.
    Busy,
    /// An emergency was heard.
    Emergency,
    /// They could not be identified.
    Unidentified,
    /// Something of ours failed.
    Failure,
}

impl CallbackReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Busy => "busy",
            Self::Emergency => "emergency",
            Self::Unidentified => "unidentified",
            Self::Failure => "failure",
        }
    }
}

/// Notes a callback, and that the call was escalated. `call` is `None` for a caller who was only
/// told that all lines are busy. Asked again under the same key, nothing is written again.
///
/// # Errors
/// If the call is unknown or the database fails.
pub async fn add_callback(
    tx: &mut TenantTx,
    call: Option<CallId>,
    phone: Option<&Phi<String>>,
    reason: CallbackReason,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<uuid::Uuid> {
    let before = once::answered(tx, CALLBACK, by).await?;
    if let Some(id) = before.as_ref().and_then(|answer| answer.get("callback")?.as_str()) {
        return id.parse().map_err(|_| Error::Answer("a callback's id".to_owned()));
    }
    let id = ids.uuid();
    once::keep(tx, CALLBACK, by, &json!({ "callback": id }), now).await?;
    sqlx::query(
        "INSERT INTO callbacks (clinic_id, id, call_id, phone, reason, asked_at, patient_id)
         VALUES ($1, $2, $3, $4, $5, $6,
                 (SELECT patient_id FROM calls WHERE clinic_id = $1 AND id = $3))",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id)
    .bind(call.map(CallId::uuid))
    .bind(phone.map(Phi::expose))
    .bind(reason.as_str())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    if let Some(call) = call {
        let payload = json!({"callback": id, "reason": reason.as_str()});
        event(tx, "call.escalated", call, payload, by.simulated, now).await?;
    }
    Ok(id)
}

/// What a call has written, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// What became of an appointment last: booked, rescheduled or cancelled.
    pub last_write: Option<CallOutcome>,
    /// Whether somebody is to be called back.
    pub callback: bool,
}

/// What a call has written.
///
/// # Errors
/// If the database fails.
pub async fn evidence(tx: &mut TenantTx, call: CallId) -> Result<Evidence> {
    let (last, callback): (Option<String>, bool) = sqlx::query_as(
        "SELECT (SELECT action FROM audit_log
                  WHERE clinic_id = $1 AND call_id = $2 AND entity = 'appointment'
                    AND action IN ('appointment.created', 'appointment.rescheduled',
                                   'appointment.cancelled')
                  ORDER BY position DESC LIMIT 1),
                EXISTS (SELECT FROM callbacks WHERE clinic_id = $1 AND call_id = $2)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_one(tx.conn())
    .await?;
    let last_write = match last.as_deref() {
        Some("appointment.created") => Some(CallOutcome::Booked),
        Some("appointment.rescheduled") => Some(CallOutcome::Rescheduled),
        Some("appointment.cancelled") => Some(CallOutcome::Cancelled),
        _ => None,
    };
    Ok(Evidence { last_write, callback })
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
