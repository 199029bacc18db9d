//! Two records of one person become one.

use frontdesk_types::Phi;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::types::Json;

use super::VerifiedPatient;
use super::record::{self, RecordUpdate, update_record};
use crate::crypt::KeyRing;
use crate::{By, Refusal, Result, StaffOverride, TenantTx};

/// Moves everything of `from` to `into` and empties `from`: appointments, waitlist, calls, and the
/// record, in which nothing is lost: allergies, history and notes of both are kept, one below the
/// other; of insurance and identity papers `into`'s count, where it has them. An act of the staff,
/// with a reason that is audited [PAT-2].
///
/// # Errors
/// Refusals: one of them is unknown here or erased, or both are the same; `into` is provisional
/// ([`Refusal::WrongStatus`]); both have an appointment at the same time
/// ([`Refusal::PatientBusy`]). Or the ring lacks a key, or the database fails. Nothing of it is done
/// then, if the transaction is given up.
pub async fn merge(
    tx: &mut TenantTx,
    ring: &KeyRing,
    from: &VerifiedPatient,
    into: &VerifiedPatient,
    reason: &StaffOverride,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    record::check(tx, from).await?;
    record::check(tx, into).await?;
    let clinic = tx.tenant().clinic().uuid();
    let both = [from.patient().uuid(), into.patient().uuid()];
    // In the order of `merge_patients`; and nobody edits a record between its reading and its end.
    sqlx::query("SELECT lock_patient($1, p) FROM unnest($2) p ORDER BY p")
        .bind(clinic)
        .bind(both)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "SELECT FROM patient_records WHERE clinic_id = $1 AND patient_id = ANY ($2)
          ORDER BY patient_id FOR UPDATE",
    )
    .bind(clinic)
    .bind(both)
    .execute(tx.conn())
    .await?;
    let theirs = record::record(tx, ring, from).await?;
    let ours = record::record(tx, ring, into).await?;
    let update = RecordUpdate {
        allergies: joined(ours.allergies, theirs.allergies),
        medical_history: joined(ours.medical_history, theirs.medical_history),
        notes: joined(ours.notes, theirs.notes),
        insurance: ours.insurance.or(theirs.insurance),
        national_id: ours.national_id.or(theirs.national_id),
        passport: ours.passport.or(theirs.passport),
    };
    if update != RecordUpdate::default() {
        update_record(tx, ring, into, update, by, now).await?;
    }
    let Json(answer): Json<Merged> =
        sqlx::query_scalar("SELECT merge_patients($1, $2, $3, $4, $5, $6)")
            .bind(clinic)
            .bind(now.to_sqlx())
            .bind(by.principal.to_string())
            .bind(from.patient().uuid())
            .bind(into.patient().uuid())
            .bind(&reason.reason)
            .fetch_one(tx.conn())
            .await?;
    answer.refused.map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// Both texts, line by line, without saying a line twice.
fn joined(ours: Option<Phi<String>>, theirs: Option<Phi<String>>) -> Option<Phi<String>> {
    let (Some(ours), Some(theirs)) = (&ours, &theirs) else { return ours.or(theirs) };
    let mut text = ours.expose().clone();
    for line in theirs.expose().lines() {
        if !ours.expose().lines().any(|known| known == line) {
            text.push('\n');
            text.push_str(line);
        }
    }
    Some(Phi::new(text))
}

#[derive(serde::Deserialize)]
struct Merged {
    refused: Option<Refusal>,
}
