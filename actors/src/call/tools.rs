//! The tools of a call: what the dialogue asks for, in the words of the clinic domain.
//!
//! What this call has established is the guard's to know: a tool is handed the offer, the
//! appointment and the identification that the guard vouches for ([`Checked`]), and looks none of
//! them up. The proof that a patient is who they say stays here, under the number of the tool call
//! that brought it.

use frontdesk_pipelines::dialogue::ledger::Checked;
use frontdesk_pipelines::dialogue::phone;
use frontdesk_pipelines::dialogue::tools::{
    AppointmentFacts, BAD_PHONE, Identity, Refusal, SlotWish, ToolCall, ToolCallId, ToolResult,
    WriteNumber,
};
use frontdesk_pipelines::offers::{Finder, Query, Step};
use frontdesk_tenants::booking::{
    self, Appointment, Book, Booked, Cancel, CancelReason, HOLD_CALL, HOLD_WEB, HoldRequest, Move,
    Search, Status,
};
use frontdesk_tenants::calls::{self, CallbackReason};
use frontdesk_tenants::patient::{self, Claim, Draft, Verification, VerifiedPatient};
use frontdesk_tenants::{By, Error, Principal, TenantTx};
use frontdesk_types::{Channel, Offer, OfferId, Phi, TransferReason};

use super::{Call, record};
use crate::booking::SlotError;

/// A tool call of the dialogue.
#[derive(Debug, Clone)]
pub(crate) struct ToolInput {
    pub(crate) call: ToolCallId,
    pub(crate) tool: ToolCall,
    /// What the guard vouches for.
    pub(crate) checked: Checked,
}

/// Runs a tool. Trouble of any kind is [`ToolResult::Unavailable`]; the domain's no is a refusal.
pub(crate) async fn run(call: &Call, input: ToolInput) -> ToolResult {
    match dispatch(call, input).await {
        Ok(result) => result,
        Err(error) => match error.refusal() {
            Some(refusal) => refused(translate(refusal)),
            None => {
                tracing::error!(%error, "tool failed");
                ToolResult::Unavailable
            }
        },
    }
}

async fn dispatch(call: &Call, input: ToolInput) -> Result<ToolResult, SlotError> {
    let ToolInput { call: id, tool, checked } = input;
    let Checked { patient, offer, appointment, write } = checked;
    let write = write.unwrap_or(WriteNumber(0));
    let unknown = || Ok(refused(Refusal::UnknownReference));
    let stranger = || Ok(refused(Refusal::NotIdentified));
    let patient = || patient.and_then(|by| call.offers.lock().proof(by));
    match tool {
        ToolCall::IdentifyPatient(identity) => identify(call, id, identity).await,
        ToolCall::RegisterPatient(identity) => register(call, id, identity, write).await,
        ToolCall::FindSlots(wish) => find_slots(call, wish).await,
        ToolCall::Hold { .. } => match offer {
            Some(offer) => hold(call, &offer).await,
            None => unknown(),
        },
        ToolCall::Release { .. } => match offer {
            Some(offer) => release(call, &offer).await,
            None => unknown(),
        },
        ToolCall::ListAppointments => match patient() {
            Some(patient) => list(call, patient).await,
            None => stranger(),
        },
        ToolCall::Book { .. } => match (patient(), offer) {
            (None, _) => stranger(),
            (_, None) => unknown(),
            (Some(patient), Some(offer)) => book(call, patient, &offer, write).await,
        },
        ToolCall::Reschedule { .. } => match (patient(), appointment, offer) {
            (None, ..) => stranger(),
            (Some(patient), Some(appointment), Some(offer)) => {
                reschedule(call, patient, &appointment, &offer, write).await
            }
            _ => unknown(),
        },
        ToolCall::Cancel { .. } => match (patient(), appointment) {
            (None, _) => stranger(),
            (_, None) => unknown(),
            (Some(patient), Some(appointment)) => cancel(call, patient, &appointment, write).await,
        },
        // The Retriever's.
        ToolCall::AskClinic { .. } => Ok(ToolResult::NoAnswer),
        ToolCall::Transfer { reason, phone } => transfer(call, reason, phone.as_ref(), write).await,
        ToolCall::Other(_) => Ok(ToolResult::Unavailable),
    }
}

const fn refused(refusal: Refusal) -> ToolResult {
    ToolResult::Refused { refusal }
}

fn by(call: &Call, write: WriteNumber) -> By {
    By::call(call.id, write.0).simulated(call.simulated)
}

