//! A language model as the policy of a call.
//!
//! The caller's words become a request: instructions, the conversation so far as it was heard, the
//! tools of the clinic. What the model says is spoken clause by clause as it comes; the tools that
//! it calls run once its answer is done, and their results, refusals and errors go into the next
//! request, a few times in a turn at most. An interruption cancels the request, and the
//! conversation holds what was heard. Like every policy it stands behind the
//! [guards](super::guard): it cannot write, end or tell anything that they do not let it.
//!
//! A model that fails ends this policy (`Llm::lost`): the built-in forms
//! [go on](super::fallback).

mod answer;
mod messages;
mod prompt;
mod state;

use std::collections::VecDeque;
use std::sync::Arc;

use frontdesk_models::llm::{Budget, Message, ToolDefinition};
use frontdesk_types::{CallOutcome, Mono, Phi, TransferReason};
use serde_json::json;

use super::guard::Policy;
use super::history::{Role, Turn};
use super::ledger::Ledger;
use super::settings::Settings;
use super::tools::{Refusal, ToolCall, ToolCallId, ToolResult};
use super::{
    CallFacts, Expectation, Input, ModelEvent, ModelFailure, ModelRequest, Now, Output, RequestId,
    UtteranceId,
};
use crate::language::fill;
use state::{Asking, Entry, State};
pub(super) use state::{Words, Written};

/// The tool by which a model ends the call; it is the policy's own.
const END_CALL: &str = "end_call";

/// How long after its budget nothing more is expected of a request: whoever carries it out keeps
/// the budget, and this is for one that cannot.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSettings {
    /// How long an answer may take, and how long it may be.
    pub budget: Budget,
    /// Requests at most until the caller speaks again.
    pub rounds: u32,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self { budget: Budget::default(), rounds: 6 }
    }
}

/// What is left to do by whoever takes over from a model that failed.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// Words of the caller that are not answered.
    pub(super) words: Option<Words>,
    /// Writes that the caller has not been told of.
    pub(super) untold: Vec<Written>,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Llm {
    facts: CallFacts,
    settings: Settings,
    model: ModelSettings,
    tools: Arc<[ToolDefinition]>,
    state: State,
    outputs: VecDeque<Output>,
}

impl Llm {
    /// A call that has not yet begun.
    pub(super) fn new(facts: CallFacts, model: ModelSettings) -> Self {
        Self::with(facts, model, State::default())
    }

