//! The clinic's own row: added, changed, with its version.

use std::collections::BTreeMap;

use frontdesk_types::{ClinicId, IdSource};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use crate::directory::{BookingPolicy, ClinicKind};
use crate::{By, Database, Refusal, Result, Tenant, TenantTx};

/// What a clinic says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ClinicDetails {
    /// Name as spoken.
    pub name: String,
    /// ISO 3166 country, two letters.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// BCP 47 languages it serves, first the main one.
    pub languages: Vec<String>,
    /// Emergency number of its country.
    pub emergency_number: String,
    /// Telephone, E.164.
    pub phone: String,
    /// Postal address.
    pub address: String,
    /// Opening hours by days, such as `sun-thu` → `09:00-17:00`.
    pub opening_hours: BTreeMap<String, String>,
    /// Booking policy.
    pub policy: BookingPolicy,
}

/// Adds a clinic, active at once and with nobody in it.
///
/// # Errors
/// If the slug or the telephone is another's, a value is not acceptable, or the database fails.
pub async fn add(
    db: &Database,
    slug: &str,
    kind: ClinicKind,
    details: &ClinicDetails,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Tenant> {
    let tenant = Tenant::verified(ClinicId::new(ids));
    let mut tx = TenantTx::begin(db, &tenant).await?;
    sqlx::query(
        "INSERT INTO clinics (id, slug, kind, name, country, time_zone, languages, emergency_number,
                              phone, address, opening_hours, min_lead_minutes, booking_window_days,
                              cancel_notice_minutes, prepayment)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(tenant.clinic().uuid())
    .bind(slug)
    .bind(kind.as_str())
    .bind(&details.name)
    .bind(&details.country)
    .bind(&details.time_zone)
    .bind(&details.languages)
    .bind(&details.emergency_number)
    .bind(&details.phone)
    .bind(&details.address)
    .bind(Json(&details.opening_hours))
    .bind(details.policy.min_lead_minutes)
    .bind(details.policy.window_days)
    .bind(details.policy.cancel_notice_minutes)
    .bind(details.policy.prepayment)
    .execute(tx.conn())
    .await?;
    audit(&mut tx, "clinic.created", by, now).await?;
    tx.commit().await?;
    Ok(tenant)
}

/// Version of the clinic's row, for conditional changes.
///
/// # Errors
/// If the database fails.
pub async fn version(tx: &mut TenantTx) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT row_version FROM clinics WHERE id = $1")
        .bind(tx.tenant().clinic().uuid())
        .fetch_one(tx.conn())
        .await?)
}

/// Changes what the clinic says of itself; `version` is that of the row that was read.
///
/// # Errors
/// [`Refusal::VersionMismatch`] if it was changed since; as [`add`].
pub async fn update(
    tx: &mut TenantTx,
    version: Option<i64>,
    details: &ClinicDetails,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE clinics SET name = $3, country = $4, time_zone = $5, languages = $6,
                emergency_number = $7, phone = $8, address = $9, opening_hours = $10,
                min_lead_minutes = $11, booking_window_days = $12, cancel_notice_minutes = $13,
                prepayment = $14, row_version = row_version + 1
          WHERE id = $1 AND ($2::bigint IS NULL OR row_version = $2) AND active",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(version)
    .bind(&details.name)
    .bind(&details.country)
    .bind(&details.time_zone)
    .bind(&details.languages)
    .bind(&details.emergency_number)
    .bind(&details.phone)
    .bind(&details.address)
    .bind(Json(&details.opening_hours))
    .bind(details.policy.min_lead_minutes)
    .bind(details.policy.window_days)
    .bind(details.policy.cancel_notice_minutes)
    .bind(details.policy.prepayment)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::VersionMismatch.into());
    }
    audit(tx, "clinic.updated", by, now).await
}

async fn audit(tx: &mut TenantTx, action: &str, by: &By, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id)
         VALUES ($1, $2, $3, $4, 'clinic', $1)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(action)
    .execute(tx.conn())
    .await?;
    Ok(())
}
