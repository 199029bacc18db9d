//! The tools of a call: what the dialogue asks for, in the words of the clinic domain.
//!
//! Guards that depend on what this call has seen stand here: a write names an offer or an
//! appointment that a tool returned before, and a patient who was verified.

use frontdesk_pipelines::dialogue::phone;
use frontdesk_pipelines::dialogue::tools::{
    AppointmentFacts, BAD_PHONE, Identity, PartOfDay, Refusal, SlotWish, ToolCall, ToolResult,
    WriteNumber,
};
use frontdesk_tenants::booking::{
    self, Appointment, Book, Booked, Cancel, CancelReason, HOLD_CALL, HOLD_WEB, HoldRequest, Move,
    Search, Status,
};
use frontdesk_tenants::calls::{self, CallbackReason};
use frontdesk_tenants::patient::{self, Claim, Draft, Verification};
use frontdesk_tenants::{By, Error, Principal, TenantTx};
use frontdesk_types::{AppointmentId, Channel, Offer, OfferId, Phi};
use jiff::Timestamp;
use jiff::civil::{Time, time};

use super::{Call, record};
use crate::booking::SlotError;

/// Offers that are found for one wish at most.
const MAX_OFFERS: u8 = 12;

/// Offers that are told where nothing fits the wish.
const NEAREST: usize = 3;

/// How many days before the wished-for one the nearest are looked for.
const DAYS_BEFORE: i64 = 3;

