//! Red flags come before everything else, and can be denied.

use frontdesk_pipelines::dialogue::Input;
use frontdesk_types::CallOutcome;

use crate::dialogue_sim::{Call, Clinic};

#[test]
fn an_emergency_interrupts_everything_and_can_be_denied() {
    let mut call = Call::new(Clinic::new());
    call.input(Input::Partial { text: "I have such chest pain".to_owned(), stable: false });
    assert_eq!(
        (call.alerts.as_slice(), call.said.len()),
        (["chest_pain".to_owned()].as_slice(), 1)
    );
    let text = call.hears("I have such chest pain");
    assert!(text.contains("123") && text.contains("person"), "{text}");
    assert_eq!(call.alerts.len(), 1, "told once");
    let text = call.hears("yes");
    assert!(text.contains("123") && text.contains("phone number"), "{text}");
    assert!(call.hears("0100 123 4567").contains("call you back at 0 1 0 0"));
    assert_eq!(call.outcome, Some(CallOutcome::Emergency));
    assert_eq!(call.clinic.callbacks, ["emergency"]);

    let mut call = Call::new(Clinic::new());
    call.hears("a cardiologist on Sunday at nine, this is Jane Miller, born 17 May 1980");
    assert!(call.hears("my chest hurts").contains("123"));
    let text = call.hears("no");
    assert!(text.contains("Shall I book the appointment?"), "back to the read-back: {text}");
    call.hears("yes");
    call.hears("no thanks");
    assert_eq!(call.outcome, Some(CallOutcome::Emergency), "it comes before the booking");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn what_is_past_is_asked_about_once_and_is_no_emergency() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("last year I had a heart attack, I need a cardiologist on Sunday");
    assert!(text.contains("happening now") && !text.contains("123"), "{text}");
    assert!(call.alerts.is_empty(), "nobody is in danger yet");
    assert!(call.hears("no it is fine").contains("full name"), "the wish was not lost");
    call.hears("Jane Miller");
    assert!(call.hears("17 May 1980").contains("June 14"));
    assert!(!call.hears("the heart attack was last year").contains("happening"), "asked once");
    call.input(Input::CallerLeft);
    assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
}

#[test]
fn a_yes_or_no_clear_answer_to_whether_it_is_now_gets_the_number() {
    for answer in
        ["yes", "yes it started again", "I don't know", "hm", "maybe", "it's getting worse"]
    {
        let mut call = Call::new(Clinic::new());
        call.hears("I had a stroke in 2019");
        let text = call.hears(answer);
        assert!(text.contains("123") && text.contains("person"), "{answer:?}: {text}");
        assert_eq!(call.alerts, ["stroke"]);
        call.input(Input::CallerLeft);
        assert_eq!(call.outcome, Some(CallOutcome::Emergency));
    }
    for answer in ["no", "no, that was in 2019", "that was years ago", "not now"] {
        let mut call = Call::new(Clinic::new());
        call.hears("I had a stroke in 2019");
        let text = call.hears(answer);
        assert!(!text.contains("123"), "{answer:?}: {text}");
        call.input(Input::CallerLeft);
        assert_eq!(call.outcome, Some(CallOutcome::Abandoned));
    }
}

#[test]
fn a_danger_typed_in_arabic_is_answered_in_arabic_with_the_number() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("أشعر بألم قوي في الصدر");
    assert!(text.contains("123") && text.contains("اتصل"), "{text}");
    assert_eq!(call.alerts, ["chest_pain"]);
}

#[test]
fn a_stable_partial_is_acted_on_and_its_final_is_not_an_answer() {
    let mut call = Call::new(Clinic::new());
    call.input(Input::Partial { text: "my wife can't breathe".to_owned(), stable: true });
    assert!(call.said.last().is_some_and(|text| text.contains("123")));
    assert_eq!(call.hears("my wife can't breathe please help"), "");
    assert!(call.hears("what?").contains("yes or no"));
    assert!(call.hears("hm").contains("phone number"), "a person is called to be safe");
    assert!(call.hears("0100 123 4567").contains("call you back"));
    assert_eq!(call.outcome, Some(CallOutcome::Emergency));
}
