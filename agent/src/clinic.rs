//! A clinic in memory: doctors, free slots, patients, appointments, answers. For simulations; it
//! keeps the rules that a caller notices, and forgets all with the simulation.

use std::sync::Arc;

use frontdesk_actors::{ClinicTools, ToolCx};
use frontdesk_pipelines::dialogue::tools::{
    AppointmentFacts, Identity, Refusal, ToolCall, ToolCallId, ToolResult,
};
use frontdesk_pipelines::dialogue::{ClinicFacts, DoctorFacts, OpenHours, answers};
use frontdesk_pipelines::offers::{Finder, Query, Step};
use frontdesk_types::{AppointmentId, DoctorId, Offer, OfferId, Phi, SeededIds, SlotId};
use jiff::civil::{Date, Time, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use parking_lot::Mutex;

/// Length of a visit.
const VISIT: SignedDuration = SignedDuration::from_mins(30);

/// Days ahead that can be booked.
const DAYS: i32 = 28;

/// The doctors are there from nine to five.
const SHIFT: (Time, Time) = (time(9, 0, 0, 0), time(17, 0, 0, 0));

#[derive(Debug, Clone)]
struct Patient {
    name: String,
    born: Date,
}

#[derive(Debug, Clone)]
struct Booked {
    patient: usize,
    facts: AppointmentFacts,
}

#[derive(Debug, Default)]
struct State {
    patients: Vec<Patient>,
    booked: Vec<Booked>,
    /// Which patient a tool call identified.
    identified: Vec<(ToolCallId, usize)>,
    /// Slots as they were first offered.
    slots: Vec<(DoctorId, Timestamp, SlotId)>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct MemoryClinic {
    facts: ClinicFacts,
    ids: SeededIds,
    state: Mutex<State>,
}

impl Default for MemoryClinic {
    /// Harbor Clinic: two doctors, and one patient, Mary Johnson, born on March 12, 1984.
    fn default() -> Self {
        let ids = SeededIds::new(1);
        let doctor = |name: &str, specialty: &str| DoctorFacts {
            id: DoctorId::new(&ids),
            name: name.to_owned(),
            specialties: vec![specialty.to_owned()],
            fee: Some(80),
            languages: vec!["en".to_owned()],
            gender: None,
        };
        let open = |weekday| OpenHours { weekday, from: SHIFT.0, to: SHIFT.1 };
        let facts = ClinicFacts {
            name: "Harbor Clinic".to_owned(),
            time_zone: "America/New_York".to_owned(),
            country: "US".to_owned(),
            emergency_number: "911".to_owned(),
            languages: vec!["en".to_owned()],
            address: "12 Garden Street".to_owned(),
            phone: "+12125550100".to_owned(),
            hours: (1..=5).map(open).collect(),
            doctors: vec![
                doctor("Anna Rivera", "family medicine"),
                doctor("Samuel Ward", "cardiology"),
            ],
            specialty_words: vec![("heart doctor".to_owned(), "cardiology".to_owned())],
            vocabulary: Vec::new(),
            holidays: Vec::new(),
        };
        let mary = Patient { name: "Mary Johnson".to_owned(), born: date(1984, 3, 12) };
        let state = State { patients: vec![mary], ..State::default() };
        Self { facts, ids, state: Mutex::new(state) }
    }
}

impl MemoryClinic {
    /// What its calls are told of it.
    pub(crate) const fn facts(&self) -> &ClinicFacts {
        &self.facts
    }

    /// Adds a patient.
    pub fn add_patient(&self, name: &str, born: Date) {
        self.state.lock().patients.push(Patient { name: name.to_owned(), born });
    }

    /// The appointments as they stand: patient, doctor, start in the clinic's zone.
    #[must_use]
    pub fn appointments(&self) -> Vec<(String, String, jiff::civil::DateTime)> {
        let state = self.state.lock();
        let told = |booked: &Booked| {
            let (patient, visit) = (&state.patients[booked.patient], &booked.facts.visit);
            (patient.name.clone(), visit.doctor_name.clone(), visit.local_start().datetime())
        };
        state.booked.iter().map(told).collect()
    }

    fn zone(&self) -> TimeZone {
        self.facts.zone()
    }

    fn search(&self, state: &mut State, query: &Query, now: Timestamp) -> Vec<Offer> {
        let zone = self.zone();
        let today = now.to_zoned(zone.clone()).date();
        let of_doctor = |doctor: &&DoctorFacts| {
            query.doctor.is_none_or(|wanted| wanted == doctor.id)
                && query.specialty.as_ref().is_none_or(|own| doctor.specialties.contains(own))
        };
        let doctors: Vec<&DoctorFacts> = self.facts.doctors.iter().filter(of_doctor).collect();
        let mut offers = Vec::new();
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
        for day in (0..DAYS).filter_map(|ahead| today.checked_add(ahead.days()).ok()) {
            if !self
                .facts
                .hours
                .iter()
                .any(|open| open.weekday == day.weekday().to_monday_one_offset())
            {
                continue;
            }
            let mut at = SHIFT.0;
            while at < SHIFT.1 && offers.len() < most {
                let start = day.to_datetime(at).to_zoned(zone.clone());
                at = at.saturating_add(VISIT);
                let Ok(start) = start else { continue };
                for doctor in &doctors {
                    let (at, start) = (start.time(), start.timestamp());
                    let fits = start > now
                        && query.from.is_none_or(|from| from <= start)
                        && query.until.is_none_or(|until| start < until)
                        && query.local_from.is_none_or(|from| from <= at)
                        && query.local_until.is_none_or(|until| at < until)
                        && !state.is_taken(doctor.id, start);
                    if fits && offers.len() < most {
                        offers.push(self.offer(state, doctor, start));
                    }
                }
            }
        }
        offers
    }

    fn offer(&self, state: &mut State, doctor: &DoctorFacts, starts_at: Timestamp) -> Offer {
        let known = state.slots.iter().find(|slot| (slot.0, slot.1) == (doctor.id, starts_at));
        let slot = known.map_or_else(|| SlotId::new(&self.ids), |slot| slot.2);
        state.slots.push((doctor.id, starts_at, slot));
        Offer {
            id: OfferId::new(&self.ids),
            second: None,
            slot,
            doctor: doctor.id,
            doctor_name: doctor.name.clone(),
            specialty: doctor.specialties.first().cloned().unwrap_or_default(),
            starts_at,
            ends_at: starts_at.saturating_add(VISIT).unwrap_or(starts_at),
            time_zone: self.facts.time_zone.clone(),
        }
    }

    fn find(
        &self,
        cx: &ToolCx,
        wish: frontdesk_pipelines::dialogue::tools::SlotWish,
    ) -> ToolResult {
        let state = &mut *self.state.lock();
        let (mut finder, mut query) = Finder::new(wish, self.zone());
        loop {
            match finder.found(self.search(state, &query, cx.now())) {
                Step::Search(next) => query = next,
                Step::Done { offers, exact } => return ToolResult::Slots { offers, exact },
            }
        }
    }

    fn identify(&self, cx: &ToolCx, who: &Identity) -> ToolResult {
        let mut state = self.state.lock();
        let (name, born) = (who.full_name.expose().to_lowercase(), *who.date_of_birth.expose());
        let is = |patient: &Patient| patient.name.to_lowercase() == name && patient.born == born;
        match state.patients.iter().position(is) {
            Some(patient) => {
                state.identified.push((cx.id(), patient));
                ToolResult::Identified
            }
            None => ToolResult::NotIdentified,
        }
    }

    fn register(&self, cx: &ToolCx, who: &Identity) -> ToolResult {
        let mut state = self.state.lock();
        let (name, born) = (who.full_name.expose().clone(), *who.date_of_birth.expose());
        state.patients.push(Patient { name, born });
        let patient = state.patients.len() - 1;
        state.identified.push((cx.id(), patient));
        ToolResult::Registered
    }

    fn book(&self, cx: &ToolCx, moved: Option<AppointmentId>) -> ToolResult {
        let mut state = self.state.lock();
        let Some(patient) = state.patient(cx) else { return refused(Refusal::NotIdentified) };
        let Some(offer) = cx.checked().offer.clone() else {
            return refused(Refusal::UnknownReference);
        };
        if state.is_taken(offer.doctor, offer.starts_at) {
            return refused(Refusal::SlotTaken);
        }
        let mine = |booked: &&mut Booked| Some(booked.facts.id) == moved;
        if let Some(booked) = state.booked.iter_mut().find(mine) {
            booked.facts.visit = offer;
            return ToolResult::Booked { appointment: booked.facts.clone() };
        }
        let number = state.booked.len() + 1;
        let facts = AppointmentFacts {
            id: AppointmentId::new(&self.ids),
            second: None,
            visit: offer,
            reference: format!("H{number}"),
            made_in_this_call: false,
        };
        state.booked.push(Booked { patient, facts: facts.clone() });
        ToolResult::Booked { appointment: facts }
    }

    fn cancel(&self, cx: &ToolCx, appointment: AppointmentId) -> ToolResult {
        let mut state = self.state.lock();
        if state.patient(cx).is_none() {
            return refused(Refusal::NotIdentified);
        }
        state.booked.retain(|booked| booked.facts.id != appointment);
        ToolResult::Cancelled
    }

    fn list(&self, cx: &ToolCx) -> ToolResult {
        let state = self.state.lock();
        let Some(patient) = state.patient(cx) else { return refused(Refusal::NotIdentified) };
        let mine = state.booked.iter().filter(|booked| booked.patient == patient);
        ToolResult::Appointments { appointments: mine.map(|b| b.facts.clone()).collect() }
    }

    fn answer(cx: &ToolCx, question: &Phi<String>) -> ToolResult {
        let (clinic, now) = (cx.clinic(), cx.time());
        let found = answers::from_facts(question.expose(), clinic, clinic.language(), now);
        match found {
            Some(answer) => ToolResult::Answer { text: answer.text, source: answer.source },
            None => ToolResult::NoAnswer,
        }
    }
}

impl State {
    fn is_taken(&self, doctor: DoctorId, at: Timestamp) -> bool {
        let takes = |booked: &Booked| {
            let visit = &booked.facts.visit;
            visit.doctor == doctor && visit.starts_at <= at && at < visit.ends_at
        };
        self.booked.iter().any(takes)
    }

    /// The patient whom the guard vouches for.
    fn patient(&self, cx: &ToolCx) -> Option<usize> {
        let by = cx.checked().patient?;
        self.identified.iter().find(|(call, _)| *call == by).map(|(_, patient)| *patient)
    }
}

const fn refused(refusal: Refusal) -> ToolResult {
    ToolResult::Refused { refusal }
}

impl ClinicTools for MemoryClinic {
    fn run(&self, cx: &ToolCx, call: &ToolCall) -> ToolResult {
        match call {
            ToolCall::IdentifyPatient(who) => self.identify(cx, who),
            ToolCall::RegisterPatient(who) => self.register(cx, who),
            ToolCall::FindSlots(wish) => self.find(cx, wish.clone()),
            ToolCall::Hold { .. } => ToolResult::Held,
            ToolCall::Release { .. } => ToolResult::Released,
            ToolCall::ListAppointments => self.list(cx),
            ToolCall::Book { .. } => self.book(cx, None),
            ToolCall::Reschedule { appointment, .. } => self.book(cx, Some(*appointment)),
            ToolCall::Cancel { appointment, .. } => self.cancel(cx, *appointment),
            ToolCall::AskClinic { question } => Self::answer(cx, question),
            ToolCall::TakeMessage(_) => ToolResult::MessageTaken,
            ToolCall::Transfer { .. } => ToolResult::CallbackNoted,
            // Nothing becomes free here: who waits waits for nothing.
            ToolCall::JoinWaitlist(_) => ToolResult::WaitlistJoined { known: false },
            ToolCall::ListWaitlist => ToolResult::Waitlist { entries: Vec::new() },
            ToolCall::LeaveWaitlist { .. } => ToolResult::WaitlistLeft,
            ToolCall::AcceptWaitlist { .. } | ToolCall::Other(_) => {
                refused(Refusal::UnknownReference)
            }
        }
    }
}

/// Shared with the simulation.
pub(crate) type Shared = Arc<MemoryClinic>;
