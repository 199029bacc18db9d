//! The number to call back: nobody is promised a call that cannot be made.
//!
//! A patient who is identified has a number on record. Everybody else is asked for one, hears it
//! read back, and is told honestly where none is given: then no callback is noted at all.

use frontdesk_types::Phi;

use super::assent::Assent;
use super::check::Verdict;
use super::read_back::digits;
use super::state::Callback;
use super::{
    Expectation, Guarded, Heard, Input, Mode, Now, Output, Policy, Refusal, ToolCall, ToolCallId,
    ToolResult,
};
use crate::dialogue::phone::e164;
use crate::dialogue::tools::Message;
use crate::dialogue::understand::phones::PhoneMention;
use crate::language::fill;

/// Times that the number is asked for.
const MAX_ASKS: u32 = 2;

/// Times that a number is read back.
const MAX_READ: u32 = 4;

impl<D: Policy> Guarded<D> {
    /// Whether a person could call back: the patient is known, or the caller confirmed a number.
    pub(super) fn is_reachable(&self) -> bool {
        self.state.ledger.is_identified() || self.state.callback_phone.is_some()
    }

    /// The number that was said, if it can be one in the clinic's country.
    pub(super) fn phone_of(&self, heard: &Heard) -> Option<Phi<String>> {
        let Some(PhoneMention::Full(digits)) = &heard.phone else { return None };
        e164(digits, &self.facts.clinic.country).map(|_| Phi::new(digits.clone()))
    }

    /// A transfer with the number that the caller confirmed, so that it is one write on each try.
    pub(super) fn with_number(&self, mut tool: ToolCall) -> ToolCall {
        if let (
            ToolCall::Transfer { phone, .. } | ToolCall::TakeMessage(Message { phone, .. }),
            Some(confirmed),
        ) = (&mut tool, &self.state.callback_phone)
        {
            *phone = Some(confirmed.clone());
        }
        tool
    }

    /// Asks for the number of a callback, or reads back the one that was already said.
    pub(super) fn ask_number(&mut self, now: Now, call: Option<ToolCallId>, tool: ToolCall) {
        let said = match &tool {
            ToolCall::Transfer { phone, .. } | ToolCall::TakeMessage(Message { phone, .. }) => {
                phone.clone()
            }
            _ => None,
        };
        let valid =
            |phone: &Phi<String>| e164(phone.expose(), &self.facts.clinic.country).is_some();
        let phone = said.or_else(|| self.state.phone.clone()).filter(valid);
        // What the policy said before goes into the same utterance.
        let before = self.held.take().map(|(_, text)| text);
        self.state.preface = match (self.state.preface.take(), before) {
            (Some(preface), Some(before)) => Some(format!("{preface} {before}")),
            (preface, before) => preface.or(before),
        };
        let emergency = self.state.outcome.emergency;
        let callback = Callback { call, tool, phone: phone.clone(), asks: 0, reads: 0 };
        self.state.mode = Mode::Callback(Box::new(callback));
        match phone {
            Some(phone) if emergency => self.take_number(now, phone),
            Some(phone) => self.read_number(now, &phone),
            None => self.ask_for_number(now),
        }
    }

    fn ask_for_number(&mut self, now: Now) {
        let Mode::Callback(callback) = &mut self.state.mode else { return };
        callback.asks += 1;
        callback.phone = None;
        if callback.asks > MAX_ASKS {
            self.cannot_call_back(now);
            return;
        }
        let phrases = &self.language.phrases;
        let again = callback.asks > 1;
        let text =
            if again { phrases.bad_phone.clone() } else { phrases.ask_callback_phone.clone() };
        let warning =
            fill(&phrases.emergency_number, &[("number", &self.facts.clinic.emergency_number)]);
        let urgent = self.state.outcome.emergency && !again;
        let text = if urgent { format!("{warning} {text}") } else { text };
        self.ask(now, &text, Expectation::PhoneNumber);
    }

    fn read_number(&mut self, now: Now, phone: &Phi<String>) {
        let Mode::Callback(callback) = &mut self.state.mode else { return };
        callback.phone = Some(phone.clone());
        callback.reads += 1;
        if callback.reads > MAX_READ {
            self.cannot_call_back(now);
            return;
        }
        let text = fill(&self.language.phrases.confirm_phone, &[("phone", &digits(phone))]);
        self.ask(now, &text, Expectation::YesNo);
    }

