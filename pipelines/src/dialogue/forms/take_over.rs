//! Going on where another policy stopped.

use std::sync::Arc;

use frontdesk_types::{OfferId, Phi};

use super::offers::PAGE;
use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, Setting, fill};
use crate::dialogue::Expectation;
use crate::dialogue::guard::visit;
use crate::dialogue::ledger::Ledger;
use crate::dialogue::tools::{AppointmentFacts, ToolCall, ToolResult};

/// A write that came through and that the caller has not been told of, with the appointment that it
/// changed, as it was.
pub(in crate::dialogue) type Untold = (ToolCall, ToolResult, Option<AppointmentFacts>);

/// What another policy leaves behind, beside the ledger.
#[derive(Debug)]
pub(in crate::dialogue) struct Predecessor {
    /// Numbers beyond those that it has used.
    pub(in crate::dialogue) next_utterance: u64,
    pub(in crate::dialogue) next_call: u64,
    /// What its last search found, in its order.
    pub(in crate::dialogue) offers: Vec<OfferId>,
    /// What the caller said before that, oldest first.
    pub(in crate::dialogue) said: Vec<Phi<String>>,
    /// Words of the caller that it has not answered, and whether they were typed.
    pub(in crate::dialogue) words: Option<(Phi<String>, bool)>,
    pub(in crate::dialogue) untold: Vec<Untold>,
}

impl Policy {
    /// Takes a call over: apologizes once, and goes on with what the caller said last.
    pub(in crate::dialogue) fn take_over(
        &mut self,
        now: Now,
        ledger: &Arc<Ledger>,
        from: Predecessor,
    ) {
        self.ledger = Arc::clone(ledger);
        self.state.next_utterance = from.next_utterance;
        self.state.next_call = from.next_call;
        if let Some(known) = ledger.patient() {
            self.state.patient.name = Some(known.name.clone());
            self.state.patient.full = true;
        }
        let phrases = self.language.phrases.clone();
        self.state.prompt.clone_from(&phrases.help);
        let is_done = ledger.appointments().iter().any(|known| known.made_in_this_call);
        if from.untold.is_empty() && !is_done {
            self.recall(now, &from.said);
        }
        self.state.offers = from.offers;
        self.state.offers.retain(|id| ledger.offer(*id).is_some());
        if !self.state.offers.is_empty() && from.untold.is_empty() {
            // The caller may answer to what was offered; whatever else they say is heard as well.
            self.state.goal = Some(Goal::Book);
            self.state.phase = Phase::Choice;
            self.state.shown = (0, self.state.offers.len().min(PAGE));
            let offered = self.spoken_offered();
            self.state.prompt = fill(&phrases.offers_again, &[("offers", &offered)]);
        }
        self.carry(&phrases.model_failed);
        let told = !from.untold.is_empty();
        for (tool, result, before) in from.untold {
            self.tell_untold(&tool, result, before);
        }
        match from.words {
            Some((words, typed)) => self.on_heard(now, words.expose(), typed),
            None if told => self.open(now),
            None => self.ask_again(now),
        }
    }

    /// Takes up what the caller has wanted so far, without saying anything. Only what was said with
    /// a wish counts: a date may have been one of birth.
    fn recall(&mut self, now: Now, said: &[Phi<String>]) {
        for words in said {
            let (language, clinic) = (&self.language, &self.facts.clinic);
            let setting =
                Setting { language, clinic, expect: Expectation::Request, now, anchor: None };
            let heard = Heard::of(words.expose(), setting);
            let goal = match () {
                () if heard.ask || heard.list => None,
                () if heard.cancel && !heard.move_ => Some(Goal::Cancel),
                () if heard.move_ => Some(Goal::Move),
                () if heard.book || heard.has_doctor() => Some(Goal::Book),
                () => None,
            };
            let Some(goal) = goal else { continue };
            if self.state.goal != Some(goal) {
                self.begin_goal(goal);
            }
            if goal == Goal::Book {
                self.take_wish_silently(&heard);
            } else {
                self.state.which = Some(words.clone());
            }
        }
    }

    fn tell_untold(
        &mut self,
        tool: &ToolCall,
        result: ToolResult,
        before: Option<AppointmentFacts>,
    ) {
        let phrases = self.language.phrases.clone();
        match (result, before) {
            (ToolResult::Booked { appointment }, _) => {
                let spoken = visit(&appointment.visit, &self.language);
                let values = [("visit", &*spoken), ("reference", &*appointment.reference)];
                let moved = matches!(tool, ToolCall::Reschedule { .. });
                self.tell(&fill(if moved { &phrases.moved } else { &phrases.booked }, &values));
                self.state.last_booked = Some(appointment);
            }
            (ToolResult::Cancelled, Some(before)) => {
                let spoken = visit(&before.visit, &self.language);
                self.tell(&fill(&phrases.cancelled, &[("visit", &spoken)]));
            }
            _ => {}
        }
    }
}
