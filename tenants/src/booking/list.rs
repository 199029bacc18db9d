//! A clinic's appointments, a page at a time.

use frontdesk_types::{DoctorId, PatientId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;

use super::answer::{Appointment, Status};
use crate::page::{Ask, Page};
use crate::{Result, TenantTx};

/// Which appointments are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this doctor's.
    pub doctor: Option<DoctorId>,
    /// Only this patient's.
    pub patient: Option<PatientId>,
    /// Only of this status.
    pub status: Option<Status>,
    /// Start not before.
    pub from: Option<Timestamp>,
    /// Start before.
    pub until: Option<Timestamp>,
}

/// The clinic's appointments by start.
///
/// # Errors
/// If the database fails.
pub async fn appointments(
    tx: &mut TenantTx,
    filter: &Filter,
    ask: &Ask,
) -> Result<Page<Appointment>> {
    let rows: Vec<Json<Appointment>> = sqlx::query_scalar(
        "SELECT appointment_json(a) FROM appointments a
          WHERE a.clinic_id = $1
            AND ($2::uuid IS NULL OR a.doctor_id = $2)
            AND ($3::uuid IS NULL OR a.patient_id = $3)
            AND ($4::text IS NULL OR a.status = $4)
            AND ($5::timestamptz IS NULL OR a.starts_at >= $5)
            AND ($6::timestamptz IS NULL OR a.starts_at < $6)
            AND ($8::uuid IS NULL OR (a.starts_at, a.id) > ($7::text::timestamptz, $8))
          ORDER BY a.starts_at, a.id LIMIT $9",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(filter.doctor.map(DoctorId::uuid))
    .bind(filter.patient.map(PatientId::uuid))
    .bind(filter.status.map(Status::as_str))
    .bind(filter.from.map(ToSqlx::to_sqlx))
    .bind(filter.until.map(ToSqlx::to_sqlx))
    .bind(ask.sort())
    .bind(ask.id())
    .bind(ask.rows())
    .fetch_all(tx.conn())
    .await?;
    let rows = rows.into_iter().map(|row| row.0).collect();
    Ok(ask.page(rows, |row: &Appointment| (row.starts_at.to_string(), row.id.uuid())))
}
