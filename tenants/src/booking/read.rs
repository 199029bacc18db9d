//! Reading appointments and slots.

use frontdesk_types::{AppointmentId, CallId, SlotId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::answer::Appointment;
use crate::patient::VerifiedPatient;
use crate::{Database, Error, Reference, Result, Tenant, TenantTx};

/// The patient's appointments in this clinic, of all times and statuses, by start.
///
/// # Errors
/// If the database fails.
pub async fn appointments_of(tx: &mut TenantTx, who: &VerifiedPatient) -> Result<Vec<Appointment>> {
    let rows: Vec<Json<Appointment>> = sqlx::query_scalar(
        "SELECT appointment_json(a) FROM appointments a
          WHERE a.clinic_id = $1 AND a.patient_id = $2 ORDER BY a.starts_at, a.id",
    )
    .bind(who.clinic().uuid())
    .bind(who.patient().uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The appointments that were booked or last moved in a call, for whoever shows what came of it.
///
/// # Errors
/// If the database fails.
pub async fn appointments_made_in(tx: &mut TenantTx, call: CallId) -> Result<Vec<Appointment>> {
    let rows: Vec<Json<Appointment>> = sqlx::query_scalar(
        "SELECT appointment_json(a) FROM appointments a
          WHERE a.clinic_id = $1 AND a.booked_in_call = $2 ORDER BY a.starts_at, a.id",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(call.uuid())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// One appointment, for the staff.
///
/// # Errors
/// If the database fails.
pub async fn appointment(tx: &mut TenantTx, id: AppointmentId) -> Result<Option<Appointment>> {
    let row: Option<Json<Appointment>> = sqlx::query_scalar(
        "SELECT appointment_json(a) FROM appointments a WHERE a.clinic_id = $1 AND a.id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.0))
}

/// The patient's appointment of that reference; a reference alone opens nothing.
///
/// # Errors
/// If the database fails.
pub async fn appointment_by_reference(
    tx: &mut TenantTx,
    who: &VerifiedPatient,
    reference: Reference,
) -> Result<Option<Appointment>> {
    let row: Option<Json<Appointment>> = sqlx::query_scalar(
        "SELECT appointment_json(a) FROM appointments a
          WHERE a.clinic_id = $1 AND a.patient_id = $2 AND a.reference = $3",
    )
    .bind(who.clinic().uuid())
    .bind(who.patient().uuid())
    .bind(reference.as_str())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| row.0))
}

/// What stands between somebody and a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotState {
    /// Nothing. A hold that has expired counts as nothing.
    Free,
    /// A hold, until then.
    Held {
        /// The holder, as [`crate::Principal`] prints.
        owner: String,
        /// Until when.
        until: Timestamp,
    },
    /// An appointment.
    Booked {
        /// Who booked it, as [`crate::Principal`] prints.
        by: String,
    },
    /// Blocked or removed.
    Unavailable,
}

/// The state of a slot at `now`; `None` if there is no such slot.
///
/// # Errors
/// If the database fails.
pub async fn slot_state(
    db: &Database,
    tenant: &Tenant,
    slot: SlotId,
    now: Timestamp,
) -> Result<Option<SlotState>> {
    type Row = (String, Option<String>, Option<jiff_sqlx::Timestamp>);
    let row: Option<Row> =
        sqlx::query_as("SELECT status, owner, held_until FROM slot_state($1, $2, $3)")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .bind(slot.uuid())
            .fetch_optional(db.pool())
            .await?;
    let Some((status, owner, until)) = row else { return Ok(None) };
    Ok(Some(match (status.as_str(), owner, until) {
        ("free", ..) => SlotState::Free,
        ("held", Some(owner), Some(until)) => SlotState::Held { owner, until: until.to_jiff() },
        ("booked", Some(by), _) => SlotState::Booked { by },
        ("blocked" | "removed", ..) => SlotState::Unavailable,
        (other, ..) => return Err(Error::Answer(format!("slot status {other}"))),
    }))
}
