//! Doctors of a clinic, and their projection into the directory of all clinics, which is all that a
//! search across clinics may read.

mod records;

use frontdesk_types::{ClinicId, DoctorId, EventId, Gender, IdSource};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;

use crate::{By, Database, Refusal, Result, TenantTx};

pub use records::{Doctor, doctor, list, of_user, set_user};

/// What a clinic says of a doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorDetails {
    /// Name as spoken, without a title.
    pub name: String,
    /// Licence number, unique in the clinic.
    pub license_number: String,
    /// Specialties, the first one first.
    pub specialties: Vec<String>,
    /// BCP 47 languages spoken.
    pub languages: Vec<String>,
    /// Gender, where the doctor wants it known. Never guessed from a name.
    pub gender: Option<Gender>,
    /// Fee in the clinic's currency, a decimal number.
    pub fee: Option<String>,
    /// Years of experience.
    pub years_experience: Option<i32>,
    /// A few words.
    pub bio: Option<String>,
    /// Where they see patients.
    pub location: Option<String>,
}

/// Registers a doctor with the clinic: `doctor.created`.
///
/// # Errors
/// If the licence number is in use, a specialty is unknown, the clinic is inactive, or the database
/// fails.
pub async fn add(
    tx: &mut TenantTx,
    details: &DoctorDetails,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<DoctorId> {
    let doctor = DoctorId::new(ids);
    sqlx::query(
        "INSERT INTO doctors (clinic_id, id, name, license_number, fee, languages,
                              years_experience, bio, location, gender)
         VALUES ($1, $2, $3, $4, $5::text::numeric, $6, $7, $8, $9, $10)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.uuid())
    .bind(&details.name)
    .bind(&details.license_number)
    .bind(&details.fee)
    .bind(&details.languages)
    .bind(details.years_experience)
    .bind(&details.bio)
    .bind(&details.location)
    .bind(details.gender.map(Gender::as_str))
    .execute(tx.conn())
    .await?;
    set_specialties(tx, doctor, &details.specialties).await?;
    record(tx, "doctor.created", doctor, by, now).await?;
    Ok(doctor)
}

/// Changes what the clinic says of a doctor: `doctor.updated`. `version` is that of the row that was
/// read.
///
/// # Errors
/// [`Refusal::VersionMismatch`] if it was changed since, or there is no such active doctor; else as
/// [`add`].
pub async fn update(
    tx: &mut TenantTx,
    doctor: DoctorId,
    version: i64,
    details: &DoctorDetails,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let done = sqlx::query(
        "UPDATE doctors SET name = $4, license_number = $5, fee = $6::text::numeric,
                languages = $7, years_experience = $8, bio = $9, location = $10,
                gender = $11,
                row_version = row_version + 1
          WHERE clinic_id = $1 AND id = $2 AND row_version = $3 AND active",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.uuid())
    .bind(version)
    .bind(&details.name)
    .bind(&details.license_number)
    .bind(&details.fee)
    .bind(&details.languages)
    .bind(details.years_experience)
    .bind(&details.bio)
    .bind(&details.location)
    .bind(details.gender.map(Gender::as_str))
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::VersionMismatch.into());
    }
    set_specialties(tx, doctor, &details.specialties).await?;
    record(tx, "doctor.updated", doctor, by, now).await
}

async fn set_specialties(tx: &mut TenantTx, doctor: DoctorId, of: &[String]) -> Result<()> {
    sqlx::query("DELETE FROM doctor_specialties WHERE clinic_id = $1 AND doctor_id = $2")
        .bind(tx.tenant().clinic().uuid())
        .bind(doctor.uuid())
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "INSERT INTO doctor_specialties (clinic_id, doctor_id, specialty, rank)
         SELECT $1, $2, s, rank FROM unnest($3::text[]) WITH ORDINALITY AS o (s, rank)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.uuid())
    .bind(of)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn record(
    tx: &mut TenantTx,
    event: &str,
    doctor: DoctorId,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("SELECT record_change($1, $2, $3, NULL, false, $4, 'doctor', $5, $6, '{}')")
        .bind(tx.tenant().clinic().uuid())
        .bind(now.to_sqlx())
        .bind(by.principal.to_string())
        .bind(event)
        .bind(doctor.uuid())
        .bind(vec!["name", "specialties", "languages", "fee", "gender"])
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An event of a doctor, as the relay hands it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoctorEvent {
    /// Id of the event.
    pub event: EventId,
    /// Its clinic.
    pub clinic: ClinicId,
    /// Its aggregate.
    pub doctor: DoctorId,
}

/// Handles an event of a doctor: brings the directory to what the clinic says now; so events may
/// come late, twice or out of order. `worker` is a pool of `frontdesk_worker`. False if the event
/// was handled before [DIR-1].
///
/// # Errors
/// If the database fails.
pub async fn project(worker: &Database, event: &DoctorEvent, now: Timestamp) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT project_doctor($1, $2, $3, $4)")
        .bind(event.event.uuid())
        .bind(now.to_sqlx())
        .bind(event.clinic.uuid())
        .bind(event.doctor.uuid())
        .fetch_one(worker.pool())
        .await?)
}

/// A doctor as the directory of all clinics shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Clinic.
    pub clinic: ClinicId,
    /// Doctor.
    pub doctor: DoctorId,
    /// Name.
    pub name: String,
    /// Specialties, the first one first.
    pub specialties: Vec<String>,
    /// Languages spoken.
    pub languages: Vec<String>,
    /// Fee in the clinic's currency, as written.
    pub fee: Option<String>,
}

#[derive(FromRow)]
struct ListedRow {
    clinic_id: uuid::Uuid,
    doctor_id: uuid::Uuid,
    name: String,
    specialties: Vec<String>,
    languages: Vec<String>,
    fee: Option<String>,
}

/// Doctors of a specialty in all active clinics, by name.
///
/// # Errors
/// If the database fails.
pub async fn find(db: &Database, specialty: &str, limit: u32) -> Result<Vec<Listed>> {
    let rows: Vec<ListedRow> = sqlx::query_as(
        "SELECT p.clinic_id, p.doctor_id, p.name, p.specialties, p.languages, p.fee::text AS fee
           FROM directory_doctors p JOIN clinics c ON c.id = p.clinic_id AND c.active
          WHERE p.specialties @> ARRAY[$1] ORDER BY p.name, p.doctor_id LIMIT $2",
    )
    .bind(specialty)
    .bind(i64::from(limit))
    .fetch_all(db.pool())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            clinic: ClinicId::from_uuid(row.clinic_id),
            doctor: DoctorId::from_uuid(row.doctor_id),
            name: row.name,
            specialties: row.specialties,
            languages: row.languages,
            fee: row.fee,
        })
        .collect())
}
