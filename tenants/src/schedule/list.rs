//! What there is of a schedule: shifts, templates, absences, slots.

use frontdesk_types::{AbsenceId, DoctorId, IdSource, SlotId, TemplateId, named_enum};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff_sqlx::ToSqlx;
use sqlx::FromRow;
use uuid::Uuid;

use crate::page::{Ask, Page};
use crate::{By, Error, Refusal, Result, TenantTx};

/// A clinic's named shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSlot {
    /// Name, unique in the clinic: what templates call it.
    pub name: String,
    /// Local start.
    pub from: Time,
    /// Local end; not after the start means on the next day.
    pub until: Time,
}

#[derive(FromRow)]
struct TimeSlotRow {
    name: String,
    starts_local: jiff_sqlx::Time,
    ends_local: jiff_sqlx::Time,
}

/// The clinic's shifts by name.
///
/// # Errors
/// If the database fails.
pub async fn time_slots(tx: &mut TenantTx) -> Result<Vec<TimeSlot>> {
    let rows: Vec<TimeSlotRow> = sqlx::query_as(
        "SELECT name, starts_local, ends_local FROM time_slots WHERE clinic_id = $1
          ORDER BY name",
    )
    .bind(tx.tenant().clinic().uuid())
    .fetch_all(tx.conn())
    .await?;
    let shown = |row: TimeSlotRow| TimeSlot {
        name: row.name,
        from: row.starts_local.to_jiff(),
        until: row.ends_local.to_jiff(),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Adds a shift.
///
/// # Errors
/// If there is one of that name, or the database fails.
pub async fn add_time_slot(
    tx: &mut TenantTx,
    name: &str,
    from: Time,
    until: Time,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<()> {
    let id = ids.uuid();
    sqlx::query(
        "INSERT INTO time_slots (clinic_id, id, name, starts_local, ends_local)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id)
    .bind(name)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO audit_log (clinic_id, occurred_at, principal, action, entity, entity_id, fields)
         VALUES ($1, $2, $3, 'time_slot.created', 'time_slot', $4, ARRAY['name', 'from', 'until'])",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(by.principal.to_string())
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// A template of a doctor, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Id.
    pub id: TemplateId,
    /// ISO weekday: 1 Monday … 7 Sunday.
    pub weekday: i16,
    /// Name of the clinic's shift.
    pub time_slot: String,
    /// Length of a visit in minutes.
    pub slot_minutes: i32,
    /// Pause after a visit in minutes.
    pub buffer_minutes: i32,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
}

/// The templates of a doctor that are in force, by weekday, and the doctor's version; `None` if the
/// clinic has no such doctor.
///
/// # Errors
/// If the database fails.
pub async fn templates(
    tx: &mut TenantTx,
    doctor: DoctorId,
) -> Result<Option<(Vec<Template>, String)>> {
    type Row = (Uuid, i16, String, i32, i32, String);
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM doctors WHERE clinic_id = $1 AND id = $2)")
            .bind(tx.tenant().clinic().uuid())
            .bind(doctor.uuid())
            .fetch_one(tx.conn())
            .await?;
    if !known {
        return Ok(None);
    }
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT t.id, t.weekday, s.name, t.slot_minutes, t.buffer_minutes, t.visit_type
           FROM doctor_slot_templates t
           JOIN time_slots s ON s.clinic_id = t.clinic_id AND s.id = t.time_slot_id
          WHERE t.clinic_id = $1 AND t.doctor_id = $2 AND t.active
          ORDER BY t.weekday, s.starts_local, t.id",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(doctor.uuid())
    .fetch_all(tx.conn())
    .await?;
    // They are replaced as a whole, each time with new ids: the first tells which they are.
    let version = rows.iter().map(|row| row.0).min().unwrap_or_default().simple().to_string();
    let shown =
        |(id, weekday, time_slot, slot_minutes, buffer_minutes, visit_type): Row| Template {
            id: TemplateId::from_uuid(id),
            weekday,
            time_slot,
            slot_minutes,
            buffer_minutes,
            visit_type,
        };
    Ok(Some((rows.into_iter().map(shown).collect(), version)))
}

/// An absence that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAbsence {
    /// Id.
    pub id: AbsenceId,
    /// Who is away; `None` is the whole clinic.
    pub doctor: Option<DoctorId>,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Why, for the staff.
    pub reason: String,
}

/// The absences that stand and are not over, by their end.
///
/// # Errors
/// If the database fails.
pub async fn absences(
    tx: &mut TenantTx,
    doctor: Option<DoctorId>,
    now: Timestamp,
    ask: &Ask,
) -> Result<Page<KnownAbsence>> {
    type Row = (Uuid, Option<Uuid>, jiff_sqlx::Timestamp, jiff_sqlx::Timestamp, String);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, doctor_id, starts_at, ends_at, reason FROM availability_exceptions
          WHERE clinic_id = $1 AND revoked_at IS NULL AND ends_at > $2
            AND ($3::uuid IS NULL OR doctor_id IS NULL OR doctor_id = $3)
            AND ($5::uuid IS NULL OR (ends_at, id) > ($4::text::timestamptz, $5))
          ORDER BY ends_at, id LIMIT $6",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(doctor.map(DoctorId::uuid))
    .bind(ask.sort())
    .bind(ask.id())
    .bind(ask.rows())
    .fetch_all(tx.conn())
    .await?;
    let shown = |(id, doctor, from, until, reason): Row| KnownAbsence {
        id: AbsenceId::from_uuid(id),
        doctor: doctor.map(DoctorId::from_uuid),
        from: from.to_jiff(),
        until: until.to_jiff(),
        reason,
    };
    let rows: Vec<_> = rows.into_iter().map(shown).collect();
    Ok(ask.page(rows, |row: &KnownAbsence| (row.until.to_string(), row.id.uuid())))
}

/// One absence that stands.
///
/// # Errors
/// If the database fails.
pub async fn absence_of(tx: &mut TenantTx, id: AbsenceId) -> Result<Option<Option<DoctorId>>> {
    let row: Option<Option<Uuid>> = sqlx::query_scalar(
        "SELECT doctor_id FROM availability_exceptions
          WHERE clinic_id = $1 AND id = $2 AND revoked_at IS NULL",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|doctor| doctor.map(DoctorId::from_uuid)))
}

named_enum! {
    /// What a slot is at the moment.
    pub enum SlotStatus: "status of a slot" {
        /// It can be booked.
        Free = "free",
        /// Somebody is deciding on it, or it is offered to somebody who waits.
        Held = "held",
        /// There is an appointment in it.
        Booked = "booked",
        /// The staff keeps it closed.
        Blocked = "blocked",
        /// It is gone.
        Removed = "removed",
    }
}

/// A slot as the staff sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Id.
    pub id: SlotId,
    /// Whose it is.
    pub doctor: DoctorId,
    /// Start.
    pub starts_at: Timestamp,
    /// End, without the pause after it.
    pub ends_at: Timestamp,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
    /// What it is; a hold that has run out is none.
    pub status: SlotStatus,
    /// Row version, for conditional changes.
    pub version: i64,
}

#[derive(FromRow)]
struct SlotRow {
    id: Uuid,
    doctor_id: Uuid,
    starts_at: jiff_sqlx::Timestamp,
    ends_at: jiff_sqlx::Timestamp,
    visit_type: String,
    status: String,
    row_version: i64,
}

impl TryFrom<SlotRow> for Slot {
    type Error = Error;

    fn try_from(row: SlotRow) -> Result<Self> {
        Ok(Self {
            id: SlotId::from_uuid(row.id),
            doctor: DoctorId::from_uuid(row.doctor_id),
            starts_at: row.starts_at.to_jiff(),
            ends_at: row.ends_at.to_jiff(),
            visit_type: row.visit_type,
            status: row.status.parse()?,
            version: row.row_version,
        })
    }
}

/// One slot.
///
/// # Errors
/// If the database fails.
pub async fn slot(tx: &mut TenantTx, id: SlotId) -> Result<Option<Slot>> {
    let row: Option<SlotRow> = sqlx::query_as(
        "SELECT id, doctor_id, starts_at, ends_at, visit_type, status, row_version
           FROM booking_slots WHERE clinic_id = $1 AND id = $2",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(id.uuid())
    .fetch_optional(tx.conn())
    .await?;
    row.map(Slot::try_from).transpose()
}

/// Fails unless that version of a slot stands.
///
/// # Errors
/// [`Refusal::SlotUnknown`], [`Refusal::VersionMismatch`]; failures of the database.
pub async fn slot_at(tx: &mut TenantTx, id: SlotId, version: Option<i64>) -> Result<Slot> {
    let found = slot(tx, id).await?.ok_or(Refusal::SlotUnknown)?;
    if version.is_some_and(|version| version != found.version) {
        return Err(Refusal::VersionMismatch.into());
    }
    Ok(found)
}

/// Which slots are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotFilter {
    /// Only this doctor's.
    pub doctor: Option<DoctorId>,
    /// Only of this status; those that are removed only where that is asked for.
    pub status: Option<SlotStatus>,
    /// Start not before.
    pub from: Timestamp,
    /// Start before.
    pub until: Option<Timestamp>,
}

/// The clinic's slots by start.
///
/// # Errors
/// If the database fails.
pub async fn slots(
    tx: &mut TenantTx,
    filter: &SlotFilter,
    now: Timestamp,
    ask: &Ask,
) -> Result<Page<Slot>> {
    let rows: Vec<SlotRow> = sqlx::query_as(
        "SELECT b.id, b.doctor_id, b.starts_at, b.ends_at, b.visit_type, e.status, b.row_version
           FROM booking_slots b
          CROSS JOIN LATERAL (SELECT CASE WHEN b.status = 'held' AND b.held_until <= $2
                                          THEN 'free' ELSE b.status END AS status) e
          WHERE b.clinic_id = $1 AND b.starts_at >= $5
            AND ($3::uuid IS NULL OR b.doctor_id = $3)
            AND CASE WHEN $4::text IS NULL THEN e.status <> 'removed' ELSE e.status = $4 END
            AND ($6::timestamptz IS NULL OR b.starts_at < $6)
            AND ($8::uuid IS NULL OR (b.starts_at, b.id) > ($7::text::timestamptz, $8))
          ORDER BY b.starts_at, b.id LIMIT $9",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(now.to_sqlx())
    .bind(filter.doctor.map(DoctorId::uuid))
    .bind(filter.status.map(SlotStatus::as_str))
    .bind(filter.from.to_sqlx())
    .bind(filter.until.map(ToSqlx::to_sqlx))
    .bind(ask.sort())
    .bind(ask.id())
    .bind(ask.rows())
    .fetch_all(tx.conn())
    .await?;
    let rows = rows.into_iter().map(Slot::try_from).collect::<Result<Vec<_>>>()?;
    Ok(ask.page(rows, |row: &Slot| (row.starts_at.to_string(), row.id.uuid())))
}
