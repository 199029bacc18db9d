//! A language model as the policy of a call: what it says, calls and is told.

use frontdesk_models::llm::ModelFailure;
use frontdesk_pipelines::dialogue::{
    ClinicFacts, ClinicSettings, Dialogue, Input, ModelSettings, Output, RequestId,
};
use frontdesk_types::CallOutcome;
use serde_json::json;

use crate::dialogue_sim::{Clinic, context, english};
use crate::model_sim::{Call, call, calls, done, failed, receptionist, says, text};

#[test]
fn a_model_identifies_offers_and_books_with_a_read_back_by_the_guard() {
    let mut call = Call::new(receptionist(None));
    assert!(call.said[0].contains("Palm Clinic"), "the greeting needs no model: {:?}", call.said);
    assert!(call.asked.is_empty());
    assert!(call.hears("I need an appointment").contains("date of birth"));
    assert!(call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday").contains("nine o'clock"));
    let answer = call.hears("nine please");
    assert!(answer.contains("for Jane Miller"), "the guard reads it back: {answer}");
    assert!(call.clinic.booked().is_empty(), "not before the yes");
    let answer = call.hears("yes");
    assert!(answer.contains("It is booked."), "{answer}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
    call.hears("no thanks, bye");
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
    assert!(!call.dialogue.has_fallen_back());
    let told = call.asked.last().expect("one").told();
    for part in ["Shall I book the appointment?", "user: yes", r#""result":"booked""#] {
        assert!(told.contains(part), "the model knows of {part}: {told}");
    }
}

#[test]
fn a_booking_that_the_caller_does_not_confirm_is_not_made_and_their_words_are_the_models() {
    let mut call = Call::new(receptionist(None));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    call.hears("nine please");
    let answer = call.hears("no, wait");
    assert!(call.clinic.booked().is_empty());
    assert!(answer.contains("full name"), "the model answers: {answer}");
    let told = call.asked.last().expect("one").told();
    assert!(told.contains("not_confirmed") && told.ends_with("user: no, wait"), "{told}");
}

#[test]
fn instructions_hold_the_clinic_the_language_and_the_local_time_and_tools_their_schemas() {
    let mut call = Call::new(|_: &_| says("Hello."));
    call.hears("hello");
    let asked = &call.asked[0];
    let system = serde_json::to_value(&asked.request.messages[0]).expect("serializes");
    let system = system["text"].as_str().expect("text");
    for part in ["Palm Clinic", "English", "Nora Haddad", "Wednesday, 2026-06-10", "09:00"] {
        assert!(system.contains(part), "{part} is not in {system}");
    }
    let names: Vec<_> = asked.request.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert!(names.contains(&"book") && names.contains(&"end_call"), "{names:?}");
}

#[test]
fn a_clinic_names_the_model_that_holds_its_calls() {
    let mut clinic = Clinic::new();
    let settings = ClinicSettings { model: Some("quick".into()), ..ClinicSettings::default() };
    let facts = ClinicFacts::clone(clinic.facts.clinic.facts());
    clinic.facts.clinic = context(facts, english(), settings);
    let mut call = Call::with(clinic, ModelSettings::default(), |_: &_| says("Hello."));
    call.hears("hello");
    assert_eq!(call.asked[0].request.model.as_deref(), Some("quick"));
}

#[test]
fn clauses_are_said_as_they_come() {
    let script =
        |_: &_| [text("Good morn"), text("ing. Dr. Had"), text("dad is here."), done()].to_vec();
    let mut call = Call::new(script);
    call.flows = false;
    call.hears("hello");
    call.next_event();
    assert_eq!(call.pieces.len(), 1, "the greeting alone");
    call.next_event();
    assert_eq!(call.pieces[1].1, "Good morning.", "before the model is done");
    call.next_event();
    assert_eq!(call.pieces[2].1, "Dr. Haddad is here.");
    assert_eq!(call.pieces[1].0, call.pieces[2].0, "one utterance");
    assert_eq!(call.said.len(), 1);
    call.next_event();
    assert_eq!(call.said[1], "Good morning. Dr. Haddad is here.");
}

#[test]
fn an_interruption_cancels_the_request_and_the_model_is_told_what_was_heard() {
    let script = |asked: &crate::model_sim::Asked| match asked.number {
        0 => says("We are open on Monday. And we are open on Tuesday. And on Wednesday."),
        _ => says("Yes."),
    };
    let mut call = Call::new(script);
    call.flows = false;
    call.hears("when are you open?");
    for _ in 0..8 {
        call.next_event();
    }
    call.interrupts("We are open");
    assert_eq!(call.cancelled, [RequestId(0)]);
    let said = call.pieces.len();
    call.flows = true;
    call.hears("on Monday?");
    assert_eq!(call.pieces.len(), said + 1, "nothing more of the first: {:?}", call.pieces);
    let told = call.asked[1].told();
    assert!(told.contains("assistant: We are open [the caller spoke]"), "{told}");
    assert!(told.ends_with("user: on Monday?"), "{told}");
    let history = call.dialogue.history();
    assert!(history.iter().any(|turn| turn.text.expose() == "We are open" && !turn.complete));
}

#[test]
fn unknown_tools_and_bad_arguments_are_errors_for_the_model_to_read() {
    let script = |asked: &crate::model_sim::Asked| match asked.number {
        0 => calls(&[("send_fax", json!({})), ("book", json!({ "offer": "the first" }))]),
        1 => vec![call("book", &json!(7)), call("end_call", &json!({})), done()],
        2 => vec![
            frontdesk_models::llm::ModelEvent::Call(frontdesk_models::llm::CallMade {
                id: "x".to_owned(),
                name: "find_slots".to_owned(),
                args: "{ not json".to_owned().into(),
            }),
            done(),
        ],
        _ => says("I am sorry, I cannot do that."),
    };
    let mut call = Call::new(script);
    let answer = call.hears("send a fax");
    assert_eq!(answer, "I am sorry, I cannot do that.");
    let told = call.asked[1].told();
    assert!(told.contains("no tool of this name") && told.contains("is no id"), "{told}");
    let told = call.asked[3].told();
    assert!(told.contains("call it alone") && told.contains("are no JSON"), "{told}");
    assert!(call.clinic.calls.is_empty(), "nothing ran");
    assert!(!call.dialogue.has_fallen_back());
}

#[test]
fn a_write_without_identification_is_refused_and_the_model_is_told_why() {
    let offer = frontdesk_types::OfferId::new(&frontdesk_types::SeededIds::new(3));
    let script = move |asked: &crate::model_sim::Asked| match asked.number {
        0 => calls(&[("book", json!({ "offer": offer.to_string() }))]),
        _ => says("Who are you?"),
    };
    let mut call = Call::new(script);
    assert_eq!(call.hears("book it"), "Who are you?");
    assert!(call.asked[1].told().contains("not_identified"));
    assert!(call.clinic.calls.is_empty());
}

#[test]
fn a_red_flag_in_the_callers_words_beats_the_model() {
    let mut call = Call::new(|_: &_| says("You could come on Monday. Or on Tuesday."));
    call.flows = false;
    call.hears("hello");
    call.next_event();
    let words = "my chest hurts and I can't breathe".to_owned();
    call.input(Input::Partial { text: words, stable: true });
    assert_eq!(call.cancelled, [RequestId(0)]);
    call.flows = true;
    let answer = call.hears("my chest hurts and I can't breathe");
    assert!(!answer.contains("Monday") && !answer.contains("Tuesday"), "{answer}");
    assert_eq!(call.asked.len(), 1, "no model is asked in an emergency");
}

#[test]
fn a_model_that_goes_round_in_circles_is_taken_off_the_call() {
    let script = |_: &_| calls(&[("find_slots", json!({ "doctor": "Haddad" }))]);
    let mut call = Call::new(script);
    call.hears("Dr Haddad on Sunday please");
    assert_eq!(call.asked.len(), 6, "as many requests as a turn may have");
    assert!(call.dialogue.has_fallen_back());
}

#[test]
fn a_model_that_never_ends_is_given_up_also_where_nobody_keeps_its_time() {
    let mut call = Call::new(|_: &_| Vec::new());
    call.hears("I would like to see a heart doctor");
    call.times_out();
    assert!(call.dialogue.has_fallen_back());
    assert!(call.said.last().expect("one").contains("sorry"), "{:?}", call.said);
}

#[test]
fn thoughts_and_marks_are_not_said() {
    let script = |_: &_| {
        vec![
            text("<thi"),
            text("nk>I should greet. Then ask.</th"),
            text("ink>\n**Hello"),
            text("**, how can I *help*?"),
            done(),
        ]
    };
    let mut call = Call::new(script);
    assert_eq!(call.hears("hello"), "Hello, how can I help?");
}

#[test]
fn a_silent_caller_is_asked_again_without_the_model() {
    let mut call = Call::new(|_: &_| says("I see. On which day would you like to come?"));
    call.hears("an appointment please");
    call.times_out();
    let said = call.said.last().expect("one");
    assert!(said.ends_with("On which day would you like to come?"), "{said}");
    assert_eq!(call.asked.len(), 1);
    call.times_out();
    call.times_out();
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
}

#[test]
fn a_restored_dialogue_asks_what_was_under_way_again_and_says_nothing_twice() {
    let mut call = Call::new(|_: &_| says("Good morning. How can I help?"));
    call.flows = false;
    call.hears("hello");
    let resume = |call: &Call| {
        let mut twin = call.restored();
        twin.resume(call.now());
        std::iter::from_fn(|| twin.poll_output()).collect::<Vec<_>>()
    };
    let outputs = resume(&call);
    let [Output::Ask { request: RequestId(0), body }] = &outputs[..] else { panic!("{outputs:?}") };
    assert!(!body.begun);
    assert_eq!(body.messages, call.asked[0].request.messages, "the very same");
    call.next_event();
    call.next_event();
    let outputs = resume(&call);
    let [Output::Ask { request: RequestId(0), body }] = &outputs[..] else { panic!("{outputs:?}") };
    assert!(body.begun, "whoever does not have it under way must not begin it anew");
    call.flows = true;
    call.next_event();
    assert_eq!(call.said.last().expect("one"), "Good morning. How can I help?");
    assert_eq!(resume(&call), [], "nothing is under way");
}

#[test]
fn words_that_come_while_a_tool_runs_are_answered_with_its_result() {
    let mut call = Call::new(receptionist(None));
    call.returns = false;
    call.hears("Jane Miller, 17 May 1980");
    assert_eq!(call.hears("Dr Haddad"), "", "not before the tool has returned");
    assert_eq!(call.asked.len(), 1);
    call.returns = true;
    let returned = call.returning.pop_front().expect("a result");
    call.input(returned);
    let told = call.asked[1].told();
    assert!(told.ends_with("user: Dr Haddad") && told.contains("identified"), "{told}");
    let event = failed(ModelFailure::Broken);
    call.input(Input::Model { request: RequestId(1), event });
    assert!(!call.dialogue.has_fallen_back(), "what comes after the end is dropped");
}

#[test]
fn a_booking_that_comes_through_late_is_told() {
    let mut call = Call::new(receptionist(None));
    call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    call.returns = false;
    call.hears("nine please");
    call.hears("yes");
    // First the caller is asked for patience, then the tool counts as unavailable.
    call.times_out();
    call.times_out();
    assert!(call.asked.last().expect("one").told().contains("unavailable"));
    let asked = call.asked.len();
    let late = call.returning.pop_front().expect("a result");
    call.input(late);
    assert_eq!(call.asked.len(), asked + 1, "the model tells it");
    let told = call.asked.last().expect("one").told();
    assert!(told.contains("has come through") && told.contains("booked"), "{told}");
}
