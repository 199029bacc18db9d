//! Details that match nobody: it is asked once whether there can be a match. What is said then tells
//! nothing of who exists.

use frontdesk_pipelines::dialogue::tools::ToolCall;

use crate::dialogue_sim::{Call, Clinic};

const ASKED: &str = "I'm sorry, I couldn't match these details. Have you been here before?";

fn missed(name: &str, birth: &str) -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday please");
    call.hears(name);
    assert_eq!(call.hears(birth), ASKED);
    call
}

#[test]
fn a_no_leads_to_the_registration_with_what_was_told() {
    for words in
        ["no", "no, never", "nope, first time", "not yet", "I'm new", "no I just moved here"]
    {
        let mut call = missed("Ida Strand", "1 March 1970");
        let text = call.hears(words);
        assert!(text.contains("phone number"), "{words}: {text}");
        let text = call.hears("0100 111 2233");
        assert!(text.contains("Ida Strand, born on March 1, 1970"), "{words}: {text}");
    }
}

#[test]
fn a_yes_asks_again() {
    for words in [
        "yes",
        "yes, many times",
        "I have been there before",
        "of course I have",
        "yes, I was there last year",
    ] {
        let mut call = missed("Jane Millar", "17 May 1980");
        let text = call.hears(words);
        assert!(text.contains("try again") && text.contains("full name"), "{words}: {text}");
        call.hears("Jane Miller");
        assert!(call.hears("17 May 1980").contains("Which one"), "{words}");
    }
}

#[test]
fn what_is_put_right_in_the_same_breath_is_tried_at_once() {
    for words in ["sorry, it was 17 May 1980", "yes, born on 17 May 1980", "oh, May 17th, 1980"] {
        let mut call = missed("Jane Miller", "17 May 1981");
        let text = call.hears(words);
        assert!(text.contains("Which one"), "{words}: {text}");
    }
    for words in ["my name is Jane Miller", "Jane Miller", "sorry, it's Jane Miller"] {
        let mut call = missed("Jane Tiller", "17 May 1980");
        let text = call.hears(words);
        assert!(text.contains("Which one"), "{words}: {text}");
    }
}

#[test]
fn the_same_once_more_is_not_tried_again() {
    let mut call = missed("Jane Miller", "17 May 1981");
    let tries = |call: &Call| {
        let all = call.clinic.calls.iter();
        all.filter(|tool| matches!(tool, ToolCall::IdentifyPatient(_))).count()
    };
    assert!(call.hears("Jane Miller").contains("date of birth"));
    assert_eq!(tries(&call), 1);
    assert!(call.hears("17 May 1980").contains("Which one"));
}

#[test]
fn who_exists_and_who_does_not_are_asked_the_same() {
    let said = |name: &str, birth: &str| {
        let mut call = missed(name, birth);
        vec![call.hears("yes"), call.hears(name), call.hears(birth)]
    };
    assert_eq!(said("Jane Miller", "1 January 1999"), said("Nils Unbekannt", "1 January 1999"));
}

#[test]
fn who_is_right_at_first_is_not_asked() {
    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday please");
    call.hears("Jane Miller");
    assert!(!call.hears("17 May 1980").contains("before"));
}

#[test]
fn of_somebody_else_it_is_asked_as_well() {
    let mut call = Call::new(Clinic::new());
    call.hears("Dr Marin on Sunday for my daughter");
    call.hears("Ida Strand");
    let text = call.hears("1 March 2019");
    assert!(text.contains("Has the patient been here before?"), "{text}");
    assert!(call.hears("no, she is a new patient").contains("phone number"));
}

#[test]
fn the_same_person_is_not_registered_twice() {
    let start = || {
        let mut call = Call::new(Clinic::new());
        call.hears("I'm new here, I need a cardiologist on Sunday");
        call.hears("Jane Miller");
        call.hears("17 May 1980");
        call
    };
    let mut call = start();
    call.hears("0100 111 2223");
    let text = call.hears("yes");
    assert!(text.contains("there is a record with these details already"), "{text}");
    assert!(call.clinic.registered().is_empty());
    call.hears("the first one");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
    // Another number: somebody else, of whom nothing is told.
    let mut call = start();
    call.hears("0100 111 2299");
    let text = call.hears("yes");
    assert!(!text.contains("already"), "{text}");
    assert_eq!(call.clinic.registered(), ["Jane Miller 1980-05-17 01001112299"]);
}
