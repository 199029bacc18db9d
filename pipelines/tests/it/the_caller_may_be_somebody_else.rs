//! Another connection takes the place of the caller's, and nothing shows that it is the same
//! person's: whoever is there now identifies anew before anything of the patient is read or written.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};
use frontdesk_types::CallOutcome;

use crate::dialogue_guard::{Rig, identify, tool};
use crate::dialogue_sim::{Call, Clinic, jane_with};
use crate::model_sim::{self, receptionist};

fn replaced(call: &mut Call) -> String {
    let before = call.said.len();
    call.input(Input::CallerReplaced);
    call.said[before..].join(" ")
}

/// What a stranger must not hear.
const SECRETS: [&str; 4] = ["Jane", "Miller", "Haddad", "June 14"];

fn tells_nothing(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn who_is_there_now_is_told_nothing_and_identifies_anew() {
    let mut call = jane_with(&[("Haddad", "2026-06-14T09:00:00")]);
    let text = call.hears("when is my appointment?");
    assert!(text.contains("Haddad"), "{text}");
    let text = replaced(&mut call);
    assert!(text.contains("joined again") && text.contains("How can I help you?"), "{text}");
    for words in ["what did you say?", "sorry, which day was that?", "hello?", "thank you"] {
        tells_nothing(&call.hears(words));
    }
    let text = call.hears("when is my appointment?");
    assert!(text.contains("full name"), "{text}");
    tells_nothing(&text);
    let text = call.hears("Jane Miller, 17 May 1980");
    assert!(text.contains("Haddad"), "whoever knows both is the patient: {text}");
}

#[test]
fn what_waited_for_a_yes_is_withdrawn() {
    let mut call = jane_with(&[]);
    call.hears("Dr Haddad on Sunday morning please");
    let text = call.hears("the first one");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    replaced(&mut call);
    for words in ["yes", "yes, book it", "the first one"] {
        tells_nothing(&call.hears(words));
    }
    assert_eq!(call.writes(), 0);
    assert!(call.clinic.booked().is_empty());
    // The call goes on for whoever it is.
    call.hears("bye");
    assert!(call.outcome.is_some());
}

#[test]
fn a_caller_who_is_silent_then_is_asked_again_and_no_person_is_called() {
    let mut call = jane_with(&[]);
    replaced(&mut call);
    let text = call.waits();
    assert!(text.contains("How can I help you?"), "{text}");
    assert!(call.outcome.is_none() && call.clinic.callbacks.is_empty());
}

#[test]
fn who_joins_twice_before_a_word_was_said_hears_the_greeting_again() {
    let mut call = Call::new(Clinic::new());
    let greeting = call.said[0].clone();
    assert_eq!(replaced(&mut call), greeting);
    let text = call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday please");
    assert!(text.contains("Haddad"), "{text}");
}

#[test]
fn an_identification_on_its_way_identifies_nobody() {
    let list = || ToolCall::ListAppointments;
    let mut rig = Rig::new(vec![identify(), list()]);
    let outputs = rig.hears("one");
    rig.input(Input::CallerReplaced);
    rig.answer(&outputs, ToolResult::Identified);
    assert_eq!(tool(&rig.hears("two")), None);
    assert_eq!(rig.refusals(), [Refusal::NotIdentified]);
    assert_eq!(rig.told_results().len(), 1, "nor is the policy told that it was right");
}

#[test]
fn what_was_being_read_reaches_nobody() {
    let mut rig = Rig::new(vec![identify(), ToolCall::ListAppointments]);
    let outputs = rig.hears("one");
    rig.answer(&outputs, ToolResult::Identified);
    let outputs = rig.hears("two");
    assert_eq!(tool(&outputs).map(|(_, tool)| tool), Some(ToolCall::ListAppointments));
    rig.input(Input::CallerReplaced);
    rig.answer(&outputs, ToolResult::Appointments { appointments: Vec::new() });
    assert_eq!(rig.told_results(), [ToolResult::Identified]);
}

#[test]
fn a_model_knows_nothing_of_what_was_said_before() {
    let mut call = model_sim::Call::new(receptionist(None));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    assert!(call.hears("nine please").contains("Shall I book the appointment?"));
    call.input(Input::CallerReplaced);
    assert!(call.said.last().is_some_and(|text| text.contains("joined again")), "{:?}", call.said);
    call.hears("yes");
    assert!(call.clinic.booked().is_empty());
    call.hears("what did I just say?");
    let told = call.asked.last().expect("it is asked").told();
    assert!(told.contains("user: what did I just say?"), "{told}");
    for secret in ["Jane", "1980", "nine please", "identified"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    call.hears("bye");
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
}
