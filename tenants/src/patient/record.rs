//! The clinic's record of a patient. Its texts are sealed with the patient's data key.

use frontdesk_types::{PatientId, Phi};
use jiff::Timestamp;
use sqlx::FromRow;

use super::VerifiedPatient;
use super::register::record_change;
use crate::crypt::{CryptError, KeyRing, Rewrapped, SecretKey, Wrapped};
use crate::ring_check::Stored;
use crate::{By, Error, Refusal, Result, TenantTx};

/// The clinic's record, opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Allergies, one per line.
    pub allergies: Option<Phi<String>>,
    /// Medical history.
    pub medical_history: Option<Phi<String>>,
    /// Insurance.
    pub insurance: Option<Phi<String>>,
    /// Notes of the staff.
    pub notes: Option<Phi<String>>,
    /// National id number.
    pub national_id: Option<Phi<String>>,
    /// Passport number.
    pub passport: Option<Phi<String>>,
}

/// What to change; `None` leaves a field as it is.
pub type RecordUpdate = Record;

/// Sealed columns: of the record, or of the person.
const RECORD: [&str; 4] = ["allergies", "medical_history", "insurance", "notes"];
const PERSON: [&str; 2] = ["national_id", "passport"];

#[derive(FromRow)]
struct Sealed {
    allergies: Option<Vec<u8>>,
    medical_history: Option<Vec<u8>>,
    insurance: Option<Vec<u8>>,
    notes: Option<Vec<u8>>,
    national_id: Option<Vec<u8>>,
    passport: Option<Vec<u8>>,
}

fn key_place(patient: PatientId) -> String {
    format!("patient_keys:{patient}")
}

fn place(column: &str, who: &VerifiedPatient) -> String {
    if PERSON.contains(&column) {
        format!("patients.{column}:{}", who.patient())
    } else {
        format!("patient_records.{column}:{}:{}", who.clinic(), who.patient())
    }
}

pub(super) async fn check(tx: &TenantTx, who: &VerifiedPatient) -> Result<()> {
    if tx.tenant().clinic() == who.clinic() { Ok(()) } else { Err(Refusal::PatientUnknown.into()) }
}

async fn data_key(
    tx: &mut TenantTx,
    ring: &KeyRing,
    patient: PatientId,
) -> Result<Option<SecretKey>> {
    let row: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT ring_key, wrapped FROM patient_keys WHERE patient_id = $1")
            .bind(patient.uuid())
            .fetch_optional(tx.conn())
            .await?;
    let Some((ring_key, sealed)) = row else { return Ok(None) };
    Ok(Some(ring.unwrap(&key_place(patient), &Wrapped { ring_key, sealed })?))
}

/// The patient's data key, made when it is first needed.
async fn ensure_data_key(
    tx: &mut TenantTx,
    ring: &KeyRing,
    patient: PatientId,
) -> Result<SecretKey> {
    if let Some(key) = data_key(tx, ring, patient).await? {
        return Ok(key);
    }
    let (_, wrapped) = ring.new_data_key(&key_place(patient))?;
    sqlx::query(
        "INSERT INTO patient_keys (patient_id, ring_key, wrapped) VALUES ($1, $2, $3)
         ON CONFLICT (patient_id) DO NOTHING",
    )
    .bind(patient.uuid())
    .bind(&wrapped.ring_key)
    .bind(&wrapped.sealed)
    .execute(tx.conn())
    .await?;
    // Whoever was first: read what stands there.
    data_key(tx, ring, patient).await?.ok_or(Error::Crypt(CryptError::Destroyed))
}

/// Opens the record.
///
/// # Errors
/// If the patient is unknown here or erased, the key ring lacks the key, or the database fails.
pub async fn record(tx: &mut TenantTx, ring: &KeyRing, who: &VerifiedPatient) -> Result<Record> {
    check(tx, who).await?;
    let row: Option<Sealed> = sqlx::query_as(
        "SELECT r.allergies, r.medical_history, r.insurance, r.notes, p.national_id, p.passport
           FROM patient_records r JOIN patients p ON p.id = r.patient_id
          WHERE r.clinic_id = $1 AND r.patient_id = $2 AND r.erased_at IS NULL",
    )
    .bind(who.clinic().uuid())
    .bind(who.patient().uuid())
    .fetch_optional(tx.conn())
    .await?;
    let row = row.ok_or(Refusal::PatientUnknown)?;
    let key = data_key(tx, ring, who.patient()).await?;
    let open = |column: &str, sealed: Option<Vec<u8>>| -> Result<Option<Phi<String>>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let key = key.as_ref().ok_or(CryptError::Destroyed)?;
        let plain = key.open(&place(column, who), &sealed)?;
        let text = String::from_utf8(plain.to_vec()).map_err(|_| CryptError::Damaged)?;
        Ok(Some(Phi::new(text)))
    };
    Ok(Record {
        allergies: open("allergies", row.allergies)?,
        medical_history: open("medical_history", row.medical_history)?,
        insurance: open("insurance", row.insurance)?,
        notes: open("notes", row.notes)?,
        national_id: open("national_id", row.national_id)?,
        passport: open("passport", row.passport)?,
    })
}

