//! Who waits, for the staff.

use frontdesk_types::{AppointmentId, DoctorId, PatientId, SlotId, WaitlistEntryId, named_enum};
use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::page::{Ask, Page};
use crate::{Error, Result, TenantTx};

named_enum! {
    /// Where an entry is in its life.
    pub enum EntryStatus: "status of a waitlist entry" {
        /// They wait.
        Waiting = "waiting",
        /// A slot is kept for them.
        Offered = "offered",
        /// They took it.
        Accepted = "accepted",
        /// They did not take it in time, or their time is over.
        Expired = "expired",
        /// They wait no more.
        Left = "left",
    }
}

/// An entry as the staff sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Id.
    pub id: WaitlistEntryId,
    /// Who waits.
    pub patient: PatientId,
    /// For this doctor.
    pub doctor: Option<DoctorId>,
    /// For this specialty.
    pub specialty: Option<String>,
    /// Start not before.
    pub from: Timestamp,
    /// Start before.
    pub until: Timestamp,
    /// Where it is.
    pub status: EntryStatus,
    /// Since when they wait.
    pub joined_at: Timestamp,
    /// The slot that is kept for them, and until when.
    pub offered: Option<(SlotId, Timestamp)>,
    /// What came of it.
    pub appointment: Option<AppointmentId>,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    patient_id: Uuid,
    doctor_id: Option<Uuid>,
    specialty: Option<String>,
    wanted_from: jiff_sqlx::Timestamp,
    wanted_until: jiff_sqlx::Timestamp,
    status: String,
    joined_at: jiff_sqlx::Timestamp,
    offered_slot_id: Option<Uuid>,
    offer_expires_at: Option<jiff_sqlx::Timestamp>,
    appointment_id: Option<Uuid>,
    row_version: i64,
}

const ROWS: &str = "SELECT id, patient_id, doctor_id, specialty, wanted_from, wanted_until, status,
        joined_at, offered_slot_id, offer_expires_at, appointment_id, row_version
   FROM waitlist_entries WHERE clinic_id = $1";

impl TryFrom<Row> for Waiting {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let until = row.offer_expires_at.map(jiff_sqlx::Timestamp::to_jiff);
        Ok(Self {
            id: WaitlistEntryId::from_uuid(row.id),
            patient: PatientId::from_uuid(row.patient_id),
            doctor: row.doctor_id.map(DoctorId::from_uuid),
            specialty: row.specialty,
            from: row.wanted_from.to_jiff(),
            until: row.wanted_until.to_jiff(),
            status: row.status.parse()?,
            joined_at: row.joined_at.to_jiff(),
            offered: row.offered_slot_id.map(SlotId::from_uuid).zip(until),
            appointment: row.appointment_id.map(AppointmentId::from_uuid),
            version: row.row_version,
        })
    }
}

/// The clinic's waitlist in the order in which they joined: those who wait or are offered something, or
/// those of one status.
///
/// # Errors
/// If the database fails.
pub async fn list(
    tx: &mut TenantTx,
    status: Option<EntryStatus>,
    doctor: Option<DoctorId>,
    ask: &Ask,
) -> Result<Page<Waiting>> {
    let sql = format!(
        "{ROWS} AND CASE WHEN $2::text IS NULL THEN status IN ('waiting', 'offered')
                         ELSE status = $2 END
            AND ($3::uuid IS NULL OR doctor_id = $3)
            AND ($5::uuid IS NULL OR (joined_at, id) > ($4::text::timestamptz, $5))
          ORDER BY joined_at, id LIMIT $6"
    );
    let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(tx.tenant().clinic().uuid())
        .bind(status.map(EntryStatus::as_str))
        .bind(doctor.map(DoctorId::uuid))
        .bind(ask.sort())
        .bind(ask.id())
        .bind(ask.rows())
        .fetch_all(tx.conn())
        .await?;
    let rows = rows.into_iter().map(Waiting::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Waiting| (row.joined_at.to_string(), row.id.uuid())))
}

/// One entry.
///
/// # Errors
/// If the database fails.
pub async fn entry(tx: &mut TenantTx, id: WaitlistEntryId) -> Result<Option<Waiting>> {
    let row: Option<Row> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{ROWS} AND id = $2")))
        .bind(tx.tenant().clinic().uuid())
        .bind(id.uuid())
        .fetch_optional(tx.conn())
        .await?;
    row.map(Waiting::try_from).transpose()
}
