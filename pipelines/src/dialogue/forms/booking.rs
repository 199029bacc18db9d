//! Finding a time: whom and when.

use frontdesk_types::{DoctorId, OfferId};

use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::DoctorFacts;
use crate::dialogue::guard::assent::{Asked, Assent};
use crate::dialogue::tools::ToolCall;
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::people::{DoctorMention, SpecialtyMention, usual};
use crate::wish::{Clock, Days, Order, When, Window};

/// What was said and cannot be wished for.
pub(super) enum Problem {
    PastDay,
    UnclearDay,
    UnclearTime,
    /// A public holiday of which no date is known.
    NoDate(String),
    UnknownDoctor(String),
    SeveralDoctors(Vec<DoctorId>),
    NoSpecialty(String),
}

impl Policy {
    /// Adds what was said to the wish; what was not said stays.
    pub(super) fn merge_wish(&mut self, heard: &Heard) -> Option<Problem> {
        let mut problem = self.merge_doctors(heard);
        self.merge_visit(heard);
        match heard.day {
            Some(DayMention::Past) => problem = problem.or(Some(Problem::PastDay)),
            Some(DayMention::Unclear) => {
                let holiday = heard.wish.holiday.and_then(|at| self.language.holidays.get(at));
                let undated = holiday.map(|holiday| Problem::NoDate(holiday.name.clone()));
                let left_over = heard.wish.left_over.then_some(Problem::UnclearTime);
                problem = problem.or(undated).or(left_over).or(Some(Problem::UnclearDay));
            }
            _ => {}
        }
        let (when, said) = (&mut self.state.wish.when, &heard.wish);
        let soonest = said.when.order == Order::Soonest && !said.when.says_day();
        if said.free_days || soonest {
            // Any day will do, and the sooner the better at any time.
            for window in &mut when.any {
                window.days = Days::default();
                window.clock = if soonest { Clock::default() } else { window.clock };
            }
            when.any.retain(|window| *window != Window::default());
            when.order = if said.free_days { Order::Soonest } else { when.order };
        }
        when.add(&said.when);
        problem
    }

    fn merge_doctors(&mut self, heard: &Heard) -> Option<Problem> {
        let mut problem = None;
        if heard.other_doctor && heard.doctor.is_none() && heard.specialty.is_none() {
            problem = self.another_doctor();
        }
        let wish = &mut self.state.wish;
        match &heard.specialty {
            Some(SpecialtyMention::Known(name)) => {
                wish.specialty = Some(name.clone());
                wish.doctors.clear();
                wish.any = false;
            }
            Some(SpecialtyMention::NotHere(name)) => {
                // "To have my blood pressure taken" needs no cardiologist.
                let words = heard.reading.words.join(" ");
                match usual(&words, &self.language, &self.facts.clinic) {
                    Some(usual) => wish.specialty = Some(usual),
                    None => problem = Some(Problem::NoSpecialty(name.clone())),
                }
            }
            None => {}
        }
        match &heard.doctor {
            Some(DoctorMention::Known(id)) => {
                (wish.doctors, wish.specialty, wish.any) = (vec![*id], None, false);
                problem = None;
            }
            Some(DoctorMention::Either(ids)) => {
                (wish.doctors, wish.specialty, wish.any) = (ids.clone(), None, false);
                problem = None;
            }
            Some(DoctorMention::Several(ids)) => {
                problem = Some(Problem::SeveralDoctors(ids.clone()));
            }
            Some(DoctorMention::Unknown(name)) => {
                problem = Some(Problem::UnknownDoctor(name.clone()));
            }
            None => {}
        }
        if heard.doctor.is_some() {
            let doctors = wish.doctors.clone();
            wish.not_doctors.retain(|not| !doctors.contains(not));
        }
        if heard.doctor.is_none() && problem.is_none() && !wish.names_doctor() {
            let words = heard.reading.words.join(" ");
            wish.specialty = usual(&words, &self.language, &self.facts.clinic);
        }
        for not in &heard.not_doctors {
            self.rule_out(*not);
        }
        let wish = &mut self.state.wish;
        let any = heard.any_doctor && self.state.phase != Phase::Choice;
        if any && heard.doctor.is_none() && wish.specialty.is_none() {
            wish.doctors.clear();
            wish.any = true;
        }
        problem
    }