    /// A call as its snapshot left it.
    ///
    /// # Errors
    /// If the snapshot is not one of this policy.
    pub(super) fn restore(
        facts: CallFacts,
        model: ModelSettings,
        snapshot: serde_json::Value,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self::with(facts, model, serde_json::from_value(snapshot)?))
    }

    fn with(facts: CallFacts, model: ModelSettings, state: State) -> Self {
        let own = ToolDefinition {
            name: END_CALL.to_owned(),
            description: "Ends the call. Call it alone, once the caller has said goodbye or wants \
                          nothing else, and after you have said goodbye."
                .to_owned(),
            schema: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        };
        let tools = facts.clinic.tools().specs().map(|spec| ToolDefinition {
            name: spec.name.clone(),
            description: spec.description.clone(),
            schema: spec.schema.clone(),
        });
        let tools = tools.chain([own]).collect();
        Self { settings: facts.settings(), facts, model, tools, state, outputs: VecDeque::new() }
    }

    /// What the model has left undone, once it has failed.
    pub(super) fn lost(&mut self) -> Option<Lost> {
        if !self.state.failed {
            return None;
        }
        let untold = std::mem::take(&mut self.state.untold);
        // What was written answers the words that led to it.
        let words = self.state.words.take().filter(|_| untold.is_empty());
        Some(Lost { words, untold })
    }

    /// What the caller has said, oldest first, without the words that were not answered.
    pub(super) fn said(&self) -> Vec<Phi<String>> {
        let said = self.state.entries.iter().filter_map(|entry| match entry {
            Entry::Caller(words) => Some(words.clone()),
            _ => None,
        });
        said.collect()
    }

    /// Numbers beyond those that were given to utterances and to calls of tools.
    pub(super) const fn next_numbers(&self) -> (u64, u64) {
        (self.state.next_utterance, self.state.next_call)
    }

    // --- speaking -------------------------------------------------------------------------

    /// Says something of its own, whole.
    fn say(&mut self, now: Now, text: &str) {
        let utterance = self.new_utterance();
        self.state.said(utterance, text);
        self.state.patience.said(now.mono, text, self.settings.silence);
        self.outputs.push_back(Output::Expect(Expectation::Request));
        let text = text.to_owned();
        self.outputs.push_back(Output::Say { utterance, text, more: false });
    }

    const fn new_utterance(&mut self) -> UtteranceId {
        let utterance = UtteranceId(self.state.next_utterance);
        self.state.next_utterance += 1;
        utterance
    }

    fn greet(&mut self, now: Now) {
        let phrases = self.facts.clinic.language().phrases.clone();
        let mut text = fill(&phrases.greeting, &[("clinic", &self.facts.clinic.name)]);
        let language = self.facts.clinic.language();
        if !self.facts.language.is_empty() && self.facts.language != language.code() {
            let only = fill(&phrases.only_language, &[("language", language.name())]);
            text = format!("{only} {text}");
        }
        self.say(now, &text);
        self.state.prompt.clone_from(&phrases.help);
    }

    fn end(&mut self) {
        self.state.over = true;
        self.state.patience.stop();
        self.outputs.push_back(Output::End { outcome: CallOutcome::Abandoned });
    }

    // --- asking ---------------------------------------------------------------------------

    /// Asks the model to go on.
    fn ask(&mut self, now: Now) {
        if self.state.rounds >= self.model.rounds {
            self.fail();
            return;
        }
        self.state.rounds += 1;
        let request = RequestId(self.state.next_request);
        self.state.next_request += 1;
        let utterance = self.new_utterance();
        self.state.patience.stop();
        self.state.asking = Some(Asking {
            request,
            utterance,
            said: false,
            text: Phi::default(),
            hidden: false,
            begun: false,
            calls: Vec::new(),
            deadline: now.mono + self.model.budget.total + GRACE,
        });
        self.outputs.push_back(Output::Expect(Expectation::Request));
        self.send(now, request, false);
    }

    fn send(&mut self, now: Now, request: RequestId, begun: bool) {
        let text = Phi::new(prompt::instructions(&self.facts, now));
        let mut messages = vec![Message::System { text }];
        messages.extend(messages::messages(&self.state.entries));
        let (tools, budget) = (Arc::clone(&self.tools), self.model.budget);
        let model = self.facts.clinic.settings().model.clone();
        let body = Box::new(ModelRequest { messages, tools, budget, model, begun });
        self.outputs.push_back(Output::Ask { request, body });
    }

    /// Nobody wants the answer under way any more.
    fn cancel(&mut self) {
        if let Some(asking) = self.state.asking.take() {
            self.outputs.push_back(Output::Cancel { request: asking.request });
            self.close(&asking);
        }
    }

    /// Ends what has been said of an answer.
    fn close(&mut self, asking: &Asking) {
        if asking.said {
            let (utterance, text) = (asking.utterance, String::new());
            self.outputs.push_back(Output::Say { utterance, text, more: false });
        }
    }

    /// The model is of no use: somebody else goes on.
    fn fail(&mut self) {
        tracing::warn!(rounds = self.state.rounds, "the built-in dialogue takes the call over");
        self.cancel();
        self.state.failed = true;
        self.state.over = true;
        self.state.patience.stop();
    }

    // --- inputs ---------------------------------------------------------------------------

    fn on_heard(&mut self, now: Now, text: String, typed: bool) {
        self.cancel();
        self.state.patience.heard();
        self.state.rounds = 0;
        self.state.turn_begins = self.state.next_utterance;
        if text.trim().is_empty() {
            self.misunderstood(now);
            return;
        }
        self.state.misunderstood = 0;
        if self.state.waits_for_tools() {
            // Answered with what the tools return.
            let before = self.state.queued.take().map(|words| words.text.into_exposed() + " ");
            let text = Phi::new(before.unwrap_or_default() + &text);
            self.state.queued = Some(Words { text, typed });
            return;
        }
        self.take_words(Words { text: Phi::new(text), typed });
        self.ask(now);
    }

    fn take_words(&mut self, words: Words) {
        self.state.entries.push(Entry::Caller(words.text.clone()));
        self.state.words = Some(words);
    }

    fn misunderstood(&mut self, now: Now) {
        let phrases = self.facts.clinic.language().phrases.clone();
        self.state.misunderstood += 1;
        if self.state.misunderstood >= self.settings.max_misunderstood {
            self.say(now, &phrases.misunderstood_end);
            let reason = TransferReason::Misunderstood;
            self.call_own(ToolCall::Transfer { reason, phone: None });
            return;
        }
        let text = format!("{} {}", phrases.not_understood, self.state.prompt);
        self.say(now, text.trim());
    }

    fn on_tool(&mut self, now: Now, number: ToolCallId, result: &ToolResult) {
        self.note_write(number, result);
        let told = Phi::new(result.told().to_string());
        let late = match self.state.call(number) {
            Some(call) => call.result.replace(told.clone()).is_some(),
            None => return,
        };
        if late {
            self.on_late(now, result, &told);
            return;
        }
        if !self.state.waits_for_tools() {
            self.state.settle_calls();
        }
        if *result == ToolResult::CallbackNoted {
            let text = self.facts.clinic.language().phrases.callback_noted.clone();
            self.say(now, &text);
            self.end();
            return;
        }
        let not_confirmed = ToolResult::Refused { refusal: Refusal::NotConfirmed };
        if self.state.waits_for_tools() || *result == not_confirmed {
            // The caller's words follow a write that was not confirmed.
            return;
        }
        self.go_on(now);
    }

    /// All tools have answered.
    fn go_on(&mut self, now: Now) {
        if let Some(words) = self.state.queued.take() {
            self.take_words(words);
        }
        self.ask(now);
    }

    /// An answer that nobody waits for any more. A write that came through must be told.
    fn on_late(&mut self, now: Now, result: &ToolResult, told: &Phi<String>) {
        if !matches!(result, ToolResult::Booked { .. } | ToolResult::Cancelled) {
            return;
        }
        let note = format!("A tool that was given up has come through: {}", told.expose());
        self.state.entries.push(Entry::Note(Phi::new(note)));
        if self.state.asking.is_none() && !self.state.waits_for_tools() {
            self.ask(now);
        }
    }

    fn on_interrupted(&mut self, now: Now, utterance: UtteranceId, heard: &str) {
        self.state.heard(utterance, heard, false);
        // What is said since was asked for by words that came after it.
        let obsolete = utterance.0 >= self.state.turn_begins;
        if let Some(asking) = self.state.asking.take_if(|_| obsolete) {
            // Whoever cut it off knows that it is over.
            self.outputs.push_back(Output::Cancel { request: asking.request });
            if asking.utterance != utterance {
                self.close(&asking);
            }
            self.wait(now);
        }
    }

    /// The caller is waited for.
    pub(super) fn wait(&mut self, now: Now) {
        self.state.patience.said_so_far(now.mono, 0, self.settings.silence);
    }

    fn on_played(&mut self, now: Now, utterance: UtteranceId, heard: &str, complete: bool) {
        self.state.patience.played(now.mono, self.settings.silence);
        if !complete && self.state.asking.as_ref().is_some_and(|a| a.utterance == utterance) {
            self.on_interrupted(now, utterance, heard);
        }
        self.state.heard(utterance, heard, complete);
    }

    fn on_timeout(&mut self, now: Now) {
        if let Some(asking) = &self.state.asking {
            if asking.deadline <= now.mono {
                self.fail();
            }
            return;
        }
        if !self.state.patience.is_due(now.mono) {
            return;
        }
        let phrases = self.facts.clinic.language().phrases.clone();
        self.state.patience.silences += 1;
        if self.state.patience.silences >= self.settings.max_silences {
            self.say(now, &phrases.silent_end);
            self.end();
        } else {
            let text = format!("{} {}", phrases.not_heard, self.state.prompt);
            self.say(now, text.trim());
        }
    }
}

