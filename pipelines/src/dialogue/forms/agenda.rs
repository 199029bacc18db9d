//! What the caller wants beside what is under way: it is kept, and taken up when that is done.

use frontdesk_types::Phi;

use super::course::Todo;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy};
use crate::dialogue::tools::{AppointmentFacts, ToolCall};
use crate::dialogue::understand::parts::{Part, Want, besides, parts};

impl Policy {
    /// Several wishes in one sentence; false if there is only one.
    pub(super) fn on_parts(&mut self, now: Now, text: &str) -> bool {
        if !matches!(self.state.phase, Phase::Open | Phase::OfferPerson | Phase::NotBooked) {
            return false;
        }
        let parts = parts(text, self.setting(now));
        if parts.is_empty() {
            return false;
        }
        self.understood();
        self.clear_goal();
        for todo in in_order(parts).into_iter().rev() {
            self.state.later.push_front(todo);
        }
        self.take_up(now, false)
    }

    /// Keeps what is wanted besides; the rest of the words, which may be empty.
    pub(super) fn put_off(&mut self, now: Now, text: &str) -> Option<String> {
        let busy = self.state.goal.is_some() && self.state.phase != Phase::Open;
        let asked = matches!(self.state.phase, Phase::Message | Phase::CallWhen);
        if !busy || asked {
            return None;
        }
        let more = besides(text, self.setting(now))?;
        if more.part.want == Want::Wait && self.state.goal == Some(Goal::Book) {
            // "That is too far off, put me down in case somebody cancels" is about what is sought.
            return None;
        }
        self.state.later.push_back(Todo::of(more.part));
        let text = self.language.phrases.do_next.clone();
        self.carry(&text);
        Some(more.before)
    }

    /// Keeps a wish that came while a write was under way; false if the words are something else.
    pub(super) fn put_off_behind_write(&mut self, now: Now, text: &str) -> bool {
        let writes = self.state.pending.as_ref().is_some_and(|pending| {
            let tool = &pending.tool;
            matches!(
                tool,
                ToolCall::Book { .. } | ToolCall::Reschedule { .. } | ToolCall::Cancel { .. }
            )
        });
        if !writes {
            return false;
        }
        let more = besides(text, self.setting(now)).filter(|more| more.before.is_empty());
        more.map(|more| self.state.later.push_back(Todo::of(more.part))).is_some()
    }

    /// Takes up what was kept; false if there is nothing. `next` tells that something else was done
    /// before.
    pub(super) fn take_up(&mut self, now: Now, next: bool) -> bool {
        let Some(todo) = self.state.later.pop_front() else { return false };
        self.state.phase = Phase::Open;
        let words = todo.words.expose().clone();
        let mut heard = Heard::of(&words, self.setting(now));
        if !heard.has_time() {
            heard.wish.when = todo.when;
        }
        let phrases = self.language.phrases.clone();
        let (goal, intro) = match todo.want {
            Want::Ask => {
                self.state.answered_first = true;
                self.ask_clinic(&words);
                return true;
            }
            Want::Message => {
                return self.on_matter(now, &heard, &words) || self.take_up(now, next);
            }
            Want::Wait if todo.entry.is_some_and(|id| self.ledger.waiting(id).is_some()) => {
                todo.entry.into_iter().for_each(|entry| self.give_up(now, entry));
                return true;
            }
            Want::Wait => {
                return self.on_waitlist(now, &heard, &words) || self.take_up(now, next);
            }
            Want::Book => (Goal::Book, &phrases.next_book),
            Want::Move => (Goal::Move, &phrases.next_move),
            Want::Cancel => (Goal::Cancel, &phrases.next_cancel),
            Want::List => (Goal::List, &String::new()),
        };
        if !std::mem::take(&mut self.state.answered_first) && next {
            self.carry(intro);
        }
        let known = todo.target.filter(|known| self.ledger.appointment(known.id).is_some());
        match (todo.instead_of, known) {
            (Some(cancel), _) => self.begin_instead_of(now, cancel, &heard, todo.words),
            (None, Some(target)) => {
                self.begin_goal(goal);
                self.state.target = Some(target);
                if words.is_empty() {
                    self.wish_and_advance(now, &heard);
                } else if goal == Goal::Move {
                    self.wish_of_move(now, &heard, &words);
                } else {
                    self.advance(now);
                }
            }
            (None, None) => self.begin(now, goal, &heard, &words),
        }
        true
    }

