//! Free slots.

use frontdesk_types::{DoctorId, IdSource, Offer, OfferId, SlotId};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;

use crate::{Database, Principal, Result, Tenant};

/// What is asked for. The clinic's lead time and booking window narrow it further.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Only this doctor.
    pub doctor: Option<DoctorId>,
    /// Only doctors of this specialty.
    pub specialty: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Local start not before this time of day.
    pub local_from: Option<Time>,
    /// Local start before this time of day.
    pub local_until: Option<Time>,
    /// `in_person` or `teleconsultation`.
    pub visit_type: Option<String>,
    /// Who asks: a slot that they hold themselves counts as free.
    pub holder: Option<Principal>,
}

#[derive(FromRow)]
struct SlotRow {
    slot_id: uuid::Uuid,
    doctor_id: uuid::Uuid,
    doctor_name: String,
    specialty: String,
    starts_at: jiff_sqlx::Timestamp,
    ends_at: jiff_sqlx::Timestamp,
    time_zone: String,
}

/// At most `limit` free slots, earliest first, as offers. One round trip, uncached.
///
/// # Errors
/// If the database fails.
pub async fn find_free_slots(
    db: &Database,
    tenant: &Tenant,
    search: &Search,
    now: Timestamp,
    limit: u32,
    ids: &dyn IdSource,
) -> Result<Vec<Offer>> {
    let rows: Vec<SlotRow> = sqlx::query_as(
        "SELECT slot_id, doctor_id, doctor_name, specialty, starts_at, ends_at, time_zone
           FROM free_slots($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(tenant.clinic().uuid())
    .bind(now.to_sqlx())
    .bind(search.holder.map(|holder| holder.to_string()))
    .bind(search.doctor.map(DoctorId::uuid))
    .bind(&search.specialty)
    .bind(search.from.unwrap_or(now).to_sqlx())
    .bind(search.until.map(jiff_sqlx::ToSqlx::to_sqlx))
    .bind(search.local_from.map(jiff_sqlx::ToSqlx::to_sqlx))
    .bind(search.local_until.map(jiff_sqlx::ToSqlx::to_sqlx))
    .bind(&search.visit_type)
    .bind(i32::try_from(limit).unwrap_or(i32::MAX))
    .fetch_all(db.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Offer {
            id: OfferId::new(ids),
            slot: SlotId::from_uuid(row.slot_id),
            second: None,
            doctor: DoctorId::from_uuid(row.doctor_id),
            doctor_name: row.doctor_name,
            specialty: row.specialty,
            starts_at: row.starts_at.to_jiff(),
            ends_at: row.ends_at.to_jiff(),
            time_zone: row.time_zone,
        })
        .collect())
}
