//! Appointments that the patient has: told, cancelled, moved.

use frontdesk_types::Phi;

use super::choice::said_of;
use super::course::Todo;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::Expectation;
use crate::dialogue::guard::visit;
use crate::dialogue::tools::{AppointmentFacts, ToolCall};
use crate::dialogue::understand::parts::Want;
use crate::dialogue::understand::wish::Said;
use crate::dialogue::understand::{Choice, Setting};
use crate::wish::Window;

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
        let fitting: Vec<_> =
            listed.iter().filter(|known| said_of(heard, &known.visit)).cloned().collect();
        // The only appointment is meant; a day that is not its own is where it shall move to.
        let fitting = if fitting.is_empty() && listed.len() == 1 {
            let moves = self.state.goal == Some(Goal::Move) && self.state.instead_of.is_none();
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
    fn count_from_target(&mut self, now: Now) {
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
