//! Taking a slot: hold, book, let the system choose the doctor.

use std::time::Duration;

use frontdesk_types::{AppointmentId, DoctorId, HoldId, IdSource, SlotId};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;

use super::answer::{Answer, Booked, Hold, call, request_hash};
use super::header::Header;
use crate::patient::VerifiedPatient;
use crate::{By, Database, Reference, Refusal, Result, StaffOverride, Tenant};

/// How long a hold of a web form lasts.
pub const HOLD_WEB: Duration = Duration::from_mins(5);

/// How long a hold of a call lasts unless it is renewed, which the call does each turn: so it
/// survives a long turn, and after a hang-up or a crash it is gone a minute later. Ten minutes in
/// all is the cap, kept by the database.
pub const HOLD_CALL: Duration = Duration::from_mins(1);

/// All that a hold may last, kept by the database [HOLD-3].
const HOLD_CAP: SignedDuration = SignedDuration::from_mins(10);

/// Drawn with each booking; the first that is not in use is taken.
const REFERENCES: usize = 3;

pub(crate) fn references() -> Vec<String> {
    let mut rng = rand::rng();
    (0..REFERENCES).map(|_| Reference::random(&mut rng).to_string()).collect()
}

pub(crate) fn same_clinic(tenant: &Tenant, patient: &VerifiedPatient) -> Result<()> {
    if patient.clinic() == tenant.clinic() { Ok(()) } else { Err(Refusal::PatientUnknown.into()) }
}

/// A hold that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldRequest {
    /// The slot.
    pub slot: SlotId,
    /// How long from now, such as [`HOLD_CALL`].
    pub lasting: Duration,
    /// The slot that was held for the choice before, to give back.
    pub release: Option<SlotId>,
}

/// Holds a slot for `by` when the caller chooses it; asked again by the same principal, renews.
///
/// # Errors
/// Refusals: slot taken, held, unknown, unavailable, too soon, too far, clinic inactive.
pub async fn hold(
    db: &Database,
    tenant: &Tenant,
    request: &HoldRequest,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Hold> {
    let header = Header::new(tenant, by, now);
    let hold = HoldId::new(ids);
    let until = now.checked_add(request.lasting).unwrap_or(Timestamp::MAX);
    call(db, by, || {
        header
            .bind("SELECT hold_slot($1, $2, $3, $6, $7, $8, $9, $4, $5)")
            .bind(request.slot.uuid())
            .bind(hold.uuid())
            .bind(until.to_sqlx())
            .bind(request.release.map(SlotId::uuid))
    })
    .await
    .and_then(Answer::held)
    .inspect(|hold| {
        debug_assert!(hold.until.duration_since(now) <= HOLD_CAP, "HOLD-3");
        debug_assert_eq!(hold.slot, request.slot, "HOLD-1");
    })
}

/// Gives a hold back; false if it was gone already.
///
/// # Errors
/// If the database fails.
pub async fn release(db: &Database, tenant: &Tenant, hold: &Hold) -> Result<bool> {
    Ok(sqlx::query_scalar("SELECT release_hold($1, $2, $3)")
        .bind(tenant.clinic().uuid())
        .bind(hold.slot.uuid())
        .bind(hold.id.uuid())
        .fetch_one(db.pool())
        .await?)
}

/// Frees the clinic's slots whose holds have expired; the waitlist's are its own affair. Only
/// tidies: expiry is judged whenever a slot is claimed.
///
/// # Errors
/// If the database fails.
pub async fn sweep_holds(db: &Database, tenant: &Tenant, now: Timestamp) -> Result<u64> {
    let swept: i32 = sqlx::query_scalar("SELECT sweep_holds($1, $2)")
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .fetch_one(db.pool())
        .await?;
    Ok(u64::try_from(swept).unwrap_or(0))
}

/// A slot to book, from an offer.
#[derive(Debug, Clone)]
pub struct Book {
    /// The slot.
    pub slot: SlotId,
    /// For whom.
    pub patient: VerifiedPatient,
    /// The hold to confirm. Without one, a hold of the same principal counts too.
    pub hold: Option<Hold>,
    /// The staff goes past a rule.
    pub staff: Option<StaffOverride>,
}

#[derive(Serialize)]
struct BookHash {
    slot: SlotId,
    patient: frontdesk_types::PatientId,
    staff: bool,
}

/// Books a slot: only after this returns may the caller be told so.
///
/// # Errors
/// Refusals: slot taken, held, unknown, unavailable, too soon, too far, hold lost, patient unknown
/// or busy, clinic or doctor inactive, key reused, still in progress.
pub async fn book(
    db: &Database,
    tenant: &Tenant,
    request: &Book,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Booked> {
    same_clinic(tenant, &request.patient)?;
    let hash = request_hash(&BookHash {
        slot: request.slot,
        patient: request.patient.patient(),
        staff: request.staff.is_some(),
    })?;
    let header = Header::new(tenant, by, now);
    let appointment = AppointmentId::new(ids);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT book_appointment($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $4, $5,
                                         $14)",
                &hash,
            )
            .bind(request.slot.uuid())
            .bind(request.patient.patient().uuid())
            .bind(appointment.uuid())
            .bind(references())
            .bind(request.hold.map(|hold| hold.id.uuid()))
            .bind(request.hold.map(|hold| hold.fence))
            .bind(request.staff.as_ref().map(|staff| staff.reason.clone()))
    })
    .await
    .and_then(Answer::booked)
    .inspect(|booked| {
        let made = &booked.appointment;
        debug_assert_eq!((made.slot, made.patient), (request.slot, request.patient.patient()));
        debug_assert!(made.status.is_live(), "BOOK-5");
    })
}

