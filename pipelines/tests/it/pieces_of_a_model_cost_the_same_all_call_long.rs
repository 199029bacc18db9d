//! A piece of a model's text takes no snapshot, and costs as much late in a call as early.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use frontdesk_models::llm::{ModelEvent, Usage};
use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::dialogue::{
    CallFacts, Dialogue, Input, ModelDialogue, ModelSettings, Now, Output, RequestId,
};
use frontdesk_types::{CallOutcome, Mono, Phi};

use crate::dialogue_sim::{facts, local};

/// The dialogue, with a count of the snapshots that are taken of it.
struct Counted {
    inner: ModelDialogue,
    snapshots: Cell<usize>,
}

impl Dialogue for Counted {
    fn handle_input(&mut self, now: Now, input: Input) {
        self.inner.handle_input(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.inner.poll_output()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        self.inner.poll_timeout()
    }

    fn snapshot(&self) -> serde_json::Value {
        self.snapshots.set(self.snapshots.get() + 1);
        self.inner.snapshot()
    }

    fn revision(&self) -> Option<u64> {
        self.inner.revision()
    }

    fn outcome(&self) -> CallOutcome {
        self.inner.outcome()
    }
}

struct Long {
    facts: CallFacts,
    dialogue: Counted,
    kept: Kept,
    mono: Mono,
    asked: Option<RequestId>,
}

impl Long {
    fn new() -> Self {
        let facts = facts();
        let inner = ModelDialogue::new(facts.clone(), ModelSettings::default());
        let dialogue = Counted { inner, snapshots: Cell::new(0) };
        let (kept, mono) = (Kept::default(), Mono::ZERO);
        let mut call = Self { facts, dialogue, kept, mono, asked: None };
        call.input(Input::Begin);
        call
    }

    fn input(&mut self, input: Input) {
        self.mono = self.mono + Duration::from_millis(5);
        let now = Now { mono: self.mono, wall: local("2026-06-10T09:00") };
        self.dialogue.handle_input(now, input.clone());
        let mut open = None;
        while let Some(output) = self.dialogue.poll_output() {
            match output {
                Output::Ask { request, .. } => self.asked = Some(request),
                Output::Say { utterance, more: false, .. } => open = Some(utterance),
                _ => {}
            }
        }
        self.kept.note(&self.dialogue, now, input);
        if let Some(utterance) = open {
            self.input(Input::Played { utterance, heard: "heard".to_owned(), complete: true });
        }
    }

    fn model(&mut self, event: ModelEvent) {
        let request = self.asked.expect("it was asked");
        self.input(Input::Model { request, event });
    }

    fn pieces(&mut self, count: usize) {
        for _ in 0..count {
            self.model(ModelEvent::Text(Phi::new("We are open on Monday. ".to_owned())));
        }
    }

    fn hears(&mut self, number: usize) {
        self.input(Input::Heard { text: format!("question {number}"), confidence: None });
    }

    /// Snapshots and kept bytes that an answer in so many pieces costs.
    fn cost_of(&mut self, pieces: usize) -> (usize, usize) {
        let size = |kept: &Kept| serde_json::to_vec(kept).expect("serializes").len();
        let (before, bytes) = (self.dialogue.snapshots.get(), size(&self.kept));
        self.pieces(pieces);
        (self.dialogue.snapshots.get() - before, size(&self.kept) - bytes)
    }
}

#[test]
fn a_piece_costs_as_much_late_in_a_call_as_early_and_takes_no_snapshot() {
    let mut call = Long::new();
    call.hears(0);
    let (snapshots, early) = call.cost_of(300);
    assert_eq!(snapshots, 0);
    call.model(ModelEvent::Done(Usage::default()));
    for turn in 1..40 {
        call.hears(turn);
        call.pieces(50);
        call.model(ModelEvent::Done(Usage::default()));
    }
    call.hears(40);
    let (snapshots, late) = call.cost_of(300);
    assert_eq!(snapshots, 0);
    // Only the numbers have more digits.
    assert!(late < early + early / 10, "{late} bytes for what took {early}");
    assert!(call.dialogue.snapshots.get() <= 42 + 1, "one a turn");
}

#[test]
fn a_successor_in_the_middle_of_an_answer_stands_where_its_predecessor_stood() {
    let mut call = Long::new();
    for turn in 0..3 {
        call.hears(turn);
        call.pieces(20);
        let make = |snapshot: Option<serde_json::Value>| {
            let (facts, settings) = (call.facts.clone(), ModelSettings::default());
            let dialogue = match snapshot {
                Some(snapshot) => {
                    ModelDialogue::restore(facts, settings, snapshot).expect("restores")
                }
                None => ModelDialogue::new(facts, settings),
            };
            Ok::<Box<dyn Dialogue>, Infallible>(Box::new(dialogue))
        };
        let twin = call.kept.restore(make).unwrap_or_else(|never| match never {});
        assert_eq!(twin.snapshot(), call.dialogue.inner.snapshot());
        assert_eq!(twin.poll_timeout(), call.dialogue.poll_timeout());
        call.model(ModelEvent::Done(Usage::default()));
    }
}
