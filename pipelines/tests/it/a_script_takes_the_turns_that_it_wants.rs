//! A script in front of the built-in dialogue, behind the same guards.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::ledger::Ledger;
use frontdesk_pipelines::dialogue::script::{
    Behind, Next, Script, ScriptTurn, ScriptedDialogue, ToolAnswer,
};
use frontdesk_pipelines::dialogue::toolbox::{Contract, ReadBack, ToolError, ToolSpec, Toolbox};
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolCallId, ToolResult};
use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicContext, ClinicFacts, ClinicSettings, Dialogue, Input, Now, Output,
    UtteranceId,
};
use frontdesk_pipelines::language::Language;
use frontdesk_types::{CallOutcome, Mono};
use serde_json::{Value, json};

use crate::dialogue_sim::{facts, local};

/// Orders a refill of whatever the caller names after "refill"; leaves the rest to the front desk.
#[derive(Default)]
struct Refills {
    asked: u32,
}

impl Script for Refills {
    fn begin(&mut self, _: &mut ScriptTurn<'_>) -> Next {
        Next::FrontDesk
    }

    fn heard(&mut self, turn: &mut ScriptTurn<'_>, words: &str) -> Next {
        self.asked += 1;
        let Some((_, medicine)) = words.split_once("refill") else { return Next::FrontDesk };
        match medicine.trim() {
            "" => turn.say("A refill of which medicine?"),
            "nonsense" => {
                let unknown = turn.call("order_nonsense", json!({})).expect_err("no such tool");
                assert!(matches!(&unknown, ToolError::Unknown { .. }), "{unknown}");
                let bad = turn.call("order_refill", json!({ "medicine": 7 })).expect_err("bad");
                turn.say(bad.to_string());
            }
            medicine => turn.call("order_refill", json!({ "medicine": medicine })).expect("fits"),
        }
        Next::Done
    }

    fn tool_done(&mut self, turn: &mut ScriptTurn<'_>, answer: &ToolAnswer<'_>) {
        turn.say(if answer.failed { "It was not ordered." } else { "It is ordered." });
    }

    fn snapshot(&self) -> Value {
        json!(self.asked)
    }
}

struct OrderRefill(ToolSpec);

impl Contract for OrderRefill {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn read_back(&self, args: &Value, _: &Ledger, _: &Language) -> Option<ReadBack> {
        let medicine = args.get("medicine")?.as_str()?;
        Some(ReadBack {
            text: format!("A refill of {medicine}. Shall I order it?"),
            facts: Vec::new(),
            question: "Shall I order it?".to_owned(),
        })
    }
}

fn with_refills() -> CallFacts {
    let schema = json!({
        "type": "object",
        "properties": { "medicine": { "type": "string" } },
        "required": ["medicine"],
    });
    let spec = ToolSpec::write("order_refill", "Orders a refill.", schema);
    let toolbox = Toolbox::built_in().with(Arc::new(OrderRefill(spec))).expect("a good tool");
    let plain = facts();
    let (clinic, language) = (plain.clinic.facts(), plain.clinic.language());
    let settings = ClinicSettings::default();
    let context = ClinicContext::new(ClinicFacts::clone(clinic), language, settings, 1);
    let context = context.expect("good phrases").with_tools(Arc::new(toolbox));
    CallFacts::of(Arc::new(context), plain.channel)
}

/// A call in which everything that is said is heard at once. The dialogue is restored from its
/// snapshot after each input.
struct Call {
    facts: CallFacts,
    dialogue: ScriptedDialogue,
    mono: Mono,
    ended: Option<CallOutcome>,
}

impl Call {
    fn begin() -> (Self, String) {
        let facts = with_refills();
        let script = Box::new(Refills::default());
        let dialogue = ScriptedDialogue::new(facts.clone(), Behind::Forms, script);
        let mut call = Self { facts, dialogue, mono: Mono::ZERO, ended: None };
        let greeting = call.input(Input::Begin).0;
        (call, greeting)
    }

    /// What was said to an input, and the tools that were called.
    fn input(&mut self, input: Input) -> (String, Vec<(ToolCallId, ToolCall)>) {
        let (mut said, mut tools, mut inputs) = (Vec::new(), Vec::new(), vec![input]);
        while let Some(input) = inputs.pop() {
            self.mono = self.mono + Duration::from_millis(10);
            let now = Now { mono: self.mono, wall: local("2026-06-10T09:00") };
            self.dialogue.handle_input(now, input);
            while let Some(output) = self.dialogue.poll_output() {
                match output {
                    Output::Say { utterance, text, .. } => {
                        inputs.push(played(utterance, &text));
                        said.push(text);
                    }
                    Output::Tool { call, tool, .. } => tools.push((call, tool)),
                    Output::End { outcome } => self.ended = Some(outcome),
                    _ => {}
                }
            }
            let restore = |state| -> Result<Box<dyn Script>, _> {
                Ok(Box::new(Refills { asked: serde_json::from_value(state)? }))
            };
            let snapshot = self.dialogue.snapshot();
            let facts = self.facts.clone();
            self.dialogue = ScriptedDialogue::restore(facts, Behind::Forms, snapshot, restore)
                .expect("its own snapshot");
        }
        (said.join(" "), tools)
    }