fn reader(call: &Call) -> By {
    By::principal(Principal::Call(call.id)).simulated(call.simulated)
}

/// The number in the form in which numbers are stored.
fn e164(call: &Call, said: &Phi<String>) -> Option<Phi<String>> {
    phone::e164(said.expose(), &call.facts.clinic.country).map(Phi::new)
}

async fn tx(call: &Call) -> Result<TenantTx, Error> {
    TenantTx::begin(&call.services.database, &call.tenant).await
}

async fn identify(
    call: &Call,
    id: ToolCallId,
    identity: Identity,
) -> Result<ToolResult, SlotError> {
    // A number that cannot be one matches nobody, as one that is nobody's.
    let phone = identity.phone.map(|said| e164(call, &said).unwrap_or(said));
    let claim = Claim { name: identity.full_name, date_of_birth: identity.date_of_birth, phone };
    let mut tx = tx(call).await?;
    let answer = patient::verify(&mut tx, &claim, &reader(call), call.clock.wall()).await?;
    tx.commit().await?;
    Ok(match answer {
        Verification::Verified(who) => {
            call.offers.lock().proven(id, who);
            ToolResult::Identified
        }
        Verification::Namesakes => ToolResult::Ambiguous,
        Verification::Refused => ToolResult::NotIdentified,
    })
}

async fn register(
    call: &Call,
    id: ToolCallId,
    identity: Identity,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let phone = identity.phone.as_ref().map(|said| e164(call, said));
    if phone.as_ref().is_some_and(Option::is_none) {
        return Ok(refused(Refusal::Other(BAD_PHONE.to_owned())));
    }
    let draft = Draft {
        name: identity.full_name,
        date_of_birth: identity.date_of_birth,
        phone: phone.flatten(),
    };
    let mut tx = tx(call).await?;
    let (now, ids) = (call.clock.wall(), call.services.ids.as_ref());
    let who = patient::register(&mut tx, &draft, &by(call, write), now, ids).await?;
    tx.commit().await?;
    call.offers.lock().proven(id, who);
    Ok(ToolResult::Registered)
}

/// What "nearest" means is not decided here: the finder says what to search for.
async fn find_slots(call: &Call, wish: SlotWish) -> Result<ToolResult, SlotError> {
    let (mut finder, mut query) = Finder::new(wish, call.facts.clinic.zone());
    loop {
        match finder.found(search(call, query).await?) {
            Step::Search(next) => query = next,
            Step::Done { offers, exact } => return Ok(ToolResult::Slots { offers, exact }),
        }
    }
}

async fn search(call: &Call, query: Query) -> Result<Vec<Offer>, SlotError> {
    let search = Search {
        doctor: query.doctor,
        specialty: query.specialty,
        from: query.from,
        until: query.until,
        local_from: query.local_from,
        local_until: query.local_until,
        holder: Some(Principal::Call(call.id)),
        ..Search::default()
    };
    let services = &call.services;
    let now = call.clock.wall();
    let (database, ids) = (&services.database, services.ids.as_ref());
    Ok(booking::find_free_slots(database, &call.tenant, &search, now, query.limit, ids).await?)
}

async fn hold(call: &Call, offer: &Offer) -> Result<ToolResult, SlotError> {
    let lasting = if call.facts.channel == Channel::Phone { HOLD_CALL } else { HOLD_WEB };
    let request = HoldRequest { slot: offer.slot, lasting, release: None };
    let (slots, now) = (&call.services.slots, call.clock.wall());
    let hold = slots.hold(&call.tenant, request, &reader(call), now).await?;
    call.offers.lock().holds.insert(offer.slot, hold);
    Ok(ToolResult::Held)
}

async fn release(call: &Call, offer: &Offer) -> Result<ToolResult, SlotError> {
    let hold = call.offers.lock().holds.remove(&offer.slot);
    if let Some(hold) = hold {
        let (slots, now) = (&call.services.slots, call.clock.wall());
        slots.release(&call.tenant, hold, &reader(call), now).await?;
    }
    Ok(ToolResult::Released)
}

async fn list(call: &Call, who: VerifiedPatient) -> Result<ToolResult, SlotError> {
    let mut tx = tx(call).await?;
    let all = booking::appointments_of(&mut tx, &who).await?;
    tx.commit().await?;
    let now = call.clock.wall();
    let live = |a: &Appointment| matches!(a.status, Status::Scheduled | Status::Confirmed);
    let ahead = all.into_iter().filter(|a| live(a) && a.starts_at > now);
    let appointments = ahead.map(|a| facts(call, &a)).collect();
    Ok(ToolResult::Appointments { appointments })
}

