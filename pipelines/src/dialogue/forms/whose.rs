//! Whose visit it is: the caller's or somebody else's, one person after another.
//!
//! Nobody is booked for in place of somebody else: whoever is named is asked for and identified by
//! themselves, and who was identified before is so again when the call comes back to them.

use frontdesk_types::{DoctorId, Phi};

use super::state::{Goal, NextPerson, Patient, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::DoctorFacts;
use crate::dialogue::tools::SlotWish;
use crate::dialogue::understand::birth::BirthMention;
use crate::dialogue::understand::names::NameMention;
use crate::dialogue::understand::whom::{Person, Relation};

/// Whether a doctor has no patients but children.
fn sees_children_alone(doctor: &DoctorFacts) -> bool {
    let children = |name: &String| name.eq_ignore_ascii_case(FOR_CHILDREN);
    !doctor.specialties.is_empty() && doctor.specialties.iter().all(children)
}

/// Whose doctors see no adults, and from which age on one is.
const FOR_CHILDREN: &str = "pediatrics";
const ADULT: i32 = 18;

/// Persons of a call that are remembered.
const MAX_PEOPLE: usize = 8;

/// Whom an utterance turns the call to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It stays with whom it is about.
    Stays,
    Caller,
    Other,
}

impl Patient {
    /// The same person, of whom nothing is known.
    pub(super) fn without_details(&self) -> Self {
        Self { other: self.other, relation: self.relation.clone(), ..Self::default() }
    }

    /// Takes what is missing from what was told before.
    pub(super) fn complete_from(&mut self, before: Self) {
        if self.name.is_none() {
            (self.name, self.full, self.spelled) = (before.name, before.full, before.spelled);
        }
        self.birth = self.birth.or(before.birth);
        self.phone = self.phone.take().or(before.phone);
    }

    /// Whether a name may be theirs.
    fn has_name(&self, name: &NameMention) -> bool {
        let Some(own) = &self.name else { return false };
        let (own, name) = (own.expose().to_lowercase(), name.name.to_lowercase());
        let first = |name: &str| name.split(' ').next().map(str::to_owned);
        own == name || (!(own.contains(' ') && name.contains(' ')) && first(&own) == first(&name))
    }
}

impl Policy {
    /// Whom the words turn the call to. `weak` lets a relative count who is mentioned and may be the
    /// patient.
    pub(super) fn turn_of(&self, heard: &Heard, weak: bool) -> Turn {
        let patient = &self.state.patient;
        if let Some(name) = &heard.relative_name {
            let theirs = patient.has_name(name) && (patient.other || self.is_identified());
            return if theirs { Turn::Stays } else { Turn::Other };
        }
        if patient.other && heard.whom.caller {
            return Turn::Caller;
        }
        if !heard.other_patient && !weak {
            return Turn::Stays;
        }
        match heard.whom.persons.first() {
            Some(Person::Caller) if patient.other => Turn::Caller,
            Some(Person::Caller) => Turn::Stays,
            Some(Person::Other(relation)) if patient.other && self.same(relation) => Turn::Stays,
            None if patient.other => Turn::Stays,
            _ => Turn::Other,
        }
    }

    /// Whether a relative who is mentioned may be the patient, who is a relative.
    fn same(&self, named: &Relation) -> bool {
        let own = &self.state.patient.relation;
        if named.another {
            return own.another && own.name == named.name;
        }
        let unknown = own.name.is_empty() || named.name.is_empty();
        let described = match (&own.described, &named.described) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        unknown || (self.language.kin.may_be(&own.name, &named.name) && described)
    }

    /// Turns to whom the words say; whether they say so.
    pub(super) fn turned_by(&mut self, heard: &Heard, weak: bool) -> bool {
        match self.turn_of(heard, weak) {
            Turn::Stays => return false,
            Turn::Caller => self.turn_to_caller(),
            Turn::Other => self.turn_to_other(heard),
        }
        true
    }

    /// Whether the caller says that the patient is somebody whom the call is not yet about.
    pub(super) fn is_for_other(&self, heard: &Heard) -> bool {
        self.turn_of(heard, false) != Turn::Stays
    }

    /// Whether what is said of somebody else is about the patient, who is or will be identified.
    pub(super) fn is_about_patient(&self, heard: &Heard) -> bool {
        let acts = heard.cancel || heard.move_ || heard.book || heard.list;
        let here = self.state.phase == Phase::BeenBefore;
        heard.other_patient || here || (self.state.patient.other && acts)
    }

