//! A double visit: two neighbouring slots of one doctor, both or neither [BOOK-8].

use frontdesk_types::{AppointmentId, IdSource, SlotId};
use jiff::Timestamp;
use serde::Serialize;

use super::answer::{Answer, Appointment, Booked, Hold, call, request_hash};
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
