//! A small honest clinic in memory behind the tools, and a caller who drives the forms against it.

use std::collections::{HashMap, VecDeque};

use frontdesk_pipelines::dialogue::forms::Forms;
use frontdesk_pipelines::dialogue::ledger::Checked;
use frontdesk_pipelines::dialogue::tools::{
    AppointmentFacts, Identity, Refusal, SlotWish, ToolCall, ToolResult, WriteNumber,
};
use frontdesk_pipelines::dialogue::{CallFacts, ClinicFacts, Dialogue, Input, Now, Output};
use frontdesk_pipelines::offers::{Finder, Query, Step};
use frontdesk_types::{
    AppointmentId, CallOutcome, Channel, MessageSubject, Mono, Offer, OfferId, SeededIds, SlotId,
};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp, ToSpan};

use crate::clinic_sim::{DOCTORS, SHIFTS, zone};
pub(crate) use crate::clinic_sim::{ZONE, context, english, facts, local};
use crate::waitlist_sim::Waitlist;

struct Slot {
    id: SlotId,
    doctor: usize,
    start: Timestamp,
    taken: bool,
}

pub(crate) struct Patient {
    pub(crate) name: String,
    birth: Date,
    phone: String,
}

struct Appointment {
    facts: AppointmentFacts,
    patient: usize,
    live: bool,
    /// One slot, or both of a double visit.
    slots: Vec<usize>,
}

/// The clinic.
pub(crate) struct Clinic {
    /// What a read-back of a visit ends with.
    pub(crate) read_back: &'static str,
    pub(crate) facts: CallFacts,
    ids: SeededIds,
    slots: Vec<Slot>,
    pub(crate) patients: Vec<Patient>,
    appointments: Vec<Appointment>,
    offers: HashMap<OfferId, usize>,
    /// The second slots of offers for two.
    seconds: HashMap<OfferId, usize>,
    identity: Option<usize>,
    answers: HashMap<WriteNumber, ToolResult>,
    pub(crate) now: Timestamp,
    pub(crate) calls: Vec<ToolCall>,
    /// Numbers of the writes among them, once for each try.
    pub(crate) numbers: Vec<WriteNumber>,
    pub(crate) callbacks: Vec<String>,
    /// Messages: subject and words.
    pub(crate) messages: Vec<(MessageSubject, String)>,
    /// Callbacks that nobody can make: without a number and without a patient.
    pub(crate) empty_callbacks: usize,
    /// Tool calls that find the database away.
    pub(crate) away: u32,
    /// Who waits for what, by patient.
    pub(crate) waitlist: Waitlist,
    /// Somebody else books the next offer that is held.
    pub(crate) take_next_held: bool,
}

/// Patients whom the clinic has before the call.
const KNOWN: usize = 4;

impl Clinic {
    /// Wednesday, June 10, 2026, nine in the morning, unless told otherwise.
    pub(crate) fn at(now: &str) -> Self {
        let (facts, ids, now) = (facts(), SeededIds::new(7), local(now));
        let first = now.to_zoned(zone()).date();
        let mut slots = Vec::new();
        for day in 0..60 {
            let day = first + day.days();
            for (doctor, weekday, from, to) in SHIFTS {
                let mut at = day.at(from, 0, 0, 0);
                while day.weekday() == weekday && at < day.at(to, 0, 0, 0) {
                    let start = at.to_zoned(zone()).expect("exists").timestamp();
                    slots.push(Slot { id: SlotId::new(&ids), doctor, start, taken: false });
                    at = at.checked_add(30.minutes()).expect("in range");
                }
            }
        }
        slots.sort_by_key(|slot| (slot.start, slot.doctor));
        let patient = |name: &str, birth, phone: &str| Patient {
            name: name.to_owned(),
            birth,
            phone: phone.to_owned(),
        };
        let patients = vec![
            patient("Jane Miller", date(1980, 5, 17), "+201001112223"),
            patient("Tom Miller", date(2016, 8, 2), "+201001112223"),
            patient("Ali Saleh", date(1975, 1, 9), "+201005556667"),
            patient("Ali Saleh", date(1975, 1, 9), "+201008889990"),
        ];
        Self {
            read_back: "Is that correct?",
            facts,
            ids,
            slots,
            patients,
            appointments: Vec::new(),
            offers: HashMap::new(),
            seconds: HashMap::new(),
            identity: None,
            answers: HashMap::new(),
            now,
            calls: Vec::new(),
            callbacks: Vec::new(),
            messages: Vec::new(),
            numbers: Vec::new(),
            empty_callbacks: 0,
            away: 0,
            take_next_held: false,
            waitlist: Waitlist::default(),
        }
    }

