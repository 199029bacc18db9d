//! Appointments that the patient has: told, cancelled, moved.

use frontdesk_types::Phi;

use super::choice::said_of;
use super::course::Todo;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::Expectation;
use crate::dialogue::guard::visit;
use crate::dialogue::reading::ActKind;
use crate::dialogue::tools::{AppointmentFacts, ToolCall};
use crate::dialogue::understand::parts::Want;
use crate::dialogue::understand::wish::Said;
use crate::dialogue::understand::{Choice, Setting};
use crate::wish::{When, Window};

/// Appointments told at once.
const TOLD: usize = 3;

impl Policy {
    pub(super) fn manage(&mut self, now: Now, goal: Goal) {
        if self.state.target.is_some() {
            self.settle_instead_of();
            if goal == Goal::Cancel {
                self.confirm(now);
            } else {
                self.seek(now);
            }
            return;
        }
        if !self.state.listed_all {
            self.call(ToolCall::ListAppointments);
            return;
        }
        let appointments = self.ledger.appointments().to_vec();
        let phrases = self.language.phrases.clone();
        if appointments.is_empty() {
            self.carry(&phrases.no_appointments);
            if !self.book_without(now) {
                self.open(now);
            }
        } else if goal == Goal::List {
            self.tell_appointments(now, &appointments);
            self.open(now);
        } else {
            self.state.listed = appointments;
            let which = self.state.which.take().map(Phi::into_exposed);
            let setting = Setting { expect: Expectation::Request, ..self.setting(now) };
            let mut heard = which.map(|text| Heard::of(&text, setting)).unwrap_or_default();
            if heard.wish.anchored {
                // "A week later" tells where it moves to, not which one it is.
                (heard.wish, heard.day) = (Said::default(), None);
            }
            self.pick_by(now, &heard);
        }
    }

    /// The appointments, with their references where these were asked for.
    fn tell_appointments(&mut self, now: Now, appointments: &[AppointmentFacts]) {
        let phrases = self.language.phrases.clone();
        let which = self.state.which.take().map(Phi::into_exposed).unwrap_or_default();
        if !Heard::of(&which, self.setting(now)).course.reference {
            let visits = self.spoken_appointments(appointments);
            self.carry(&fill(&phrases.your_appointments, &[("visits", &visits)]));
            return;
        }
        for known in appointments.iter().take(TOLD) {
            let spoken = visit(&known.visit, &self.language);
            let values = [("visit", &*spoken), ("reference", &*known.reference)];
            self.carry(&fill(&phrases.booked_again, &values));
        }
    }

    fn spoken_appointments(&self, appointments: &[AppointmentFacts]) -> String {
        let first = appointments.iter().take(TOLD);
        let visits: Vec<_> = first.map(|known| visit(&known.visit, &self.language)).collect();
        visits.join("; ")
    }

    /// Picks the appointment that fits what was said, or asks which.
    pub(super) fn pick_by(&mut self, now: Now, heard: &Heard) {
        let listed = self.state.listed.clone();
        let moves = self.state.goal == Some(Goal::Move) && self.state.instead_of.is_none();
        let mut fitting = if moves { given_up(heard, &listed) } else { Vec::new() };
        if fitting.is_empty() {
            fitting.extend(listed.iter().filter(|known| said_of(heard, &known.visit)).cloned());
        }
        // The only appointment is meant; a day that is not its own is where it shall move to.
        let fitting = if fitting.is_empty() && listed.len() == 1 {
            if moves && heard.has_content() {
                self.take_wish_silently(heard);
                if heard.doctor.is_none() {
                    self.state.wish.doctors.clear();
                }
            }
            listed
        } else {
            fitting
        };
        match fitting.as_slice() {
            [one] => {
                self.understood();
                if moves {
                    self.take_other_times(heard, one);
                }
                self.state.target = Some(one.clone());
                self.count_from_target(now);
                self.advance(now);
            }
            [] => {
                let text = self.language.phrases.no_such_appointment.clone();
                self.carry(&text);
                self.ask_which(now);
            }
            all if heard.course.all_of => self.take_all(now, all),
            _ => {
                self.state.listed = fitting;
                self.ask_which(now);
            }
        }
    }

    /// The days beside that of the visit itself tell where it moves to: "I am down for the 18th,
    /// would the 20th be any good".
    fn take_other_times(&mut self, heard: &Heard, own: &AppointmentFacts) {
        if !self.state.wish.when.is_empty() {
            return;
        }
        let mut rest = heard.clone();
        rest.wish.when.any.retain(|window| !is_own_time(window, own));
        if !rest.wish.when.any.is_empty() {
            self.take_wish_silently(&rest);
        }
    }

