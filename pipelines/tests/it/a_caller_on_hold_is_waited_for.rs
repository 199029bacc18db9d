//! A caller who puts the call on hold hears nothing: nothing is said, nobody is asked whether they
//! are still there, and after it the call goes on where it was.

use std::time::Duration;

use frontdesk_pipelines::dialogue::{Dialogue as _, Input};
use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic};

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

#[test]
fn nothing_is_said_into_a_hold_and_the_open_question_comes_after_it() {
    let mut call = choosing();
    assert_eq!(after(&mut call, Input::Held), "");
    // Five minutes of music, some of which sounds like words.
    call.mono = call.mono + Duration::from_secs(300);
    assert_eq!(after(&mut call, Input::Timeout), "");
    for words in ["the first one", "no", "bye bye"] {
        assert_eq!(call.hears(words), "", "{words}");
    }
    let text = after(&mut call, Input::Resumed);
    assert!(text.contains("Welcome back") && text.contains("Which one would you like?"), "{text}");
    let text = call.hears("the first one");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("It is booked"), "{text}");
}

#[test]
fn a_read_back_is_read_again_and_a_yes_of_the_music_is_none() {
    let mut call = choosing();
    call.hears("the first one");
    after(&mut call, Input::Held);
    assert_eq!(call.hears("yes"), "");
    assert_eq!(call.writes(), 0);
    let text = after(&mut call, Input::Resumed);
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn who_never_comes_back_is_not_waited_for_for_ever() {
    let mut call = choosing();
    after(&mut call, Input::Held);
    let waits = call.forms.poll_timeout().expect("a deadline");
    assert_eq!(waits.since(call.mono).as_secs(), 600);
    let said = call.waits();
    assert_eq!((said.as_str(), call.outcome), ("", Some(CallOutcome::Abandoned)));
}

#[test]
fn a_second_hold_and_a_return_without_one_change_nothing() {
    let mut call = choosing();
    assert_eq!(after(&mut call, Input::Resumed), "");
    after(&mut call, Input::Held);
    assert_eq!(after(&mut call, Input::Held), "");
    assert!(!after(&mut call, Input::Resumed).is_empty());
}
