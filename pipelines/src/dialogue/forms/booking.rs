//! Finding a time: whom, when, which of the offers.

use frontdesk_types::{Offer, OfferId};

use super::state::{Goal, Phase, TimeWish, Wish};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::guard::assent::declines;
use crate::dialogue::tools::ToolCall;
use crate::dialogue::understand::Choice;
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::people::{DoctorMention, SpecialtyMention};

/// What was said and cannot be wished for.
pub(super) enum Problem {
    PastDay,
    UnclearDay,
    UnknownDoctor(String),
    SeveralDoctors(Vec<frontdesk_types::DoctorId>),
    NoSpecialty(String),
}

impl Policy {
    /// Adds what was said to the wish; what was not said stays.
    pub(super) fn merge_wish(&mut self, heard: &Heard) -> Option<Problem> {
        let mut problem = None;
        let wish = &mut self.state.wish;
        match &heard.specialty {
            Some(SpecialtyMention::Known(name)) => {
                (wish.specialty, wish.doctor, wish.any) = (Some(name.clone()), None, false);
            }
            Some(SpecialtyMention::NotHere(name)) => {
                problem = Some(Problem::NoSpecialty(name.clone()));
            }
            None => {}
        }
        match &heard.doctor {
            Some(DoctorMention::Known(id)) => {
                (wish.doctor, wish.specialty, wish.any) = (Some(*id), None, false);
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
        let any = heard.any_doctor && self.state.phase != Phase::Choice;
        if any && heard.doctor.is_none() && wish.specialty.is_none() {
            (wish.doctor, wish.any) = (None, true);
        }
        match heard.day {
            Some(DayMention::Span { from, to, not_before }) => {
                (wish.from, wish.to, wish.first_not_before) = (from, to, not_before);
                wish.soonest = false;
            }
            Some(DayMention::Soonest) => {
                (wish.from, wish.to, wish.first_not_before) = (None, None, None);
                (wish.part, wish.time) = (None, None);
                wish.soonest = true;
            }
            Some(DayMention::Past) => problem = problem.or(Some(Problem::PastDay)),
            Some(DayMention::Unclear) => problem = problem.or(Some(Problem::UnclearDay)),
            None => {}
        }
        if let Some(part) = heard.part {
            (wish.part, wish.time) = (Some(part), None);
        }
        if let Some(time) = heard.time {
            let (at, around) = (time.at, time.around);
            let (not_before, not_after) = (time.not_before, time.not_after);
            wish.time = Some(TimeWish { at, around, not_before, not_after });
            wish.part = heard.part;
        }
        problem
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

    fn explain(&mut self, now: Now, problem: &Problem) {
        let phrases = self.language.phrases.clone();
        let doctors = &self.facts.clinic.doctors;
        let titled = |name: &str| self.language.doctor(name);
        match problem {
            Problem::PastDay => self.ask(now, Phase::Day, &phrases.past_day),
            Problem::UnclearDay => self.ask(now, Phase::Day, &phrases.unclear_day),
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
        if !self.state.wish.names_doctor() {
            if let Some(target) =
                self.state.target.as_ref().filter(|_| self.state.goal == Some(Goal::Move))
            {
                self.state.wish.doctor = Some(target.visit.doctor);
            } else if let [only] = self.facts.clinic.doctors.as_slice() {
                self.state.wish.doctor = Some(only.id);
            } else {
                let text = self.language.phrases.ask_doctor.clone();
                self.ask(now, Phase::Doctor, &text);
                return;
            }
        }
        if self.state.chosen.is_some() {
            self.confirm(now);
        } else if self.state.goal == Some(Goal::Move) && !self.state.wish.says_when() {
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
        let named = wish.time.is_some() || wish.part.is_some() || wish.names_doctor();
        if let (Some(Goal::Move), Some(target)) = (self.state.goal, &self.state.target)
            && named
            && self.state.offers.is_empty()
            && wish.from.is_none()
            && wish.to.is_none()
            && !wish.soonest
        {
            let day = target.visit.local_start().date();
            (wish.from, wish.to) = (Some(day), Some(day));
        }
    }

    pub(super) fn on_doctor(&mut self, now: Now, heard: &Heard, text: &str) {
        if heard.ask {
            self.ask_clinic(text);
            return;
        }
        if heard.relative && !self.state.patient.other {
            self.understood();
            self.turn_to_other(heard);
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
        if heard.relative && !self.state.patient.other {
            self.understood();
            self.turn_to_other(heard);
            self.wish_and_advance(now, heard);
        } else if heard.has_content() || heard.any_doctor {
            self.understood();
            self.wish_and_advance(now, heard);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.unsure || heard.later || heard.earlier {
            self.understood();
            let wish = &mut self.state.wish;
            *wish = Wish {
                doctor: wish.doctor,
                specialty: wish.specialty.take(),
                any: wish.any,
                soonest: true,
                ..Wish::default()
            };
            self.advance(now);
        } else if heard.no || heard.abort || heard.thanks {
            self.understood();
            if heard.cancel && heard.own_appointment {
                self.intent(now, heard, text);
            } else if declines(text, &self.language) {
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
        if self.state.phase == Phase::NotBooked {
            let goodbye = self.language.phrases.goodbye.clone();
            self.clear_goal();
            self.end(now, &goodbye);
        } else {
            self.open(now);
        }
    }

    pub(super) fn on_choice(&mut self, now: Now, heard: &Heard, text: &str) {
        if heard.ask {
            self.ask_clinic(text);
            return;
        }
        let picked = self.picked(heard);
        if self.is_for_other(heard) {
            // The time is kept, the patient is asked for.
            self.understood();
            self.turn_to_other(heard);
            match picked.as_slice() {
                [one] => self.choose(one.id),
                _ if heard.has_content() => self.wish_and_advance(now, heard),
                _ => self.advance(now),
            }
            return;
        }
        match picked.as_slice() {
            [one] => {
                let offer = one.id;
                self.understood();
                self.choose(offer);
            }
            [_, _, ..] if picked.len() < self.state.shown.1 => {
                // "The one on Tuesday", and there are two of them.
                self.understood();
                self.state.offers = picked.iter().map(|offer| offer.id).collect();
                self.show(now, 0, &self.language.phrases.offers_again.clone());
            }
            [_, _, ..] => self.misunderstood(now),
            [] if heard.later => self.show_more(now),
            [] if heard.earlier => self.show_earlier(now),
            [] if heard.abort || (heard.cancel && !heard.own_appointment) => self.abandon(now),
            [] if heard.cancel || heard.move_ || heard.list || heard.another => {
                if !self.intent(now, heard, text) {
                    self.misunderstood(now);
                }
            }
            [] if heard.has_content() => {
                self.understood();
                self.pin_day(heard);
                self.wish_and_advance(now, heard);
            }
            [] if heard.yes && self.state.shown.1 == 1 => {
                if let Some(offer) = self.state.offers.get(self.state.shown.0).copied() {
                    self.choose(offer);
                }
            }
            [] if heard.no || heard.none_of => self.show_more(now),
            [] if heard.unsure => {
                self.understood();
                if let Some(offer) = self.state.offers.get(self.state.shown.0).copied() {
                    self.choose(offer);
                }
            }
            [] => self.misunderstood(now),
        }
    }

    /// The offers that the caller may mean.
    fn picked(&self, heard: &Heard) -> Vec<Offer> {
        let (first, count) = self.state.shown;
        let all = self.offers();
        let shown: Vec<Offer> = all.iter().skip(first).take(count).cloned().collect();
        let by_place = match heard.choice {
            Some(Choice::Index(index)) => shown.get(index),
            Some(Choice::Last) => shown.last(),
            Some(Choice::Either) => shown.first(),
            None => None,
        };
        // "If not today, then the first": the day that was wished for is known to be full.
        let wished = matches!(heard.day, Some(DayMention::Span { from, to, .. })
            if from.is_some() && (from, to) == (self.state.wish.from, self.state.wish.to));
        let wished_time = heard.time.is_some_and(|time| {
            time.at.is_some() && time.at == self.state.wish.time.and_then(|wish| wish.at)
        });
        let none_fits = !shown.iter().any(|offer| said_of(heard, offer));
        // A time that none of them has, beside "the first": a word that was taken for a number.
        let only_a_time = heard.day.is_none() && heard.part.is_none() && !heard.has_doctor();
        let stray_time =
            by_place.is_some() && only_a_time && heard.time.is_some_and(|time| time.at.is_some());
        let rest = Heard {
            day: heard.day.filter(|_| !(wished && none_fits)),
            time: heard.time.filter(|_| !((wished_time || stray_time) && none_fits)),
            ..heard.clone()
        };
        if let Some(offer) = by_place.filter(|offer| !rest.has_content() || said_of(&rest, offer)) {
            return vec![offer.clone()];
        }
        let mentioned = heard.day.is_some()
            || heard.part.is_some()
            || heard.doctor.is_some()
            || heard.time.is_some_and(|time| time.at.is_some());
        if !mentioned || (heard.choice.is_some() && by_place.is_none()) {
            return Vec::new();
        }
        let of_shown: Vec<Offer> =
            shown.iter().filter(|offer| said_of(heard, offer)).cloned().collect();
        let timed = heard.time.is_some();
        match of_shown.first() {
            Some(first) if timed => vec![first.clone()],
            Some(_) => of_shown,
            None if timed => {
                all.iter().filter(|offer| said_of(heard, offer)).take(1).cloned().collect()
            }
            None => Vec::new(),
        }
    }

    /// A time alone, said to offers of one day, means that day.
    fn pin_day(&mut self, heard: &Heard) {
        if heard.day.is_none() && (heard.time.is_some() || heard.part.is_some()) {
            let (first, count) = self.state.shown;
            let all = self.offers();
            let shown = all.iter().skip(first).take(count);
            let mut days: Vec<_> = shown.map(|offer| offer.local_start().date()).collect();
            days.dedup();
            if let [day] = days.as_slice()
                && self.state.wish.from == self.state.wish.to
            {
                (self.state.wish.from, self.state.wish.to) = (Some(*day), Some(*day));
            }
        }
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

/// Whether the day, time, part of day and doctor that were said fit the offer. A time fits by the
/// clock's face: "three" is 15:00 as well.
pub(super) fn said_of(heard: &Heard, offer: &Offer) -> bool {
    let start = offer.local_start();
    let day = match heard.day {
        None | Some(DayMention::Soonest) => true,
        Some(DayMention::Span { from, to, .. }) => {
            from.is_none_or(|day| day <= start.date()) && to.is_none_or(|day| start.date() <= day)
        }
        Some(_) => false,
    };
    let time = heard.time.is_none_or(|time| {
        let face = |t: jiff::civil::Time| (t.hour() % 12, t.minute());
        let at = time.at.is_none_or(|at| {
            if time.half_said { at == start.time() } else { face(at) == face(start.time()) }
        });
        at && time.not_before.is_none_or(|t| t <= start.time())
            && time.not_after.is_none_or(|t| start.time() <= t)
    });
    let doctor = match &heard.doctor {
        None => true,
        Some(DoctorMention::Known(id)) => *id == offer.doctor,
        Some(DoctorMention::Several(ids)) => ids.contains(&offer.doctor),
        Some(DoctorMention::Unknown(_)) => false,
    };
    let specialty = match &heard.specialty {
        None => true,
        Some(SpecialtyMention::Known(name)) => name.eq_ignore_ascii_case(&offer.specialty),
        Some(SpecialtyMention::NotHere(_)) => false,
    };
    let part = crate::offers::part_of(start.time().hour());
    day && time && doctor && specialty && heard.part.is_none_or(|said| said == part)
}
