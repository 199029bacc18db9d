//! Changing an appointment: move, cancel, and the steps of the visit.

use frontdesk_types::{AppointmentId, SlotId, named_enum};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;

use super::answer::{Answer, Booked, Hold, Status, call, request_hash};
use super::header::Header;
use super::take::same_clinic;
use crate::patient::VerifiedPatient;
use crate::{By, Database, Refusal, Result, StaffOverride, Tenant};

/// An appointment to move.
#[derive(Debug, Clone)]
pub struct Move {
    /// The appointment.
    pub appointment: AppointmentId,
    /// Whose it must be; `None` is for the staff.
    pub patient: Option<VerifiedPatient>,
    /// The version that was read; `None` takes whatever stands.
    pub version: Option<i64>,
    /// The new slot.
    pub slot: SlotId,
    /// The hold on the new slot.
    pub hold: Option<Hold>,
    /// The staff goes past a rule.
    pub staff: Option<StaffOverride>,
}

#[derive(Serialize)]
struct MoveHash {
    appointment: AppointmentId,
    slot: SlotId,
    staff: bool,
}

/// Moves an appointment: the new slot is taken and the old one freed, or nothing happens [BOOK-7].
/// The reference stays.
///
/// # Errors
/// Refusals: as [`super::book`], and appointment unknown, version mismatch, wrong status, too late,
/// same slot.
pub async fn reschedule(
    db: &Database,
    tenant: &Tenant,
    request: &Move,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    if let Some(patient) = &request.patient {
        same_clinic(tenant, patient)?;
    }
    let hash = request_hash(&MoveHash {
        appointment: request.appointment,
        slot: request.slot,
        staff: request.staff.is_some(),
    })?;
    let header = Header::new(tenant, by, now);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT reschedule_appointment($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $4,
                                               $5, $14)",
                &hash,
            )
            .bind(request.appointment.uuid())
            .bind(request.patient.map(|patient| patient.patient().uuid()))
            .bind(request.version)
            .bind(request.slot.uuid())
            .bind(request.hold.map(|hold| hold.id.uuid()))
            .bind(request.hold.map(|hold| hold.fence))
            .bind(request.staff.as_ref().map(|staff| staff.reason.clone()))
    })
    .await
    .and_then(Answer::booked)
    .inspect(|booked| debug_assert_eq!(booked.appointment.slot, request.slot, "BOOK-7"))
}

named_enum! {
    /// Why an appointment was cancelled.
    pub enum CancelReason: "reason of a cancellation" {
        /// The patient asked.
        Patient = "patient",
        /// The staff did it.
        Staff = "staff",
        /// It was not paid in time.
        Unpaid = "unpaid",
        /// The clinic took the slot away.
        ClinicChange = "clinic_change",
    }
}

/// An appointment to cancel.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// The appointment.
    pub appointment: AppointmentId,
    /// Whose it must be; `None` is for the staff.
    pub patient: Option<VerifiedPatient>,
    /// The version that was read; `None` takes whatever stands.
    pub version: Option<i64>,
    /// Why.
    pub reason: CancelReason,
    /// The staff goes past the notice.
    pub staff: Option<StaffOverride>,
}

/// Cancels: the slot is free again or goes to the first on the waitlist; the row stays.
///
/// # Errors
/// Refusals: appointment unknown, version mismatch, wrong status, too late, key reused, in progress.
pub async fn cancel(
    db: &Database,
    tenant: &Tenant,
    request: &Cancel,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    if let Some(patient) = &request.patient {
        same_clinic(tenant, patient)?;
    }
    let transition = Transition {
        appointment: request.appointment,
        patient: request.patient,
        version: request.version,
        to: Status::Cancelled,
        reason: Some(request.reason),
        staff: request.staff.as_ref(),
    };
    change(db, tenant, &transition, by, now).await
}

/// What happens to an appointment on its way, cancelling and moving apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The payment has come: scheduled → confirmed.
    Paid,
    /// The patient has arrived: confirmed → checked in.
    Arrived,
    /// The visit is over: checked in → completed.
    Over,
    /// The patient did not come: confirmed → no-show, once the visit should have begun.
    Missed,
}

