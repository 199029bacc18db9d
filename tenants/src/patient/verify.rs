//! Who is on the line? Full name and date of birth, compared here; the stored values never leave,
//! but for the names that the recognizer of one call is to listen for.

use std::time::Duration;

use frontdesk_types::{PatientId, Phi};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx as _;

use super::guesses::Guess;
use super::{Claim, VerifiedPatient, name_key};
use crate::crypt::KeyRing;
use crate::{By, Database, Result, Tenant, TenantTx};

/// Every answer takes this long, so that its delay tells nothing. Far above what the look-up needs,
/// and unnoticed in a conversation.
const DELAY: Duration = Duration::from_millis(150);

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// One patient of this clinic.
    Verified(VerifiedPatient),
    /// Several have that name and date of birth: ask for the telephone number.
    Namesakes,
    /// Nobody, or somebody else: never say which.
    Refused,
    /// Not compared at all: too many identifications with that name or that date of birth have failed
    /// within the hour. The staff is to call back.
    TooMany,
}

/// Looks for the patient of this clinic; takes the same time and the same statements whether there
/// is none of that name, none born then, or one. Each try is audited.
///
/// # Errors
/// If the database fails.
pub async fn verify(
    tx: &mut TenantTx,
    claim: &Claim,
    by: &By,
    now: Timestamp,
) -> Result<Verification> {
    let (answer, ()) = tokio::join!(look_up(tx, claim, by, now), tokio::time::sleep(DELAY));
    answer
}

/// Identifies somebody who calls: [`verify`] in a transaction of its own, with the failures of all
/// calls counted where there are keys to hash them with [PAT-4]. What is asked too often is answered
/// after the same time as everything else.
///
/// # Errors
/// If the database fails.
pub async fn identify(
    db: &Database,
    tenant: &Tenant,
    keys: Option<&KeyRing>,
    claim: &Claim,
    by: &By,
    now: Timestamp,
) -> Result<Verification> {
    // The delay is no part of the transaction, in which whoever guesses the same waits.
    let answer = async {
        let mut tx = TenantTx::begin(db, tenant).await?;
        let guess = keys.map(|keys| Guess::of(keys, *tenant, claim));
        let answer = match &guess {
            Some(guess) if guess.is_one_too_many(&mut tx, now).await? => {
                audit(&mut tx, None, Some("too many have failed"), by, now).await?;
                Verification::TooMany
            }
            _ => look_up(&mut tx, claim, by, now).await?,
        };
        if let (Some(guess), Verification::Refused) = (&guess, answer) {
            guess.has_failed(&mut tx, now).await?;
        }
        tx.commit().await?;
        Ok(answer)
    };
    let (answer, ()) = tokio::join!(answer, tokio::time::sleep(DELAY));
    answer
}

/// Names of this clinic's patients who were born on this day, for the ears alone: what is heard is
/// still compared by [`verify`]. Nothing of it is told or logged.
///
/// # Errors
/// If the database fails.
pub async fn names_born_on(tx: &mut TenantTx, born: &Phi<Date>) -> Result<Vec<Phi<String>>> {
    let clinic = tx.tenant().clinic();
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT p.name FROM patients p
           JOIN patient_records r ON r.patient_id = p.id AND r.clinic_id = $1
          WHERE p.date_of_birth = $2 AND p.identity = 'registered' AND r.erased_at IS NULL
          ORDER BY p.name LIMIT 50",
    )
    .bind(clinic.uuid())
    .bind(born.expose().to_sqlx())
    .fetch_all(tx.conn())
    .await?;
    Ok(names.into_iter().map(Phi::new).collect())
}

/// Those of these patients who have no record in this clinic (any more): whatever was kept of their
/// records elsewhere is to go.
///
/// # Errors
/// If the database fails.
pub async fn without_record(tx: &mut TenantTx, patients: &[PatientId]) -> Result<Vec<PatientId>> {
    let clinic = tx.tenant().clinic();
    let ids: Vec<uuid::Uuid> = patients.iter().map(|patient| patient.uuid()).collect();
    let gone: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT p FROM unnest($2::uuid[]) p
          WHERE NOT EXISTS (SELECT FROM patient_records r
                             WHERE r.clinic_id = $1 AND r.patient_id = p AND r.erased_at IS NULL)",
    )
    .bind(clinic.uuid())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(gone.into_iter().map(PatientId::from_uuid).collect())
}

/// [`verify`] without its delay.
pub(super) async fn look_up(
    tx: &mut TenantTx,
    claim: &Claim,
    by: &By,
    now: Timestamp,
) -> Result<Verification> {
    let clinic = tx.tenant().clinic();
    let found: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT p.id FROM patients p
           JOIN patient_records r ON r.patient_id = p.id AND r.clinic_id = $1
          WHERE p.date_of_birth = $2 AND p.name_key = $3 AND p.identity = 'registered'
            AND r.erased_at IS NULL
            AND ($4::text IS NULL OR (p.phone = $4 AND NOT p.doubled))
          LIMIT 2",
    )
    .bind(clinic.uuid())
    .bind(claim.date_of_birth.expose().to_sqlx())
    .bind(name_key(claim.name.expose()))
    .bind(claim.phone.as_ref().map(Phi::expose))
    .fetch_all(tx.conn())
    .await?;
    let (answer, patient) = match found.as_slice() {
        [] => (Verification::Refused, None),
        [id] => {
            let patient = PatientId::from_uuid(*id);
            (Verification::Verified(VerifiedPatient { clinic, patient }), Some(*id))
        }
        // With the telephone number too there is nothing left to ask.
        _ if claim.phone.is_some() => (Verification::Refused, None),
        _ => (Verification::Namesakes, None),
    };
    audit(tx, patient, None, by, now).await?;
    Ok(answer)
}

async fn audit(
    tx: &mut TenantTx,
    patient: Option<uuid::Uuid>,
    reason: Option<&str>,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let clinic = tx.tenant().clinic();
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, call_id,
                                reason)
         VALUES ($1, $2, $3, $4, 'patient', $5, $6, $7)",
    )
    .bind(clinic.uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(if patient.is_some() { "patient.verified" } else { "patient.not_verified" })
    .bind(patient)
    .bind(by.call_id().map(frontdesk_types::CallId::uuid))
    .bind(reason)
    .execute(tx.conn())
    .await?;
    Ok(())
}