    /// Changes what the clinic is known for, before its first call.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut ClinicFacts)) {
        let clinic = &self.facts.clinic;
        let mut facts = clinic.facts().as_ref().clone();
        change(&mut facts);
        self.facts.clinic = context(facts, clinic.language(), clinic.settings().clone());
    }

    pub(crate) fn new() -> Self {
        Self::at("2026-06-10T09:00:00")
    }

    fn slot_at(&self, doctor: &str, start: &str) -> usize {
        let start = local(start);
        let fits = |slot: &Slot| slot.start == start && DOCTORS[slot.doctor].0.contains(doctor);
        self.slots.iter().position(fits).expect("there is such a slot")
    }

    /// Somebody has cancelled: the time is kept for the first who waits.
    pub(crate) fn keep_for_first(&mut self, doctor: &str, start: &str) {
        let slot = self.slot_at(doctor, start);
        self.slots[slot].taken = true;
        let offer = self.offer(slot);
        self.waitlist.keep_for_first(offer);
    }

    /// All times of a doctor are taken.
    pub(crate) fn full(&mut self, doctor: &str) {
        for slot in &mut self.slots {
            slot.taken |= DOCTORS[slot.doctor].0.contains(doctor);
        }
    }

    /// An appointment made before the call.
    pub(crate) fn given(&mut self, patient: usize, doctor: &str, start: &str) {
        let slot = self.slot_at(doctor, start);
        self.appoint(patient, vec![slot], false);
    }

    fn appoint(&mut self, patient: usize, slots: Vec<usize>, now: bool) -> AppointmentFacts {
        let before: usize = self.appointments.iter().map(|known| known.slots.len()).sum();
        let references = (1..=slots.len()).map(|n| format!("K{}M2", before + n));
        let facts = AppointmentFacts {
            id: AppointmentId::new(&self.ids),
            second: (slots.len() > 1).then(|| AppointmentId::new(&self.ids)),
            visit: self.visit(&slots),
            reference: references.collect::<Vec<_>>().join(" and "),
            made_in_this_call: now,
        };
        let appointment = Appointment { facts: facts.clone(), patient, live: true, slots };
        self.appointments.push(appointment);
        facts
    }

    /// The visit on these slots, which are taken now.
    fn visit(&mut self, slots: &[usize]) -> Offer {
        slots.iter().for_each(|slot| self.slots[*slot].taken = true);
        let mut visit = self.offer(slots[0]);
        if let Some(second) = slots.get(1) {
            let second = self.offer(*second);
            (visit.second, visit.ends_at) = (Some(second.slot), second.ends_at);
        }
        visit
    }

    /// The slots of an offer, if all are free.
    fn free_slots(&self, offer: OfferId) -> Option<Vec<usize>> {
        let slots = [self.offers.get(&offer), self.seconds.get(&offer)];
        let slots: Vec<usize> = slots.into_iter().flatten().copied().collect();
        slots.iter().all(|slot| !self.slots[*slot].taken).then_some(slots)
    }

    fn offer(&self, slot: usize) -> Offer {
        let slot = &self.slots[slot];
        let doctor = &self.facts.clinic.doctors[slot.doctor];
        Offer {
            id: OfferId::new(&self.ids),
            second: None,
            slot: slot.id,
            doctor: doctor.id,
            doctor_name: doctor.name.clone(),
            specialty: doctor.specialties[0].clone(),
            starts_at: slot.start,
            ends_at: slot.start + 20.minutes(),
            time_zone: ZONE.to_owned(),
        }
    }

    /// Live appointments as "name doctor date time", in the order that they were made.
    pub(crate) fn booked(&self) -> Vec<String> {
        let live = self.appointments.iter().filter(|a| a.live);
        live.flat_map(|a| a.slots.iter().map(|slot| (&self.patients[a.patient].name, *slot)))
            .map(|(name, slot)| {
                let visit = self.offer(slot);
                let start = visit.local_start().strftime("%F %H:%M").to_string();
                format!("{name}: {} {start}", visit.doctor_name)
            })
            .collect()
    }

    pub(crate) fn registered(&self) -> Vec<String> {
        let new = self.patients.iter().skip(KNOWN);
        new.map(|Patient { name, birth, phone }| format!("{name} {birth} {phone}")).collect()
    }

    /// Name of whoever is identified.
    pub(crate) fn patient(&self) -> &str {
        self.identity.map_or("", |at| &self.patients[at].name)
    }

    /// The guard vouches for all that a tool names, and for the patient of what is the patient's.
    fn check(&self, tool: &ToolCall, checked: &Checked) {
        let offer = checked.offer.as_ref().map(|offer| offer.id);
        let appointment = checked.appointment.as_ref().map(|known| known.id);
        let named = match tool {
            ToolCall::Hold { offer } | ToolCall::Release { offer } => (Some(*offer), None),
            ToolCall::Book { offer, .. } => (Some(*offer), None),
            ToolCall::Reschedule { offer, appointment, .. } => (Some(*offer), Some(*appointment)),
            ToolCall::Cancel { appointment, .. } => (None, Some(*appointment)),
            _ => (None, None),
        };
        assert_eq!((offer, appointment), named, "{tool:?}");
        let of_patient =
            named.1.is_some() || matches!(tool, ToolCall::Book { .. } | ToolCall::ListAppointments);
        assert!(!of_patient || checked.patient.is_some(), "{tool:?}");
    }

    /// Runs a tool as the clinic's own services would.
    pub(crate) fn run(&mut self, tool: &ToolCall, write: Option<WriteNumber>) -> ToolResult {
        self.calls.push(tool.clone());
        self.numbers.extend(write);
        if self.away > 0 {
            self.away -= 1;
            return ToolResult::Unavailable;
        }
        if let Some(answer) = write.and_then(|number| self.answers.get(&number)) {
            return answer.clone();
        }
        let result = self.decide(tool);
        if let Some(number) = write {
            self.answers.insert(number, result.clone());
        }
        result
    }

    fn decide(&mut self, tool: &ToolCall) -> ToolResult {
        let refused = |refusal| ToolResult::Refused { refusal };
        match tool {
            ToolCall::IdentifyPatient(identity) => self.identify(identity),
            ToolCall::RegisterPatient(identity) => {
                if self.identify(identity) == ToolResult::Identified {
                    return ToolResult::Identified;
                }
                let phone = identity.phone.as_ref().expect("a phone").expose().clone();
                let (name, birth) = (&identity.full_name, *identity.date_of_birth.expose());
                self.patients.push(Patient { name: name.expose().clone(), birth, phone });
                self.identity = Some(self.patients.len() - 1);
                ToolResult::Registered
            }
            ToolCall::FindSlots(wish) => self.find(wish),
            ToolCall::Hold { offer } => {
                let slot = self.offers[offer];
                if std::mem::take(&mut self.take_next_held) {
                    self.slots[slot].taken = true;
                }
                if self.slots[slot].taken { refused(Refusal::SlotTaken) } else { ToolResult::Held }
            }
            ToolCall::Release { .. } => ToolResult::Released,
            ToolCall::ListAppointments => {
                let me = self.identity.expect("identified");
                let live = self.appointments.iter().filter(|a| a.live && a.patient == me);
                let mut appointments: Vec<_> = live.map(|a| a.facts.clone()).collect();
                appointments.sort_by_key(|a| a.visit.starts_at);
                ToolResult::Appointments { appointments }
            }
            ToolCall::Book { offer, .. } => {
                let Some(slots) = self.free_slots(*offer) else {
                    return refused(Refusal::SlotTaken);
                };
                let who = self.identity.expect("identified");
                ToolResult::Booked { appointment: self.appoint(who, slots, true) }
            }
            ToolCall::Reschedule { appointment, offer, .. } => {
                let Some(slots) = self.free_slots(*offer) else {
                    return refused(Refusal::SlotTaken);
                };
                let Some(at) = self.may_change(*appointment) else {
                    return refused(Refusal::TooLate);
                };
                let (visit, old) = (self.visit(&slots), self.appointments[at].slots.clone());
                old.iter().for_each(|slot| self.slots[*slot].taken = false);
                let moved = &mut self.appointments[at];
                (moved.slots, moved.facts.visit) = (slots, visit);
                ToolResult::Booked { appointment: moved.facts.clone() }
            }
            ToolCall::Cancel { appointment, .. } => {
                let Some(at) = self.may_change(*appointment) else {
                    return refused(Refusal::TooLate);
                };
                self.appointments[at].live = false;
                let old = self.appointments[at].slots.clone();
                old.iter().for_each(|slot| self.slots[*slot].taken = false);
                ToolResult::Cancelled
            }
            ToolCall::JoinWaitlist(_) | ToolCall::ListWaitlist | ToolCall::LeaveWaitlist { .. } => {
                self.waitlist.run(self.identity.expect("identified"), tool, &self.ids)
            }
            ToolCall::AcceptWaitlist { entry } => {
                let me = self.identity.expect("identified");
                let start = self.waitlist.accept(*entry).slot;
                let slot = self.slots.iter().position(|slot| slot.id == start).expect("known");
                ToolResult::Booked { appointment: self.appoint(me, vec![slot], true) }
            }
            ToolCall::AskClinic { question } => {
                if question.expose().to_lowercase().contains("park") {
                    ToolResult::Answer {
                        text: "Parking is in the yard.".to_owned(),
                        source: "the visitors' sheet".to_owned(),
                    }
                } else {
                    ToolResult::NoAnswer
                }
            }
            ToolCall::Transfer { reason, phone, .. } => {
                self.callbacks.push(reason.to_string());
                self.empty_callbacks += usize::from(phone.is_none() && self.identity.is_none());
                ToolResult::CallbackNoted
            }
            ToolCall::TakeMessage(message) => {
                self.messages.push((message.subject, message.words.expose().clone()));
                self.empty_callbacks +=
                    usize::from(message.phone.is_none() && self.identity.is_none());
                ToolResult::MessageTaken
            }
            ToolCall::Other(other) => panic!("{} is not had here", other.name),
        }
    }

    /// The place of the appointment, if it is not too late to change it.
    fn may_change(&self, appointment: AppointmentId) -> Option<usize> {
        let at = self.appointments.iter().position(|known| known.facts.id == appointment)?;
        let Appointment { facts, patient, .. } = &self.appointments[at];
        assert_eq!(Some(*patient), self.identity, "another patient's appointment");
        let ahead = facts.visit.starts_at.as_second() - self.now.as_second();
        (facts.made_in_this_call || ahead >= 24 * 3600).then_some(at)
    }

    fn identify(&mut self, identity: &Identity) -> ToolResult {
        let digits = |phone: &str| phone.chars().filter(char::is_ascii_digit).collect::<String>();
        let fits = |patient: &Patient| {
            patient.name.eq_ignore_ascii_case(identity.full_name.expose())
                && patient.birth == *identity.date_of_birth.expose()
                && identity.phone.as_ref().is_none_or(|phone| {
                    let said = digits(phone.expose());
                    digits(&patient.phone).ends_with(said.trim_start_matches('0'))
                })
        };
        let all: Vec<_> =
            self.patients.iter().enumerate().filter(|(_, p)| fits(p)).map(|(i, _)| i).collect();
        self.identity = None;
        match all.as_slice() {
            [] => ToolResult::NotIdentified,
            [one] => {
                self.identity = Some(*one);
                ToolResult::Identified
            }
            _ => ToolResult::Ambiguous,
        }
    }

    fn find(&mut self, wish: &SlotWish) -> ToolResult {
        let (mut finder, mut query) = Finder::new(wish.clone(), zone());
        loop {
            match finder.found(self.free(&query)) {
                Step::Search(next) => query = next,
                Step::Done { offers, exact } => {
                    for offer in &offers {
                        let second = self.slots.iter().position(|s| Some(s.id) == offer.second);
                        self.seconds.extend(second.map(|second| (offer.id, second)));
                    }
                    return ToolResult::Slots { offers, exact };
                }
            }
        }
    }

    /// The free times that answer a search, soonest first.
    fn free(&mut self, query: &Query) -> Vec<Offer> {
        let earliest = self.now + 30.minutes();
        let fits = |slot: &Slot| {
            let doctor = &self.facts.clinic.doctors[slot.doctor];
            let start = slot.start.to_zoned(zone());
            let clock = start.time();
            !slot.taken
                && !query.remote
                && self.facts.clinic.closed_for(start.date()).is_none()
                && slot.start >= earliest
                && query.doctor.is_none_or(|own| own == doctor.id)
                && query.specialty.as_ref().is_none_or(|own| doctor.specialties.contains(own))
                && query.from.is_none_or(|from| from <= slot.start)
                && query.until.is_none_or(|until| slot.start <= until)
                && query.local_from.is_none_or(|from| from <= clock)
                && query.local_until.is_none_or(|until| clock < until)
        };
        let mut found: Vec<usize> =
            (0..self.slots.len()).filter(|i| fits(&self.slots[*i])).collect();
        found.sort_by_key(|slot| self.slots[*slot].start);
        found.truncate(usize::try_from(query.limit).expect("small"));
        let offers: Vec<Offer> = found
            .into_iter()
            .map(|slot| {
                let offer = self.offer(slot);
                self.offers.insert(offer.id, slot);
                offer
            })
            .collect();
        offers
    }
}

