//! The thinnest dialogue: offers the clinic's first free slot, books it on a yes.
//!
//! It knows no names and no days. It stands until the forms of the whole dialogue take its place
//! behind the same trait, and afterwards as the smallest example of an implementation.

use std::collections::VecDeque;
use std::time::Duration;

use frontdesk_types::{CallOutcome, Mono, Offer};
use serde::{Deserialize, Serialize};

use super::tools::{Refusal, SlotWish, ToolCall, ToolCallId, ToolResult, WriteNumber};
use super::{CallFacts, Dialogue, Expectation, Input, Now, Output, UtteranceId};
use crate::speak;

/// Silence after which the caller is asked again; the third time the call ends.
const SILENCE: Duration = Duration::from_secs(10);
const MAX_SILENCES: u32 = 3;
/// Longest a tool may take before the caller is told that it does not work.
const TOOL_PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Step {
    /// Nothing is under way: what can we do for you.
    Open,
    Searching {
        call: ToolCallId,
    },
    Offered {
        offer: Offer,
    },
    Booking {
        call: ToolCallId,
        offer: Offer,
    },
    Over,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct State {
    step: Step,
    next_utterance: u64,
    next_call: u64,
    next_write: u32,
    /// Utterances that were said and not yet reported as played.
    speaking: u32,
    silences: u32,
    deadline: Option<Mono>,
    booked: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct FirstSlot {
    facts: CallFacts,
    state: State,
    outputs: VecDeque<Output>,
}

/// What the caller wants, as far as this dialogue understands it.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Book,
    Yes,
    No,
    Goodbye,
    Unknown,
}

impl Meaning {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric() && c != '\'')
            .filter(|w| !w.is_empty())
            .collect();
        let has = |list: &[&str]| words.iter().any(|w| list.contains(w));
        if has(&["no", "nope", "not", "don't"]) {
            Self::No
        } else if has(&["yes", "yeah", "yep", "sure", "okay", "ok", "fine", "correct", "works"]) {
            Self::Yes
        } else if has(&["appointment", "appointments", "book", "visit", "schedule", "doctor"]) {
            Self::Book
        } else if has(&["goodbye", "bye"]) {
            Self::Goodbye
        } else if has(&["please"]) && words.len() == 1 {
            Self::Yes
        } else {
            Self::Unknown
        }
    }
}

impl FirstSlot {
    /// A dialogue that has not yet begun.
    #[must_use]
    pub const fn new(facts: CallFacts) -> Self {
        let state = State {
            step: Step::Open,
            next_utterance: 0,
            next_call: 0,
            next_write: 0,
            speaking: 0,
            silences: 0,
            deadline: None,
            booked: false,
        };
        Self { facts, state, outputs: VecDeque::new() }
    }

