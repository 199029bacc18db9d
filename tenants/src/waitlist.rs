//! The waitlist: a freed slot is offered to the next in line who can use it, to one at a time, with
//! a deadline [WAIT-1]. The offer is made by the SQL function that frees the slot.

mod list;

use frontdesk_types::{AppointmentId, DoctorId, IdSource, SlotId, WaitlistEntryId};
use jiff::Timestamp;
use jiff::civil::Time;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::booking::{Answer, Booked, Header, call, references, request_hash, same_clinic};
use crate::patient::VerifiedPatient;
use crate::{By, Database, Error, Refusal, Result, Tenant, TenantTx};

pub use list::{EntryStatus, Waiting, entry, list};

/// Weekdays and times of day, by the clinic's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Hours {
    /// Bits of the weekdays that suit, Monday's is 1; none of them means any.
    pub weekdays: u8,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
}

/// What somebody waits for: a doctor, a specialty, or both; a start in the range and at these hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// The doctor.
    pub doctor: Option<DoctorId>,
    /// The specialty.
    pub specialty: Option<String>,
    /// Not before.
    pub from: Timestamp,
    /// Before.
    pub until: Timestamp,
    /// On which weekdays and at which times.
    pub hours: Hours,
}

/// A place on the waitlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The entry.
    pub entry: WaitlistEntryId,
    /// Whether the patient waited for this doctor and specialty already; the wish is the later one.
    pub known: bool,
}

/// A slot that is kept for somebody who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    /// The slot.
    pub slot: SlotId,
    /// Whose it is.
    pub doctor: DoctorId,
    /// Start.
    pub starts_at: Timestamp,
    /// End.
    pub ends_at: Timestamp,
    /// Until when it is kept.
    pub until: Timestamp,
}

/// An entry of somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Id.
    pub id: WaitlistEntryId,
    /// The doctor.
    pub doctor: Option<DoctorId>,
    /// The specialty.
    pub specialty: Option<String>,
    /// What is kept for them.
    pub offered: Option<Offered>,
}

#[derive(Deserialize)]
struct JoinedRow {
    refused: Option<Refusal>,
    entry: Option<uuid::Uuid>,
    #[serde(default)]
    known: bool,
}

/// Puts a patient on the waitlist, once for a doctor and specialty: who joins again keeps the place
/// in line, with the later wish.
///
/// # Errors
/// Refusals: patient unknown, doctor inactive.
pub async fn join(
    db: &Database,
    tenant: &Tenant,
    who: &VerifiedPatient,
    wish: &Wish,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Joined> {
    same_clinic(tenant, who)?;
    if wish.from >= wish.until || (wish.doctor.is_none() && wish.specialty.is_none()) {
        return Err(Error::Invalid(
            "a waitlist entry needs a doctor or a specialty, and a range of time".to_owned(),
        ));
    }
    let id = WaitlistEntryId::new(ids);
    let hash = request_hash(&(wish, who.patient()))?;
    let every_day = 127;
    let weekdays = match wish.hours.weekdays & every_day {
        0 => every_day,
        some => some,
    };
    let Json(joined): Json<JoinedRow> = Header::new(tenant, by, now)
        .bind_keyed(
            "SELECT join_waitlist($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $4,
                                  $5)",
            &hash,
        )
        .bind(id.uuid())
        .bind(who.patient().uuid())
        .bind(wish.doctor.map(DoctorId::uuid))
        .bind(&wish.specialty)
        .bind(wish.from.to_sqlx())
        .bind(wish.until.to_sqlx())
        .bind(i16::from(weekdays))
        .bind(wish.hours.from.map(ToSqlx::to_sqlx))
        .bind(wish.hours.until.map(ToSqlx::to_sqlx))
        .fetch_one(db.pool())
        .await?;
    match (joined.refused, joined.entry) {
        (Some(refusal), _) => Err(refusal.into()),
        (None, entry) => {
            let entry = entry.map_or(id, WaitlistEntryId::from_uuid);
            Ok(Joined { entry, known: joined.known })
        }
    }
}