impl Step {
    const fn status(self) -> Status {
        match self {
            Self::Paid => Status::Confirmed,
            Self::Arrived => Status::CheckedIn,
            Self::Over => Status::Completed,
            Self::Missed => Status::NoShow,
        }
    }
}

/// Takes an appointment one step further.
///
/// # Errors
/// Refusals: appointment unknown, wrong status; for [`Step::Missed`] too soon.
pub async fn advance(
    db: &Database,
    tenant: &Tenant,
    appointment: AppointmentId,
    step: Step,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    change(db, tenant, &Transition::to(appointment, step.status()), by, now).await
}

struct Transition<'a> {
    appointment: AppointmentId,
    patient: Option<VerifiedPatient>,
    version: Option<i64>,
    to: Status,
    reason: Option<CancelReason>,
    staff: Option<&'a StaffOverride>,
}

impl Transition<'_> {
    const fn to(appointment: AppointmentId, to: Status) -> Self {
        Self { appointment, patient: None, version: None, to, reason: None, staff: None }
    }
}

#[derive(Serialize)]
struct TransitionHash {
    appointment: AppointmentId,
    to: Status,
    reason: Option<CancelReason>,
}

async fn change(
    db: &Database,
    tenant: &Tenant,
    transition: &Transition<'_>,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    let hash = request_hash(&TransitionHash {
        appointment: transition.appointment,
        to: transition.to,
        reason: transition.reason,
    })?;
    let header = Header::new(tenant, by, now);
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT change_status($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $4, $5, $13)",
                &hash,
            )
            .bind(transition.appointment.uuid())
            .bind(transition.patient.map(|patient| patient.patient().uuid()))
            .bind(transition.version)
            .bind(transition.to.as_str())
            .bind(transition.reason.map(CancelReason::as_str))
            .bind(transition.staff.map(|staff| staff.reason.clone()))
    })
    .await
    .and_then(Answer::booked)
    .inspect(|booked| debug_assert_eq!(booked.appointment.status, transition.to, "BOOK-4"))
}

/// Cancels the clinic's appointments that were not paid in time; returns how many.
///
/// # Errors
/// The first appointment's that failed; the others are cancelled nevertheless.
pub async fn expire_unpaid(
    db: &Database,
    tenant: &Tenant,
    by: &By,
    now: Timestamp,
) -> Result<usize> {
    let due = "SELECT id FROM unpaid_appointments($1, $2) AS id";
    change_due(db, tenant, due, (Status::Cancelled, Some(CancelReason::Unpaid)), by, now).await
}

/// Marks the clinic's appointments to which nobody came, where it says how long after the visit that
/// is so; returns how many.
///
/// # Errors
/// The first appointment's that failed; the others are marked nevertheless.
pub async fn mark_missed(db: &Database, tenant: &Tenant, by: &By, now: Timestamp) -> Result<usize> {
    let due = "SELECT id FROM missed_appointments($1, $2) AS id";
    change_due(db, tenant, due, (Status::NoShow, None), by, now).await
}

async fn change_due(
    db: &Database,
    tenant: &Tenant,
    due: &'static str,
    (to, reason): (Status, Option<CancelReason>),
    by: &By,
    now: Timestamp,
) -> Result<usize> {
    let due: Vec<uuid::Uuid> = sqlx::query_scalar(due)
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .fetch_all(db.pool())
        .await?;
    let (mut changed, mut failed) = (0, None);
    for appointment in due.into_iter().map(AppointmentId::from_uuid) {
        let transition = Transition { reason, ..Transition::to(appointment, to) };
        match change(db, tenant, &transition, by, now).await {
            Ok(_) => changed += 1,
            // Paid, cancelled or moved meanwhile.
            Err(error) if error.refusal() == Some(Refusal::WrongStatus) => {}
            Err(error) => {
                tracing::error!(%appointment, %error, to = to.as_str(), "appointment not changed");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(changed), Err)
}