/// An appointment whose doctor the system may choose.
#[derive(Debug, Clone)]
pub struct Assign {
    /// For whom.
    pub patient: VerifiedPatient,
    /// Only this doctor, at whichever time is free.
    pub doctor: Option<DoctorId>,
    /// Only this specialty.
    pub specialty: Option<String>,
    /// Start not before.
    pub from: Timestamp,
    /// Start not after; equal to `from` asks for exactly that time.
    pub until: Timestamp,
    /// `in_person` or `teleconsultation`.
    pub visit_type: Option<String>,
}

#[derive(Serialize)]
struct AssignHash<'a> {
    patient: frontdesk_types::PatientId,
    doctor: Option<DoctorId>,
    specialty: Option<&'a str>,
    from: Timestamp,
    until: Timestamp,
    visit_type: Option<&'a str>,
}

/// Books the earliest free slot of what is asked for; of several doctors free at that time, the one
/// with the fewest appointments on that day. Whoever loses a race gets the next doctor or time.
///
/// # Errors
/// Refusals: no free slot, patient unknown or busy, clinic inactive, key reused, in progress.
pub async fn book_assigned(
    db: &Database,
    tenant: &Tenant,
    request: &Assign,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<Booked> {
    same_clinic(tenant, &request.patient)?;
    let hash = request_hash(&AssignHash {
        patient: request.patient.patient(),
        doctor: request.doctor,
        specialty: request.specialty.as_deref(),
        from: request.from,
        until: request.until,
        visit_type: request.visit_type.as_deref(),
    })?;
    let header = Header::new(tenant, by, now);
    let appointment = AppointmentId::new(ids);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT book_assigned($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $4,
                                      $5)",
                &hash,
            )
            .bind(request.doctor.map(DoctorId::uuid))
            .bind(request.specialty.clone())
            .bind(request.from.to_sqlx())
            .bind(request.until.to_sqlx())
            .bind(request.visit_type.clone())
            .bind(request.patient.patient().uuid())
            .bind(appointment.uuid())
            .bind(references())
    })
    .await
    .and_then(Answer::booked)
}
