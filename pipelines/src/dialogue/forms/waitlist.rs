//! The waiting list: joined where no time suits, asked about, left; a time that became free is taken.

use frontdesk_types::{DoctorId, Phi, WaitlistEntryId};

use super::course::Todo;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::said;
use crate::dialogue::tools::{ToolCall, WaitlistFacts, WaitlistWish};
use crate::dialogue::understand::course::Wait;
use crate::dialogue::understand::wish::Said;
use crate::wish::When;

impl Policy {
    /// What is said of the waiting list; false if nothing is.
    pub(super) fn on_waitlist(&mut self, now: Now, heard: &Heard, text: &str) -> bool {
        let Some(wait) = heard.course.wait else { return false };
        self.understood();
        match wait {
            Wait::Join => self.join_waitlist(now, heard, text),
            Wait::Leave | Wait::Ask => {
                let leaves = wait == Wait::Leave;
                self.begin_goal(if leaves { Goal::LeaveWait } else { Goal::ListWaits });
                if heard.other_patient {
                    self.turn_to_other(heard);
                }
                self.take_wish_silently(heard);
                self.advance(now);
            }
        }
        true
    }

    /// Puts the caller on the waiting list for what they wish; what was wished for so far stays.
    pub(super) fn join_waitlist(&mut self, now: Now, heard: &Heard, text: &str) {
        self.understood();
        let mut heard = heard.clone();
        let counts = heard.wish.anchored && self.anchor().is_none();
        if counts {
            // "Sooner than what I have" counts from that visit.
            (heard.wish, heard.day) = (Said::default(), None);
        }
        let heard = &heard;
        let mut wish = std::mem::take(&mut self.state.wish);
        if !wish.names_doctor()
            && let Some(target) = &self.state.target
        {
            wish.doctors = vec![target.visit.doctor];
        }
        self.begin_goal(Goal::Wait);
        self.state.wish = wish;
        self.state.from_it = counts.then(|| Phi::new(text.to_owned()));
        if heard.other_patient && !self.state.patient.other {
            self.turn_to_other(heard);
        }
        self.wish_and_advance(now, heard);
    }

    /// Goes on with what is wanted of the waiting list.
    pub(super) fn waitlist(&mut self, now: Now, goal: Goal) {
        if goal == Goal::Wait {
            self.wait(now);
        } else if self.state.listed_all {
            let leaves = goal == Goal::LeaveWait;
            if leaves { self.leave_waitlist(now) } else { self.tell_waits(now) }
        } else {
            self.call(ToolCall::ListWaitlist);
        }
    }

    /// Whom somebody waits for is asked; the rest is optional.
    fn wait(&mut self, now: Now) {
        if self.state.from_it.is_some() {
            if !self.state.listed_all {
                self.call(ToolCall::ListAppointments);
                return;
            }
            if let [only] = self.ledger.appointments() {
                self.state.target = Some(only.clone());
                if !self.state.wish.names_doctor() {
                    self.state.wish.doctors = vec![only.visit.doctor];
                }
                self.count_from_target(now);
                self.state.target = None;
            }
            self.state.from_it = None;
        }
        match self.waitlist_wish() {
            Some(wish) => {
                self.state.phase = Phase::Confirm;
                self.write(now, ToolCall::JoinWaitlist(wish));
            }
            None => {
                let text = self.language.phrases.ask_doctor.clone();
                self.ask(now, Phase::Doctor, &text);
            }
        }
    }

    /// What is waited for. Of several doctors of one specialty any will do, else the first.
    fn waitlist_wish(&self) -> Option<WaitlistWish> {
        let wish = &self.state.wish;
        let of = |id: &DoctorId| self.facts.clinic.doctors.iter().find(|own| own.id == *id);
        let (doctor, specialty) = match (wish.doctors.as_slice(), &wish.specialty) {
            ([only], _) => (Some(*only), None),
            ([first, rest @ ..], _) => {
                let shared = of(first).and_then(|own| {
                    let same = |name: &&String| {
                        rest.iter().filter_map(of).all(|other| other.specialties.contains(name))
                    };
                    own.specialties.iter().find(same)
                });
                if shared.is_some() { (None, shared.cloned()) } else { (Some(*first), None) }
            }
            ([], Some(name)) => (None, Some(name.clone())),
            ([], None) => match self.facts.clinic.doctors.as_slice() {
                [only] => (Some(only.id), None),
                _ => return None,
            },
        };
        Some(WaitlistWish { doctor, specialty, when: wish.when.clone() })
    }