    fn hears(&mut self, text: &str) -> (String, Vec<(ToolCallId, ToolCall)>) {
        self.input(Input::Heard { text: text.to_owned(), confidence: None })
    }

    /// Nobody says anything until the dialogue does.
    fn silence(&mut self) -> String {
        let due = self.dialogue.poll_timeout().expect("it waits for somebody");
        self.mono = self.mono.max(due);
        self.input(Input::Timeout).0
    }
}

fn played(utterance: UtteranceId, text: &str) -> Input {
    Input::Played { utterance, heard: text.to_owned(), complete: true }
}

#[test]
fn what_the_script_passes_on_the_front_desk_answers_and_nothing_else() {
    let (mut call, greeting) = Call::begin();
    assert!(greeting.contains("How can I help you"), "{greeting}");
    let (said, _) = call.hears("I need a refill");
    assert_eq!(said, "A refill of which medicine?");
    let (said, _) = call.hears("I would like to book an appointment");
    assert!(!said.contains("refill") && said.contains('?'), "the front desk asks: {said}");
}

#[test]
fn a_write_of_the_script_runs_once_after_its_read_back_and_a_plain_yes() {
    let (mut call, _) = Call::begin();
    let (said, tools) = call.hears("a refill of my aspirin, refill aspirin");
    assert!(said.contains("Shall I order it?") && tools.is_empty(), "{said}");
    let (_, tools) = call.hears("please hold");
    assert!(tools.is_empty(), "that was no yes");
    let (_, tools) = call.hears("yes");
    let [(id, ToolCall::Other(ordered))] = &tools[..] else { panic!("{tools:?}") };
    assert_eq!(ordered.name, "order_refill");
    let value = json!({ "ordered": true }).into();
    let (said, _) = call.input(Input::ToolDone { call: *id, result: ToolResult::Other { value } });
    assert_eq!(said, "It is ordered.");
    let (_, tools) = call.hears("yes");
    assert!(tools.is_empty(), "not twice");
}

#[test]
fn who_wants_nothing_else_from_the_script_is_said_goodbye_to() {
    let (mut call, _) = Call::begin();
    call.hears("I need a refill");
    let (said, _) = call.hears("no thank you");
    assert!(said.contains("Goodbye"), "{said}");
    assert_eq!(call.ended, Some(CallOutcome::Answered));
}

#[test]
fn a_declined_write_is_told_to_the_script_as_refused() {
    let (mut call, _) = Call::begin();
    call.hears("refill aspirin");
    let (said, tools) = call.hears("no");
    assert!(said.contains("It was not ordered.") && tools.is_empty(), "{said}");
}

#[test]
fn the_no_to_a_read_back_is_no_answer_to_what_the_script_says_after_it() {
    for no in ["no", "no thanks", "no thank you", "no, never mind"] {
        let (mut call, _) = Call::begin();
        call.hears("refill aspirin");
        let (said, _) = call.hears(no);
        assert_eq!(said, "It was not ordered.", "{no}");
        assert_eq!(call.ended, None, "{no}");
        // What is said to that is one.
        let (said, _) = call.hears("no thanks");
        assert!(said.contains("Goodbye"), "{no}: {said}");
    }
}

#[test]
fn what_else_is_said_with_the_no_is_heard_by_the_front_desk() {
    let (mut call, _) = Call::begin();
    call.hears("refill aspirin");
    let (said, _) = call.hears("no, I want to book an appointment");
    assert!(said.starts_with("It was not ordered.") && said.len() > 25, "{said}");
    assert_eq!(call.ended, None);
}

#[test]
fn a_tool_that_is_not_there_or_is_called_wrongly_is_an_error_of_the_call() {
    let (mut call, _) = Call::begin();
    let (said, tools) = call.hears("refill nonsense");
    assert!(said.contains("medicine") && tools.is_empty(), "names the argument: {said}");
}

#[test]
fn who_does_not_answer_the_script_is_asked_again_and_then_given_up() {
    let (mut call, _) = Call::begin();
    call.hears("I need a refill");
    let again = call.silence();
    assert!(again.ends_with("A refill of which medicine?"), "{again}");
    let mut silences = 1;
    while call.ended.is_none() {
        call.silence();
        silences += 1;
        assert!(silences < 10, "the call never ends");
    }
    assert_eq!(call.ended, Some(CallOutcome::Abandoned));
}
