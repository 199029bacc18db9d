//! A double visit: two neighbouring slots of one doctor, both or neither [BOOK-8].

use frontdesk_types::{AppointmentId, IdSource, SlotId};
use jiff::Timestamp;
use serde::Serialize;

use super::answer::{Answer, Appointment, Booked, Hold, call, request_hash};
use super::change::CancelReason;
use super::header::Header;
use super::take::{references, same_clinic};
use crate::patient::VerifiedPatient;
use crate::{By, Database, Result, Tenant};

/// Two slots to book, from one offer.
#[derive(Debug, Clone)]
pub struct Double {
    /// The slots, the earlier first; the second begins where the first and its buffer end.
    pub slots: [SlotId; 2],
    /// For whom.
    pub patient: VerifiedPatient,
    /// Their holds to confirm. Without one, a hold of the same principal counts too.
    pub holds: [Option<Hold>; 2],
}

#[derive(Serialize)]
struct DoubleHash {
    slots: [SlotId; 2],
    patient: frontdesk_types::PatientId,
}

/// Books both slots in one transaction, or neither: two appointments of one patient.
///
/// # Errors
/// Refusals: those of [`book`](super::book), of either slot; slot unavailable where they are no
/// neighbours.
pub async fn book_double(
    db: &Database,
    tenant: &Tenant,
    request: &Double,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(Booked, Appointment)> {
    same_clinic(tenant, &request.patient)?;
    let hash =
        request_hash(&DoubleHash { slots: request.slots, patient: request.patient.patient() })?;
    let header = Header::new(tenant, by, now);
    let appointments = vec![AppointmentId::new(ids).uuid(), AppointmentId::new(ids).uuid()];
    let [first, second] = request.slots;
    let [hold, hold_second] = request.holds;
    call(db, by, || {
        header
            .bind_keyed(
                "SELECT book_double($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                                    $17, $4, $5)",
                &hash,
            )
            .bind(first.uuid())
            .bind(second.uuid())
            .bind(request.patient.patient().uuid())
            .bind(appointments.clone())
            .bind(references())
            .bind(references())
            .bind(hold.map(|hold| hold.id.uuid()))
            .bind(hold.map(|hold| hold.fence))
            .bind(hold_second.map(|hold| hold.id.uuid()))
            .bind(hold_second.map(|hold| hold.fence))
    })
    .await
    .and_then(Answer::booked_double)
}

/// Both appointments of a double visit, to cancel.
#[derive(Debug, Clone)]
pub struct CancelDouble {
    /// The appointments, the earlier first.
    pub appointments: [AppointmentId; 2],
    /// Whose they must be.
    pub patient: VerifiedPatient,
}

/// Cancels both appointments in one transaction, or neither.
///
/// # Errors
/// Refusals: those of [`cancel`](super::cancel), of either appointment.
pub async fn cancel_double(
    db: &Database,
    tenant: &Tenant,
    request: &CancelDouble,
    by: &By,
    now: Timestamp,
) -> Result<(Booked, Appointment)> {
    same_clinic(tenant, &request.patient)?;
    let hash = request_hash(&request.appointments)?;
    let header = Header::new(tenant, by, now);
    let appointments: Vec<uuid::Uuid> = request.appointments.iter().map(|id| id.uuid()).collect();
    call(db, by, || {
        header
            .bind_keyed("SELECT cancel_double($1, $2, $3, $6, $7, $8, $9, $10, $4, $5)", &hash)
            .bind(appointments.clone())
            .bind(request.patient.patient().uuid())
            .bind(CancelReason::Patient.as_str())
    })
    .await
    .and_then(Answer::booked_double)
}

/// A visit to move, where it is a double one or becomes one.
#[derive(Debug, Clone)]
pub struct MoveDouble {
    /// Its appointment, the earlier of two.
    pub first: AppointmentId,
    /// The later of two.
    pub second: Option<AppointmentId>,
    /// Whose they must be.
    pub patient: VerifiedPatient,
    /// Where it goes.
    pub slot: SlotId,
    /// The slot right after it. Without one, a second appointment is cancelled.
    pub second_slot: Option<SlotId>,
    /// The holds on these slots. Without one, a hold of the same principal counts too.
    pub holds: [Option<Hold>; 2],
}

#[derive(Serialize)]
struct MoveDoubleHash {
    appointments: [Option<AppointmentId>; 2],
    slots: [Option<SlotId>; 2],
}

/// Moves all of a visit in one transaction, or nothing of it. References stay; a second appointment
/// that there was not is booked.
///
/// # Errors
/// Refusals: those of [`reschedule`](super::reschedule), [`cancel`](super::cancel) and
/// [`book`](super::book), of either appointment; slot unavailable where the slots are no neighbours.
pub async fn move_double(
    db: &Database,
    tenant: &Tenant,
    request: &MoveDouble,
    by: &By,
    now: Timestamp,
    ids: &dyn IdSource,
) -> Result<(Booked, Option<Appointment>)> {
    same_clinic(tenant, &request.patient)?;
    let hash = request_hash(&MoveDoubleHash {
        appointments: [Some(request.first), request.second],
        slots: [Some(request.slot), request.second_slot],
    })?;
    let header = Header::new(tenant, by, now);
    let new = AppointmentId::new(ids).uuid();
    let [hold, hold_second] = request.holds;
    let mut answer = call(db, by, || {
        header
            .bind_keyed(
                "SELECT move_double($1, $2, $3, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                                    $17, $18, $4, $5)",
                &hash,
            )
            .bind(request.first.uuid())
            .bind(request.second.map(AppointmentId::uuid))
            .bind(request.patient.patient().uuid())
            .bind(request.slot.uuid())
            .bind(request.second_slot.map(SlotId::uuid))
            .bind(hold.map(|hold| hold.id.uuid()))
            .bind(hold.map(|hold| hold.fence))
            .bind(hold_second.map(|hold| hold.id.uuid()))
            .bind(hold_second.map(|hold| hold.fence))
            .bind(new)
            .bind(references())
    })
    .await?;
    let second = answer.second.take();
    Ok((answer.booked()?, second))
}
