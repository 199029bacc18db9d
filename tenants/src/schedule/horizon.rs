//! The rolling horizon: slots from today to the end of each clinic's booking window, a day more each
//! day, all of them again when the schedule has changed.

use frontdesk_types::{ClinicId, IdSource};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use jiff_sqlx::ToSqlx as _;

use super::generate::generate_range;
use crate::directory::clinic_by_id;
use crate::{Database, Error, Principal, Refusal, Result, Tenant, TenantTx, zones};

/// Days of one transaction: short, so that bookings are not kept waiting.
const CHUNK_DAYS: i64 = 14;

/// How long a clinic whose slots could not be made is left alone.
const REST: SignedDuration = SignedDuration::from_mins(10);

/// Active clinics whose slots are not there as far as they should be.
///
/// # Errors
/// If the database fails.
pub async fn behind(db: &Database, now: Timestamp) -> Result<Vec<Tenant>> {
    // One cheap read for all clinics, without their time zones, of which one may be wrong: half a
    // day late is early enough, because a day more than the window is generated.
    let due: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT g.clinic_id FROM slot_generation g JOIN clinics c ON c.id = g.clinic_id AND c.active
          WHERE (g.retry_at IS NULL OR g.retry_at <= $1)
            AND (g.generated_version <> g.schedule_version OR g.generated_until IS NULL
              OR g.generated_until < ($1::timestamptz AT TIME ZONE 'UTC' - interval '12 hours')::date
                                     + c.booking_window_days + 1)
          ORDER BY g.generated_until NULLS FIRST, g.clinic_id",
    )
    .bind(now.to_sqlx())
    .fetch_all(db.pool())
    .await?;
    Ok(due.into_iter().map(|id| Tenant::verified(ClinicId::from_uuid(id))).collect())
}

/// Makes the clinic's slots up to a day past its booking window: those of the days that are missing,
/// or of all days if the schedule has changed. Gives how many came to be free.
///
/// # Errors
/// If the clinic is gone, its time zone unknown or the database fails.
pub async fn keep(
    db: &Database,
    tenant: &Tenant,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<usize> {
    let clinic = clinic_by_id(db, tenant.clinic()).await?.ok_or(Refusal::ClinicInactive)?;
    zones::align(db, &clinic.time_zone, now).await?;
    let today = now.to_zoned(clinic.zone()?).date();
    let add = |date: Date, days: i64| {
        date.checked_add(days.days())
            .map_err(|error| Error::Invalid(format!("the booking window is out of range: {error}")))
    };
    let last = add(today, i64::from(clinic.policy.window_days) + 1)?;
    let mut tx = TenantTx::begin(db, tenant).await?;
    let state: Option<(i64, i64, Option<jiff_sqlx::Date>)> = sqlx::query_as(
        "SELECT schedule_version, generated_version, generated_until FROM slot_generation
          WHERE clinic_id = $1",
    )
    .bind(tenant.clinic().uuid())
    .fetch_optional(tx.conn())
    .await?;
    drop(tx);
    // Nothing to make slots from.
    let Some((version, generated, until)) = state else { return Ok(0) };
    let done = until.map(jiff_sqlx::Date::to_jiff).filter(|_| generated == version);
    let mut from = match done {
        Some(done) => today.max(add(done, 1)?),
        None => today,
    };
    let mut made = 0;
    while from <= last {
        let until = add(from, CHUNK_DAYS - 1)?.min(last);
        let job = Principal::Job("slots");
        made += generate_range(db, tenant, job, from, until, now, ids).await?.made;
        from = add(until, 1)?;
    }
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query(
        "UPDATE slot_generation SET generated_version = $2, generated_until = $3, retry_at = NULL
          WHERE clinic_id = $1",
    )
    .bind(tenant.clinic().uuid())
    .bind(version)
    .bind(last.to_sqlx())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(made)
}

/// Leaves a clinic alone for a while, whose slots could not be made; a change of its schedule ends
/// that at once.
///
/// # Errors
/// If the database fails.
pub async fn rest(db: &Database, tenant: &Tenant, now: Timestamp) -> Result<()> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    sqlx::query("UPDATE slot_generation SET retry_at = $2 WHERE clinic_id = $1")
        .bind(tenant.clinic().uuid())
        .bind(now.saturating_add(REST).unwrap_or(now).to_sqlx())
        .execute(tx.conn())
        .await?;
    tx.commit().await
}