    /// The caller's answer to the question for the number, or to the number as it was read back.
    pub(super) fn answer_number(&mut self, now: Now, text: String, confidence: Option<f32>) {
        let Mode::Callback(callback) = &self.state.mode else { return };
        let (read, by_policy) = (callback.phone.clone(), callback.call.is_some());
        let heard = self.understand(now, &text, Expectation::PhoneNumber);
        self.keep_reading(&heard);
        if let Some(phone) = self.phone_of(&heard) {
            if self.state.outcome.emergency || read.as_ref() == Some(&phone) {
                self.take_number(now, phone);
            } else {
                self.read_number(now, &phone);
            }
            return;
        }
        if heard.hold_on && !heard.no {
            let waiting = self.language.phrases.waiting.clone();
            let expect = if read.is_some() { Expectation::YesNo } else { Expectation::PhoneNumber };
            self.ask(now, &waiting, expect);
            return;
        }
        let heard = self.understand(now, &text, Expectation::YesNo);
        self.keep_reading(&heard);
        if let Some(phone) = read {
            let yes = Assent::of(&heard.reading, super::assent::Asked::default()).is_yes();
            if heard.repeat {
                self.read_number(now, &phone);
            } else if heard.no && !yes {
                self.ask_for_number(now);
            } else {
                // Anything but a no: the number is one to be called back on, not an appointment.
                self.take_number(now, phone);
            }
            return;
        }
        let wish = heard.has_content()
            || heard.book
            || heard.cancel
            || heard.move_
            || heard.list
            || heard.ask;
        if heard.goodbye && !wish {
            self.cannot_call_back(now);
        } else if by_policy && wish && !self.state.outcome.emergency {
            self.back_to_policy(now, Some((text, confidence)));
        } else {
            self.ask_for_number(now);
        }
    }

    /// The caller wants something else after all.
    pub(super) fn back_to_policy(&mut self, now: Now, words: Option<(String, Option<f32>)>) {
        let Mode::Callback(callback) = &self.state.mode else { return };
        let call = callback.call;
        self.state.mode = Mode::Policy;
        let Some(call) = call else { return };
        let result = ToolResult::Refused { refusal: Refusal::NotConfirmed };
        self.state.deferred.insert(0, Input::ToolDone { call, result });
        if let Some((text, confidence)) = words {
            self.give_floor(now);
            self.feed(now, Input::Heard { text, confidence });
        }
    }

    /// Nobody answered: a number that was read back is good enough, none is asked for again.
    pub(super) fn silent_number(&mut self, now: Now) {
        let Mode::Callback(callback) = &self.state.mode else { return };
        match callback.phone.clone() {
            Some(phone) => self.take_number(now, phone),
            None => self.ask_for_number(now),
        }
    }

    /// The number is known: the call back is noted.
    pub(super) fn take_number(&mut self, now: Now, phone: Phi<String>) {
        let Mode::Callback(callback) = std::mem::take(&mut self.state.mode) else { return };
        self.state.callback_phone = Some(phone);
        self.state.patience.stop();
        match callback.call {
            Some(call) => {
                let tool = self.with_number(callback.tool);
                if matches!(self.check(&tool), Verdict::ReadBack) {
                    self.read_back(now, call, tool);
                    return;
                }
                self.run(now, Some(call), tool);
                self.give_floor(now);
            }
            None => {
                let ToolCall::Transfer { reason, .. } = callback.tool else { return };
                self.transfer(now, reason, 0);
            }
        }
    }

    /// The caller hung up: who gave a number before is called back on it.
    pub(super) fn number_on_leaving(&mut self, now: Now) {
        if let Mode::Callback(callback) = &self.state.mode
            && let Some(phone) = callback.phone.clone()
        {
            self.take_number(now, phone);
        }
    }

    /// No number: what to do instead, and no promise.
    fn cannot_call_back(&mut self, now: Now) {
        let phrases = &self.language.phrases;
        let clinic = &self.facts.clinic;
        let number = fill(&phrases.emergency_number, &[("number", &clinic.emergency_number)]);
        let sorry = if clinic.phone.is_empty() {
            phrases.cannot_call_back.clone()
        } else {
            fill(&phrases.cannot_call_back_but, &[("phone", &clinic.phone)])
        };
        let emergency = self.state.outcome.emergency;
        let text = if emergency { format!("{number} {sorry}") } else { sorry };
        self.outputs.push_back(Output::Expect(Expectation::Request));
        self.say(now, None, &text);
        self.finish(now);
    }
}
