//! Callbacks and messages as the staff works them off: open, taken by somebody, done.

use frontdesk_types::{CallId, CallbackId, PatientId, Phi};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;
use uuid::Uuid;

use super::callback::CallbackReason;
use crate::page::{Ask, Page};
use crate::{By, Error, Refusal, Result, TenantTx};

/// A callback, or a message, which is one with words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Id.
    pub id: CallbackId,
    /// The call in which it was asked for.
    pub call: Option<CallId>,
    /// Whom it is about, if they were identified.
    pub patient: Option<PatientId>,
    /// The number to call, E.164.
    pub phone: Option<Phi<String>>,
    /// Why.
    pub reason: CallbackReason,
    /// Of a message: what it is about.
    pub subject: Option<String>,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Who deals with it, and since when.
    pub taken: Option<(String, Timestamp)>,
    /// Who finished it, and when.
    pub done: Option<(String, Timestamp)>,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    call_id: Option<Uuid>,
    patient_id: Option<Uuid>,
    phone: Option<String>,
    reason: String,
    subject: Option<String>,
    asked_at: jiff_sqlx::Timestamp,
    taken_by: Option<String>,
    taken_at: Option<jiff_sqlx::Timestamp>,
    done_by: Option<String>,
    done_at: Option<jiff_sqlx::Timestamp>,
    row_version: i64,
}

const ROWS: &str =
    "SELECT id, call_id, patient_id, phone, reason, subject, asked_at, taken_by, taken_at,
        done_by, done_at, row_version FROM callbacks WHERE clinic_id = $1";

impl TryFrom<Row> for Callback {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let at = |who: Option<String>, at: Option<jiff_sqlx::Timestamp>| {
            who.zip(at.map(jiff_sqlx::Timestamp::to_jiff))
        };
        Ok(Self {
            id: CallbackId::from_uuid(row.id),
            call: row.call_id.map(CallId::from_uuid),
            patient: row.patient_id.map(PatientId::from_uuid),
            phone: row.phone.map(Phi::new),
            reason: row.reason.parse()?,
            subject: row.subject,
            asked_at: row.asked_at.to_jiff(),
            taken: at(row.taken_by, row.taken_at),
            done: at(row.done_by, row.done_at),
            version: row.row_version,
        })
    }
}

/// Which callbacks are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WorkFilter {
    /// Only those that are done, or only those that are not.
    pub done: Option<bool>,
    /// Only for this reason.
    pub reason: Option<CallbackReason>,
}

/// The clinic's callbacks and messages, the oldest first.
///
/// # Errors
/// If the database fails.
pub async fn work(tx: &mut TenantTx, filter: &WorkFilter, ask: &Ask) -> Result<Page<Callback>> {
    let sql = format!(
        "{ROWS} AND ($2::boolean IS NULL OR (done_at IS NOT NULL) = $2)
            AND ($3::text IS NULL OR reason = $3)
            AND ($5::uuid IS NULL OR (asked_at, id) > ($4::text::timestamptz, $5))
          ORDER BY asked_at, id LIMIT $6"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().clinic().uuid())
        .bind(filter.done)
        .bind(filter.reason.map(CallbackReason::as_str))
        .bind(ask.sort())
        .bind(ask.id())
        .bind(ask.rows())
        .fetch_all(tx.conn())
        .await?;
    let rows = rows.into_iter().map(Callback::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Callback| (row.asked_at.to_string(), row.id.uuid())))
}

/// One callback or message.
///
/// # Errors
/// If the database fails.
pub async fn callback(tx: &mut TenantTx, id: CallbackId) -> Result<Option<Callback>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} AND id = $2")))
        .bind(tx.tenant().clinic().uuid())
        .bind(id.uuid())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Callback::try_from).transpose()
}

/// What becomes of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Somebody deals with it.
    Take,
    /// They do not any more.
    Release,
    /// It is done.
    Finish,
    /// It is not done after all.
    Reopen,
}

impl Handling {
    const fn action(self) -> &'static str {
        match self {
            Self::Take => "callback.taken",
            Self::Release => "callback.released",
            Self::Finish => "callback.done",
            Self::Reopen => "callback.reopened",
        }
    }
}

/// Takes a callback, gives it back, finishes it or opens it again; audited. `version` is that of the row
/// that was read.
///
/// # Errors
/// [`Refusal::VersionMismatch`] if it was changed since; [`Refusal::WrongStatus`] if that cannot be done
/// with it as it stands; failures of the database.
pub async fn handle(
    tx: &mut TenantTx,
    id: CallbackId,
    version: Option<i64>,
    handling: Handling,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let principal = by.principal.to_string();
    let standing: Option<(i64, bool, bool)> = sqlx::query_as(
        "SELECT row_version, taken_at IS NOT NULL, done_at IS NOT NULL FROM callbacks
          WHERE clinic_id = $1 AND id = $2 FOR UPDATE",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    let Some((stands, taken, done)) = standing else { return Err(Refusal::VersionMismatch.into()) };
    if version.is_some_and(|version| version != stands) {
        return Err(Refusal::VersionMismatch.into());
    }
    let fits = match handling {
        Handling::Take => !taken && !done,
        Handling::Release => taken && !done,
        Handling::Finish => !done,
        Handling::Reopen => done,
    };
    if !fits {
        return Err(Refusal::WrongStatus.into());
    }
    let (take, finish) = match handling {
        Handling::Take => (Some(true), None),
        Handling::Release => (Some(false), None),
        Handling::Finish => (None, Some(true)),
        Handling::Reopen => (Some(false), Some(false)),
    };
    sqlx::query(
        "UPDATE callbacks SET row_version = row_version + 1,
                taken_by = CASE $5 WHEN true THEN $3 WHEN false THEN NULL ELSE taken_by END,
                taken_at = CASE $5 WHEN true THEN $4 WHEN false THEN NULL ELSE taken_at END,
                done_by = CASE $6 WHEN true THEN $3 WHEN false THEN NULL ELSE done_by END,
                done_at = CASE $6 WHEN true THEN $4 WHEN false THEN NULL ELSE done_at END
          WHERE clinic_id = $1 AND id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .bind(&principal)
    .bind(now.to_sqlx())
    .bind(take)
    .bind(finish)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id)
         VALUES ($1, $2, $3, $4, 'callback', $5)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(principal)
    .bind(handling.action())
    .bind(id.uuid())
    .execute(tx.conn())
    .await?;
    Ok(())
}
