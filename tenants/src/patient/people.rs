//! Patients as the staff sees them: who they are, found by what they say of themselves. Each reading is
//! audited by whoever shows it, with [`audit_reading`].

use frontdesk_types::{CallId, PatientId, Phi, named_enum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;
use sqlx::FromRow;
use uuid::Uuid;

use super::register::record_change;
use super::{VerifiedPatient, name_key};
use crate::page::{Ask, Page};
use crate::{By, Error, Refusal, Result, TenantTx};

named_enum! {
    /// What is known of who somebody is.
    pub enum Identity: "identity of a patient" {
        /// Somebody who was booked for before they gave their name.
        Provisional = "provisional",
        /// Somebody with name and date of birth.
        Registered = "registered",
        /// Somebody whose data is gone.
        Erased = "erased",
    }
}

/// A patient of the clinic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id.
    pub id: PatientId,
    /// What is known of them.
    pub identity: Identity,
    /// Name.
    pub name: Option<Phi<String>>,
    /// Date of birth.
    pub date_of_birth: Option<Phi<Date>>,
    /// Telephone, E.164.
    pub phone: Option<Phi<String>>,
    /// E-mail.
    pub email: Option<Phi<String>>,
    /// Gender, as they say it.
    pub gender: Option<Phi<String>>,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    identity: String,
    name: Option<String>,
    date_of_birth: Option<jiff_sqlx::Date>,
    phone: Option<String>,
    email: Option<String>,
    gender: Option<String>,
    language: Option<String>,
    row_version: i64,
}

impl TryFrom<PersonRow> for Person {
    type Error = Error;

    fn try_from(row: PersonRow) -> Result<Self> {
        Ok(Self {
            id: PatientId::from_uuid(row.id),
            identity: row.identity.parse()?,
            name: row.name.map(Phi::new),
            date_of_birth: row.date_of_birth.map(|date| Phi::new(date.to_jiff())),
            phone: row.phone.map(Phi::new),
            email: row.email.map(Phi::new),
            gender: row.gender.map(Phi::new),
            language: row.language,
            version: row.row_version,
        })
    }
}

/// A patient whom the staff names by id; `None` if the clinic has no such record, or it is erased.
///
/// # Errors
/// If the database fails.
pub async fn named_by_staff(
    tx: &mut TenantTx,
    patient: PatientId,
) -> Result<Option<VerifiedPatient>> {
    let clinic = tx.tenant().clinic();
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM patient_records
                         WHERE clinic_id = $1 AND patient_id = $2 AND erased_at IS NULL)",
    )
    .bind(clinic.uuid())
    .bind(patient.uuid())
    .fetch_one(tx.conn())
    .await?;
    Ok(known.then_some(VerifiedPatient { clinic, patient }))
}

/// Who a patient is.
///
/// # Errors
/// [`Refusal::PatientUnknown`] if they are of another clinic or erased; failures of the database.
pub async fn person(tx: &mut TenantTx, who: &VerifiedPatient) -> Result<Person> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT p.id, p.identity, p.name, p.date_of_birth, p.phone, p.email, p.gender, p.language,
                p.row_version
           FROM patients p JOIN patient_records r ON r.patient_id = p.id AND r.clinic_id = $1
          WHERE p.id = $2 AND r.erased_at IS NULL",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(who.patient().uuid())
    .fetch_optional(tx.conn())
    .await?;
    row.ok_or(Refusal::PatientUnknown)?.try_into()
}

/// What the staff looks for; what is `None` does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    /// Name: those whose name has all of its words, however they are written.
    pub name: Option<Phi<String>>,
    /// Date of birth.
    pub date_of_birth: Option<Phi<Date>>,
    /// Telephone, E.164.
    pub phone: Option<Phi<String>>,
}