    /// Whether the waiting list can be offered: it is known whom somebody would wait for, and there is
    /// time.
    pub(super) fn can_wait(&self) -> bool {
        let books = matches!(self.state.goal, Some(Goal::Book | Goal::Move));
        books && !self.state.brief && self.is_identified() && self.waitlist_wish().is_some()
    }

    /// Asks a question and offers the waiting list with it, if that can be.
    pub(super) fn ask_or_wait(&mut self, now: Now, phase: Phase, text: &str) {
        if !self.can_wait() {
            self.ask(now, phase, text);
            return;
        }
        let text = format!("{text} {}", self.language.phrases.or_waitlist);
        self.ask(now, phase, &text);
        self.state.wait_offered = true;
    }

    pub(super) fn on_waitlist_joined(&mut self, now: Now, known: bool) {
        self.understood();
        let phrases = self.language.phrases.clone();
        if let Some(wish) = self.waitlist_wish() {
            let (doctor, specialty) = (wish.doctor, wish.specialty.as_deref());
            let wish = self.spoken_wait(doctor, specialty, &wish.when);
            let text = if known { &phrases.waitlisted_again } else { &phrases.waitlisted };
            self.tell(&fill(text, &[("wish", &wish)]));
        }
        self.open(now);
    }

    /// The places that were asked about, and what is kept for who has one.
    fn tell_waits(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        let entries = self.waits();
        if entries.is_empty() {
            self.carry(&phrases.not_waiting);
            self.open(now);
            return;
        }
        let when = When::default();
        let all: Vec<String> = entries
            .iter()
            .map(|known| self.spoken_wait(known.doctor, known.specialty.as_deref(), &when))
            .collect();
        let wishes = self.language.and(&all);
        self.carry(&fill(&phrases.waiting_for, &[("wish", &wishes)]));
        match entries.iter().find(|known| known.offered.is_some()) {
            Some(known) => {
                self.carry(&phrases.became_free);
                self.state.phase = Phase::Confirm;
                self.write(now, ToolCall::AcceptWaitlist { entry: known.id });
            }
            None => self.open(now),
        }
    }

    /// Gives up the place that is meant; of several, one after another.
    fn leave_waitlist(&mut self, now: Now) {
        let entries = self.waits();
        let Some((first, rest)) = entries.split_first() else {
            let text = self.language.phrases.not_waiting.clone();
            self.carry(&text);
            self.open(now);
            return;
        };
        for known in rest.iter().rev() {
            self.state.later.push_front(Todo::giving_up(known.id));
        }
        self.give_up(now, first.id);
    }

    /// Gives up one place.
    pub(super) fn give_up(&mut self, now: Now, entry: WaitlistEntryId) {
        self.state.goal = Some(Goal::LeaveWait);
        self.state.phase = Phase::Confirm;
        self.write(now, ToolCall::LeaveWaitlist { entry });
    }

    pub(super) fn on_waitlist_left(&mut self, now: Now) {
        self.understood();
        let text = self.language.phrases.waitlist_left.clone();
        self.tell(&text);
        self.open(now);
    }

    /// The places on the list that fit what was named.
    fn waits(&self) -> Vec<WaitlistFacts> {
        let wish = &self.state.wish;
        let fits = |known: &&WaitlistFacts| {
            let doctor = known.doctor.is_some_and(|id| wish.doctors.contains(&id));
            let specialty = known.specialty.is_some() && known.specialty == wish.specialty;
            !wish.names_doctor() || wish.any || doctor || specialty
        };
        self.ledger.waitlist().iter().filter(fits).cloned().collect()
    }

    fn spoken_wait(
        &self,
        doctor: Option<DoctorId>,
        specialty: Option<&str>,
        when: &When,
    ) -> String {
        said::waiting(doctor, specialty, when, &self.facts.clinic, &self.language)
    }
}
