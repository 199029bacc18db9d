//! A policy that asks a model and speaks piece by piece, behind the guards.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::llm::{Budget, ModelEvent, ModelFailure, ModelRequest, Usage};
use frontdesk_pipelines::dialogue::guard::{Guarded, Policy};
use frontdesk_pipelines::dialogue::history::Turn;
use frontdesk_pipelines::dialogue::ledger::Ledger;
use frontdesk_pipelines::dialogue::settings::Settings;
use frontdesk_pipelines::dialogue::tools::{Identity, ToolCall, ToolCallId, ToolResult};
use frontdesk_pipelines::dialogue::{Dialogue, Input, Now, Output, RequestId, UtteranceId};
use frontdesk_types::{Channel, Mono, Phi};
use jiff::civil::date;

use crate::dialogue_sim::{english, facts, local};

/// Asks on each word it hears, and says each piece that comes; what it is to do besides is planned.
#[derive(Default)]
struct Streaming {
    told: Vec<Input>,
    overheard: Vec<String>,
    outputs: VecDeque<Output>,
    requests: u64,
    /// When the answer is done.
    then: Vec<Output>,
    insists: bool,
}

impl Streaming {
    fn ask(&mut self) {
        // Numbers of its own, which are not the guard's.
        let request = RequestId(100 + self.requests);
        self.requests += 1;
        self.outputs.push_back(Output::Ask { request, body: Box::new(request_body()) });
    }

    fn utterance(&self) -> UtteranceId {
        UtteranceId(50 + self.requests)
    }
}

fn request_body() -> ModelRequest {
    let (messages, tools) = (Vec::new(), Arc::from([]));
    ModelRequest { messages, tools, budget: Budget::default(), model: None, begun: false }
}

impl Policy for Streaming {
    fn forget(&mut self, _: Now) {}

