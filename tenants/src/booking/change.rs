//! Changing an appointment: move, cancel, and the steps of the visit.

use frontdesk_types::{AppointmentId, CallId, SlotId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Serialize;

use super::answer::{Answer, Booked, Hold, Status, call, request_hash};
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
    let principal = by.principal.to_string();
    call(db, by, || {
        sqlx::query_scalar(
            "SELECT reschedule_appointment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                                           $14)",
        )
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .bind(principal.clone())
        .bind(by.key.clone())
        .bind(hash.clone())
        .bind(request.appointment.uuid())
        .bind(request.patient.map(|patient| patient.patient().uuid()))
        .bind(request.version)
        .bind(request.slot.uuid())
        .bind(request.hold.map(|hold| hold.id.uuid()))
        .bind(request.hold.map(|hold| hold.fence))
        .bind(by.call_id().map(CallId::uuid))
        .bind(by.simulated)
        .bind(request.staff.as_ref().map(|staff| staff.reason.clone()))
    })
    .await
    .and_then(Answer::booked)
    .inspect(|booked| debug_assert_eq!(booked.appointment.slot, request.slot, "BOOK-7"))
}

/// Why an appointment was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The patient asked.
    Patient,
    /// The staff did it.
    Staff,
    /// It was not paid in time.
    Unpaid,
    /// The clinic took the slot away.
    ClinicChange,
}

impl CancelReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Staff => "staff",
            Self::Unpaid => "unpaid",
            Self::ClinicChange => "clinic_change",
        }
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
    let step = Step {
        appointment: request.appointment,
        patient: request.patient,
        version: request.version,
        to: Status::Cancelled,
        reason: Some(request.reason),
        staff: request.staff.as_ref(),
    };
    change(db, tenant, &step, by, now).await
}

/// The payment has come: scheduled → confirmed.
///
/// # Errors
/// Refusals: appointment unknown, wrong status.
pub async fn confirm_paid(
    db: &Database,
    tenant: &Tenant,
    appointment: AppointmentId,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    change(db, tenant, &Step::to(appointment, Status::Confirmed), by, now).await
}

/// The patient has arrived: confirmed → checked in.
///
/// # Errors
/// Refusals: appointment unknown, wrong status.
pub async fn check_in(
    db: &Database,
    tenant: &Tenant,
    appointment: AppointmentId,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    change(db, tenant, &Step::to(appointment, Status::CheckedIn), by, now).await
}

/// The visit is over: checked in → completed.
///
/// # Errors
/// Refusals: appointment unknown, wrong status.
pub async fn complete(
    db: &Database,
    tenant: &Tenant,
    appointment: AppointmentId,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    change(db, tenant, &Step::to(appointment, Status::Completed), by, now).await
}

/// The patient did not come: confirmed → no-show, once the visit should have begun.
///
/// # Errors
/// Refusals: appointment unknown, wrong status, too soon.
pub async fn no_show(
    db: &Database,
    tenant: &Tenant,
    appointment: AppointmentId,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    change(db, tenant, &Step::to(appointment, Status::NoShow), by, now).await
}

struct Step<'a> {
    appointment: AppointmentId,
    patient: Option<VerifiedPatient>,
    version: Option<i64>,
    to: Status,
    reason: Option<CancelReason>,
    staff: Option<&'a StaffOverride>,
}

impl Step<'_> {
    const fn to(appointment: AppointmentId, to: Status) -> Self {
        Self { appointment, patient: None, version: None, to, reason: None, staff: None }
    }
}

#[derive(Serialize)]
struct StepHash {
    appointment: AppointmentId,
    to: Status,
    reason: Option<CancelReason>,
}

async fn change(
    db: &Database,
    tenant: &Tenant,
    step: &Step<'_>,
    by: &By,
    now: Timestamp,
) -> Result<Booked> {
    let hash = request_hash(&StepHash {
        appointment: step.appointment,
        to: step.to,
        reason: step.reason,
    })?;
    let principal = by.principal.to_string();
    call(db, by, || {
        sqlx::query_scalar(
            "SELECT change_status($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(tenant.clinic().uuid())
        .bind(now.to_sqlx())
        .bind(principal.clone())
        .bind(by.key.clone())
        .bind(hash.clone())
        .bind(step.appointment.uuid())
        .bind(step.patient.map(|patient| patient.patient().uuid()))
        .bind(step.version)
        .bind(step.to.as_str())
        .bind(step.reason.map(CancelReason::as_str))
        .bind(by.call_id().map(CallId::uuid))
        .bind(by.simulated)
        .bind(step.staff.map(|staff| staff.reason.clone()))
    })
    .await
    .and_then(Answer::booked)
    .inspect(|booked| debug_assert_eq!(booked.appointment.status, step.to, "BOOK-4"))
}

/// Cancels the clinic's appointments that were not paid in time; returns how many.
///
/// # Errors
/// If the database fails.
pub async fn expire_unpaid(
    db: &Database,
    tenant: &Tenant,
    by: &By,
    now: Timestamp,
) -> Result<usize> {
    let due: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM unpaid_appointments($1, $2) AS id")
            .bind(tenant.clinic().uuid())
            .bind(now.to_sqlx())
            .fetch_all(db.pool())
            .await?;
    let mut expired = 0;
    for id in due {
        let mut step = Step::to(AppointmentId::from_uuid(id), Status::Cancelled);
        step.reason = Some(CancelReason::Unpaid);
        match change(db, tenant, &step, by, now).await {
            Ok(_) => expired += 1,
            // Paid, cancelled or moved meanwhile.
            Err(error) if error.refusal() == Some(Refusal::WrongStatus) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(expired)
}