    /// Not this doctor; another of the same specialty, where none was named.
    fn rule_out(&mut self, doctor: DoctorId) {
        let specialty = self.specialty_of(doctor);
        let wish = &mut self.state.wish;
        wish.doctors.retain(|own| *own != doctor);
        if !wish.not_doctors.contains(&doctor) {
            wish.not_doctors.push(doctor);
        }
        if !wish.names_doctor() {
            wish.specialty = specialty;
        }
    }

    /// Another doctor than the one whose times were offered.
    fn another_doctor(&mut self) -> Option<Problem> {
        let offered = self.chosen().map(|offer| offer.doctor);
        let offered = offered.or_else(|| self.offers().first().map(|offer| offer.doctor));
        let target = self.state.target.as_ref().map(|target| target.visit.doctor);
        let current = offered.or(self.state.wish.doctors.first().copied()).or(target)?;
        let same = |doctor: &&DoctorFacts| {
            let own = self.facts.clinic.doctors.iter().find(|own| own.id == current);
            own.is_some_and(|own| own.specialties.iter().any(|s| doctor.specialties.contains(s)))
        };
        let doctors = self.facts.clinic.doctors.iter().filter(same);
        let others: Vec<DoctorId> = doctors.map(|d| d.id).filter(|id| *id != current).collect();
        if others.is_empty() {
            let all = self.facts.clinic.doctors.iter().map(|doctor| doctor.id);
            return Some(Problem::SeveralDoctors(all.filter(|id| *id != current).collect()));
        }
        self.rule_out(current);
        None
    }

    pub(super) fn specialty_of(&self, doctor: DoctorId) -> Option<String> {
        let own = self.facts.clinic.doctors.iter().find(|own| own.id == doctor);
        own.and_then(|own| own.specialties.first().cloned())
    }

    /// Keeps what was said for later, while something else is being asked.
    pub(super) fn take_wish_silently(&mut self, heard: &Heard) {
        let _ = self.merge_wish(heard);
    }

    pub(super) fn wish_and_advance(&mut self, now: Now, heard: &Heard) {
        match self.merge_wish(heard) {
            Some(problem) => self.explain(now, &problem),
            None => self.advance(now),
        }
    }

    pub(super) fn explain(&mut self, now: Now, problem: &Problem) {
        let phrases = self.language.phrases.clone();
        let doctors = &self.facts.clinic.doctors;
        let titled = |name: &str| self.language.doctor(name);
        match problem {
            Problem::PastDay => self.ask(now, Phase::Day, &phrases.past_day),
            Problem::UnclearDay => self.ask(now, Phase::Day, &phrases.unclear_day),
            Problem::UnclearTime => self.ask(now, Phase::Day, &phrases.unclear_time),
            Problem::NoDate(holiday) => {
                let text = fill(&phrases.undated_holiday, &[("holiday", holiday)]);
                self.ask(now, Phase::Day, &text);
            }
            Problem::UnknownDoctor(name) => {
                let all: Vec<_> = doctors.iter().map(|d| titled(&d.name)).collect();
                let values = [("name", &*titled(name)), ("doctors", &*self.language.and(&all))];
                self.carry(&fill(&phrases.unknown_doctor, &values));
                self.ask(now, Phase::Doctor, &phrases.ask_doctor);
            }
            Problem::SeveralDoctors(ids) => {
                let some = doctors.iter().filter(|d| ids.contains(&d.id));
                let names: Vec<_> = some.map(|d| titled(&d.name)).collect();
                let values = [("doctors", &*self.language.and(&names))];
                self.carry(&fill(&phrases.several_doctors, &values));
                self.ask(now, Phase::Doctor, &phrases.ask_doctor);
            }
            Problem::NoSpecialty(name) => {
                let values = [("specialty", &**name), ("specialties", &*self.specialties())];
                self.carry(&fill(&phrases.no_specialty, &values));
                self.ask(now, Phase::Doctor, &phrases.ask_doctor);
            }
        }
    }

    /// Whom to see, then when, then which offer, then the read-back.
    pub(super) fn seek(&mut self, now: Now) {
        self.pin_target_day();
        if self.settle_traits(now) {
            return;
        }
        if !self.state.wish.names_doctor() {
            if let Some(target) =
                self.state.target.as_ref().filter(|_| self.state.goal == Some(Goal::Move))
            {
                self.state.wish.doctors = vec![target.visit.doctor];
            } else if let [only] = self.facts.clinic.doctors.as_slice() {
                self.state.wish.doctors = vec![only.id];
            } else {
                let text = self.language.phrases.ask_doctor.clone();
                self.ask(now, Phase::Doctor, &text);
                return;
            }
        }
        if self.state.chosen.is_some() {
            self.confirm(now);
        } else if self.state.goal == Some(Goal::Move) && self.state.wish.when.is_empty() {
            // Where an appointment shall move to is the patient's to say first.
            let text = self.language.phrases.when_instead.clone();
            self.ask(now, Phase::Day, &text);
        } else {
            self.search(now);
        }
    }

