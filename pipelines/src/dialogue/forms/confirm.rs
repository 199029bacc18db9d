//! From the read-back to the write, and what is said instead of a yes.

use super::choice::said_of;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy};
use crate::dialogue::tools::ToolCall;
use crate::wish::{Clock, Days, When, Window};

impl Policy {
    /// Has the write read back and, on a yes, run.
    pub(super) fn confirm(&mut self, now: Now) {
        self.state.phase = Phase::Confirm;
        let (goal, target) = (self.state.goal, self.state.target.clone());
        let offer = self.state.chosen;
        match (goal, target, offer) {
            (Some(Goal::Wait | Goal::ListWaits | Goal::LeaveWait), ..) => self.advance(now),
            _ if !self.is_identified() => self.advance(now),
            (Some(Goal::Book), _, Some(_)) if self.asks_for_whom(now) => {}
            (Some(Goal::Book), _, Some(offer)) => {
                self.write(now, ToolCall::Book { offer });
            }
            (Some(Goal::Move), Some(target), Some(offer)) => {
                let appointment = target.id;
                self.write(now, ToolCall::Reschedule { appointment, offer });
            }
            (Some(Goal::Cancel), Some(target), _) => {
                let appointment = target.id;
                self.write(now, ToolCall::Cancel { appointment });
            }
            _ => self.advance(now),
        }
    }

    /// The caller did not say yes to the read-back, but this.
    pub(super) fn on_declined(&mut self, now: Now, heard: &Heard, text: &str, told: bool) {
        let phrases = self.language.phrases.clone();
        self.doubt(heard);
        let registering = !self.is_identified();
        if self.state.goal == Some(Goal::Message) && self.state.draft.is_some() && !heard.ask {
            self.on_message_declined(now, heard, text);
        } else if registering
            && (self.turned_by(heard, heard.relative) || self.puts_right(now, text) || told)
        {
            self.understood();
            self.advance(now);
        } else if heard.abort && self.state.goal == Some(Goal::Book) && !registering {
            // What it costs is asked about in a question, and not by who drops it.
            self.understood();
            self.declined(now);
        } else if !registering && heard.no && heard.reading.declines() {
            // "Not today, thanks" wishes for no other day.
            self.understood();
            self.declined(now);
        } else if heard.ask {
            self.ask_clinic(text);
        } else if heard.course.undo && !heard.has_content() && !registering {
            // "No, keep my old one": what was read back is not done.
            self.understood();
            self.declined(now);
        } else if !registering && self.is_for_other(heard) && !heard.another {
            self.for_other_instead(now, heard);
        } else if !registering && self.moves_instead(heard) {
            self.move_instead(now, heard, text);
        } else if heard.another || heard.list {
            if !self.intent(now, heard, text) {
                self.misunderstood(now);
            }
        } else if heard.cancel && !heard.abort && self.state.goal == Some(Goal::Book) {
            // "I can't come then", to what is not yet booked.
            self.understood();
            self.declined(now);
        } else if heard.abort || (heard.cancel && self.state.goal != Some(Goal::Cancel)) {
            self.abandon(now);
        } else if !registering && (heard.has_content() || heard.later || heard.earlier) {
            self.correct(now, heard);
        } else if self.state.doubtful && self.state.goal == Some(Goal::Book) && !registering {
            self.understood();
            self.confirm(now);
        } else if heard.no {
            self.understood();
            self.declined(now);
        } else if heard.yes && self.state.misunderstood + 1 < self.settings.max_misunderstood {
            // A yes that did not count, because the read-back was not heard.
            self.state.misunderstood += 1;
            self.confirm(now);
        } else if heard.correction || heard.move_ {
            self.understood();
            self.release();
            self.state.chosen = None;
            self.ask(now, Phase::Day, &phrases.when_instead);
        } else {
            self.misunderstood(now);
        }
    }

    /// What was read back is for somebody else than it was read back for.
    fn for_other_instead(&mut self, now: Now, heard: &Heard) {
        self.understood();
        self.turned_by(heard, false);
        if self.state.goal == Some(Goal::Book) && heard.has_content() {
            self.correct(now, heard);
        } else {
            self.advance(now);
        }
    }

    /// Whether the answer to the read-back of a cancellation asks for another time instead. A day
    /// that is that of another appointment of theirs tells which one is meant.
    fn moves_instead(&self, heard: &Heard) -> bool {
        let told =
            self.ledger.appointments().iter().filter(|known| said_of(heard, &known.visit)).count();
        let elsewhen = heard.has_time() && told == 0;
        self.state.goal == Some(Goal::Cancel)
            && self.state.target.is_some()
            && (heard.move_
                || !heard.abort && (heard.another_time || heard.later || heard.earlier || elsewhen))
    }

    /// A correction at the read-back: what it does not name stays as it was chosen.
    fn correct(&mut self, now: Now, heard: &Heard) {
        self.understood();
        self.release();
        if self.state.goal == Some(Goal::Cancel) {
            self.state.target = None;
            self.state.which = None;
            self.state.listed = self.ledger.appointments().to_vec();
            self.pick_by(now, heard);
            return;
        }
        let chosen = self.chosen().map(frontdesk_types::Offer::local_start);
        self.state.chosen = None;
        if let Some(start) = chosen.filter(|_| heard.day.is_none()) {
            let day = Days::day(start.date());
            self.state.wish.when.add(&When::on(day));
            if heard.later || heard.earlier {
                let (later, time) = (heard.later, start.time());
                let step = jiff::Span::new().minutes(1);
                let clock = if later {
                    Clock::span(time.checked_add(step).ok(), None)
                } else {
                    Clock::span(None, Some(time))
                };
                self.state.wish.when.add(&When::within(Window { days: day, clock }));
            }
        }
        self.wish_and_advance(now, heard);
    }

    /// A plain no at the read-back.
    fn declined(&mut self, now: Now) {
        let phrases = self.language.phrases.clone();
        if !self.is_identified() {
            let patient = std::mem::take(&mut self.state.patient);
            self.state.patient.new = true;
            self.state.patient.other = patient.other;
            self.carry(&phrases.not_registered);
            self.identify(now);
            return;
        }
        match self.state.goal {
            Some(Goal::Book) => {
                self.release();
                self.state.chosen = None;
                self.ask(now, Phase::NotBooked, &phrases.not_booked);
            }
            Some(Goal::Cancel) => {
                self.carry(&phrases.not_cancelled);
                self.open(now);
            }
            Some(Goal::Wait | Goal::ListWaits | Goal::LeaveWait) => {
                self.carry(&phrases.not_written);
                self.open(now);
            }
            _ => {
                self.carry(&phrases.not_moved);
                self.open(now);
            }
        }
    }
}
