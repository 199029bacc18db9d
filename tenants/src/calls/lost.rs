//! Calls whose worker is gone: its lease has run out and nobody renews it.
//!
//! Such a worker or call is first marked and the call closed only a while later, so that workers whose
//! database was away can renew before somebody takes them for dead, and so that another worker can go
//! on with a call that can be moved.

use frontdesk_types::{CallId, CallOutcome, ClinicId, IdSource, Phi};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde_json::json;

use super::{CallbackReason, Evidence, add_callback, event, evidence};
use crate::{By, Database, Principal, Result, Tenant, TenantTx};

/// From the mark to the end: longer than another worker takes to go on with the call.
pub const GRACE: SignedDuration = SignedDuration::from_secs(20);

/// Clinics that have a call whose lease has run out. `worker` is a pool of `frontdesk_worker`, which
/// sees all clinics' calls.
///
/// # Errors
/// If the database fails.
pub async fn clinics_with_lost(worker: &Database, now: Timestamp) -> Result<Vec<Tenant>> {
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT clinic_id FROM calls
          WHERE ended_at IS NULL AND call_lost_for(worker, lease_until, lost_at, $1) IS NOT NULL",
    )
    .bind(now.to_sqlx())
    .fetch_all(worker.pool())
    .await?;
    Ok(ids.into_iter().map(|id| Tenant::verified(ClinicId::from_uuid(id))).collect())
}

/// Marks the clinic's calls whose lease has run out; those that are lost for longer than [`GRACE`]
/// are closed: with what they wrote as their outcome, else as abandoned. Who was identified in one is
/// to be called back, and so is whoever's number the line told, unless the call had come to something.
/// Gives how many were closed.
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
            AND (lost_at IS NULL OR lost_at < lease_until)
            AND NOT EXISTS (SELECT FROM workers w WHERE w.name = calls.worker)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    let lost: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM calls
          WHERE clinic_id = $1 AND ended_at IS NULL
            AND call_lost_for(worker, lease_until, lost_at, $2) >= make_interval(secs => $3)
          ORDER BY started_at",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(GRACE.as_secs_f64())
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    let (mut closed, mut failed) = (0, None);
    for call in lost.into_iter().map(CallId::from_uuid) {
        match close(db, tenant, call, None, now, ids).await {
            Ok(done) => closed += u64::from(done),
            Err(error) => {
                tracing::error!(%call, %error, "lost call not closed");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(closed), Err)
}

/// The outcome of a call that was cut off: as it stood, and as what it wrote bears out.
fn outcome(standing: Option<CallOutcome>, written: Evidence) -> CallOutcome {
    match standing {
        Some(CallOutcome::Emergency) => return CallOutcome::Emergency,
        _ if written.callback => return CallOutcome::Transferred,
        _ => {}
    }
    let unwritten = match standing {
        _ if written.waitlisted => CallOutcome::Waitlisted,
        _ if written.message => CallOutcome::Message,
        Some(CallOutcome::Answered) => CallOutcome::Answered,
        _ => CallOutcome::Abandoned,
    };
    written.last_write.unwrap_or(unwritten)
}

/// Closes a call that `worker` has taken over and cannot go on with, as [`close_lost`] does; whether
/// it was open and the worker's.
///
/// # Errors
/// If the database fails.
pub async fn close_held(
    db: &Database,
    tenant: &Tenant,
    call: CallId,
    worker: &str,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<bool> {
    close(db, tenant, call, Some(worker), now, ids).await
}

async fn close(
    db: &Database,
    tenant: &Tenant,
    call: CallId,
    holder: Option<&str>,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<bool> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    let written = evidence(&mut tx, call).await?;
    let standing: Option<Option<String>> =
        sqlx::query_scalar("SELECT standing FROM calls WHERE clinic_id = $1 AND id = $2")
            .bind(tenant.clinic().uuid())
            .bind(call.uuid())
            .fetch_optional(tx.conn())
            .await?;
    let standing = standing.flatten().and_then(|outcome| outcome.parse().ok());
    let outcome = outcome(standing, written);
    let row: Option<(bool, Option<uuid::Uuid>, Option<String>)> = sqlx::query_as(
        "UPDATE calls SET ended_at = greatest($3, started_at), outcome = $4,
                metrics = metrics || $5, lease_until = NULL, row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL
            AND CASE WHEN $6::text IS NULL THEN call_lost_for(worker, lease_until, lost_at, $3) IS NOT NULL
                     ELSE worker = $6 END
         RETURNING simulated, patient_id, caller_phone",
    )
    .bind(tenant.clinic().uuid())
    .bind(call.uuid())
    .bind(now.to_sqlx())
    .bind(outcome.as_str())
    .bind(json!({ "error": "its worker is gone" }))
    .bind(holder)
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
    let served = written.message || written.waitlisted || written.last_write.is_some();
    let known = patient.is_some() || (phone.is_some() && !served);
    if known && !written.callback && !simulated {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_cut_off_ends_as_it_stood_as_far_as_its_writes_bear_it_out() {
        let none = Evidence::default();
        let booked = Evidence { last_write: Some(CallOutcome::Booked), ..none };
        let told = Evidence { message: true, ..none };
        let called = Evidence { callback: true, ..booked };
        for (standing, written, expected) in [
            (None, none, CallOutcome::Abandoned),
            (Some(CallOutcome::Answered), none, CallOutcome::Answered),
            (Some(CallOutcome::Booked), none, CallOutcome::Abandoned),
            (Some(CallOutcome::Answered), booked, CallOutcome::Booked),
            (Some(CallOutcome::Answered), told, CallOutcome::Message),
            (None, called, CallOutcome::Transferred),
            (Some(CallOutcome::Emergency), called, CallOutcome::Emergency),
        ] {
            assert_eq!(outcome(standing, written), expected, "{standing:?} {written:?}");
        }
    }
}