/// One call. Before every input the dialogue is restored from its snapshot beside the one that
/// lives on, is given the same input, and must want the same.
pub(crate) struct Call {
    pub(crate) forms: Forms,
    pub(crate) clinic: Clinic,
    pub(crate) mono: Mono,
    /// Each utterance of the agent.
    pub(crate) said: Vec<String>,
    pub(crate) alerts: Vec<String>,
    pub(crate) outcome: Option<CallOutcome>,
    /// Whether utterances are played at once.
    pub(crate) plays: bool,
    pub(crate) unplayed: VecDeque<Input>,
}

/// Jane Miller, who is there and identified, with these visits: doctor and start.
pub(crate) fn jane_with(visits: &[(&str, &str)]) -> Call {
    let mut clinic = Clinic::new();
    visits.iter().for_each(|(doctor, start)| clinic.given(0, doctor, start));
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    call
}

impl Call {
    pub(crate) fn new(clinic: Clinic) -> Self {
        let mut call = Self::silent(clinic);
        call.input(Input::Begin);
        call
    }

    pub(crate) fn silent(clinic: Clinic) -> Self {
        Self {
            forms: Forms::new(clinic.facts.clone()),
            clinic,
            mono: Mono::ZERO,
            said: Vec::new(),
            alerts: Vec::new(),
            outcome: None,
            plays: true,
            unplayed: VecDeque::new(),
        }
    }

