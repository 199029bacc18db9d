//! Red flags, and handing the call to a person.

use super::read_back::digits;
use super::{
    Expectation, Guarded, Heard, Input, Mode, Now, Output, Policy, ToolCall, ToolCallId, ToolResult,
};
use crate::dialogue::danger::{self, Danger};
use crate::dialogue::understand::days::DayMention;
use crate::dialogue::understand::wish::Said;
use crate::language::danger::ForeignPhrases;
use crate::language::fill;
use frontdesk_types::{Phi, TransferReason};

/// Unclear answers to "would you like a person" before a person is called anyway.
const MAX_UNCLEAR: u32 = 2;

impl<D: Policy> Guarded<D> {
    /// Looks for dangers: the console is told on any words, the caller on settled ones. Whether
    /// the agent has the floor now. `last` says that the caller's turn is over.
    pub(super) fn check_flags(&mut self, now: Now, text: &str, settled: bool, last: bool) -> bool {
        let dangers = danger::in_text(text, &self.language);
        let (raised, doubtful): (Vec<Danger>, Vec<Danger>) =
            dangers.into_iter().partition(|danger| danger.present);
        let raised: Vec<String> = raised.into_iter().map(|danger| danger.id).collect();
        self.alert(&raised);
        if !settled {
            return false;
        }
        if raised.is_empty() {
            let doubtful: Vec<String> = doubtful.into_iter().map(|danger| danger.id).collect();
            return last && self.ask_whether_now(now, text, doubtful);
        }
        let new = raised.iter().any(|flag| !self.state.warned.contains(flag));
        self.state.warned.extend(raised);
        let emergency = matches!(self.state.mode, Mode::Emergency { .. });
        if last {
            let heard = self.understand(now, text, Expectation::Request);
            self.state.phone = self.phone_of(&heard).or_else(|| self.state.phone.take());
        }
        match self.state.mode {
            Mode::Emergency { doubtful: true, .. } => self.confirm_emergency(now, text),
            Mode::Emergency { .. } if new => self.speak_emergency(now, text),
            // The same words, as a final after a stable partial or once more as an answer.
            Mode::Emergency { .. } if last && self.state.interrupted.is_some() => {
                self.unclear_emergency(now);
            }
            Mode::Emergency { .. } => {}
            Mode::Policy | Mode::ReadBack(_) | Mode::Callback(_) if new => {
                self.interrupt(now, false);
                self.speak_emergency(now, text);
            }
            _ => return false,
        }
        if last && (!emergency || self.state.interrupted.is_none()) {
            self.state.interrupted = Some(Phi::new(text.to_owned()));
        }
        true
    }

    /// Tells the console of dangers, once of each.
    fn alert(&mut self, flags: &[String]) {
        for flag in flags {
            if self.state.alerted.insert(flag.clone()) {
                self.outputs.push_back(Output::Alert { flag: flag.clone() });
            }
        }
    }

    /// A danger of another time, or only spoken of, is asked about once.
    fn ask_whether_now(&mut self, now: Now, text: &str, flags: Vec<String>) -> bool {
        let new = flags.iter().any(|flag| {
            !self.state.warned.contains(flag) && !self.state.asked_about.contains(flag)
        });
        let free = match &self.state.mode {
            Mode::Policy | Mode::ReadBack(_) => true,
            Mode::Callback(callback) => callback.call.is_some(),
            _ => false,
        };
        if !new || !free {
            return false;
        }
        self.state.asked_about.extend(flags);
        self.interrupt(now, true);
        self.state.interrupted = Some(Phi::new(text.to_owned()));
        let own = self.language.phrases.emergency_ask.clone();
        let foreign = self.foreign(text).map(|said| said.ask.clone());
        let text = foreign.map_or(own.clone(), |foreign| format!("{foreign} {own}"));
        self.ask(now, &text, Expectation::YesNo);
        true
    }

