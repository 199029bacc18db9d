//! The process of a call dies and another goes on from the snapshot: one apology, then what was open.

use frontdesk_pipelines::dialogue::ledger::Checked;
use frontdesk_pipelines::dialogue::tools::ToolCall;
use frontdesk_pipelines::dialogue::{Dialogue as _, Input, Now, Output};

use crate::dialogue_sim::{Call, Clinic};

const SORRY: &str = "we were interrupted";

fn choosing() -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980");
    call.hears("Dr Haddad on Sunday morning please");
    call
}

/// What is said from one input on.
fn after(call: &mut Call, input: Input) -> String {
    let before = call.said.len();
    call.input(input);
    call.said[before..].join(" ")
}

/// Another process goes on: gives what it says first.
fn recovers(call: &mut Call) -> String {
    let text = after(call, Input::Recovered);
    assert_eq!(text.matches(SORRY).count(), 1, "one apology: {text}");
    text
}

/// The dialogue handles the words and dies before what it wants done is done: the write among it.
fn dies_in(call: &mut Call, words: &str) -> (ToolCall, Checked) {
    let now = Now { mono: call.mono, wall: call.clinic.now };
    call.forms.handle_input(now, Input::Heard { text: words.to_owned(), confidence: Some(1.0) });
    let all: Vec<Output> = std::iter::from_fn(|| call.forms.poll_output()).collect();
    let wanted = all.into_iter().find_map(|output| match output {
        Output::Tool { tool, checked, .. } => Some((tool, *checked)),
        _ => None,
    });
    wanted.expect("a write")
}

#[test]
fn offers_that_were_read_are_read_again_and_can_still_be_taken() {
    let mut call = choosing();
    let text = recovers(&mut call);
    assert!(text.contains("Which one would you like?"), "{text}");
    let text = call.hears("the first one");
    assert!(text.contains("Shall I book the appointment?") && !text.contains(SORRY), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn a_read_back_is_read_again_and_needs_its_own_yes() {
    let mut call = choosing();
    call.plays = false;
    call.hears("the first one");
    assert_eq!(call.writes(), 0);
    // What was being said is not heard to its end.
    call.unplayed.clear();
    call.plays = true;
    let text = recovers(&mut call);
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    assert_eq!(call.writes(), 0);
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn who_was_greeted_is_not_greeted_again() {
    let mut call = Call::new(Clinic::new());
    assert!(call.said[0].contains("automatic assistant"), "{}", call.said[0]);
    let text = recovers(&mut call);
    assert!(text.contains("How can I help you?") && !text.contains("assistant"), "{text}");
}

#[test]
fn a_write_that_was_not_begun_is_done_under_its_number() {
    let mut call = choosing();
    call.hears("the first one");
    let (tool, checked) = dies_in(&mut call, "yes");
    let number = checked.write.expect("a write has a number");
    assert!(matches!(tool, ToolCall::Book { .. }), "{tool:?}");
    let text = recovers(&mut call);
    assert!(text.contains("It is booked"), "{text}");
    assert_eq!(call.clinic.numbers, [number]);
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn a_write_that_was_done_and_not_answered_is_told_and_not_done_again() {
    let mut call = choosing();
    call.hears("the first one");
    let (tool, checked) = dies_in(&mut call, "yes");
    call.clinic.run(&tool, checked.write);
    let text = recovers(&mut call);
    assert!(text.contains("It is booked"), "{text}");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn what_came_of_a_write_is_told_once_more_to_who_did_not_hear_it() {
    let mut call = choosing();
    call.hears("the first one");
    call.plays = false;
    call.hears("yes");
    call.unplayed.clear();
    call.plays = true;
    let text = recovers(&mut call);
    assert!(text.contains("It is booked"), "{text}");
    let text = call.hears("no thank you");
    assert!(!text.contains("It is booked"), "told once: {text}");
}

#[test]
fn a_call_that_a_supervisor_had_is_the_agents_again() {
    let mut call = choosing();
    call.input(Input::TakenOver);
    assert_eq!(call.hears("the first one"), "");
    let text = recovers(&mut call);
    assert!(text.contains("Which one would you like?"), "{text}");
    let text = call.hears("the first one");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
}

#[test]
fn an_emergency_is_asked_about_again_at_once() {
    let mut call = choosing();
    call.hears("I have chest pain right now");
    let said = after(&mut call, Input::Recovered);
    let text = format!("{said} {}", call.waits());
    assert_eq!(text.matches(SORRY).count(), 1, "{text}");
    assert!(text.contains("emergency"), "{text}");
}
