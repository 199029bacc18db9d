//! A model that fails: the built-in forms go on, on the same ledger.

use frontdesk_models::llm::{ModelEvent, ModelFailure};
use frontdesk_types::CallOutcome;
use serde_json::json;

use crate::dialogue_sim::Clinic;
use crate::model_sim::{Asked, Call, calls, done, failed, receptionist, says, text};

/// The forms have the call, and it ends with this one booking.
fn books(call: &mut Call) {
    for _ in 0..12 {
        let heard = call.said.last().expect("one").clone();
        let line = if heard.contains("Shall I book") {
            "yes"
        } else if heard.contains("date of birth") || heard.contains("born") {
            "17 May 1980"
        } else if heard.contains("name") {
            "Jane Miller"
        } else if heard.contains("Which") || heard.contains("which") {
            "the one at nine"
        } else if heard.contains("anything else") {
            break;
        } else {
            "Dr Haddad on Sunday June 14"
        };
        call.hears(line);
    }
    assert_eq!(
        call.clinic.booked(),
        ["Jane Miller: Nora Haddad 2026-06-14 09:00"],
        "{:?}",
        call.said
    );
    call.hears("no thank you");
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
}

#[test]
fn a_model_that_cannot_be_reached_loses_no_word_of_the_caller() {
    for failure in [
        ModelFailure::Unreachable,
        ModelFailure::Overloaded,
        ModelFailure::RateLimited,
        ModelFailure::TooSlow,
        ModelFailure::None,
    ] {
        let mut call = Call::new(move |_: &Asked| vec![failed(failure)]);
        let answer = call.hears("I would like to see Dr Haddad on Sunday June 14 at nine");
        assert!(call.dialogue.has_fallen_back());
        assert_eq!(answer.matches("sorry").count(), 1, "once, briefly: {answer}");
        assert!(answer.contains("name"), "it goes on with what is missing: {answer}");
        call.hears("Jane Miller");
        let answer = call.hears("17 May 1980");
        assert!(answer.contains("9:00 AM with Dr. Nora Haddad"), "what was said counts: {answer}");
        books(&mut call);
        assert_eq!(call.asked.len(), 1, "nobody asks it again");
    }
}

#[test]
fn a_model_that_stops_half_way_is_followed_by_forms_that_know_who_is_identified() {
    let half = vec![text("On Sunday there is nine o'clock, or ha"), failed(ModelFailure::Broken)];
    let mut call = Call::new(receptionist(Some((2, half))));
    let answer = call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday June 14");
    assert!(call.dialogue.has_fallen_back());
    assert!(!answer.contains("or ha"), "half a clause is not said: {answer}");
    assert!(answer.contains("sorry"), "{answer}");
    let identified = call.clinic.calls.len();
    books(&mut call);
    let after = &call.clinic.calls[identified..];
    assert!(after.iter().all(|tool| tool.name() != "identify_patient"), "{after:?}");
}

#[test]
fn what_the_model_offered_can_be_chosen_from_the_forms() {
    let broken = vec![failed(ModelFailure::Broken)];
    let mut call = Call::new(receptionist(Some((3, broken))));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    let answer = call.hears("at nine please");
    assert!(answer.contains("9:00 AM with Dr. Nora Haddad, for Jane Miller"), "{answer}");
    books(&mut call);
}

#[test]
fn what_was_booked_and_not_told_is_told_and_not_booked_again() {
    let broken = vec![text("It is bo"), failed(ModelFailure::TooSlow)];
    let mut call = Call::new(receptionist(Some((4, broken))));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    call.hears("nine please");
    let answer = call.hears("yes");
    assert!(call.dialogue.has_fallen_back());
    assert!(answer.contains("reference"), "the caller is told: {answer}");
    call.hears("no thank you");
    assert_eq!(call.clinic.booked().len(), 1);
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
    let books = call.clinic.calls.iter().filter(|tool| tool.name() == "book").count();
    assert_eq!(books, 1, "never twice");
}

#[test]
fn a_cancellation_that_was_not_told_is_told() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-16T09:30");
    let mut appointment = None;
    let script = move |asked: &Asked| -> Vec<ModelEvent> {
        if let Some(last) = asked.results().last() {
            return match last["result"].as_str() {
                Some("identified") => calls(&[("list_appointments", json!({}))]),
                Some("appointments") => {
                    appointment = Some(last["appointments"][0]["appointment"].clone());
                    says("There is one on Tuesday. Shall it be cancelled?")
                }
                _ => vec![failed(ModelFailure::Broken)],
            };
        }
        match &appointment {
            Some(id) => calls(&[("cancel", json!({ "appointment": id }))]),
            None => calls(&[(
                "identify_patient",
                json!({ "full_name": "Jane Miller", "date_of_birth": "1980-05-17" }),
            )]),
        }
    };
    let mut call = Call::with(clinic, Default::default(), script);
    call.hears("Jane Miller, 17 May 1980, I want to cancel");
    call.hears("the one on Tuesday");
    let answer = call.hears("yes, cancel it");
    assert!(call.dialogue.has_fallen_back());
    assert!(answer.contains("cancel") && answer.contains("June 16"), "{answer}");
    assert!(call.clinic.booked().is_empty());
}

#[test]
fn an_answer_without_a_word_is_a_failure() {
    let mut call = Call::new(|_: &Asked| vec![done()]);
    let answer = call.hears("where are you?");
    assert!(call.dialogue.has_fallen_back());
    assert!(!answer.is_empty());
}

#[test]
fn what_the_caller_wanted_before_the_model_failed_is_not_asked_again() {
    let script = |asked: &Asked| match asked.heard() {
        words if words.contains("Haddad") => says("Of course. What is your full name?"),
        words if words.contains("Jane") => says("Thank you. And your date of birth?"),
        _ => vec![text("Let me se"), failed(ModelFailure::Broken)],
    };
    let mut call = Call::new(script);
    call.hears("I need to see Dr Haddad on Sunday June 14 at nine");
    call.hears("Jane Miller");
    let answer = call.hears("17 May 1980");
    assert!(call.dialogue.has_fallen_back(), "{answer}");
    books(&mut call);
    let asked_again =
        |said: &&String| said.contains("How can I help you") || said.contains("Which doctor");
    let after = call.said.iter().skip(3).filter(asked_again).count();
    assert_eq!(after, 0, "{:?}", call.said);
}
