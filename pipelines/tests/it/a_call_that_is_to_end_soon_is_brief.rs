//! A process that ends tells its calls to be brief: what the caller wants is done, and nothing beside
//! it is said or offered.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic, jane_with};
use crate::model_sim::{self, receptionist};

const BRIEF: &str = "a little time left";

#[test]
fn it_says_so_once_and_ends_when_what_was_wanted_is_done() {
    let mut call = jane_with(&[]);
    call.hears("Dr Haddad on Sunday morning please");
    let before = call.said.len();
    call.input(Input::BeBrief);
    call.input(Input::BeBrief);
    assert_eq!(call.said.len(), before, "nobody is interrupted");
    let text = call.hears("the first one");
    assert!(text.contains(BRIEF) && text.contains("Shall I book the appointment?"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("It is booked") && text.contains("Goodbye"), "{text}");
    assert!(!text.contains("anything else") && !text.contains(BRIEF), "{text}");
    assert_eq!(call.outcome, Some(CallOutcome::Booked));
}

#[test]
fn an_answer_to_a_question_leaves_the_caller_the_word() {
    let mut call = jane_with(&[]);
    call.input(Input::BeBrief);
    let text = call.hears("when is my appointment?");
    assert!(text.contains(BRIEF), "{text}");
    assert!(call.outcome.is_none());
    let text = call.hears("how are you today?");
    assert!(!text.contains("I'm well"), "{text}");
}

#[test]
fn nothing_is_offered_beside_what_was_asked_for() {
    let mut clinic = Clinic::new();
    clinic.full("Haddad");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    call.input(Input::BeBrief);
    let text = call.hears("I'd like to see Dr Haddad on a Tuesday morning");
    assert!(!text.contains("waiting list"), "{text}");
    let text = call.hears("then put me on the waiting list");
    assert!(text.contains("Shall I put you on it?"), "who asks gets it: {text}");
}

#[test]
fn a_model_is_told() {
    let mut call = model_sim::Call::new(receptionist(None));
    call.hears("hello");
    call.input(Input::BeBrief);
    let said = call.hears("Jane Miller, 17 May 1980, Dr Haddad on Sunday");
    assert!(said.contains(BRIEF), "{said}");
    let told = call.asked.last().expect("it is asked").told();
    assert!(told.contains("only a little longer"), "{told}");
}