    /// The patient is somebody else: whoever was named or identified so far is not, unless the words
    /// name the patient.
    pub(super) fn turn_to_other(&mut self, heard: &Heard) {
        let own = heard.name.as_ref().is_some_and(|name| name.own);
        let named = heard.name.as_ref().filter(|name| name.introduced && !name.own);
        let name = heard.relative_name.as_ref().or(named);
        let birth = match heard.birth {
            Some(BirthMention::Full(date)) if !own => Some(Phi::new(date)),
            _ => None,
        };
        let relation = heard.whom.persons.iter().find_map(|person| match person {
            Person::Other(relation) => Some(relation.clone()),
            Person::Caller => None,
        });
        let before = &self.state.patient;
        // The date of birth of whom is asked for stays theirs when they are named.
        let asked = before.other && !self.is_identified() && before.name.is_none();
        let birth = birth.or(before.birth.filter(|_| asked));
        let patient = Patient {
            full: name.is_some_and(|name| name.full),
            name: name.map(|name| Phi::new(name.name.clone())),
            birth,
            new: heard.new_patient,
            other: true,
            relation: relation.unwrap_or_default(),
            ..Patient::default()
        };
        if let Some(own) = heard.name.as_ref().filter(|name| name.own && name.full) {
            self.remember_caller(own, heard.birth);
        }
        let patient = self.known(&patient).unwrap_or(patient);
        self.turn_to(patient);
    }

    /// The patient is who calls.
    pub(super) fn turn_to_caller(&mut self) {
        self.remember();
        let known = self.state.people.iter().rev().find(|known| !known.other);
        let patient = known.cloned().unwrap_or_default();
        self.turn_to(patient);
    }

    fn turn_to(&mut self, patient: Patient) {
        self.remember();
        self.state.patient = patient;
        self.state.turned = true;
        self.state.doubtful = false;
        self.state.previous = None;
        self.state.last_booked = None;
        // Nobody undoes what was written for somebody else.
        self.state.done.clear();
        self.state.series = false;
        self.state.listed_all = false;
        self.state.target = None;
    }

    /// Keeps who the patient is, for when the call comes back to them.
    pub(super) fn remember(&mut self) {
        let patient = &self.state.patient;
        let Some(name) = patient.name.as_ref().filter(|_| patient.full) else { return };
        let told = Patient {
            // Whoever was registered is looked up from now on.
            new: patient.new && !self.is_identified(),
            ambiguous: patient.ambiguous || patient.new,
            ..patient.clone()
        };
        self.state.people.retain(|known| known.name.as_ref() != Some(name));
        self.state.people.push(told);
        if self.state.people.len() > MAX_PEOPLE {
            self.state.people.remove(0);
        }
    }

    /// Who speaks has said who they are, and calls for somebody else.
    fn remember_caller(&mut self, name: &NameMention, birth: Option<BirthMention>) {
        let birth = match birth {
            Some(BirthMention::Full(date)) => Some(Phi::new(date)),
            _ => None,
        };
        let name = Some(Phi::new(name.name.clone()));
        self.state.people.retain(|known| known.name != name);
        self.state.people.push(Patient { name, full: true, birth, ..Patient::default() });
    }

    /// The one person of this call who may be meant.
    fn known(&self, named: &Patient) -> Option<Patient> {
        let name = named.name.as_ref().map(|name| NameMention {
            name: name.expose().clone(),
            full: named.full,
            introduced: true,
            own: false,
        });
        let fits = |known: &&Patient| match &name {
            Some(name) => known.has_name(name),
            None => {
                let (own, named) = (&known.relation, &named.relation);
                let alike = own.described == named.described || named.described.is_none();
                known.other && !named.name.is_empty() && own.name == named.name && alike
            }
        };
        let mut all = self.state.people.iter().filter(fits);
        let one = all.next().filter(|_| all.next().is_none() && !named.relation.another)?;
        let birth = named.birth.is_none() || named.birth == one.birth;
        birth.then(|| Patient { other: true, ..one.clone() })
    }

    /// Whoever is named besides the first has their turn after them.
    pub(super) fn queue_persons(&mut self, heard: &Heard, goal: Goal) {
        let Some((_, rest)) = heard.whom.persons.split_first() else { return };
        if rest.is_empty() {
            return;
        }
        let wish = self.state.wish.clone();
        let next =
            |person: &Person| NextPerson { person: person.clone(), goal, wish: wish.clone() };
        self.state.next_persons = rest.iter().map(next).collect();
        let text = self.language.phrases.one_by_one.clone();
        self.carry(&text);
    }

