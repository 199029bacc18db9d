//! Erasure that was asked for: at once, or as soon as no appointment is to come.

use frontdesk_types::PatientId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;

use super::{VerifiedPatient, erase};
use crate::{By, Database, Refusal, Result, Tenant, TenantTx};

/// Notes that a patient of the clinic is to be erased; again changes nothing. By the staff, who know
/// whom they speak of.
///
/// # Errors
/// [`Refusal::PatientUnknown`] if the clinic has no such patient; failures of the database.
pub async fn ask_erasure(
    tx: &mut TenantTx,
    patient: PatientId,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM patient_records
                         WHERE clinic_id = $1 AND patient_id = $2 AND erased_at IS NULL)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(patient.uuid())
    .fetch_one(tx.conn())
    .await?;
    if !known {
        return Err(Refusal::PatientUnknown.into());
    }
    sqlx::query(
        "INSERT INTO erasure_requests (clinic_id, patient_id, asked_by, asked_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(patient.uuid())
    .bind(by.principal.to_string())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Erases whom the clinic was asked to erase and who has no appointment to come; gives how many. The
/// others wait.
///
/// # Errors
/// The first patient's that failed; the others are erased nevertheless.
pub async fn erase_asked(db: &Database, tenant: &Tenant, by: &By, now: Timestamp) -> Result<u64> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    let asked: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT patient_id FROM erasure_requests WHERE clinic_id = $1 AND done_at IS NULL
          ORDER BY asked_at",
    )
    .bind(tenant.clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    drop(tx);
    let (mut erased, mut failed) = (0, None);
    for patient in asked.into_iter().map(PatientId::from_uuid) {
        match erase_one(db, tenant, patient, by, now).await {
            Ok(done) => erased += u64::from(done),
            Err(error) => {
                tracing::error!(patient_id = %patient, %error, "patient not erased");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(erased), Err)
}

async fn erase_one(
    db: &Database,
    tenant: &Tenant,
    patient: PatientId,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    let mut tx = TenantTx::begin(db, tenant).await?;
    let who = VerifiedPatient { clinic: tenant.clinic(), patient };
    let erased = match erase(&mut tx, &who, by, now).await {
        Ok(()) => true,
        Err(error) if error.refusal() == Some(Refusal::AppointmentsInTheWay) => return Ok(false),
        // Erased meanwhile, or merged into another record.
        Err(error) if error.refusal() == Some(Refusal::PatientUnknown) => false,
        Err(error) => return Err(error),
    };
    sqlx::query(
        "UPDATE erasure_requests SET done_at = $3 WHERE clinic_id = $1 AND patient_id = $2",
    )
    .bind(tenant.clinic().uuid())
    .bind(patient.uuid())
    .bind(now.to_sqlx())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(erased)
}