    fn step(&mut self, input: Input) -> Vec<Output> {
        let wall = self.clinic.now
            + Span::new().milliseconds(i64::try_from(self.mono.as_millis()).expect("small"));
        let now = Now { mono: self.mono, wall };
        let snapshot = self.forms.snapshot();
        let mut twin = Forms::restore(self.clinic.facts.clone(), snapshot.clone())
            .unwrap_or_else(|error| panic!("{error}: {snapshot}"));
        self.forms.handle_input(now, input.clone());
        twin.handle_input(now, input);
        let drain =
            |forms: &mut Forms| std::iter::from_fn(|| forms.poll_output()).collect::<Vec<_>>();
        let (outputs, twins) = (drain(&mut self.forms), drain(&mut twin));
        assert_eq!(outputs, twins, "a restored dialogue does the same");
        assert_eq!(self.forms.snapshot(), twin.snapshot());
        assert_eq!(self.forms.poll_timeout(), twin.poll_timeout());
        outputs
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.mono = self.mono + std::time::Duration::from_millis(5);
            for output in self.step(input) {
                assert!(self.outcome.is_none(), "nothing follows the end: {output:?}");
                match output {
                    Output::Say { utterance, text, .. } => {
                        self.said.push(text.clone());
                        let played = Input::Played { utterance, heard: text, complete: true };
                        if self.plays {
                            inputs.push_back(played);
                        } else {
                            self.unplayed.push_back(played);
                        }
                    }
                    Output::Tool { call, tool, checked } => {
                        self.check_read_back(&tool);
                        self.clinic.check(&tool, &checked);
                        let result = self.clinic.run(&tool, checked.write);
                        inputs.push_back(Input::ToolDone { call, result });
                    }
                    Output::Alert { flag } => self.alerts.push(flag),
                    Output::End { outcome } => self.outcome = Some(outcome),
                    Output::Expect(_) | Output::Born(_) => {}
                    Output::Ask { .. } | Output::Cancel { .. } => panic!("forms ask no model"),
                }
            }
        }
    }

    /// Whatever is written of a visit was read back with the name of whose visit it is.
    fn check_read_back(&self, tool: &ToolCall) {
        if matches!(
            tool,
            ToolCall::Book { .. } | ToolCall::Reschedule { .. } | ToolCall::Cancel { .. }
        ) {
            let read = self.said.iter().rev().find(|text| text.contains(self.clinic.read_back));
            let read = read.expect("it was read back").to_lowercase();
            let patient = self.clinic.patient();
            assert!(read.contains(&patient.to_lowercase()), "{patient} is not in {read}");
        }
    }

    /// Says something, or types it where the call is a chat, and gives back all that is answered.
    pub(crate) fn hears(&mut self, text: &str) -> String {
        let typed = self.clinic.facts.channel == Channel::Text;
        // As sure as a recognizer can be is still not typed.
        self.is_told(text, (!typed).then_some(1.0))
    }

    /// Types something, and gives back all that is answered.
    pub(crate) fn types(&mut self, text: &str) -> String {
        self.is_told(text, None)
    }

    fn is_told(&mut self, text: &str, confidence: Option<f32>) -> String {
        let before = self.said.len();
        self.input(Input::Heard { text: text.to_owned(), confidence });
        self.said[before..].join(" ")
    }

    /// Writes that reached the clinic so far.
    pub(crate) fn writes(&self) -> usize {
        self.clinic.numbers.len()
    }

    /// Waits for the next deadline, and gives back what is said then.
    pub(crate) fn waits(&mut self) -> String {
        let before = self.said.len();
        self.mono = self.forms.poll_timeout().expect("every state has a deadline").max(self.mono);
        self.input(Input::Timeout);
        self.said[before..].join(" ")
    }

    /// Answers by the vocabulary alone, as a scripted caller does.
    pub(crate) fn scripted(&mut self, rules: &[(&str, &str)]) {
        for _ in 0..25 {
            if self.outcome.is_some() {
                return;
            }
            let last = self.said.last().expect("greeted").to_lowercase();
            let rule = rules.iter().find(|(when, _)| when.split('|').any(|w| last.contains(w)));
            let answer = rule.map_or("sorry, could you repeat that", |(_, say)| *say);
            self.hears(answer);
        }
        panic!("no end: {:#?}", self.said);
    }
}
