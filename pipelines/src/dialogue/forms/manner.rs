//! What is said beside the matter: who speaks, whether somebody is there, wrong numbers, anger, and
//! what was already told.

use super::state::{Goal, Phase};
use super::{Heard, Now, Policy, fill};
use crate::dialogue::guard::visit;

impl Policy {
    /// The very same is not said twice in a row.
    pub(super) fn varied(&mut self, text: String) -> String {
        let phrases = &self.language.phrases;
        if self.state.last_said != text {
            self.state.same_said = 0;
            self.state.last_said.clone_from(&text);
            return text;
        }
        self.state.same_said += 1;
        if text == phrases.waiting {
            return phrases.waiting_again.clone();
        }
        // From the third time on it is the same again, which the guard counts and ends.
        let before = if self.state.same_said == 1 { &phrases.again } else { &phrases.as_i_said };
        format!("{before} {text}")
    }

    /// Answers what is no step of a form; what was asked before is asked again.
    pub(super) fn on_aside(&mut self, now: Now, heard: &Heard, said_more: bool) -> bool {
        let phrases = self.language.phrases.clone();
        let clinic = [("clinic", self.facts.clinic.name.as_str())];
        let text = if heard.machine && !said_more {
            fill(&phrases.machine, &clinic)
        } else if heard.presence && !said_more {
            phrases.here.clone()
        } else if heard.wrong_number && !said_more && self.state.goal.is_none() {
            fill(&phrases.wrong_number, &clinic)
        } else if heard.rude && !said_more && !heard.ask {
            phrases.sorry_anger.clone()
        } else {
            return false;
        };
        self.understood();
        self.carry(&text);
        self.ask_again(now);
        true
    }

    /// Tells once more what was offered, read back or booked.
    pub(super) fn on_recall(&mut self, now: Now, heard: &Heard) -> bool {
        let recalls = heard.recall || (heard.course.reference && heard.ask);
        if !recalls || heard.has_content() || heard.cancel || heard.move_ {
            return false;
        }
        let written = self.state.last_booked.clone();
        let of_written = heard.course.reference || self.state.goal.is_none();
        if let Some(known) = written.filter(|_| of_written) {
            let spoken = visit(&known.visit, &self.language);
            let values = [("visit", &*spoken), ("reference", &*known.reference)];
            let text = fill(&self.language.phrases.booked_again, &values);
            self.carry(&text);
            if self.state.goal.is_none() {
                self.open(now);
            } else {
                self.ask_again(now);
            }
        } else if self.state.phase == Phase::Confirm && self.state.goal != Some(Goal::Message) {
            self.confirm(now);
        } else if matches!(self.state.phase, Phase::Choice | Phase::PickAppointment) {
            self.ask_again(now);
        } else {
            return false;
        }
        self.understood();
        true
    }

    /// Nobody has said anything for a while, or a tool is tried again.
    pub(super) fn on_timeout(&mut self, now: Now) {
        if let Some(pending) = &mut self.state.pending {
            if pending.retry_at.is_some_and(|at| at <= now.mono) {
                pending.retry_at = None;
                let tool = pending.tool.clone();
                let call = self.emit(tool);
                if let Some(pending) = &mut self.state.pending {
                    pending.call = call;
                }
            }
            return;
        }
        if !self.state.patience.is_due(now.mono) {
            return;
        }
        let phrases = self.language.phrases.clone();
        self.state.patience.silences += 1;
        if self.state.patience.silences >= self.settings.max_silences {
            self.release();
            self.end(now, &phrases.silent_end);
        } else {
            let first = self.state.patience.silences == 1;
            self.carry(if first { &phrases.not_heard } else { &phrases.not_heard_again });
            self.ask_again(now);
        }
    }
}
