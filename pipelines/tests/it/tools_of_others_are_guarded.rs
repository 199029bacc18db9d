//! Tools that are not built in, behind the guard.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::ledger::Ledger;
use frontdesk_pipelines::dialogue::toolbox::{Contract, ReadBack, ToolSpec, Toolbox};
use frontdesk_pipelines::dialogue::tools::{OtherCall, Refusal, ToolCall, ToolResult};
use frontdesk_pipelines::dialogue::{
    CallFacts, ClinicContext, ClinicFacts, ClinicSettings, Input, Output,
};
use frontdesk_pipelines::language::Language;
use frontdesk_types::Channel;
use serde_json::{Value, json};

use crate::dialogue_guard::{Rig, identify, tool};
use crate::dialogue_sim::{english, facts};

/// A tool that is read back with these words.
struct Other(ToolSpec, Option<&'static str>);

impl Contract for Other {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn read_back(&self, _: &Value, _: &Ledger, _: &Language) -> Option<ReadBack> {
        let text = self.1?.to_owned();
        let question = "Shall I?".to_owned();
        Some(ReadBack { text, facts: Vec::new(), question })
    }
}

fn spec() -> ToolSpec {
    ToolSpec::read("look", "Looks.", json!({ "type": "object" }))
}

fn call(name: &str) -> ToolCall {
    ToolCall::Other(OtherCall { name: name.to_owned(), args: json!({}).into() })
}

/// A policy that calls those tools, one for each word it hears.
fn rig(tools: Vec<Other>, plan: Vec<ToolCall>) -> Rig {
    let with = |toolbox: Toolbox, tool| toolbox.with(Arc::new(tool)).expect("a good tool");
    let toolbox = tools.into_iter().fold(Toolbox::built_in(), with);
    let clinic = ClinicFacts::clone(facts().clinic.facts());
    let context = ClinicContext::new(clinic, english(), ClinicSettings::default(), 1);
    let context = context.expect("good phrases").with_tools(Arc::new(toolbox));
    Rig::with(CallFacts::of(Arc::new(context), Channel::Text), plan)
}

fn said(outputs: &[Output]) -> Vec<&str> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Say { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Everything that was said has been played.
fn play(rig: &mut Rig, outputs: &[Output]) {
    for output in outputs {
        if let Output::Say { utterance, text, .. } = output {
            let (utterance, heard) = (*utterance, text.clone());
            rig.input(Input::Played { utterance, heard, complete: true });
        }
    }
}

fn other(code: &str) -> Refusal {
    Refusal::Other(code.to_owned())
}

#[test]
fn a_tool_that_nobody_added_is_refused() {
    let mut rig = rig(Vec::new(), vec![call("look")]);
    assert_eq!(tool(&rig.hears("one")), None);
    assert_eq!(rig.refusals(), [other("unknown_tool")]);
}

#[test]
fn a_tool_that_needs_the_patient_is_refused_before_the_identification() {
    let tools = vec![Other(spec().for_patient(), None)];
    let mut rig = rig(tools, vec![call("look"), identify(), call("look")]);
    assert_eq!(tool(&rig.hears("one")), None);
    assert_eq!(rig.refusals(), [Refusal::NotIdentified]);
    let outputs = rig.hears("two");
    rig.answer(&outputs, ToolResult::Identified);
    assert_eq!(tool(&rig.hears("three")).map(|(_, tool)| tool), Some(call("look")));
}

#[test]
fn a_write_without_words_for_its_read_back_is_refused() {
    let write = || ToolSpec::write("order", "Orders.", json!({ "type": "object" }));
    for silent in [None, Some(" ")] {
        let mut rig = rig(vec![Other(write(), silent)], vec![call("order")]);
        assert_eq!(tool(&rig.hears("one")), None);
        assert_eq!(rig.refusals(), [other("no_read_back")]);
    }
}

#[test]
fn a_write_is_read_back_in_its_own_words_and_runs_on_a_plain_yes_alone() {
    let write = ToolSpec::write("order", "Orders.", json!({ "type": "object" }));
    let words = "That is two packs of aspirin. Shall I order them?";
    let mut rig = rig(vec![Other(write, Some(words))], vec![call("order")]);
    let outputs = rig.hears("one");
    assert_eq!((said(&outputs), tool(&outputs)), (vec![words], None));
    // A yes that comes before all of it was heard is asked for again, with the question alone.
    assert_eq!(tool(&rig.hears("yes")), None);
    let Some(Output::Say { utterance, text, .. }) =
        outputs.iter().find(|output| matches!(output, Output::Say { .. }))
    else {
        panic!("nothing said")
    };
    let (utterance, heard) = (*utterance, text.clone());
    let outputs = rig.input(Input::Played { utterance, heard, complete: true });
    assert_eq!(said(&outputs), ["Shall I?"]);
    play(&mut rig, &outputs);
    for no in ["please hold", "okay", "yes, but by courier"] {
        let outputs = rig.hears(no);
        assert_eq!(tool(&outputs), None, "{no}");
        assert!(rig.refusals().is_empty(), "{no}: {:?}", rig.refusals());
        play(&mut rig, &outputs);
    }
    let outputs = rig.hears("yes");
    assert_eq!(tool(&outputs).map(|(_, tool)| tool), Some(call("order")));
}

#[test]
fn a_slow_tool_is_bridged_with_its_own_words_and_waited_for_as_long_as_it_says() {
    let spec = ToolSpec {
        filler: Some("I am asking the pharmacy.".to_owned()),
        patience: Duration::from_secs(30),
        ..spec()
    };
    let mut rig = rig(vec![Other(spec, None)], vec![call("look")]);
    let called = rig.hears("one");
    assert_eq!(said(&called), [""; 0]);
    rig.mono = rig.mono + Duration::from_secs(4);
    let outputs = rig.input(Input::Timeout);
    assert_eq!(said(&outputs), ["I am asking the pharmacy."]);
    play(&mut rig, &outputs);
    rig.mono = rig.mono + Duration::from_secs(20);
    rig.input(Input::Timeout);
    assert_eq!(rig.told_results(), []);
    let value = json!({ "stock": 3 });
    rig.answer(&called, ToolResult::Other { value: value.clone().into() });
    assert_eq!(rig.told_results(), [ToolResult::Other { value: value.into() }]);
}