    /// Takes up what is to be done for the next person; false if there is nobody.
    pub(super) fn next_person(&mut self, now: Now) -> bool {
        if self.state.next_persons.is_empty() {
            return false;
        }
        let NextPerson { person, goal, wish } = self.state.next_persons.remove(0);
        let phrases = self.language.phrases.clone();
        self.begin_goal(goal);
        match person {
            Person::Caller => {
                self.carry(&phrases.next_caller);
                self.turn_to_caller();
            }
            Person::Other(relation) => {
                let table = &self.language.kin.relations;
                let known = table.iter().find(|known| known.name == relation.name);
                let text = match known {
                    Some(known) => fill(&phrases.next_kin, &[("kin", &known.name)]),
                    None => phrases.next_patient.clone(),
                };
                self.carry(&text);
                let patient = Patient { other: true, relation, ..Patient::default() };
                let patient = self.known(&patient).unwrap_or(patient);
                self.turn_to(patient);
            }
        }
        self.state.wish = wish;
        self.advance(now);
        true
    }

    /// Asks whether the visit is for the patient where that is doubtful; false if it is not.
    pub(super) fn asks_for_whom(&mut self, now: Now) -> bool {
        let patient = &self.state.patient;
        let Some(name) = self.ledger.patient().map(|known| known.name.expose().clone()) else {
            return false;
        };
        if patient.sure {
            return false;
        }
        let phrases = self.language.phrases.clone();
        if let Some(doctor) = self.chosen_doctor_of_children()
            && self.is_adult(now)
        {
            let doctor = self.language.doctor(&doctor);
            self.carry(&fill(&phrases.for_children, &[("doctor", &doctor)]));
        } else if !self.state.doubtful {
            return false;
        }
        let text = fill(&phrases.for_whom, &[("name", &name)]);
        self.ask(now, Phase::ForWhom, &text);
        true
    }

    /// The doctor of the chosen time, if they see children alone.
    fn chosen_doctor_of_children(&self) -> Option<String> {
        let chosen = self.chosen()?;
        let doctor = self.facts.clinic.doctors.iter().find(|own| own.id == chosen.doctor)?;
        sees_children_alone(doctor).then(|| doctor.name.clone())
    }

    /// Whether the patient is grown up, as far as it is known.
    fn is_adult(&self, now: Now) -> bool {
        let day = self.setting(now).calendar().today();
        let birth = self.state.patient.birth.as_ref().map(|birth| *birth.expose());
        let Some(birth) = birth else { return false };
        let grown = birth.checked_add(jiff::Span::new().years(ADULT));
        grown.is_ok_and(|grown| grown <= day)
    }

    /// Doctors who see children alone are not offered to who is grown up and named no doctor.
    pub(super) fn suitable(&self, now: Now, wish: SlotWish) -> SlotWish {
        if !wish.doctors.is_empty() || wish.specialty.is_some() || !self.is_adult(now) {
            return wish;
        }
        let doctors = &self.facts.clinic.doctors;
        let children = doctors.iter().filter(|doctor| sees_children_alone(doctor));
        let children: Vec<DoctorId> = children.map(|doctor| doctor.id).collect();
        let all = children.len() == doctors.len();
        let mut not_doctors = wish.not_doctors.clone();
        not_doctors.extend(children.into_iter().filter(|_| !all));
        SlotWish { not_doctors, ..wish }
    }

    /// An answer to whether the visit is for the patient.
    pub(super) fn on_for_whom(&mut self, now: Now, heard: &Heard, text: &str, told: bool) {
        let own = heard.whom.caller || heard.whom.for_me;
        if self.turned_by(heard, heard.relative) || (told && !self.is_identified()) {
            self.understood();
            self.advance(now);
        } else if (heard.yes && !heard.no) || (own && !self.state.patient.other) {
            self.understood();
            self.state.patient.sure = true;
            self.state.doubtful = false;
            self.advance(now);
        } else if heard.no {
            self.understood();
            let other = Patient { other: true, ..Patient::default() };
            self.turn_to(other);
            self.advance(now);
        } else if heard.abort || (heard.cancel && !heard.own_appointment) {
            self.abandon(now);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.has_content() {
            self.understood();
            self.release();
            self.state.chosen = None;
            self.wish_and_advance(now, heard);
        } else {
            self.misunderstood(now);
        }
    }

    /// The words may be about somebody else than the patient who is identified.
    pub(super) fn doubt(&mut self, heard: &Heard) {
        let may_be = self.is_identified()
            && heard.relative
            && !heard.hold_on
            && !self.state.patient.sure
            && self.turn_of(heard, true) != Turn::Stays;
        self.state.doubtful |= may_be;
    }
}
