//! The record of the patient who is identified, read for that patient alone.

use frontdesk_pipelines::dialogue::patient_record::{RecordFacts, VisitState};
use frontdesk_tenants::booking::{self, Status};
use frontdesk_tenants::{Error, patient};
use frontdesk_types::{PatientId, Phi};

use super::ToolCx;
use super::visits::facts;

/// The passages of the record in this clinic of the patient whom the guard vouches for; `None` if
/// nobody is identified. Read each time, so what was changed or erased is.
///
/// # Errors
/// If the database fails, or what is sealed cannot be opened.
pub(super) async fn own_record(
    cx: &ToolCx,
) -> Result<Option<(PatientId, Vec<Phi<String>>)>, Error> {
    let Some(who) = cx.proof() else { return Ok(None) };
    let mut tx = cx.tx().await?;
    let appointments = booking::appointments_of(&mut tx, &who).await?;
    let sealed = match &cx.keys {
        Some(keys) => match patient::record(&mut tx, keys, &who).await {
            Ok(record) => record,
            // Erased meanwhile, or of another clinic: nothing is told.
            Err(Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        },
        None => patient::Record::default(),
    };
    tx.commit().await?;
    let now = cx.now();
    let visits = appointments.iter().map(|appointment| {
        let state = match appointment.status {
            Status::Cancelled => VisitState::Cancelled,
            Status::NoShow => VisitState::Missed,
            Status::Completed => VisitState::Done,
            _ if appointment.ends_at <= now => VisitState::Done,
            _ => VisitState::Booked,
        };
        (facts(cx, appointment).visit, state)
    });
    let record = RecordFacts {
        visits: visits.collect(),
        allergies: sealed.allergies,
        insurance: sealed.insurance,
        history: sealed.medical_history,
    };
    Ok(Some((who.patient(), record.passages(cx.clinic().language()))))
}