    /// The guard takes the floor for a danger.
    fn interrupt(&mut self, now: Now, doubtful: bool) {
        self.state.interrupted = None;
        self.back_to_policy(now, None);
        self.cancel_requests(now);
        let resume = match std::mem::take(&mut self.state.mode) {
            Mode::ReadBack(read_back) => Some(read_back),
            _ => None,
        };
        self.state.mode = Mode::Emergency { asks: 0, resume, doubtful };
    }

    /// It happens now, or nobody can tell.
    fn confirm_emergency(&mut self, now: Now, text: &str) {
        let Mode::Emergency { doubtful, .. } = &mut self.state.mode else { return };
        *doubtful = false;
        let flags: Vec<String> = self.state.asked_about.iter().cloned().collect();
        self.alert(&flags);
        self.state.warned.extend(flags);
        self.speak_emergency(now, text);
    }

    /// What is said to words of a language that calls are not held in.
    fn foreign(&self, text: &str) -> Option<&'static ForeignPhrases> {
        self.language.foreign_dangers(text).find_map(|dangers| dangers.phrases.as_ref())
    }

    /// Tells the number: only now is the call an emergency.
    fn speak_emergency(&mut self, now: Now, words: &str) {
        self.state.outcome.emergency = true;
        let number = [("number", self.facts.clinic.emergency_number.as_str())];
        let own = fill(&self.language.phrases.emergency, &number);
        let foreign = self.foreign(words).map(|said| fill(&said.emergency, &number));
        let text = foreign.map_or(own.clone(), |foreign| format!("{foreign} {own}"));
        self.ask(now, &text, Expectation::YesNo);
    }

    /// The answer to whether it happens now: whatever is no plain no counts as yes.
    fn answer_whether_now(&mut self, now: Now, text: String, confidence: Option<f32>) {
        let heard = self.understand(now, &text, Expectation::YesNo);
        self.keep_reading(&heard);
        let soonest = heard.day == Some(DayMention::Soonest);
        let content = Heard { day: heard.day.filter(|_| !soonest), ..heard.clone() };
        let wish = content.has_content() || heard.book || heard.cancel || heard.move_;
        if heard.no || danger::is_past(&text, &self.language) {
            self.resume(now, text, confidence, false);
        } else if heard.goodbye || (wish && !heard.yes) {
            self.resume(now, text, confidence, true);
        } else {
            self.confirm_emergency(now, &text);
        }
    }

    pub(super) fn answer_emergency(&mut self, now: Now, text: String, confidence: Option<f32>) {
        if matches!(self.state.mode, Mode::Emergency { doubtful: true, .. }) {
            self.answer_whether_now(now, text, confidence);
            return;
        }
        let heard = self.understand(now, &text, Expectation::YesNo);
        self.keep_reading(&heard);
        if let Some(phone) = self.phone_of(&heard).filter(|_| !heard.no) {
            // Whoever gives a number wants to be called on it.
            self.state.callback_phone = Some(phone);
            self.hand_over(now, TransferReason::Emergency, "");
            return;
        }
        let asks = heard.ask && !heard.repeat;
        // "Yes, quickly" is no day.
        let soonest = heard.day == Some(DayMention::Soonest);
        let wish = if soonest { Said::default() } else { heard.wish.clone() };
        let content = Heard { day: heard.day.filter(|_| !soonest), wish, ..heard.clone() };
        let wish = content.has_content() || heard.book || heard.cancel || heard.move_ || asks;
        if heard.person || (heard.yes && !heard.no && !heard.unsure && !wish) {
            self.hand_over(now, TransferReason::Emergency, "");
        } else if heard.no || heard.goodbye || wish {
            self.resume(now, text, confidence, wish || heard.goodbye);
        } else {
            self.unclear_emergency(now);
        }
    }

    /// The caller does not want a person: back to where they were.
    fn resume(&mut self, now: Now, text: String, confidence: Option<f32>, wish: bool) {
        let (number, phrases) = (&self.facts.clinic.emergency_number, &self.language.phrases);
        self.state.preface = match self.state.mode {
            Mode::Emergency { doubtful: true, .. } => Some(phrases.emergency_not.clone()),
            _ => Some(fill(&phrases.emergency_resume, &[("number", number)])),
        };
        let interrupted = self.state.interrupted.take();
        let mode = std::mem::take(&mut self.state.mode);
        if let Mode::Emergency { resume: Some(read_back), .. } = mode {
            self.state.mode = Mode::ReadBack(read_back);
            if wish {
                self.answer_read_back(now, text, confidence);
            } else {
                self.repeat_read_back(now);
            }
            return;
        }
        let before = self.state.next_utterance;
        self.give_floor(now);
        // What came back meanwhile may have ended the call, or asked something new.
        let moved_on = self.state.mode != Mode::Policy || self.state.next_utterance != before;
        if moved_on && (self.state.mode != Mode::Policy || !wish) {
            return;
        }
        if wish {
            self.feed(now, Input::Heard { text, confidence });
        } else if let Some(words) = interrupted {
            let text = words.into_exposed();
            self.feed(now, Input::Heard { text, confidence });
        } else if let Some((prompt, expect)) = self.state.last_prompt.clone() {
            self.ask(now, &prompt, expect);
            self.state.asked_for_policy = true;
        }
    }

    /// No yes and no no: asked once more, then a person is called to be safe.
    pub(super) fn unclear_emergency(&mut self, now: Now) {
        if matches!(self.state.mode, Mode::Emergency { doubtful: true, .. }) {
            self.confirm_emergency(now, "");
            return;
        }
        let Mode::Emergency { asks, .. } = &mut self.state.mode else { return };
        *asks += 1;
        if *asks >= MAX_UNCLEAR {
            self.hand_over(now, TransferReason::Emergency, "");
            return;
        }
        let number = &self.facts.clinic.emergency_number;
        let text = fill(&self.language.phrases.emergency_again, &[("number", number)]);
        self.ask(now, &text, Expectation::YesNo);
    }

    /// Calls a person, after which the call ends. `sorry` is said first.
    pub(super) fn hand_over(&mut self, now: Now, reason: TransferReason, sorry: &str) {
        if self.state.is_ending() {
            return;
        }
        self.cancel_requests(now);
        if !sorry.is_empty() {
            self.state.preface = Some(sorry.to_owned());
        }
        if self.is_reachable() {
            self.transfer(now, reason, 0);
            return;
        }
        self.ask_number(now, None, ToolCall::Transfer { reason, phone: None });
    }

    pub(super) fn transfer(&mut self, now: Now, reason: TransferReason, tries: u32) {
        let call = ToolCallId(self.state.next_call);
        self.state.mode = Mode::Handover { call, reason, tries };
        let phone = self.state.callback_phone.clone();
        self.run(now, None, ToolCall::Transfer { reason, phone });
    }

    /// A person was called, or could not be.
    pub(super) fn handed_over(&mut self, now: Now, call: ToolCallId, result: &ToolResult) {
        let Mode::Handover { call: waiting, reason, tries } = &self.state.mode else { return };
        if *waiting != call {
            return;
        }
        let phrases = self.language.phrases.clone();
        let noted = *result == ToolResult::CallbackNoted;
        if !noted && *tries == 0 {
            let reason = *reason;
            self.transfer(now, reason, 1);
            return;
        }
        let number = &self.facts.clinic.emergency_number;
        let text = if self.state.outcome.emergency {
            let warning = fill(&phrases.emergency_handover, &[("number", number)]);
            // In an emergency nobody is asked whether the number is right, but hears it.
            let said = match &self.state.callback_phone {
                Some(phone) if noted => {
                    fill(&phrases.callback_noted_at, &[("phone", &digits(phone))])
                }
                None if noted => phrases.callback_noted.clone(),
                _ => phrases.callback_failed.clone(),
            };
            format!("{warning} {said}")
        } else if noted {
            phrases.callback_noted.clone()
        } else {
            phrases.callback_failed.clone()
        };
        self.say(now, None, &text);
        self.finish(now);
    }
}