/// What is said of an appointment. Whether it was made in this call, the guard knows.
fn facts(call: &Call, appointment: &Appointment) -> AppointmentFacts {
    let doctors = &call.facts.clinic.doctors;
    let doctor = doctors.iter().find(|doctor| doctor.id == appointment.doctor);
    let visit = Offer {
        id: OfferId::new(call.services.ids.as_ref()),
        slot: appointment.slot,
        doctor: appointment.doctor,
        doctor_name: doctor.map(|d| d.name.clone()).unwrap_or_default(),
        specialty: doctor.and_then(|d| d.specialties.first().cloned()).unwrap_or_default(),
        starts_at: appointment.starts_at,
        ends_at: appointment.ends_at,
        time_zone: call.facts.clinic.time_zone.clone(),
    };
    AppointmentFacts {
        id: appointment.id,
        visit,
        reference: appointment.reference.to_string(),
        made_in_this_call: false,
    }
}

async fn book(
    call: &Call,
    patient: VerifiedPatient,
    offer: &Offer,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let hold = call.offers.lock().holds.get(&offer.slot).copied();
    let request = Book { slot: offer.slot, patient, hold, staff: None };
    let (slots, now) = (&call.services.slots, call.clock.wall());
    let booked = slots.book(&call.tenant, request, &by(call, write), now).await?;
    Ok(changed(call, &booked))
}

fn changed(call: &Call, booked: &Booked) -> ToolResult {
    call.offers.lock().holds.remove(&booked.appointment.slot);
    ToolResult::Booked { appointment: facts(call, &booked.appointment) }
}

async fn reschedule(
    call: &Call,
    patient: VerifiedPatient,
    appointment: &AppointmentFacts,
    offer: &Offer,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let hold = call.offers.lock().holds.get(&offer.slot).copied();
    let request = Move {
        appointment: appointment.id,
        patient: Some(patient),
        version: None,
        slot: offer.slot,
        hold,
        staff: None,
    };
    let (slots, now) = (&call.services.slots, call.clock.wall());
    let moved = slots.reschedule(&call.tenant, request, &by(call, write), now).await?;
    Ok(changed(call, &moved))
}

async fn cancel(
    call: &Call,
    patient: VerifiedPatient,
    appointment: &AppointmentFacts,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let request = Cancel {
        appointment: appointment.id,
        patient: Some(patient),
        version: None,
        reason: CancelReason::Patient,
        staff: None,
    };
    let (slots, now) = (&call.services.slots, call.clock.wall());
    slots.cancel(&call.tenant, &request, &by(call, write), now).await?;
    Ok(ToolResult::Cancelled)
}

async fn transfer(
    call: &Call,
    reason: TransferReason,
    phone: Option<&Phi<String>>,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    // The call's own row must be there before a callback can name it; without one, the callback
    // is what counts.
    let row = record::key(call).await.is_some().then_some(call.id);
    let mut tx = tx(call).await?;
    let (now, ids) = (call.clock.wall(), call.services.ids.as_ref());
    let reason = match reason {
        TransferReason::Asked => CallbackReason::Asked,
        TransferReason::Emergency => CallbackReason::Emergency,
        TransferReason::NotIdentified => CallbackReason::Unidentified,
        TransferReason::Misunderstood | TransferReason::Failed => CallbackReason::Failure,
    };
    let phone = phone.and_then(|said| e164(call, said));
    calls::add_callback(&mut tx, row, phone.as_ref(), reason, &by(call, write), now, ids).await?;
    tx.commit().await?;
    Ok(ToolResult::CallbackNoted)
}

/// The domain's refusals in the dialogue's words.
fn translate(refusal: frontdesk_tenants::Refusal) -> Refusal {
    use frontdesk_tenants::Refusal as Domain;
    match refusal {
        Domain::SlotTaken
        | Domain::SlotHeld
        | Domain::SlotUnavailable
        | Domain::SlotUnknown
        | Domain::HoldLost
        | Domain::NoFreeSlot => Refusal::SlotTaken,
        Domain::TooSoon | Domain::TooFar => Refusal::OutsideBookingWindow,
        Domain::TooLate => Refusal::TooLate,
        Domain::PatientBusy => Refusal::PatientBusy,
        Domain::PatientUnknown => Refusal::NotIdentified,
        Domain::AppointmentUnknown => Refusal::UnknownReference,
        other => Refusal::Other(format!("{other:?}")),
    }
}