/// The clinic's patients, in the order of their registration.
///
/// # Errors
/// If the database fails.
pub async fn people(tx: &mut TenantTx, sought: &Sought, ask: &Ask) -> Result<Page<Person>> {
    let words: Vec<String> = sought.name.as_ref().map_or_else(Vec::new, |name| {
        name_key(name.expose()).split_whitespace().map(str::to_owned).collect()
    });
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT p.id, p.identity, p.name, p.date_of_birth, p.phone, p.email, p.gender, p.language,
                p.row_version
           FROM patients p JOIN patient_records r ON r.patient_id = p.id AND r.clinic_id = $1
          WHERE r.erased_at IS NULL AND r.merged_into IS NULL
            AND ($2::date IS NULL OR p.date_of_birth = $2)
            AND ($3::text IS NULL OR p.phone = $3)
            AND (cardinality($4::text[]) = 0
                 OR string_to_array(p.name_key, ' ') @> $4::text[])
            AND ($5::uuid IS NULL OR p.id > $5)
          ORDER BY p.id LIMIT $6",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(sought.date_of_birth.as_ref().map(|date| date.expose().to_sqlx()))
    .bind(sought.phone.as_ref().map(Phi::expose))
    .bind(words)
    .bind(ask.id())
    .bind(ask.rows())
    .fetch_all(tx.conn())
    .await?;
    let rows = rows.into_iter().map(Person::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Person| (String::new(), row.id.uuid())))
}

/// How a patient can be reached and spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Telephone, E.164.
    pub phone: Option<Phi<String>>,
    /// E-mail.
    pub email: Option<Phi<String>>,
    /// Gender, as they say it.
    pub gender: Option<Phi<String>>,
    /// BCP 47 language.
    pub language: Option<String>,
}

/// Changes how a patient can be reached; `version` is that of the row that was read.
///
/// # Errors
/// [`Refusal::VersionMismatch`] if it was changed since; [`Refusal::WrongStatus`] if somebody of that
/// name, date of birth and telephone is registered already; failures of the database.
pub async fn update_contact(
    tx: &mut TenantTx,
    who: &VerifiedPatient,
    version: Option<i64>,
    contact: &Contact,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    super::record::check(tx, who).await?;
    let done = sqlx::query(
        "UPDATE patients SET phone = $3, email = $4, gender = $5, language = $6,
                row_version = row_version + 1
          WHERE id = $1 AND ($2::bigint IS NULL OR row_version = $2) AND identity <> 'erased'",
    )
    .bind(who.patient().uuid())
    .bind(version)
    .bind(contact.phone.as_ref().map(Phi::expose))
    .bind(contact.email.as_ref().map(Phi::expose))
    .bind(contact.gender.as_ref().map(Phi::expose))
    .bind(&contact.language)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::VersionMismatch.into());
    }
    let fields = &["phone", "email", "gender", "language"];
    record_change(tx, "patient.updated", who.patient(), fields, by, now).await
}

/// Version of the clinic's record of a patient, for conditional changes.
///
/// # Errors
/// [`Refusal::PatientUnknown`] if there is none; failures of the database.
pub async fn record_version(tx: &mut TenantTx, who: &VerifiedPatient) -> Result<i64> {
    let version: Option<i64> = sqlx::query_scalar(
        "SELECT row_version FROM patient_records
          WHERE clinic_id = $1 AND patient_id = $2 AND erased_at IS NULL FOR UPDATE",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(who.patient().uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(version.ok_or(Refusal::PatientUnknown)?)
}

/// Writes down that somebody was shown something of these patients: `action` says what, such as
/// `patient.read`. Before it is shown: what is not in the audit is not shown.
///
/// # Errors
/// If the database fails.
pub async fn audit_reading(
    tx: &mut TenantTx,
    patients: &[PatientId],
    action: &str,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let mut ids: Vec<Uuid> = patients.iter().map(|patient| patient.uuid()).collect();
    ids.sort_unstable();
    ids.dedup();
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, call_id)
         SELECT $1, $2, $3, $4, 'patient', p, $6 FROM unnest($5::uuid[]) p",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(action)
    .bind(ids)
    .bind(by.call_id().map(CallId::uuid))
    .execute(tx.conn())
    .await?;
    Ok(())
}
