//! New patients. Registration never looks at other clinics' people: a new person is a new row.

use frontdesk_types::{CallId, IdSource, PatientId, Phi};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::verify::look_up;
use super::{Claim, Verification, VerifiedPatient, name_key};
use crate::{By, Error, Refusal, Result, TenantTx, once};

/// Name of the operation for its idempotency keys.
const REGISTER: &str = "register";

/// What a new patient says of themselves, read back to them before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Full name.
    pub name: Phi<String>,
    /// Date of birth.
    pub date_of_birth: Phi<Date>,
    /// Telephone, E.164; a family may share one.
    pub phone: Option<Phi<String>>,
}

impl Draft {
    fn checked(&self, now: Timestamp) -> Result<(&str, String, Date)> {
        let name = self.name.expose().trim();
        let key = name_key(name);
        let born = *self.date_of_birth.expose();
        // A day of grace: the clinic's day may be ahead of UTC's.
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        if key.is_empty() || name.len() > 200 {
            return Err(Error::Invalid("a patient's name needs at least one letter".to_owned()));
        }
        if born.year() < 1880 || born > today.tomorrow().unwrap_or(today) {
            return Err(Error::Invalid("the date of birth cannot be right".to_owned()));
        }
        if let Some(phone) = &self.phone {
            check_phone(phone)?;
        }
        Ok((name, key, born))
    }
}

fn check_phone(phone: &Phi<String>) -> Result<()> {
    let digits = phone.expose().strip_prefix('+').unwrap_or_default();
    if !(7..=15).contains(&digits.len())
        || digits.starts_with('0')
        || !digits.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(Error::Invalid("a telephone number must be in E.164 form: +…".to_owned()));
    }
    Ok(())
}

/// Who was to be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// The one row of that person in this clinic.
    pub patient: VerifiedPatient,
    /// Whether it was there before, so that they were identified and not registered.
    pub known: bool,
}