impl Policy for Llm {
    fn handle_input(&mut self, now: Now, ledger: &Arc<Ledger>, input: Input) {
        if self.state.over {
            return;
        }
        match input {
            Input::Begin => self.greet(now),
            Input::Heard { text, confidence } => self.on_heard(now, text, confidence.is_none()),
            Input::ToolDone { call, result } => self.on_tool(now, call, &result),
            Input::Model { request, event } => {
                if self.state.asking.as_ref().is_some_and(|asking| asking.request == request) {
                    self.on_event(now, ledger, event);
                }
            }
            Input::Interrupted { utterance, heard } => self.on_interrupted(now, utterance, &heard),
            Input::Played { utterance, heard, complete } => {
                self.on_played(now, utterance, &heard, complete);
            }
            Input::Timeout => self.on_timeout(now),
            Input::BeBrief => {
                self.state.entries.push(Entry::Note(Phi::new(prompt::BRIEF.to_owned())));
            }
            Input::Partial { .. }
            | Input::DoubtName
            | Input::Dtmf(_)
            | Input::Held
            | Input::Resumed
            | Input::TakenOver
            | Input::Staff { .. }
            | Input::HandedBack
            | Input::CallerReplaced
            | Input::Recovered
            | Input::CallerLeft => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        match &self.state.asking {
            Some(asking) => Some(asking.deadline),
            None if self.state.waits_for_tools() => None,
            None => self.state.patience.deadline,
        }
    }

    fn overheard(&mut self, turn: &Turn) {
        self.state.entries.push(match turn.role {
            Role::Caller => Entry::Caller(turn.text.clone()),
            Role::Agent => {
                let (text, cut) = (turn.text.clone(), !turn.complete);
                Entry::Agent { utterance: None, text, cut }
            }
            Role::Staff => {
                let said =
                    format!("A person of the clinic said to the caller: {}", turn.text.expose());
                Entry::Note(Phi::new(said))
            }
        });
    }

    fn resume(&mut self, now: Now, _: &Arc<Ledger>) {
        if let Some(asking) = &self.state.asking {
            let (request, begun) = (asking.request, asking.begun);
            self.send(now, request, begun);
        }
    }

    fn forget(&mut self, now: Now) {
        let before = std::mem::take(&mut self.state);
        let brief =
            |entry: &Entry| matches!(entry, Entry::Note(text) if text.expose() == prompt::BRIEF);
        self.state = State {
            entries: before.entries.into_iter().filter(brief).collect(),
            prompt: self.facts.clinic.language().phrases.help.clone(),
            over: before.over,
            failed: before.failed,
            next_utterance: before.next_utterance,
            next_call: before.next_call,
            next_request: before.next_request,
            ..State::default()
        };
        self.wait(now);
        self.outputs.clear();
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::to_value(&self.state).unwrap_or_default()
    }
}
