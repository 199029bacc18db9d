//! Snapshots are taken once a turn, and a dialogue is restored from one and the inputs since.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::forms::Forms;
use frontdesk_pipelines::dialogue::kept::Kept;
use frontdesk_pipelines::dialogue::{Dialogue, Input, Now, Output};
use frontdesk_types::{CallOutcome, Mono};

use crate::dialogue_sim::{Clinic, local};

/// The forms, with a count of the snapshots that are taken of them.
struct Counted {
    forms: Forms,
    snapshots: Cell<usize>,
}

impl Dialogue for Counted {
    fn handle_input(&mut self, now: Now, input: Input) {
        self.forms.handle_input(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.forms.poll_output()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        self.forms.poll_timeout()
    }

    fn snapshot(&self) -> serde_json::Value {
        self.snapshots.set(self.snapshots.get() + 1);
        self.forms.snapshot()
    }

    fn revision(&self) -> Option<u64> {
        self.forms.revision()
    }

    fn outcome(&self) -> CallOutcome {
        self.forms.outcome()
    }
}

/// A long call: the caller changes the day again and again, in many partials each time.
struct Long {
    clinic: Clinic,
    dialogue: Counted,
    kept: Kept,
    mono: Mono,
    inputs: usize,
}

impl Long {
    fn new() -> Self {
        let clinic = Clinic::new();
        let forms = Forms::new(clinic.facts.clone());
        let dialogue = Counted { forms, snapshots: Cell::new(0) };
        let mut call =
            Self { clinic, dialogue, kept: Kept::default(), mono: Mono::ZERO, inputs: 0 };
        call.input(Input::Begin);
        call
    }

    fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.mono = self.mono + Duration::from_millis(5);
            let now = Now { mono: self.mono, wall: local("2026-06-10T09:00") };
            self.dialogue.handle_input(now, input.clone());
            let outputs: Vec<Output> = std::iter::from_fn(|| self.dialogue.poll_output()).collect();
            self.kept.note(&self.dialogue, now, input);
            self.inputs += 1;
            for output in outputs {
                match output {
                    Output::Say { utterance, text, .. } => {
                        inputs.push(Input::Played { utterance, heard: text, complete: true });
                    }
                    Output::Tool { call, tool, checked } => {
                        let result = self.clinic.run(&tool, checked.write);
                        inputs.push(Input::ToolDone { call, result });
                    }
                    _ => {}
                }
            }
        }
    }

    fn turn(&mut self, words: &str) {
        let mut so_far = String::new();
        for word in words.split(' ') {
            so_far = format!("{so_far} {word}");
            for stable in [false, true] {
                self.input(Input::Partial { text: so_far.clone(), stable });
            }
        }
        self.input(Input::Heard { text: words.to_owned(), confidence: None });
    }

    /// Snapshots and kept bytes that `words` cost, heard as partials.
    fn cost_of_partials(&mut self, words: &str) -> (usize, usize) {
        let size = |kept: &Kept| serde_json::to_vec(kept).expect("serializes").len();
        let (before, bytes) = (self.dialogue.snapshots.get(), size(&self.kept));
        for _ in 0..20 {
            self.input(Input::Partial { text: words.to_owned(), stable: true });
        }
        (self.dialogue.snapshots.get() - before, size(&self.kept) - bytes)
    }
}

const DAYS: [&str; 3] =
    ["rather on Sunday at nine", "no on Tuesday at ten", "on Thursday at eleven"];

#[test]
fn a_partial_takes_no_snapshot_early_and_late_in_a_call() {
    let mut call = Long::new();
    call.turn("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
    assert_eq!(call.cost_of_partials("rather on Monday"), (0, 0));
    for turn in 0..45 {
        call.turn(DAYS[turn % 3]);
    }
    assert_eq!(call.cost_of_partials("rather on Monday"), (0, 0), "the call is long now");
    let (turns, snapshots) = (47, call.dialogue.snapshots.get());
    assert!(call.inputs > 500, "{} inputs", call.inputs);
    assert!(snapshots <= turns, "{snapshots} snapshots in {turns} turns");
}

#[test]
fn a_red_flag_in_a_partial_is_kept() {
    let mut call = Long::new();
    call.input(Input::Partial { text: "my chest hurts".to_owned(), stable: true });
    assert_restored(&call);
    let twin = restored(&call);
    let mut alerts = 0;
    let mut twin = twin;
    let now = Now { mono: call.mono, wall: local("2026-06-10T09:00") };
    twin.handle_input(now, Input::Partial { text: "my chest hurts".to_owned(), stable: false });
    while let Some(output) = twin.poll_output() {
        alerts += usize::from(matches!(output, Output::Alert { .. }));
    }
    assert_eq!(alerts, 0, "the console was told before");
}

fn restored(call: &Long) -> Box<dyn Dialogue> {
    let facts = Rc::new(call.clinic.facts.clone());
    let make = |snapshot: Option<serde_json::Value>| {
        let facts = (*facts).clone();
        let forms = match snapshot {
            Some(snapshot) => Forms::restore(facts, snapshot).expect("restores"),
            None => Forms::new(facts),
        };
        Ok::<Box<dyn Dialogue>, Infallible>(Box::new(forms))
    };
    call.kept.restore(make).unwrap_or_else(|never| match never {})
}

fn assert_restored(call: &Long) {
    let twin = restored(call);
    assert_eq!(twin.snapshot(), call.dialogue.forms.snapshot());
    assert_eq!(twin.poll_timeout(), call.dialogue.poll_timeout());
}

#[test]
fn a_successor_stands_where_its_predecessor_stood() {
    let mut call = Long::new();
    assert_restored(&call);
    call.turn("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
    assert_restored(&call);
    for turn in 0..40 {
        call.turn(DAYS[turn % 3]);
        assert_restored(&call);
    }
    call.turn("yes");
    assert_restored(&call);
}