/// Registers a new patient, or finds the one of the same name, date of birth and telephone that this
/// clinic has [PAT-3]: see [`register_or_identify`].
///
/// # Errors
/// If the draft is not plausible or the database fails.
pub async fn register(
    tx: &mut TenantTx,
    draft: &Draft,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<VerifiedPatient> {
    register_or_identify(tx, draft, by, now, ids).await.map(|registration| registration.patient)
}

/// Registers a new patient. Whoever registers is verified for their own new record. The same person,
/// with the same name, date of birth and telephone, is registered once in a clinic: with all three
/// they are identified instead. Whoever differs in one of them is somebody else, of whom nothing is
/// told. Two who register the same person at once get the same row. Asked again under the same key,
/// the answer is the first one.
///
/// # Errors
/// If the draft is not plausible or the database fails.
pub async fn register_or_identify(
    tx: &mut TenantTx,
    draft: &Draft,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Registration> {
    let (name, key, born) = draft.checked(now)?;
    let clinic = tx.tenant().clinic();
    let before = once::answered(tx, REGISTER, by).await?;
    if let Some(id) = before.as_ref().and_then(|answer| answer.get("patient")?.as_str()) {
        let id = id.parse().map_err(|_| Error::Answer("a patient's id".to_owned()))?;
        let known = before.as_ref().and_then(|answer| answer.get("known")?.as_bool());
        let patient = VerifiedPatient { clinic, patient: PatientId::from_uuid(id) };
        return Ok(Registration { patient, known: known.unwrap_or(false) });
    }
    let patient = PatientId::new(ids);
    // No index is named: row-level security would want to see the new row before it has a record.
    let added = sqlx::query(
        "INSERT INTO patients (id, origin_clinic_id, identity, name, name_key, date_of_birth, phone)
         VALUES ($1, $2, 'registered', $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(patient.uuid())
    .bind(clinic.uuid())
    .bind(name)
    .bind(&key)
    .bind(born.to_sqlx())
    .bind(draft.phone.as_ref().map(Phi::expose))
    .execute(tx.conn())
    .await?;
    let known = added.rows_affected() == 0;
    let patient = if known {
        let claim = Claim {
            name: draft.name.clone(),
            date_of_birth: draft.date_of_birth,
            phone: draft.phone.clone(),
        };
        // Whoever added the row has committed by now.
        match look_up(tx, &claim, by, now).await? {
            Verification::Verified(known) => known,
            Verification::Refused | Verification::Namesakes | Verification::TooMany => {
                return Err(Refusal::PatientUnknown.into());
            }
        }
    } else {
        open_record(tx, patient, by, now).await?
    };
    let answer = serde_json::json!({ "patient": patient.patient().uuid(), "known": known });
    once::keep(tx, REGISTER, by, &answer, now).await?;
    Ok(Registration { patient, known })
}

/// A patient for somebody who has not been identified: so that an appointment can be booked for the
/// caller before (or without) asking who they are. It has no name and no date of birth, so nobody
/// can ever be verified against it; [`complete`] names it, else the staff asks at the desk.
/// `phone` is the caller's number where the line tells it.
///
/// # Errors
/// If the database fails.
pub async fn register_provisional(
    tx: &mut TenantTx,
    phone: Option<&Phi<String>>,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<VerifiedPatient> {
    if let Some(phone) = phone {
        check_phone(phone)?;
    }
    let patient = PatientId::new(ids);
    sqlx::query(
        "INSERT INTO patients (id, origin_clinic_id, identity, phone)
         VALUES ($1, $2, 'provisional', $3)",
    )
    .bind(patient.uuid())
    .bind(tx.tenant().clinic().uuid())
    .bind(phone.map(Phi::expose))
    .execute(tx.conn())
    .await?;
    open_record(tx, patient, by, now).await
}

async fn open_record(
    tx: &mut TenantTx,
    patient: PatientId,
    by: &By,
    now: Timestamp,
) -> Result<VerifiedPatient> {
    let clinic = tx.tenant().clinic();
    sqlx::query(
        "INSERT INTO patient_records (clinic_id, patient_id, origin_clinic_id) VALUES ($1, $2, $1)",
    )
    .bind(clinic.uuid())
    .bind(patient.uuid())
    .execute(tx.conn())
    .await?;
    let fields = &["name", "date_of_birth", "phone"];
    record_change(tx, "patient.created", patient, fields, by, now).await?;
    Ok(VerifiedPatient { clinic, patient })
}

/// Gives a provisional patient the name and date of birth that the caller said.
///
/// # Errors
/// If the draft is not plausible, the patient is not provisional any more, that person is registered
/// already ([`Refusal::WrongStatus`]: the staff merges the two), or the database fails.
pub async fn complete(
    tx: &mut TenantTx,
    patient: &VerifiedPatient,
    draft: &Draft,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let (name, key, born) = draft.checked(now)?;
    let done = sqlx::query(
        "UPDATE patients SET identity = 'registered', name = $2, name_key = $3, date_of_birth = $4,
                phone = coalesce($5, phone), row_version = row_version + 1
          WHERE id = $1 AND identity = 'provisional'",
    )
    .bind(patient.patient().uuid())
    .bind(name)
    .bind(key)
    .bind(born.to_sqlx())
    .bind(draft.phone.as_ref().map(Phi::expose))
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::PatientUnknown.into());
    }
    let fields = &["name", "date_of_birth", "phone"];
    record_change(tx, "patient.updated", patient.patient(), fields, by, now).await
}

/// The patient of a call that goes on elsewhere or after a crash: whoever that call identified or
/// registered, as its row says, not as a snapshot or a client claims.
///
/// # Errors
/// If the database fails.
pub async fn resume(tx: &mut TenantTx, call: CallId) -> Result<Option<VerifiedPatient>> {
    let clinic = tx.tenant().clinic();
    let patient: Option<Option<uuid::Uuid>> = sqlx::query_scalar(
        "SELECT patient_id FROM calls WHERE clinic_id = $1 AND id = $2 AND ended_at IS NULL",
    )
    .bind(clinic.uuid())
    .bind(call.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(patient.flatten().map(|id| VerifiedPatient { clinic, patient: PatientId::from_uuid(id) }))
}

pub(super) async fn record_change(
    tx: &mut TenantTx,
    event: &str,
    patient: PatientId,
    fields: &[&str],
    by: &By,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("SELECT record_change($1, $2, $3, $4, $5, $6, 'patient', $7, $8, $9)")
        .bind(tx.tenant().clinic().uuid())
        .bind(now.to_sqlx())
        .bind(by.principal.to_string())
        .bind(by.call_id().map(CallId::uuid))
        .bind(by.simulated)
        .bind(event)
        .bind(patient.uuid())
        .bind(fields)
        .bind(serde_json::json!({}))
        .execute(tx.conn())
        .await?;
    Ok(())
}