    fn handle_input(&mut self, _: Now, _: &Arc<Ledger>, input: Input) {
        self.told.push(input.clone());
        let utterance = self.utterance();
        match input {
            Input::Heard { .. } => self.ask(),
            Input::Model { event: ModelEvent::Text(text), .. } => {
                let text = text.into_exposed();
                self.outputs.push_back(Output::Say { utterance, text, more: true });
            }
            Input::Model { event: ModelEvent::Done(_), .. } => {
                self.outputs.extend(self.then.drain(..));
                let text = String::new();
                self.outputs.push_back(Output::Say { utterance, text, more: false });
            }
            Input::Model { event: ModelEvent::Failed(_), .. } if self.insists => self.ask(),
            _ => {}
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        None
    }

    fn overheard(&mut self, turn: &Turn) {
        self.overheard.push(turn.text.expose().clone());
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

struct Rig {
    guarded: Guarded<Streaming>,
    mono: Mono,
}

impl Rig {
    fn new(policy: Streaming) -> Self {
        let settings = Settings::of(Channel::Text);
        let guarded = Guarded::new(facts(), english().clone(), settings, policy);
        Self { guarded, mono: Mono::ZERO }
    }

    fn input(&mut self, input: Input) -> Vec<Output> {
        self.mono = self.mono + Duration::from_millis(10);
        let now = Now { mono: self.mono, wall: local("2026-06-10T09:00") };
        self.guarded.handle_input(now, input);
        std::iter::from_fn(|| self.guarded.poll_output()).collect()
    }

    fn hears(&mut self, text: &str) -> Vec<Output> {
        self.input(Input::Heard { text: text.to_owned(), confidence: None })
    }

    fn model(&mut self, request: u64, event: ModelEvent) -> Vec<Output> {
        self.input(Input::Model { request: RequestId(request), event })
    }

    fn text(&mut self, request: u64, text: &str) -> Vec<Output> {
        self.model(request, ModelEvent::Text(Phi::new(text.to_owned())))
    }

    fn done(&mut self, request: u64) -> Vec<Output> {
        self.model(request, ModelEvent::Done(Usage::default()))
    }
}

fn say(utterance: u64, text: &str, more: bool) -> Output {
    Output::Say { utterance: UtteranceId(utterance), text: text.to_owned(), more }
}

#[test]
fn pieces_are_passed_on_at_once_under_one_number_and_are_one_turn_of_the_history() {
    let mut rig = Rig::new(Streaming::default());
    let asked = rig.hears("hello");
    assert!(
        matches!(&asked[..], [Output::Ask { request: RequestId(0), .. }]),
        "the guard numbers requests: {asked:?}"
    );
    assert_eq!(rig.text(0, "Good morning."), [say(0, "Good morning.", true)]);
    assert_eq!(rig.text(0, "How can I help?"), [say(0, "How can I help?", true)]);
    assert_eq!(rig.done(0), [say(0, "", false)]);
    let heard = "Good morning. How can I help?".to_owned();
    rig.input(Input::Played { utterance: UtteranceId(0), heard, complete: true });
    let history: Vec<_> = rig.guarded.history().iter().map(|turn| turn.text.expose()).collect();
    assert_eq!(history, ["hello", "Good morning. How can I help?"]);
    let told = rig.guarded.policy().told.last();
    assert!(
        matches!(told, Some(Input::Played { utterance: UtteranceId(51), .. })),
        "the policy is told by its own number: {told:?}"
    );
}

#[test]
fn a_repeated_answer_counts_once_however_many_pieces_it_has() {
    let mut rig = Rig::new(Streaming::default());
    for turn in 0..4 {
        rig.hears("hello");
        rig.text(turn, "Pardon me?");
        rig.text(turn, "Say it again.");
        let outputs = rig.done(turn);
        assert!(outputs.contains(&say(turn, "", false)), "{outputs:?}");
        assert_eq!(outputs.len(), 1, "not yet: {outputs:?}");
    }
    rig.hears("hello");
    rig.text(4, "Pardon me?");
    rig.text(4, "Say it again.");
    let outputs = rig.done(4);
    let asks = |output: &Output| matches!(output, Output::Say { text, .. } if text.contains("phone number"));
    assert!(outputs.iter().any(asks), "a person is called: {outputs:?}");
}

#[test]
fn whatever_comes_of_a_cancelled_request_is_dropped() {
    let mut rig = Rig::new(Streaming::default());
    rig.hears("hello");
    rig.text(0, "Good morning.");
    rig.guarded_policy_cancels(100);
    assert_eq!(rig.text(0, "How can I help?"), []);
    assert_eq!(rig.done(0), []);
    assert_eq!(rig.text(7, "nobody asked"), []);
}

impl Rig {
    /// The policy is made to cancel its request when it hears the next word.
    fn guarded_policy_cancels(&mut self, request: u64) {
        // A timeout reaches no policy that waits for none, so a played utterance does it.
        let request = RequestId(request);
        self.guarded = {
            let mut policy = Streaming::default();
            policy.outputs.push_back(Output::Cancel { request });
            let snapshot = self.guarded.snapshot();
            let settings = Settings::of(Channel::Text);
            Guarded::restore(facts(), english().clone(), settings, snapshot, |_| Ok(policy))
                .expect("restores")
        };
        let heard = String::new();
        let outputs =
            self.input(Input::Played { utterance: UtteranceId(0), heard, complete: false });
        assert!(outputs.contains(&Output::Cancel { request: RequestId(0) }), "{outputs:?}");
    }
}

#[test]
fn an_interruption_ends_all_pieces_and_is_told_before_what_was_played() {
    let mut rig = Rig::new(Streaming::default());
    rig.hears("hello");
    rig.text(0, "Good morning, this is a long story.");
    let (utterance, heard) = (UtteranceId(0), "Good morning,".to_owned());
    rig.input(Input::Interrupted { utterance, heard: heard.clone() });
    assert_eq!(rig.text(0, "It goes on and on."), [], "nobody wants to hear it");
    rig.input(Input::Played { utterance, heard, complete: false });
    let told = &rig.guarded.policy().told;
    let at = |found: fn(&Input) -> bool| told.iter().position(found).expect("was told");
    let interrupted = at(|input| matches!(input, Input::Interrupted { .. }));
    let played = at(|input| matches!(input, Input::Played { .. }));
    assert!(interrupted < played);
    assert!(matches!(&told[interrupted], Input::Interrupted { utterance: UtteranceId(51), heard }
            if heard == "Good morning,"));
    assert_eq!(rig.guarded.history().last().expect("one").text.expose(), "Good morning,");
}

#[test]
fn a_red_flag_cancels_the_request_and_is_answered_at_once() {
    let mut rig = Rig::new(Streaming::default());
    rig.hears("hello");
    rig.text(0, "Let me think about that.");
    let words = "my chest hurts and I can't breathe".to_owned();
    let outputs = rig.input(Input::Partial { text: words, stable: true });
    let at = |found: &dyn Fn(&Output) -> bool| outputs.iter().position(found).expect("is there");
    let cancelled = at(&|output| *output == Output::Cancel { request: RequestId(0) });
    let closed = at(&|output| *output == say(0, "", false));
    let warned = at(
        &|output| matches!(output, Output::Say { text, .. } if text.contains("1 2 3") || text.contains("123")),
    );
    assert!(cancelled < warned && closed < warned, "{outputs:?}");
    let cancelled = Input::Model {
        request: RequestId(100),
        event: ModelEvent::Failed(ModelFailure::Cancelled),
    };
    assert_eq!(rig.guarded.policy().told.last(), Some(&cancelled), "the policy knows");
    assert_eq!(rig.text(0, "You could come on Monday."), []);
}

#[test]
fn text_that_comes_with_a_write_waits_for_the_answer_to_the_read_back() {
    let register = ToolCall::RegisterPatient(Identity {
        full_name: Phi::new("Ann Baker".to_owned()),
        date_of_birth: Phi::new(date(1990, 2, 3)),
        phone: Some(Phi::new("01001234567".to_owned())),
    });
    let (call, checked) = (ToolCallId(0), Box::default());
    let register = Output::Tool { call, tool: register, checked };
    let claim = Output::Say {
        utterance: UtteranceId(51),
        text: "You are registered.".to_owned(),
        more: true,
    };
    let mut rig = Rig::new(Streaming { then: vec![register, claim], ..Streaming::default() });
    rig.hears("I'm new here");
    let outputs = rig.done(0);
    let said: Vec<_> = outputs.iter().filter_map(text_of).collect();
    assert!(matches!(&said[..], [(_, text)] if text.contains("Ann Baker")), "{said:?}");
    let (utterance, heard) = said[0].clone();
    rig.input(Input::Played { utterance, heard, complete: true });
    let outputs = rig.hears("yes");
    assert!(outputs.iter().any(|output| matches!(output, Output::Tool { .. })));
    let said: Vec<_> = outputs.iter().filter_map(text_of).collect();
    assert!(said.iter().any(|(_, text)| text == "You are registered."), "only now: {said:?}");
    let overheard = &rig.guarded.policy().overheard;
    assert!(overheard[0].contains("Ann Baker") && overheard[1] == "yes", "{overheard:?}");
    rig.input(Input::ToolDone { call: ToolCallId(0), result: ToolResult::Registered });
}

fn text_of(output: &Output) -> Option<(UtteranceId, String)> {
    match output {
        Output::Say { utterance, text, .. } if !text.is_empty() => Some((*utterance, text.clone())),
        _ => None,
    }
}

#[test]
fn a_policy_that_asks_again_and_again_loses_the_floor() {
    let mut rig = Rig::new(Streaming { insists: true, ..Streaming::default() });
    let mut outputs = rig.hears("hello");
    for request in 0..100 {
        let Some(Output::Ask { .. }) = outputs.first() else { break };
        let event = ModelEvent::Failed(ModelFailure::Broken);
        outputs = rig.model(request, event);
    }
    let asks = |output: &Output| matches!(output, Output::Say { text, .. } if text.contains("phone number"));
    assert!(outputs.iter().any(asks), "a person is called: {outputs:?}");
}
