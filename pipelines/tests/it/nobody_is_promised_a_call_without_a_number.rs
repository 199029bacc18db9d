//! A callback has a telephone number or an identified patient before it is promised.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::tools::ToolCall;
use frontdesk_types::CallOutcome;
use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};

fn phones(call: &Call) -> Vec<String> {
    let transfers = call.clinic.calls.iter().filter_map(|tool| match tool {
        ToolCall::Transfer { phone, .. } => phone.clone(),
        _ => None,
    });
    transfers.map(frontdesk_types::Phi::into_exposed).collect()
}

#[test]
fn in_an_emergency_the_number_that_was_said_is_taken_and_told_back() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("my chest hurts badly");
    assert!(text.contains("call 123 now"), "the emergency comes first: {text}");
    let text = call.hears("yes please, 0100 123 4567");
    assert!(text.contains("123") && text.contains("at 0 1 0 0 1 2 3 4 5 6 7"), "{text}");
    assert_eq!(phones(&call), ["01001234567"]);
    assert_eq!(call.outcome, Some(CallOutcome::Emergency));
}

#[test]
fn in_an_emergency_the_number_is_asked_for_after_the_emergency_words() {
    let mut call = Call::new(Clinic::new());
    call.hears("she has passed out");
    let text = call.hears("yes");
    assert!(text.starts_with("In an emergency call 123 now.") && text.contains("phone number"));
    call.hears("0100 123 4567");
    assert_eq!(phones(&call), ["01001234567"]);
}

#[test]
fn a_number_beside_the_red_flag_is_not_asked_for_again() {
    let mut call = Call::new(Clinic::new());
    call.hears("my chest hurts badly, call me on 0100 123 4567");
    let text = call.hears("yes");
    assert!(text.contains("call you back at 0 1 0 0"), "{text}");
    assert_eq!(phones(&call), ["01001234567"]);
}

#[test]
fn who_is_identified_is_called_back_on_the_number_on_record() {
    for (words, more) in [("my chest hurts", "yes"), ("I want to speak to a human", "")] {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
        let mut text = call.hears(words);
        if !more.is_empty() {
            text = call.hears(more);
        }
        assert!(text.contains("call you back"), "{words}: {text}");
        assert_eq!((call.clinic.callbacks.len(), call.clinic.empty_callbacks), (1, 0));
    }
}

#[test]
fn a_number_is_read_back_and_can_be_corrected() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("can somebody call me back on 0100 123 4567");
    assert!(text.contains("0 1 0 0 1 2 3 4 5 6 7. Is that correct?"), "{text}");
    assert!(call.clinic.callbacks.is_empty(), "not yet");
    let text = call.hears("no, it's 0100 123 4568");
    assert!(text.contains("0 1 0 0 1 2 3 4 5 6 8. Is that correct?"), "{text}");
    assert!(call.hears("yes").contains("call you back"));
    assert_eq!(phones(&call), ["01001234568"]);
}

#[test]
fn without_a_number_nothing_is_promised_and_the_way_out_is_told() {
    for (words, number) in [
        ("let me speak to a human", "no"),
        ("let me speak to a human", "I'd rather not say"),
        ("I have chest pain", "I don't have one"),
    ] {
        let mut clinic = Clinic::new();
        clinic.change(|facts| "02 2345 6789".clone_into(&mut facts.phone));
        let mut call = Call::new(clinic);
        let text = call.hears(words);
        if text.contains("123") {
            call.hears("yes");
        }
        assert!(call.hears(number).contains("phone number"), "asked twice");
        let text = call.hears(number);
        assert!(text.contains("can't call you") && text.contains("02 2345 6789"), "{text}");
        assert!(!text.contains("call you back"), "{text}");
        assert!(call.clinic.callbacks.is_empty() && call.outcome.is_some(), "{words}");
        assert_eq!(text.contains("In an emergency call 123"), words.contains("chest"), "{text}");
    }
}

#[test]
fn who_wants_something_else_than_a_call_goes_on() {
    let mut call = Call::new(Clinic::new());
    call.hears("let me speak to a human");
    let text = call.hears("forget it, just book me with Dr Haddad on Sunday");
    assert!(text.contains("full name"), "{text}");
    assert!(call.clinic.callbacks.is_empty());
}

#[test]
fn who_hangs_up_after_giving_the_number_is_called_back() {
    let mut call = Call::new(Clinic::new());
    call.hears("let me speak to a human");
    call.hears("0100 123 4567");
    call.input(Input::CallerLeft);
    assert_eq!(phones(&call), ["01001234567"]);
}

#[test]
fn an_emergency_interrupts_the_question_for_the_number() {
    let mut call = Call::new(Clinic::new());
    call.hears("let me speak to a human");
    assert!(call.hears("my chest hurts").contains("call 123 now"));
    assert!(call.hears("0100 123 4567").contains("call you back at"));
    assert_eq!(phones(&call), ["01001234567"]);
}

const SAYS: &[&str] = &[
    "a person please",
    "chest pain",
    "yes",
    "no",
    "0100 123 4567",
    "blue bananas",
    "Jane Miller",
    "17 May 1980",
    "Dr Haddad on Sunday",
    "the first one",
    "call me back",
    "goodbye",
    "what?",
    "my number is 0100 123",
    "I'd rather not say",
    "1 May 1999",
    "wait",
    "is there parking?",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_callback_without_a_number_or_a_patient(
        says in prop::collection::vec(prop::sample::select(SAYS), 1..14),
    ) {
        let mut call = Call::new(Clinic::new());
        for words in says {
            if call.outcome.is_some() {
                break;
            }
            call.hears(words);
        }
        let promised = call.said.iter().any(|text| text.contains("will call you back"));
        prop_assert_eq!(call.clinic.empty_callbacks, 0);
        prop_assert!(!promised || !call.clinic.callbacks.is_empty(), "{:?}", call.said);
    }
}