    /// The dialogue as its snapshot left it.
    ///
    /// # Errors
    /// If the snapshot is not one of this dialogue.
    pub fn restore(
        facts: CallFacts,
        snapshot: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self { facts, state: serde_json::from_value(snapshot)?, outputs: VecDeque::new() })
    }

    fn say(&mut self, text: String) {
        let utterance = UtteranceId(self.state.next_utterance);
        self.state.next_utterance += 1;
        self.state.speaking += 1;
        self.state.deadline = None;
        self.outputs.push_back(Output::Say { utterance, text });
    }

    fn ask(&mut self, text: String, expect: Expectation) {
        self.outputs.push_back(Output::Expect(expect));
        self.say(text);
    }

    fn call(&mut self, now: Now, tool: ToolCall) -> ToolCallId {
        let call = ToolCallId(self.state.next_call);
        self.state.next_call += 1;
        self.state.deadline = Some(now.mono + TOOL_PATIENCE);
        self.outputs.push_back(Output::Tool { call, tool });
        call
    }

    fn end(&mut self, text: String) {
        self.say(text);
        self.state.step = Step::Over;
        let outcome = self.outcome();
        self.outputs.push_back(Output::End { outcome });
    }

    const fn outcome(&self) -> CallOutcome {
        if self.state.booked { CallOutcome::Booked } else { CallOutcome::Abandoned }
    }

    fn greet(&mut self) {
        let name = &self.facts.clinic.name;
        let text = format!(
            "{name}, this is the automatic assistant. You can book an appointment with me. \
             How can I help you?"
        );
        self.ask(text, Expectation::Request);
    }

    fn search(&mut self, now: Now) {
        let wish = SlotWish { limit: 1, ..SlotWish::default() };
        let call = self.call(now, ToolCall::FindSlots(wish));
        self.state.step = Step::Searching { call };
    }

    fn on_heard(&mut self, now: Now, text: &str) {
        self.state.silences = 0;
        let meaning = Meaning::of(text);
        match (self.state.step.clone(), meaning) {
            (Step::Open, Meaning::Book) => self.search(now),
            (Step::Open, Meaning::No | Meaning::Goodbye) => self.end("Goodbye.".to_owned()),
            (Step::Open, Meaning::Yes) if !self.state.booked => self.search(now),
            (Step::Open, _) => self.ask(
                "I can book an appointment for you. Say: I would like to book an appointment."
                    .to_owned(),
                Expectation::Request,
            ),
            (Step::Offered { offer }, Meaning::Yes) => {
                let write = WriteNumber(self.state.next_write);
                self.state.next_write += 1;
                let call = self.call(now, ToolCall::Book { offer: offer.id, write });
                self.state.step = Step::Booking { call, offer };
            }
            (Step::Offered { .. }, Meaning::No) => {
                self.state.step = Step::Open;
                self.ask(
                    "All right, I have not booked it. Is there anything else?".to_owned(),
                    Expectation::Request,
                );
            }
            (Step::Offered { .. }, Meaning::Goodbye) => self.end("Goodbye.".to_owned()),
            (Step::Offered { offer }, _) => {
                let text = format!("Please say yes or no. Shall I book {}?", visit(&offer));
                self.ask(text, Expectation::YesNo);
            }
            // A tool is running: its answer comes, and the caller is heard after it.
            (Step::Searching { .. } | Step::Booking { .. } | Step::Over, _) => {}
        }
    }

    fn on_tool(&mut self, now: Now, id: ToolCallId, result: ToolResult) {
        match self.state.step.clone() {
            Step::Searching { call } if call == id => self.on_slots(result),
            Step::Booking { call, offer } if call == id => self.on_booked(now, &offer, result),
            // The answer to a question that is no longer asked.
            _ => {}
        }
    }

    fn on_slots(&mut self, result: ToolResult) {
        match result {
            ToolResult::Slots { mut offers, .. } if !offers.is_empty() => {
                let offer = offers.remove(0);
                let text = format!("The first free time is {}. Shall I book it?", visit(&offer));
                self.state.step = Step::Offered { offer };
                self.ask(text, Expectation::YesNo);
            }
            ToolResult::Slots { .. } => {
                self.state.step = Step::Open;
                self.ask(
                    "I am sorry, there is no free time. Is there anything else?".to_owned(),
                    Expectation::Request,
                );
            }
            _ => self.apologize(),
        }
    }

    fn on_booked(&mut self, now: Now, offer: &Offer, result: ToolResult) {
        match result {
            ToolResult::Booked { appointment } => {
                self.state.booked = true;
                self.state.step = Step::Open;
                let text = format!(
                    "It is booked: {}. Your reference is {}. Is there anything else?",
                    visit(offer),
                    appointment.reference
                );
                self.ask(text, Expectation::Request);
            }
            ToolResult::Refused { refusal: Refusal::SlotTaken } => {
                self.say("I am sorry, somebody has just taken that time.".to_owned());
                self.search(now);
            }
            _ => self.apologize(),
        }
    }

    fn apologize(&mut self) {
        self.state.step = Step::Open;
        self.ask(
            "I am sorry, I cannot reach the appointment book right now. Please try again."
                .to_owned(),
            Expectation::Request,
        );
    }

    fn on_timeout(&mut self, now: Now) {
        if self.state.deadline.is_none_or(|deadline| now.mono < deadline) {
            return;
        }
        self.state.deadline = None;
        match self.state.step.clone() {
            Step::Searching { .. } | Step::Booking { .. } => self.apologize(),
            Step::Open | Step::Offered { .. } => {
                self.state.silences += 1;
                if self.state.silences >= MAX_SILENCES {
                    self.end("I cannot hear you. Goodbye.".to_owned());
                } else if let Step::Offered { offer } = self.state.step.clone() {
                    self.ask(format!("Shall I book {}?", visit(&offer)), Expectation::YesNo);
                } else {
                    self.ask(
                        "Are you still there? How can I help you?".to_owned(),
                        Expectation::Request,
                    );
                }
            }
            Step::Over => {}
        }
    }
}

/// "Sunday, June 14, at 9:00 AM with Dr. Samira Hassan", in the clinic's zone.
fn visit(offer: &Offer) -> String {
    let start = offer.local_start();
    format!(
        "{}, at {} with Dr. {}",
        speak::display_date(start.date()),
        speak::display_time(start.time()),
        offer.doctor_name
    )
}

impl Dialogue for FirstSlot {
    fn handle_input(&mut self, now: Now, input: Input) {
        if self.state.step == Step::Over && input != Input::CallerLeft {
            return;
        }
        match input {
            Input::Begin => self.greet(),
            Input::Heard { text, .. } => self.on_heard(now, &text),
            Input::Partial { .. } => {}
            Input::ToolDone { call, result } => self.on_tool(now, call, result),
            Input::Played { .. } => {
                self.state.speaking = self.state.speaking.saturating_sub(1);
                if self.state.speaking == 0 && self.state.deadline.is_none() {
                    self.state.deadline = Some(now.mono + SILENCE);
                }
            }
            Input::Timeout => self.on_timeout(now),
            Input::CallerLeft => {
                if self.state.step != Step::Over {
                    self.state.step = Step::Over;
                    let outcome = self.outcome();
                    self.outputs.push_back(Output::End { outcome });
                }
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        self.state.deadline
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::to_value(&self.state).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "first_slot_tests.rs"]
mod tests;