/// Runs a tool. Trouble of any kind is [`ToolResult::Unavailable`]; the domain's no is a refusal.
pub(crate) async fn run(call: &Call, tool: ToolCall) -> ToolResult {
    match dispatch(call, tool).await {
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

async fn dispatch(call: &Call, tool: ToolCall) -> Result<ToolResult, SlotError> {
    match tool {
        ToolCall::IdentifyPatient(identity) => identify(call, identity).await,
        ToolCall::RegisterPatient { identity, write } => register(call, identity, write).await,
        ToolCall::FindSlots(wish) => find_slots(call, &wish).await,
        ToolCall::Hold { offer } => hold(call, offer).await,
        ToolCall::Release { offer } => release(call, offer).await,
        ToolCall::ListAppointments => list(call).await,
        ToolCall::Book { offer, write } => book(call, offer, write).await,
        ToolCall::Reschedule { appointment, offer, write } => {
            reschedule(call, appointment, offer, write).await
        }
        ToolCall::Cancel { appointment, write } => cancel(call, appointment, write).await,
        // The Retriever's.
        ToolCall::AskClinic { .. } => Ok(ToolResult::NoAnswer),
        ToolCall::Transfer { reason, write, phone } => {
            transfer(call, &reason, phone.as_ref(), write).await
        }
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

async fn identify(call: &Call, identity: Identity) -> Result<ToolResult, SlotError> {
    // A number that cannot be one matches nobody, as one that is nobody's.
    let phone = identity.phone.map(|said| e164(call, &said).unwrap_or(said));
    let claim = Claim { name: identity.full_name, date_of_birth: identity.date_of_birth, phone };
    let mut tx = tx(call).await?;
    let answer = patient::verify(&mut tx, &claim, &reader(call), call.clock.wall()).await?;
    tx.commit().await?;
    Ok(match answer {
        Verification::Verified(who) => {
            call.offers.lock().patient = Some(who);
            ToolResult::Identified
        }
        Verification::Namesakes => ToolResult::Ambiguous,
        Verification::Refused => ToolResult::NotIdentified,
    })
}

async fn register(
    call: &Call,
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
    call.offers.lock().patient = Some(who);
    Ok(ToolResult::Registered)
}

async fn find_slots(call: &Call, wish: &SlotWish) -> Result<ToolResult, SlotError> {
    let exact = search(call, wish).await?;
    if !exact.is_empty() {
        return Ok(remember(call, exact, true));
    }
    Ok(remember(call, nearest(call, wish).await?, false))
}

/// A wish that nothing fits is answered with the nearest (domain.md, section 6): another time of
/// those days, else the days around them, else whatever comes next.
async fn nearest(call: &Call, wish: &SlotWish) -> Result<Vec<Offer>, SlotError> {
    let any_time =
        SlotWish { part_of_day: None, not_before: None, not_after: None, ..wish.clone() };
    let same_days = search(call, &any_time).await?;
    if !same_days.is_empty() {
        let wanted = wish.not_before.or(wish.not_after);
        return Ok(closest(same_days, |offer| {
            let minutes = |t: Time| i64::from(t.hour()) * 60 + i64::from(t.minute());
            wanted.map_or(0, |wanted| (minutes(offer.local_start().time()) - minutes(wanted)).abs())
        }));
    }
    let same_part = SlotWish { part_of_day: wish.part_of_day, ..any_time.clone() };
    let mut other_days = around(call, &same_part).await?;
    if other_days.is_empty() {
        other_days = around(call, &any_time).await?;
    }
    Ok(closest(other_days, |offer| {
        wish.from.map_or(0, |day| i64::from((offer.local_start().date() - day).get_days()).abs())
    }))
}

/// What is free in the days before those of the wish, and after.
async fn around(call: &Call, wish: &SlotWish) -> Result<Vec<Offer>, SlotError> {
    let mut around = Vec::new();
    if let Some(day) = wish.from {
        let span = jiff::Span::new().days(DAYS_BEFORE);
        let before =
            SlotWish { from: day.checked_sub(span).ok(), to: day.yesterday().ok(), ..wish.clone() };
        around = search(call, &before).await?;
    }
    around.extend(search(call, &SlotWish { to: None, ..wish.clone() }).await?);
    Ok(around)
}

/// The few that lie least far away, in the order of time.
fn closest(mut offers: Vec<Offer>, away: impl Fn(&Offer) -> i64) -> Vec<Offer> {
    offers.sort_by_key(|offer| (away(offer), offer.starts_at));
    offers.truncate(NEAREST);
    offers.sort_by_key(|offer| offer.starts_at);
    offers
}

async fn search(call: &Call, wish: &SlotWish) -> Result<Vec<Offer>, SlotError> {
    let zone = call.facts.clinic.zone();
    let start = |date: jiff::civil::Date| date.to_zoned(zone.clone()).map(|z| z.timestamp()).ok();
    let (from_part, until_part) = wish.part_of_day.map_or((None, None), hours);
    let search = Search {
        doctor: wish.doctor,
        specialty: wish.specialty.clone(),
        from: wish.from.and_then(start),
        until: wish.to.and_then(|day| day.tomorrow().ok()).and_then(start).map(last_instant),
        local_from: wish.not_before.max(from_part),
        local_until: earlier(until_part, wish.not_after.map(just_after)),
        holder: Some(Principal::Call(call.id)),
        ..Search::default()
    };
    let limit = u32::from(wish.limit.clamp(1, MAX_OFFERS));
    let services = &call.services;
    let now = call.clock.wall();
    let (database, ids) = (&services.database, services.ids.as_ref());
    Ok(booking::find_free_slots(database, &call.tenant, &search, now, limit, ids).await?)
}

/// The first moment at which "not after `time`" is over: a search's local end is exclusive.
fn just_after(time: Time) -> Time {
    time.saturating_add(jiff::Span::new().microseconds(1))
}

/// The earlier of two ends, either of which may be open.
fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The last instant before `end`: a search's end is inclusive.
fn last_instant(end: Timestamp) -> Timestamp {
    end.checked_sub(jiff::Span::new().microseconds(1)).unwrap_or(end)
}

/// Local times from and before which a part of day lasts (domain.md, section 6).
const fn hours(part: PartOfDay) -> (Option<Time>, Option<Time>) {
    const NOON: Time = time(12, 0, 0, 0);
    const FIVE: Time = time(17, 0, 0, 0);
    match part {
        PartOfDay::Morning => (None, Some(NOON)),
        PartOfDay::Afternoon => (Some(NOON), Some(FIVE)),
        PartOfDay::Evening => (Some(FIVE), None),
    }
}

fn remember(call: &Call, offers: Vec<Offer>, exact: bool) -> ToolResult {
    let mut memory = call.offers.lock();
    for offer in &offers {
        memory.offers.insert(offer.id, offer.clone());
    }
    ToolResult::Slots { offers, exact }
}

fn offer(call: &Call, id: OfferId) -> Option<Offer> {
    call.offers.lock().offers.get(&id).cloned()
}

async fn hold(call: &Call, id: OfferId) -> Result<ToolResult, SlotError> {
    let Some(offer) = offer(call, id) else { return Ok(refused(Refusal::UnknownReference)) };
    let lasting = if call.facts.channel == Channel::Phone { HOLD_CALL } else { HOLD_WEB };
    let request = HoldRequest { slot: offer.slot, lasting, release: None };
    let (slots, now) = (&call.services.slots, call.clock.wall());
    let hold = slots.hold(&call.tenant, request, &reader(call), now).await?;
    call.offers.lock().holds.insert(offer.slot, hold);
    Ok(ToolResult::Held)
}

async fn release(call: &Call, id: OfferId) -> Result<ToolResult, SlotError> {
    let Some(offer) = offer(call, id) else { return Ok(refused(Refusal::UnknownReference)) };
    let hold = call.offers.lock().holds.remove(&offer.slot);
    if let Some(hold) = hold {
        let (slots, now) = (&call.services.slots, call.clock.wall());
        slots.release(&call.tenant, hold, &reader(call), now).await?;
    }
    Ok(ToolResult::Released)
}

async fn list(call: &Call) -> Result<ToolResult, SlotError> {
    let Some(who) = call.offers.lock().patient else { return Ok(refused(Refusal::NotIdentified)) };
    let mut tx = tx(call).await?;
    let all = booking::appointments_of(&mut tx, &who).await?;
    tx.commit().await?;
    let now = call.clock.wall();
    let live = |a: &Appointment| matches!(a.status, Status::Scheduled | Status::Confirmed);
    let ahead = all.into_iter().filter(|a| live(a) && a.starts_at > now);
    let appointments = ahead.map(|a| facts(call, &a, false)).collect();
    Ok(ToolResult::Appointments { appointments })
}

/// What is said of an appointment; from now on this call may change it.
fn facts(call: &Call, appointment: &Appointment, made_here: bool) -> AppointmentFacts {
    let doctors = &call.facts.clinic.doctors;
    let doctor = doctors.iter().find(|doctor| doctor.id == appointment.doctor);
    let made_in_this_call = {
        let mut memory = call.offers.lock();
        let made = memory.appointments.entry(appointment.id).or_insert(false);
        *made |= made_here;
        *made
    };
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
        made_in_this_call,
    }
}

async fn book(call: &Call, id: OfferId, write: WriteNumber) -> Result<ToolResult, SlotError> {
    let Some(offer) = offer(call, id) else { return Ok(refused(Refusal::UnknownReference)) };
    let (patient, hold) = {
        let memory = call.offers.lock();
        (memory.patient, memory.holds.get(&offer.slot).copied())
    };
    let Some(patient) = patient else { return Ok(refused(Refusal::NotIdentified)) };
    let by = by(call, write);
    let request = Book { slot: offer.slot, patient, hold, staff: None };
    let services = &call.services;
    let now = call.clock.wall();
    let booked = services.slots.book(&call.tenant, request, &by, now).await?;
    Ok(changed(call, &booked))
}

fn changed(call: &Call, booked: &Booked) -> ToolResult {
    call.offers.lock().holds.remove(&booked.appointment.slot);
    ToolResult::Booked { appointment: facts(call, &booked.appointment, true) }
}

async fn reschedule(
    call: &Call,
    appointment: AppointmentId,
    id: OfferId,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let Some(offer) = offer(call, id) else { return Ok(refused(Refusal::UnknownReference)) };
    let (patient, known, hold) = {
        let memory = call.offers.lock();
        let hold = memory.holds.get(&offer.slot).copied();
        (memory.patient, memory.appointments.contains_key(&appointment), hold)
    };
    let Some(patient) = patient else { return Ok(refused(Refusal::NotIdentified)) };
    if !known {
        return Ok(refused(Refusal::UnknownReference));
    }
    let request = Move {
        appointment,
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
    appointment: AppointmentId,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    let (patient, known) = {
        let memory = call.offers.lock();
        (memory.patient, memory.appointments.contains_key(&appointment))
    };
    let Some(patient) = patient else { return Ok(refused(Refusal::NotIdentified)) };
    if !known {
        return Ok(refused(Refusal::UnknownReference));
    }
    let request = Cancel {
        appointment,
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
    reason: &str,
    phone: Option<&Phi<String>>,
    write: WriteNumber,
) -> Result<ToolResult, SlotError> {
    // The call's own row must be there before a callback can name it; without one, the callback
    // is what counts.
    let row = record::key(call).await.is_some().then_some(call.id);
    let mut tx = tx(call).await?;
    let (now, ids) = (call.clock.wall(), call.services.ids.as_ref());
    let reason = match reason {
        "asked" => CallbackReason::Asked,
        "emergency" => CallbackReason::Emergency,
        "not_identified" => CallbackReason::Unidentified,
        _ => CallbackReason::Failure,
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
