//! Calls whose worker is gone: its lease has run out and nobody renews it.
//!
//! Such a call is first marked and closed only a while later, so that workers whose database was away
//! can renew before somebody takes them for dead.

use frontdesk_types::{CallId, CallOutcome, ClinicId, IdSource, Phi};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde_json::json;

use super::{CallbackReason, add_callback, event, evidence};
use crate::{By, Database, Principal, Result, Tenant, TenantTx};

/// From the mark to the end: longer than a worker takes to renew its lease.
pub const GRACE: SignedDuration = SignedDuration::from_secs(20);

/// Clinics that have a call whose lease has run out. `worker` is a pool of `frontdesk_worker`, which
/// sees all clinics' calls.
///
/// # Errors
/// If the database fails.
pub async fn clinics_with_lost(worker: &Database, now: Timestamp) -> Result<Vec<Tenant>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT clinic_id FROM calls WHERE ended_at IS NULL AND lease_until <= $1",
    )
    .bind(now.to_sqlx())
    .fetch_all(worker.pool())
    .await?;
    Ok(ids.into_iter().map(|id| Tenant::verified(ClinicId::from_uuid(id))).collect())
}

/// Marks the clinic's calls whose lease has run out; those that are marked for longer than [`GRACE`]
/// are closed: with what they wrote as their outcome, else as abandoned. Who was identified in one is
/// to be called back. Gives how many were closed.
///
/// # Errors
/// If the database fails; the other calls are closed nevertheless.
pub async fn close_lost(
    db: &Database,
    tenant: &Tenant,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<u64> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE calls SET lost_at = $2
          WHERE clinic_id = $1 AND ended_at IS NULL AND lease_until <= $2
            AND (lost_at IS NULL OR lost_at < lease_until)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    let marked = now.saturating_sub(GRACE).unwrap_or(now);
    let lost: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM calls
          WHERE clinic_id = $1 AND ended_at IS NULL AND lease_until <= $2
            AND lost_at >= lease_until AND lost_at <= $3
          ORDER BY started_at",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(marked.to_sqlx())
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    let (mut closed, mut failed) = (0, None);
    for call in lost.into_iter().map(CallId::from_uuid) {
        match close(db, tenant, call, now, ids).await {
            Ok(done) => closed += u64::from(done),
            Err(error) => {
                tracing::error!(%call, %error, "lost call not closed");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(closed), Err)
}

async fn close(
    db: &Database,
    tenant: &Tenant,
    call: CallId,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<bool> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    let written = evidence(&mut tx, call).await?;
    let outcome = match written {
        w if w.callback => CallOutcome::Transferred,
        w if w.message => w.last_write.unwrap_or(CallOutcome::Message),
        w => w.last_write.unwrap_or(CallOutcome::Abandoned),
    };
    let row: Option<(bool, Option<uuid::Uuid>, Option<String>)> = sqlx::query_as(
        "UPDATE calls SET ended_at = greatest($3, started_at), outcome = $4,
                metrics = metrics || $5, lease_until = NULL, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL AND lease_until <= $3
         RETURNING simulated, patient_id, caller_phone",
    )
    .bind(tenant.clinic().uuid())
    .bind(call.uuid())
    .bind(now.to_sqlx())
    .bind(outcome.as_str())
    .bind(json!({ "error": "its worker is gone" }))
    .fetch_optional(tx.conn())
    .await?;
    // Renewed or ended meanwhile.
    let Some((simulated, patient, phone)) = row else { return Ok(false) };
    sqlx::query("DELETE FROM call_snapshots WHERE clinic_id = $1 AND call_id = $2")
        .bind(tenant.clinic().uuid())
        .bind(call.uuid())
        .execute(tx.conn())
        .await?;
    event(&mut tx, "call.ended", call, json!({ "outcome": outcome }), simulated, now).await?;
    if patient.is_some() && !written.callback && !simulated {
        let by = By::principal(Principal::Job("calls")).with_key(format!("{call}/lost"));
        let phone = phone.map(Phi::new);
        let reason = CallbackReason::Failure;
        add_callback(&mut tx, Some(call), phone.as_ref(), reason, &by, now, ids).await?;
    }
    tx.commit().await?;
    tracing::warn!(%call, outcome = outcome.as_str(), "call of a worker that is gone closed");
    Ok(true)
}

/// Destroys what was said in calls that are over for longer than the clinic keeps it (its transcripts,
/// snapshots, summaries and messages, with their key); what was counted stays. At most `limit` calls;
/// gives how many.
///
/// # Errors
/// If the database fails.
pub async fn expire_transcripts(
    db: &Database,
    tenant: &Tenant,
    now: Timestamp,
    limit: i32,
) -> Result<u64> {
    let done: i32 = sqlx::query_scalar("SELECT expire_transcripts($1, $2, $3)")
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .bind(limit)
        .fetch_one(db.pool())
        .await?;
    Ok(u64::try_from(done).unwrap_or(0))
}
