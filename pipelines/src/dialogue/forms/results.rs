//! What comes of the tools.

use frontdesk_types::TransferReason;

use super::course::Done;
use super::state::{Goal, Pending, Phase};
use super::{Now, Policy, fill};
use crate::dialogue::UtteranceId;
use crate::dialogue::guard::visit;
use crate::dialogue::tools::{
    AppointmentFacts, BAD_PHONE, Refusal, ToolCall, ToolCallId, ToolResult,
};
use crate::wish::{Days, When};

impl Policy {
    pub(super) fn on_tool(&mut self, now: Now, call: ToolCallId, result: ToolResult) {
        let Some(pending) = self.state.pending.take_if(|pending| pending.call == call) else {
            self.on_late(result);
            return;
        };
        if result == ToolResult::Unavailable && !matches!(pending.tool, ToolCall::Hold { .. }) {
            self.unavailable(now, pending);
            return;
        }
        match result {
            ToolResult::Refused { refusal } => self.on_refused(now, &pending.tool, &refusal),
            ToolResult::Identified | ToolResult::Registered => {
                self.understood();
                self.state.turned = false;
                self.state.done.clear();
                self.state.previous = None;
                let registered = matches!(pending.tool, ToolCall::RegisterPatient(_));
                if registered && result == ToolResult::Identified {
                    // The same person is not registered twice.
                    let text = self.language.phrases.registered_already.clone();
                    self.carry(&text);
                }
                if self.state.carry.is_empty() {
                    let text = self.language.phrases.thanks.clone();
                    self.carry(&text);
                }
                self.advance(now);
            }
            ToolResult::Ambiguous => {
                if self.state.patient.ambiguous {
                    self.not_identified(now);
                } else {
                    self.state.patient.ambiguous = true;
                    self.identify(now);
                }
            }
            ToolResult::NotIdentified => self.not_identified(now),
            ToolResult::Slots { offers, exact } => self.on_slots(now, offers, exact),
            ToolResult::Appointments { .. } => {
                self.state.listed_all = true;
                self.advance(now);
            }
            ToolResult::Booked { appointment } => self.on_booked(now, &pending.tool, appointment),
            ToolResult::Cancelled => self.on_cancelled(now),
            ToolResult::Answer { text, source } => {
                let values = [("text", &*text), ("source", &*source)];
                let answer = fill(&self.language.phrases.answer, &values);
                self.carry(&answer);
                self.go_on(now);
            }
            ToolResult::NoAnswer if self.is_under_way() => {
                // A question in the middle stops nothing.
                let text = self.language.phrases.no_answer_now.clone();
                self.carry(&text);
                self.go_on(now);
            }
            ToolResult::NoAnswer => {
                let text = self.language.phrases.no_answer.clone();
                self.ask(now, Phase::OfferPerson, &text);
            }
            ToolResult::WaitlistJoined { known } => self.on_waitlist_joined(now, known),
            ToolResult::Waitlist { .. } => {
                self.state.listed_all = true;
                self.advance(now);
            }
            ToolResult::WaitlistLeft => self.on_waitlist_left(now),
            ToolResult::MessageTaken => self.on_message_taken(now),
            ToolResult::CallbackNoted => {
                let text = self.language.phrases.callback_noted.clone();
                self.end(now, &text);
            }
            // The forms call no tools but the built-in ones.
            ToolResult::Other { .. } => self.go_on(now),
            // Kept or not, the booking decides.
            ToolResult::Held | ToolResult::Released | ToolResult::Unavailable => {
                if matches!(pending.tool, ToolCall::Hold { .. }) {
                    self.confirm(now);
                } else {
                    self.failed(now, &pending.tool);
                }
            }
        }
        self.after_tool(now);
    }

    /// Words that came while the tool ran are heard now.
    fn after_tool(&mut self, now: Now) {
        if self.state.pending.is_none()
            && self.state.phase != Phase::Over
            && let Some(text) = self.state.queued.take()
        {
            self.on_heard(now, text.expose(), false);
        }
    }

    /// Whether a question of the caller's came in the middle of something, or before it.
    fn is_under_way(&self) -> bool {
        let open = matches!(self.state.phase, Phase::Open | Phase::OfferPerson);
        (self.state.goal.is_some() && !open) || !self.state.later.is_empty()
    }

    /// The question that the answer interrupted, or anything else.
    fn go_on(&mut self, now: Now) {
        let taken = self.state.chosen.filter(|_| self.state.phase == Phase::Choice);
        if let Some(offer) = taken {
            self.choose(offer);
        } else if self.state.goal.is_none() || self.state.phase == Phase::Open {
            self.open(now);
        } else {
            self.ask_again(now);
        }
    }

    /// Carries what came of a write: it is told until it was heard.
    pub(super) fn tell(&mut self, text: &str) {
        self.carry(text);
        self.state.news = Some(text.to_owned());
    }

    /// Who talks over the first words of what came of a write has not heard it: it comes first in
    /// what is said next.
    pub(super) fn on_played(&mut self, utterance: UtteranceId, heard: &str) {
        if self.state.telling != Some(utterance.0) {
            return;
        }
        self.state.telling = None;
        let words = |text: &str| text.split_whitespace().count();
        match self.state.news.clone() {
            Some(news) if words(heard) < words(&news) => self.carry(&news),
            _ => self.state.news = None,
        }
    }

    /// Whether what came of a write is still to be told.
    pub(super) const fn has_news(&self) -> bool {
        self.state.news.is_some() && self.state.telling.is_none()
    }