    /// "Move it to ten": on the day that it is on.
    fn pin_target_day(&mut self) {
        let wish = &mut self.state.wish;
        let named = wish.when.says_clock() || wish.names_doctor();
        if let (Some(Goal::Move), Some(target)) = (self.state.goal, &self.state.target)
            && named
            && self.state.offers.is_empty()
            && !wish.when.says_day()
            && !matches!(wish.when.order, Order::Soonest | Order::Latest)
        {
            let day = target.visit.local_start().date();
            wish.when.add(&When::on(Days::day(day)));
        }
    }

    pub(super) fn on_doctor(&mut self, now: Now, heard: &Heard, text: &str) {
        if heard.ask {
            self.ask_clinic(text);
            return;
        }
        if self.turned_by(heard, heard.relative) {
            self.understood();
            self.wish_and_advance(now, heard);
            return;
        }
        let problem = self.merge_wish(heard);
        if let Some(problem) = problem {
            self.state.misunderstood += 1;
            if self.state.misunderstood >= self.settings.max_misunderstood {
                self.misunderstood(now);
            } else {
                self.explain(now, &problem);
            }
            return;
        }
        if heard.abort || (heard.cancel && !heard.own_appointment) {
            self.abandon(now);
        } else if heard.cancel || heard.list || heard.move_ {
            self.intent(now, heard, text);
        } else if self.state.wish.names_doctor() {
            self.understood();
            self.advance(now);
        } else if heard.unsure || heard.any_alone {
            self.understood();
            self.state.wish.any = true;
            self.advance(now);
        } else if heard.has_content() {
            self.understood();
            self.ask_again(now);
        } else {
            self.misunderstood(now);
        }
    }

    pub(super) fn on_day(&mut self, now: Now, heard: &Heard, text: &str) {
        let phrases = self.language.phrases.clone();
        let yes = Assent::of(&heard.reading, Asked::default()).is_yes();
        let plain = !heard.has_content() && yes;
        if self.state.wait_offered && plain {
            self.join_waitlist(now, heard, text);
        } else if self.turned_by(heard, heard.relative) || heard.has_content() || heard.any_doctor {
            self.understood();
            self.wish_and_advance(now, heard);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.unsure || heard.later || heard.earlier {
            self.understood();
            self.state.wish.when = When { order: Order::Soonest, ..When::default() };
            self.advance(now);
        } else if heard.no || heard.abort || heard.thanks {
            self.understood();
            if heard.cancel && heard.own_appointment {
                self.intent(now, heard, text);
            } else if heard.reading.declines() {
                self.open_or_end(now);
            } else {
                self.open(now);
            }
        } else if heard.yes {
            self.ask(now, Phase::Day, &phrases.ask_day);
        } else if !self.intent(now, heard, text) {
            self.misunderstood(now);
        }
    }

    /// "No" to "another time, or anything else": both are answered.
    fn open_or_end(&mut self, now: Now) {
        if self.state.phase == Phase::NotBooked && self.state.later.is_empty() {
            let goodbye = self.language.phrases.goodbye.clone();
            self.clear_goal();
            self.end(now, &goodbye);
        } else {
            self.open(now);
        }
    }

    /// The specialties of the clinic as spoken.
    pub(super) fn specialties(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for doctor in &self.facts.clinic.doctors {
            for name in &doctor.specialties {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        self.language.and(&names)
    }

    /// Keeps the chosen offer for this caller.
    pub(super) fn choose(&mut self, offer: OfferId) {
        self.release();
        self.state.let_go = self.state.let_go.filter(|last| *last != offer);
        self.state.chosen = Some(offer);
        self.call(ToolCall::Hold { offer });
    }

    /// Lets a held offer go; nobody waits for the answer.
    pub(super) fn release(&mut self) {
        if let Some(offer) = self.ledger.held().filter(|held| Some(*held) != self.state.let_go) {
            self.state.let_go = Some(offer);
            self.emit(ToolCall::Release { offer });
        }
    }
}
