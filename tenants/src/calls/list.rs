//! Calls as they were recorded, for the staff.

use frontdesk_types::{CallId, CallOutcome, Channel, PatientId, Phi};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::FromRow;
use uuid::Uuid;

use super::key::open_key;
use crate::crypt::{CryptError, KeyRing};
use crate::page::{Ask, Page};
use crate::{Error, Result, TenantTx};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Id.
    pub id: CallId,
    /// How the caller reached the clinic.
    pub channel: Channel,
    /// Whether their camera could be on.
    pub video: bool,
    /// BCP 47 language.
    pub language: String,
    /// Whom it was about, if they were identified.
    pub patient: Option<PatientId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it goes on.
    pub outcome: Option<CallOutcome>,
    /// Its clock was pinned: a test or a demo.
    pub simulated: bool,
    /// Where its recording is, if there is one.
    pub recording: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    channel: String,
    video: bool,
    language: String,
    patient_id: Option<Uuid>,
    started_at: jiff_sqlx::Timestamp,
    ended_at: Option<jiff_sqlx::Timestamp>,
    outcome: Option<String>,
    simulated: bool,
    recording_key: Option<String>,
}

const ROWS: &str = "SELECT id, channel, video, language, patient_id, started_at, ended_at, outcome,
        simulated, recording_key FROM calls WHERE clinic_id = $1";

impl TryFrom<Row> for Recorded {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: CallId::from_uuid(row.id),
            channel: row.channel.parse()?,
            video: row.video,
            language: row.language,
            patient: row.patient_id.map(PatientId::from_uuid),
            started_at: row.started_at.to_jiff(),
            ended_at: row.ended_at.map(jiff_sqlx::Timestamp::to_jiff),
            outcome: row.outcome.map(|outcome| outcome.parse()).transpose()?,
            simulated: row.simulated,
            recording: row.recording_key,
        })
    }
}

/// Which calls are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallFilter {
    /// Only about this patient.
    pub patient: Option<PatientId>,
    /// Only those that ended so.
    pub outcome: Option<CallOutcome>,
    /// Begun not before.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
}

/// The clinic's calls, the latest first.
///
/// # Errors
/// If the database fails.
pub async fn list(tx: &mut TenantTx, filter: &CallFilter, ask: &Ask) -> Result<Page<Recorded>> {
    let sql = format!(
        "{ROWS} AND ($2::uuid IS NULL OR patient_id = $2)
            AND ($3::text IS NULL OR outcome = $3)
            AND ($4::timestamptz IS NULL OR started_at >= $4)
            AND ($5::timestamptz IS NULL OR started_at < $5)
            AND ($7::uuid IS NULL OR (started_at, id) < ($6::text::timestamptz, $7))
          ORDER BY started_at DESC, id DESC LIMIT $8"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().clinic().uuid())
        .bind(filter.patient.map(PatientId::uuid))
        .bind(filter.outcome.map(CallOutcome::as_str))
        .bind(filter.from.map(ToSqlx::to_sqlx))
        .bind(filter.until.map(ToSqlx::to_sqlx))
        .bind(ask.sort())
        .bind(ask.id())
        .bind(ask.rows())
        .fetch_all(tx.conn())
        .await?;
    let rows = rows.into_iter().map(Recorded::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Recorded| (row.started_at.to_string(), row.id.uuid())))
}

/// One call.
///
/// # Errors
/// If the database fails.
pub async fn recorded(tx: &mut TenantTx, call: CallId) -> Result<Option<Recorded>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} AND id = $2")))
        .bind(tx.tenant().clinic().uuid())
        .bind(call.uuid())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Recorded::try_from).transpose()
}

/// What a call was about, in a few words; `None` if nothing was noted, or the words are destroyed.
///
/// # Errors
/// If it does not open or the database fails.
pub async fn summary(
    tx: &mut TenantTx,
    ring: &KeyRing,
    call: CallId,
) -> Result<Option<Phi<String>>> {
    let Some(key) = open_key(tx, ring, call).await? else { return Ok(None) };
    let sealed: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT summary FROM calls WHERE clinic_id = $1 AND id = $2")
            .bind(tx.tenant().clinic().uuid())
            .bind(call.uuid())
            .fetch_one(tx.conn())
            .await?;
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = key.open(&format!("calls.summary:{call}"), &sealed)?;
    let text = String::from_utf8(plain.to_vec()).map_err(|_| CryptError::Damaged)?;
    Ok(Some(Phi::new(text)))
}

/// Writes down that somebody was shown something of a call: `action` says what, such as
/// `call.transcript_read`. Before it is shown.
///
/// # Errors
/// If the database fails.
pub async fn audit_reading(
    tx: &mut TenantTx,
    call: CallId,
    action: &str,
    principal: crate::Principal,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, call_id)
         VALUES ($1, $2, $3, $4, 'call', $5, $5)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(principal.to_string())
    .bind(action)
    .bind(call.uuid())
    .execute(tx.conn())
    .await?;
    Ok(())
}