    /// "The 18th is no good any more, what about the 20th?": whoever has a visit on the day that is
    /// given up moves it. False if they book.
    pub(super) fn moves_after_all(&mut self, now: Now) -> bool {
        if self.state.may_replace.is_none() {
            return false;
        }
        if !self.state.listed_all {
            self.call(ToolCall::ListAppointments);
            return true;
        }
        let words = self.state.may_replace.take().map(Phi::into_exposed).unwrap_or_default();
        let setting = Setting { expect: Expectation::Request, ..self.setting(now) };
        let heard = Heard::of(&words, setting);
        let listed = self.ledger.appointments().to_vec();
        let mut own = given_up(&heard, &listed);
        let unable = is_unable(&heard);
        if own.is_empty() && (heard.course.holds || unable) {
            own.extend(listed.iter().filter(|known| said_of(&heard, &known.visit)).cloned());
        }
        if own.is_empty() && listed.len() == 1 && (unable || heard.course.holds) {
            own = listed;
        }
        own.retain(|known| self.may_replace(known));
        let [target] = own.as_slice() else { return false };
        self.state.wish.when.any.retain(|window| !is_own_time(window, target));
        // Whoever cannot come and names no other time than that of the visit does without it.
        let elsewhere = !self.state.wish.when.any.is_empty() || heard.later || heard.earlier;
        self.state.goal = Some(if unable && !elsewhere { Goal::Cancel } else { Goal::Move });
        self.state.target = Some(target.clone());
        if heard.wish.anchored || heard.wish.of_week {
            // "Anything later that same morning" counts from that visit.
            self.state.wish.when = When::default();
            self.state.from_it = Some(Phi::new(words));
            self.count_from_target(now);
        }
        self.advance(now);
        true
    }

    /// All of them, one after another, each with a read-back of its own.
    fn take_all(&mut self, now: Now, all: &[AppointmentFacts]) {
        let Some((first, rest)) = all.split_first() else { return };
        self.understood();
        let goal = self.state.goal;
        let want = if goal == Some(Goal::Move) { Want::Move } else { Want::Cancel };
        let when = self.state.wish.when.clone();
        for known in rest.iter().rev() {
            let todo = Todo::with(want, Phi::new(String::new()), known.clone());
            self.state.later.push_front(Todo { when: when.clone(), ..todo });
        }
        self.state.target = Some(first.clone());
        self.count_from_target(now);
        self.advance(now);
    }

    /// Now that it is known which appointment moves: "a week later" counts from it.
    pub(super) fn count_from_target(&mut self, now: Now) {
        if let Some(text) = self.state.from_it.take() {
            let setting = Setting { expect: Expectation::Request, ..self.setting(now) };
            let mut heard = Heard::of(text.expose(), setting);
            let own = self.state.target.as_ref().map(|known| known.visit.local_start().date());
            let names_it = |window: &Window| window.days.from == own && window.days.to == own;
            if !heard.wish.when.any.iter().all(names_it) {
                // "My Sunday visit a week later": the day of the visit itself is not where it goes.
                heard.wish.when.any.retain(|window| !names_it(window));
            }
            self.take_wish_silently(&heard);
        }
    }

    fn ask_which(&mut self, now: Now) {
        let visits = self.spoken_appointments(&self.state.listed);
        let text = fill(&self.language.phrases.pick_appointment, &[("visits", &visits)]);
        self.ask(now, Phase::PickAppointment, &text);
    }

    pub(super) fn on_pick(&mut self, now: Now, heard: &Heard, text: &str) {
        let listed = &self.state.listed;
        let told = listed.get(..listed.len().min(TOLD)).unwrap_or_default();
        let picked = match heard.choice {
            Some(Choice::Index(index)) => told.get(index),
            Some(Choice::Last | Choice::Latest) => told.last(),
            _ => None,
        };
        if heard.course.all_of {
            let all = self.state.listed.clone();
            self.take_all(now, &all);
        } else if let Some(picked) = picked.cloned() {
            self.understood();
            self.state.target = Some(picked);
            self.count_from_target(now);
            self.advance(now);
        } else if heard.has_content() {
            let any = self.state.listed.iter().any(|known| said_of(heard, &known.visit));
            if any {
                self.pick_by(now, heard);
            } else {
                self.misunderstood(now);
            }
        } else if heard.no || heard.abort {
            self.abandon(now);
        } else if heard.ask {
            self.ask_clinic(text);
        } else {
            self.misunderstood(now);
        }
    }
}

/// Whether the words give up a day, or tell of a visit that the caller has, beside a wish for one.
pub(super) fn gives_up(heard: &Heard) -> bool {
    let when = &heard.wish.when;
    let single = |window: &Window| window.days.only().is_some();
    let another = heard.another || heard.course.besides || heard.new_patient;
    let wished = !another && (!when.any.is_empty() || heard.later || heard.earlier);
    let held = heard.course.holds && when.any.iter().any(single);
    wished && (when.none.iter().any(single) || held || is_unable(heard))
}

/// Whether a window names the time of a visit that there is, or its day and no time.
fn is_own_time(window: &Window, own: &AppointmentFacts) -> bool {
    let start = own.visit.local_start().datetime();
    window.days.only() == Some(start.date()) && (window.clock.is_open() || window.has(start))
}

/// Whether a visit cannot be kept, and nobody said that it shall be cancelled.
fn is_unable(heard: &Heard) -> bool {
    heard.cancel && heard.course.unable
}

/// Whether somebody who cannot come asks for another time in the same words.
pub(super) fn comes_otherwise(heard: &Heard) -> bool {
    let in_words = heard.reading.has(ActKind::CancelIt);
    is_unable(heard) && !heard.move_ && !in_words && gives_up(heard)
}

/// The visits on a day that is ruled out, and at that time if one was said with it.
fn given_up(heard: &Heard, listed: &[AppointmentFacts]) -> Vec<AppointmentFacts> {
    let moves = heard.move_ || heard.course.holds || is_unable(heard);
    let own = |window: &&Window| window.days.only().is_some() || moves && !window.days.is_open();
    let out: Vec<&Window> = heard.wish.when.none.iter().filter(own).collect();
    let has = |known: &&AppointmentFacts| {
        let start = known.visit.local_start().datetime();
        out.iter().any(|window| window.has(start))
    };
    listed.iter().filter(has).cloned().collect()
}