    /// An answer that nobody waits for any more. A booking that came through must be told.
    fn on_late(&mut self, result: ToolResult) {
        if let ToolResult::Booked { appointment } = result {
            let visit = visit(&appointment.visit, &self.language);
            let values = [("visit", &*visit), ("reference", &*appointment.reference)];
            let text = fill(&self.language.phrases.late_booked, &values);
            self.tell(&text);
            self.state.last_booked = Some(appointment);
        }
    }

    /// Again after a pause, each longer than the one before, then a person.
    fn unavailable(&mut self, now: Now, pending: Pending) {
        let retries = pending.retries + 1;
        if retries > self.settings.max_retries {
            self.failed(now, &pending.tool);
            return;
        }
        let phrases = &self.language.phrases;
        let text = if retries == 1 { &phrases.apology_retry } else { &phrases.still_trying };
        let text = text.clone();
        self.say(now, &text);
        self.state.patience.stop();
        let retry_at = Some(now.mono + self.settings.retry * retries);
        self.state.pending = Some(Pending { retries, retry_at, ..pending });
    }

    fn failed(&mut self, now: Now, tool: &ToolCall) {
        let phrases = self.language.phrases.clone();
        if matches!(tool, ToolCall::Transfer { .. }) {
            self.end(now, &phrases.callback_failed);
        } else {
            self.transfer(now, TransferReason::Failed, &phrases.transfer_failed);
        }
    }

    fn on_booked(&mut self, now: Now, tool: &ToolCall, appointment: AppointmentFacts) {
        let phrases = self.language.phrases.clone();
        let spoken = visit(&appointment.visit, &self.language);
        let values = [("visit", &*spoken), ("reference", &*appointment.reference)];
        let moved = matches!(tool, ToolCall::Reschedule { .. });
        self.understood();
        let text = match (moved, appointment.visit.second) {
            (true, Some(_)) => &phrases.moved_double,
            (true, None) => &phrases.moved,
            (false, Some(_)) => &phrases.booked_double,
            (false, None) => &phrases.booked,
        };
        self.tell(&fill(text, &values));
        let before = self.state.target.take().filter(|_| moved).map(|known| known.visit);
        match before {
            Some(before) => self.note_done(Done::Moved(appointment.clone(), before)),
            None => self.note_done(Done::Booked(appointment.clone())),
        }
        self.state.last_booked = Some(appointment);
        self.open(now);
    }

    fn on_cancelled(&mut self, now: Now) {
        self.understood();
        if let Some(target) = self.state.target.take() {
            let spoken = visit(&target.visit, &self.language);
            let text = fill(&self.language.phrases.cancelled, &[("visit", &spoken)]);
            self.tell(&text);
            if self.state.last_booked.as_ref().is_some_and(|last| last.id == target.id) {
                self.state.last_booked = None;
            }
            self.note_done(Done::Cancelled(target));
        }
        self.open(now);
    }

    fn on_refused(&mut self, now: Now, tool: &ToolCall, refusal: &Refusal) {
        let phrases = self.language.phrases.clone();
        match (tool, refusal) {
            // The caller's words follow: they want something else than to be called back.
            (ToolCall::Transfer { .. }, Refusal::NotConfirmed) => self.understood(),
            (_, Refusal::NotConfirmed) => self.state.phase = Phase::Confirm,
            (ToolCall::Transfer { .. }, _) => self.end(now, &phrases.callback_failed),
            (_, Refusal::Other(code)) if code == BAD_PHONE && !self.is_identified() => {
                self.state.patient.phone = None;
                self.state.misunderstood += 1;
                if self.state.misunderstood >= self.settings.max_misunderstood {
                    self.transfer(now, TransferReason::NotIdentified, &phrases.not_identified_end);
                } else {
                    self.ask(now, Phase::Phone, &phrases.bad_phone);
                }
            }
            (ToolCall::IdentifyPatient(_), _)
                if self.state.goal == Some(Goal::Message) && self.message_by_phone(now) => {}
            (ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_), _) => {
                self.transfer(now, TransferReason::NotIdentified, &phrases.not_identified_end);
            }
            (_, Refusal::SlotTaken | Refusal::UnknownReference)
                if self.state.goal != Some(Goal::Cancel) =>
            {
                self.search_instead(now, &phrases.slot_taken);
            }
            (_, Refusal::PatientBusy) => {
                self.state.wish.when.forget_times();
                self.search_instead(now, &phrases.patient_busy);
            }
            (_, Refusal::OutsideBookingWindow) => {
                self.release();
                self.state.chosen = None;
                self.carry(&phrases.outside_window);
                self.ask(now, Phase::Day, &phrases.ask_day);
            }
            (_, Refusal::NotIdentified) => {
                self.state.turned = true;
                self.advance(now);
            }
            (_, Refusal::TooLate) => {
                self.clear_goal();
                self.ask(now, Phase::OfferPerson, &phrases.too_late);
            }
            _ => {
                self.clear_goal();
                self.ask(now, Phase::OfferPerson, &phrases.refused);
            }
        }
    }

    /// The chosen time cannot be had: others are searched for.
    fn search_instead(&mut self, now: Now, sorry: &str) {
        let taken = self.chosen().map(|taken| taken.local_start().date());
        self.state.chosen = None;
        if !self.state.wish.when.says_day() {
            self.state.wish.when.add(&When::on(Days::span(taken, None)));
        }
        self.carry(sorry);
        self.seek(now);
    }
}