/// What a patient waits for, first come first; without what ran out.
///
/// # Errors
/// If the database fails.
pub async fn entries_of(
    tx: &mut TenantTx,
    who: &VerifiedPatient,
    now: Timestamp,
) -> Result<Vec<Entry>> {
    same_clinic(&tx.tenant(), who)?;
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT e.id, e.doctor_id, e.specialty, b.id AS slot, b.doctor_id AS slot_doctor,
                b.starts_at, b.ends_at, e.offer_expires_at AS until
           FROM waitlist_entries e
           LEFT JOIN booking_slots b ON b.clinic_id = e.clinic_id AND b.id = e.offered_slot_id
                                    AND e.status = 'offered'
          WHERE e.clinic_id = $1 AND e.patient_id = $2
            AND (e.status = 'waiting' AND e.wanted_until > $3
                 OR e.status = 'offered' AND e.offer_expires_at > $3)
          ORDER BY e.joined_at, e.place",
    )
    .bind(tx.tenant().clinic().uuid())
    .bind(who.patient().uuid())
    .bind(now.to_sqlx())
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: uuid::Uuid,
    doctor_id: Option<uuid::Uuid>,
    specialty: Option<String>,
    slot: Option<uuid::Uuid>,
    slot_doctor: Option<uuid::Uuid>,
    starts_at: Option<jiff_sqlx::Timestamp>,
    ends_at: Option<jiff_sqlx::Timestamp>,
    until: Option<jiff_sqlx::Timestamp>,
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        let offered = match (row.slot, row.slot_doctor, row.starts_at, row.ends_at, row.until) {
            (Some(slot), Some(doctor), Some(from), Some(to), Some(until)) => Some(Offered {
                slot: SlotId::from_uuid(slot),
                doctor: DoctorId::from_uuid(doctor),
                starts_at: from.to_jiff(),
                ends_at: to.to_jiff(),
                until: until.to_jiff(),
            }),
            _ => None,
        };
        Self {
            id: WaitlistEntryId::from_uuid(row.id),
            doctor: row.doctor_id.map(DoctorId::from_uuid),
            specialty: row.specialty,
            offered,
        }
    }
}

/// Takes the slot that is offered to this entry.
///
/// # Errors
/// Refusals: offer gone (too late, or taken by an override), patient busy, and as [`crate::booking`].
pub async fn accept(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Booked> {
    same_clinic(tenant, who)?;
    let hash = request_hash(&(entry, who.patient()))?;
    let appointment = AppointmentId::new(ids);
    let header = Header::new(tenant, by, now);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT accept_waitlist_offer($1, $2, $3, $6, $7, $8, $9, $10, $11, $4, $5)",
                &hash,
            )
            .bind(entry.uuid())
            .bind(who.patient().uuid())
            .bind(appointment.uuid())
            .bind(references())
    })
    .await
    .and_then(Answer::booked)
}

/// Takes a patient off the waitlist; what was offered goes to the next. False if they were off.
///
/// # Errors
/// If the database fails.
pub async fn leave(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: &VerifiedPatient,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    same_clinic(tenant, who)?;
    end(db, tenant, entry, Some(who), "left", by, now).await
}

/// Ends the offers that nobody took in time and passes their slots on, and the entries whose wanted
/// time is over; returns how many.
///
/// # Errors
/// The first entry's that failed; the others are ended nevertheless.
pub async fn expire_offers(
    db: &Database,
    tenant: &Tenant,
    by: &By,
    now: Timestamp,
) -> Result<usize> {
    let due: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM due_waitlist_offers($1, $2) AS id")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .fetch_all(db.pool())
            .await?;
    let (mut ended, mut failed) = (0, None);
    for entry in due.into_iter().map(WaitlistEntryId::from_uuid) {
        match end(db, tenant, entry, None, "expired", by, now).await {
            Ok(done) => ended += usize::from(done),
            Err(error) => {
                tracing::error!(%entry, %error, "waitlist entry not ended");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(ended), Err)
}

async fn end(
    db: &Database,
    tenant: &Tenant,
    entry: WaitlistEntryId,
    who: Option<&VerifiedPatient>,
    to: &'static str,
    by: &By,
    now: Timestamp,
) -> Result<bool> {
    let header = Header::new(tenant, by, now);
    let mut last = 0;
    loop {
        let ended = header
            .bind("SELECT end_waitlist_entry($1, $2, $3, $6, $7, $8, $4, $5)")
            .bind(entry.uuid())
            .bind(who.map(|who| who.patient().uuid()))
            .bind(to)
            .fetch_one(db.pool())
            .await
            .map_err(Error::from);
        last += 1;
        match ended {
            Err(error) if error.is_retryable() && last < 5 => {}
            done => return done,
        }
    }
}