/// Changes fields of the record; audited by field name.
///
/// # Errors
/// As [`record`].
pub async fn update_record(
    tx: &mut TenantTx,
    ring: &KeyRing,
    who: &VerifiedPatient,
    update: RecordUpdate,
    by: &By,
    now: Timestamp,
) -> Result<()> {
    check(tx, who).await?;
    let key = ensure_data_key(tx, ring, who.patient()).await?;
    let columns = [
        ("allergies", update.allergies),
        ("medical_history", update.medical_history),
        ("insurance", update.insurance),
        ("notes", update.notes),
        ("national_id", update.national_id),
        ("passport", update.passport),
    ];
    let mut fields = Vec::new();
    let mut sealed: [Option<Vec<u8>>; 6] = Default::default();
    for ((column, value), slot) in columns.into_iter().zip(&mut sealed) {
        if let Some(value) = value {
            *slot = Some(key.seal(&place(column, who), value.expose().as_bytes())?);
            fields.push(column);
        }
    }
    let [allergies, history, insurance, notes, national_id, passport] = sealed;
    let done = sqlx::query(
        "UPDATE patient_records SET allergies = coalesce($3, allergies),
                medical_history = coalesce($4, medical_history),
                insurance = coalesce($5, insurance), notes = coalesce($6, notes),
                row_version = row_version + 1
          WHERE clinic_id = $1 AND patient_id = $2 AND erased_at IS NULL",
    )
    .bind(who.clinic().uuid())
    .bind(who.patient().uuid())
    .bind(allergies)
    .bind(history)
    .bind(insurance)
    .bind(notes)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Refusal::PatientUnknown.into());
    }
    if national_id.is_some() || passport.is_some() {
        sqlx::query(
            "UPDATE patients SET national_id = coalesce($2, national_id),
                    passport = coalesce($3, passport), row_version = row_version + 1
              WHERE id = $1",
        )
        .bind(who.patient().uuid())
        .bind(national_id)
        .bind(passport)
        .execute(tx.conn())
        .await?;
    }
    debug_assert!(fields.iter().all(|f| RECORD.contains(f) || PERSON.contains(f)));
    record_change(tx, "patient.updated", who.patient(), &fields, by, now).await
}

/// Up to `limit` data keys of the clinic's patients for each key of the ring that wraps some.
pub(crate) async fn some_keys(tx: &mut TenantTx, limit: i64) -> Result<Vec<Stored>> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT patient_id, ring_key, wrapped
           FROM (SELECT *, row_number() OVER (PARTITION BY ring_key) AS n FROM patient_keys) k
          WHERE n <= $1",
    )
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    let stored = rows.into_iter().map(|(patient, ring_key, sealed)| Stored {
        place: key_place(PatientId::from_uuid(patient)),
        wrapped: Wrapped { ring_key, sealed },
    });
    Ok(stored.collect())
}

/// Re-wraps up to `limit` data keys of the clinic's patients by the newest key of the ring. Call it
/// and [`crate::calls::rewrap_keys`] until nothing is left, for every clinic; then the old key may
/// leave the ring.
///
/// # Errors
/// If the database fails. A key that cannot be opened, or is wrapped by one that is not in the ring, is
/// left as it is.
pub async fn rewrap_keys(tx: &mut TenantTx, ring: &KeyRing, limit: i64) -> Result<Rewrapped> {
    let rows: Vec<(uuid::Uuid, String, Vec<u8>)> = sqlx::query_as(
        "SELECT patient_id, ring_key, wrapped FROM patient_keys WHERE ring_key <> $1
            AND ring_key = ANY ($3) ORDER BY patient_id LIMIT $2 FOR UPDATE",
    )
    .bind(ring.newest())
    .bind(limit)
    .bind(ring.ids())
    .fetch_all(tx.conn())
    .await?;
    let mut done = 0;
    for (patient, ring_key, sealed) in rows {
        let at = key_place(PatientId::from_uuid(patient));
        let new = match ring.rewrap(&at, &Wrapped { ring_key, sealed }) {
            Ok(Some(new)) => new,
            Ok(None) => continue,
            Err(error) => {
                tracing::error!(patient_id = %patient, %error, "data key not wrapped anew");
                continue;
            }
        };
        sqlx::query("UPDATE patient_keys SET ring_key = $2, wrapped = $3 WHERE patient_id = $1")
            .bind(patient)
            .bind(new.ring_key)
            .bind(new.sealed)
            .execute(tx.conn())
            .await?;
        done += 1;
    }
    let left = sqlx::query_scalar("SELECT count(*) FROM patient_keys WHERE ring_key <> $1")
        .bind(ring.newest())
        .fetch_one(tx.conn())
        .await?;
    Ok(Rewrapped { done, left })
}
