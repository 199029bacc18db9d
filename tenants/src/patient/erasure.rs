//! What a patient may ask for: all that is stored of them, and that it goes away.

use frontdesk_types::Phi;
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::FromRow;

use super::VerifiedPatient;
use super::record::{self, Record};
use super::register::record_change;
use crate::booking::Appointment;
use crate::crypt::KeyRing;
use crate::{By, Refusal, Result, TenantTx, booking};

/// All that the clinic stores of a patient, apart from what was said in calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Name.
    pub name: Option<Phi<String>>,
    /// Date of birth.
    pub date_of_birth: Option<Phi<Date>>,
    /// Telephone.
    pub phone: Option<Phi<String>>,
    /// E-mail.
    pub email: Option<Phi<String>>,
    /// Gender.
    pub gender: Option<Phi<String>>,
    /// Language.
    pub language: Option<String>,
    /// The clinic's record.
    pub record: Record,
    /// Appointments of all times.
    pub appointments: Vec<Appointment>,
    /// Ids of their calls.
    pub calls: Vec<frontdesk_types::CallId>,
}

#[derive(FromRow)]
struct PersonRow {
    name: Option<String>,
    date_of_birth: Option<jiff_sqlx::Date>,
    phone: Option<String>,
    email: Option<String>,
    gender: Option<String>,
    language: Option<String>,
}

/// Exports what is stored of a patient; audited.
///
/// # Errors
/// If the patient is unknown here or erased, the ring lacks the key, or the database fails.
pub async fn export(
    tx: &mut TenantTx,
    ring: &KeyRing,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
) -> Result<Export> {
    let record = record::record(tx, ring, who).await?;
    let person: PersonRow = sqlx::query_as(
        "SELECT name, date_of_birth, phone, email, gender, language FROM patients WHERE id = $1",
    )
    .bind(who.patient().uuid())
    .fetch_one(tx.conn())
    .await?;
    let calls: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT id FROM calls WHERE clinic_id = $1 AND patient_id = $2 ORDER BY started_at, id",
    )
    .bind(who.clinic().uuid())
    .bind(who.patient().uuid())
    .fetch_all(tx.conn())
    .await?;
    let appointments = booking::appointments_of(tx, who).await?;
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, call_id)
         VALUES ($1, $2, $3, 'patient.exported', 'patient', $4, $5)",
    )
    .bind(who.clinic().uuid())
    .bind(jiff_sqlx::ToSqlx::to_sqlx(now))
    .bind(by.principal.to_string())
    .bind(who.patient().uuid())
    .bind(by.call_id().map(frontdesk_types::CallId::uuid))
    .execute(tx.conn())
    .await?;
    Ok(Export {
        name: person.name.map(Phi::new),
        date_of_birth: person.date_of_birth.map(|date| Phi::new(date.to_jiff())),
        phone: person.phone.map(Phi::new),
        email: person.email.map(Phi::new),
        gender: person.gender.map(Phi::new),
        language: person.language,
        record,
        appointments,
        calls: calls.into_iter().map(frontdesk_types::CallId::from_uuid).collect(),
    })
}

/// Erases a patient from this clinic: the record is emptied, what was said in their calls loses its
/// key, and if no other clinic has a record, the person too is emptied and their data key destroyed.
/// Appointments stay, as the law asks, under a number that no longer names anybody.
///
/// # Errors
/// [`Refusal::AppointmentsInTheWay`] while an appointment is still to come; unknown patient;
/// failures of the database.
pub async fn erase(
    tx: &mut TenantTx,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    record::check(tx, who).await?;
    let answer: sqlx::types::Json<ErasedRow> =
        sqlx::query_scalar("SELECT erase_patient($1, $2, $3)")
            .bind(who.clinic().uuid())
            .bind(jiff_sqlx::ToSqlx::to_sqlx(now))
            .bind(who.patient().uuid())
            .fetch_one(tx.conn())
            .await?;
    if let Some(refusal) = answer.0.refused {
        return Err(refusal.into());
    }
    let fields = &["name", "date_of_birth", "phone", "record", "transcripts"];
    record_change(tx, "patient.deleted", who.patient(), fields, by, now).await
}

#[derive(serde::Deserialize)]
struct ErasedRow {
    refused: Option<Refusal>,
}
