//! What this call did is undone: a move goes back, a cancellation is booked again, a booking is
//! cancelled. Each is a write like any other, with its read-back and its yes.

use frontdesk_types::Offer;

use super::choice::said_of;
use super::course::Done;
use super::state::{Goal, Wish};
use super::{Heard, Now, Policy};
use crate::dialogue::tools::AppointmentFacts;
use crate::wish::{Clock, Days, Visit, When, Window};

/// Writes that are remembered.
const REMEMBERED: usize = 8;

impl Policy {
    /// Notes a write, so that it can be undone.
    pub(super) fn note_done(&mut self, done: Done) {
        let all = &mut self.state.done;
        all.push(done);
        if all.len() > REMEMBERED {
            all.remove(0);
        }
    }

    /// Undoes what this call did last; false if that is not what was said.
    pub(super) fn undo(&mut self, now: Now, heard: &Heard) -> bool {
        let Some(done) = self.state.done.last().cloned() else { return false };
        let said = match done {
            Done::Cancelled(_) => heard.course.undo || heard.course.keep,
            Done::Booked(_) => heard.course.undo || heard.course.drop,
            Done::Moved(..) => heard.course.undo,
        };
        if !said || !self.is_identified() {
            return false;
        }
        // "Keep my Monday appointment": a day that is that of neither is another wish.
        let own = |visit: &Offer| said_of(heard, visit);
        if heard.has_content() && !done.visits().into_iter().flatten().any(own) {
            return false;
        }
        match done {
            Done::Booked(known) => {
                self.begin_goal(Goal::Cancel);
                self.state.target = Some(known);
                self.advance(now);
            }
            Done::Moved(known, before) => self.restore(now, Some(known), before),
            Done::Cancelled(known) => self.restore(now, None, known.visit),
        }
        true
    }

    /// Books a visit as it was, or moves an appointment back to it, if that time is still free.
    fn restore(&mut self, now: Now, target: Option<AppointmentFacts>, before: Offer) {
        self.begin_goal(if target.is_some() { Goal::Move } else { Goal::Book });
        let start = before.local_start();
        let (days, clock) = (Days::day(start.date()), Clock::at(start.time()));
        let when = When::within(Window { days, clock });
        let double = before.second.is_some();
        let visit = Visit { double, ..Visit::default() };
        self.state.wish = Wish { doctors: vec![before.doctor], when, visit, ..Wish::default() };
        self.state.as_single = !double;
        self.state.target = target;
        self.state.restoring = Some(before);
        self.advance(now);
    }

    /// The free times that were found for what is to be as it was: that time itself, if it is among
    /// them.
    pub(super) fn restored_offer(&mut self, offers: &[Offer]) -> Option<Offer> {
        let before = self.state.restoring.take()?;
        let same = |offer: &&Offer| {
            let as_long = offer.second.is_some() == before.second.is_some();
            as_long && offer.starts_at == before.starts_at && offer.doctor == before.doctor
        };
        let found = offers.iter().find(same).cloned();
        if found.is_none() {
            let text = self.language.phrases.taken_meanwhile.clone();
            self.carry(&text);
        }
        found
    }
}
