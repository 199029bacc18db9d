//! A clinic's appointments and calls at a glance, for its own staff and for checks after a call.

use frontdesk_types::{AppointmentId, CallId, CallOutcome, DoctorId, PatientId, Phi};
use jiff::Timestamp;
use sqlx::FromRow;

use crate::booking::Status;
use crate::{Error, Reference, Result, TenantTx};

/// An appointment with the names that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Id.
    pub id: AppointmentId,
    /// The doctor.
    pub doctor: DoctorId,
    /// The doctor's name, without a title.
    pub doctor_name: String,
    /// The doctor's specialties, the first one first.
    pub specialties: Vec<String>,
    /// The patient.
    pub patient: PatientId,
    /// The patient's name; `None` for somebody who has not given one.
    pub patient_name: Option<Phi<String>>,
    /// Start.
    pub starts_at: Timestamp,
    /// Status.
    pub status: Status,
    /// The reference that the patient was told.
    pub reference: Reference,
    /// The call that made or last moved it.
    pub call: Option<CallId>,
}

#[derive(FromRow)]
struct VisitRow {
    id: uuid::Uuid,
    doctor_id: uuid::Uuid,
    doctor_name: String,
    specialties: Vec<String>,
    patient_id: uuid::Uuid,
    patient_name: Option<String>,
    starts_at: jiff_sqlx::Timestamp,
    status: String,
    reference: String,
    booked_in_call: Option<uuid::Uuid>,
}

/// The clinic's appointments of all times and statuses, by start; at most `limit`.
///
/// # Errors
/// If the database fails.
pub async fn visits(tx: &mut TenantTx, limit: i64) -> Result<Vec<Visit>> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "SELECT a.id, a.doctor_id, d.name AS doctor_name, a.patient_id, p.name AS patient_name,
                a.starts_at, a.status, a.reference, a.booked_in_call,
                ARRAY(SELECT s.specialty FROM doctor_specialties s
                       WHERE s.clinic_id = a.clinic_id AND s.doctor_id = a.doctor_id
                       ORDER BY s.rank, s.specialty) AS specialties
           FROM appointments a
           JOIN doctors d ON d.clinic_id = a.clinic_id AND d.id = a.doctor_id
           JOIN patients p ON p.id = a.patient_id
          WHERE a.clinic_id = $1 ORDER BY a.starts_at, a.id LIMIT $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(visit).collect()
}

fn visit(row: VisitRow) -> Result<Visit> {
    let reference = serde_json::from_value(row.reference.into());
    Ok(Visit {
        id: AppointmentId::from_uuid(row.id),
        doctor: DoctorId::from_uuid(row.doctor_id),
        doctor_name: row.doctor_name,
        specialties: row.specialties,
        patient: PatientId::from_uuid(row.patient_id),
        patient_name: row.patient_name.map(Phi::new),
        starts_at: row.starts_at.to_jiff(),
        status: row.status.parse()?,
        reference: reference.map_err(|error| Error::Answer(error.to_string()))?,
        call: row.booked_in_call.map(CallId::from_uuid),
    })
}

/// A call as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// Id.
    pub id: CallId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// How it ended; `None` while it goes on.
    pub outcome: Option<CallOutcome>,
}

/// The call of that room, the last one if there were several.
///
/// # Errors
/// If the database fails.
pub async fn call_in_room(tx: &mut TenantTx, room: &str) -> Result<Option<CallSummary>> {
    type Row = (uuid::Uuid, jiff_sqlx::Timestamp, Option<jiff_sqlx::Timestamp>, Option<String>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, started_at, ended_at, outcome FROM calls
          WHERE clinic_id = $1 AND room = $2 ORDER BY started_at DESC, id DESC LIMIT 1",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(room)
    .fetch_optional(tx.conn())
    .await?;
    let Some((id, started_at, ended_at, outcome)) = row else { return Ok(None) };
    Ok(Some(CallSummary {
        id: CallId::from_uuid(id),
        started_at: started_at.to_jiff(),
        ended_at: ended_at.map(jiff_sqlx::Timestamp::to_jiff),
        outcome: outcome.map(|outcome| outcome.parse()).transpose()?,
    }))
}