    /// "Cancel Monday and book Thursday": a move, unless it turns out to be about two doctors whose
    /// visits have nothing to do with one another.
    fn begin_instead_of(
        &mut self,
        now: Now,
        cancel: Phi<String>,
        heard: &Heard,
        words: Phi<String>,
    ) {
        self.begin_goal(Goal::Move);
        let given_up = Heard::of(cancel.expose(), self.setting(now));
        self.turned_by(&given_up, given_up.relative);
        self.state.which = Some(cancel.clone());
        self.state.instead_of = Some(cancel);
        if heard.wish.anchored {
            self.state.from_it = Some(words);
            self.advance(now);
        } else {
            self.wish_and_advance(now, heard);
        }
    }

    /// Now that it is known which appointment is given up for another one: it moves, or the new one
    /// is booked first and then the old one is cancelled.
    pub(super) fn settle_instead_of(&mut self) {
        let Some(cancel) = self.state.instead_of.take() else { return };
        let Some(target) = self.state.target.clone() else { return };
        let phrases = self.language.phrases.clone();
        if self.may_replace(&target) {
            self.carry(&phrases.as_a_move);
            return;
        }
        self.carry(&phrases.new_one_first);
        self.state.later.push_front(Todo::with(Want::Cancel, cancel, target));
        self.state.goal = Some(Goal::Book);
        self.state.target = None;
    }

    /// There is no appointment that could be given up: the new one is booked.
    pub(super) fn book_without(&mut self, now: Now) -> bool {
        if self.state.instead_of.take().is_none() {
            return false;
        }
        self.state.goal = Some(Goal::Book);
        self.advance(now);
        true
    }

    /// Whether a visit as it is wished for may take the place of this one.
    pub(super) fn may_replace(&self, target: &AppointmentFacts) -> bool {
        let wish = &self.state.wish;
        let own = &target.visit.specialty;
        let of_own = |name: &String| name.eq_ignore_ascii_case(own);
        let doctors = &self.facts.clinic.doctors;
        let same = |id| {
            id == target.visit.doctor
                || doctors.iter().any(|d| d.id == id && d.specialties.iter().any(of_own))
        };
        let doctor = wish.doctors.is_empty() || wish.doctors.iter().any(|id| same(*id));
        doctor && wish.specialty.as_ref().is_none_or(of_own)
    }
}

/// Questions first, then what is for the caller, the new before what is given up, then what is for
/// others. A visit that is given up and one that is booked become one.
fn in_order(parts: Vec<Part>) -> Vec<Todo> {
    let rank = |part: &Part| {
        let other = part.heard.other_patient || part.heard.relative;
        match part.want {
            Want::Ask => 0,
            _ if other => 4,
            Want::Book => 1,
            Want::Cancel => 2,
            _ => 1,
        }
    };
    let mut parts = parts;
    parts.sort_by_key(rank);
    let place = |want: Want| {
        let mut found = parts.iter().enumerate().filter(|(_, part)| part.want == want);
        let place = found.next().map(|(at, _)| at);
        place.filter(|_| found.next().is_none())
    };
    let pair = place(Want::Book).zip(place(Want::Cancel));
    let pair = pair.filter(|(_, cancel)| !parts[*cancel].heard.course.all_of);
    // Both for the caller, or for the same person: "my son can't come on Monday. What about the
    // 25th for him?"
    let pair = pair.filter(|(book, cancel)| {
        let (booked, given_up) = (&parts[*book], &parts[*cancel]);
        let (new, old) = (&booked.heard.whom.persons, &given_up.heard.whom.persons);
        let same = *book > *cancel && (new.is_empty() || new == old);
        let name = booked.heard.relative_name.is_none();
        rank(booked) == rank(given_up) && same && name || rank(booked) < 4 && rank(given_up) < 4
    });
    let cancel = pair.map(|(_, cancel)| Phi::new(parts[cancel].text.clone()));
    let mut todos = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        match pair {
            Some((_, cancel)) if cancel == at => {}
            Some((book, _)) if book == at => {
                todos.push(Todo { instead_of: cancel.clone(), ..Todo::of(part) });
            }
            _ => todos.push(Todo::of(part)),
        }
    }
    todos
}
