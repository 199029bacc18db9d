//! Doctors who see children alone: whoever is grown up is asked whether the visit is for them.

use crate::dialogue_sim::{Call, Clinic};

const JANE: &str = "this is Jane Miller, born 17 May 1980, the pediatrician on Sunday";
const ASKED: &str =
    "Dr. Rosa Marin sees children. Just to be sure: is the appointment for Jane Miller?";

fn asked() -> Call {
    let mut call = Call::new(Clinic::new());
    assert!(call.hears(JANE).contains("Which one"));
    assert_eq!(call.hears("the first one"), ASKED);
    assert_eq!(call.writes(), 0);
    call
}

#[test]
fn a_yes_goes_on_and_is_not_yet_a_yes_to_the_visit() {
    let mut call = asked();
    assert!(call.hears("yes").contains("for Jane Miller. Is that correct?"));
    assert_eq!(call.writes(), 0);
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Rosa Marin 2026-06-14 09:00"]);
}

#[test]
fn it_is_asked_once() {
    let mut call = asked();
    call.hears("yes, it's for me");
    let text = call.hears("no, Wednesday please");
    assert!(text.contains("Wednesday"), "{text}");
    assert!(call.hears("the first one").contains("for Jane Miller. Is that correct?"));
}

#[test]
fn the_time_is_kept_for_the_child() {
    for words in ["no", "no, for my son", "it's for my son", "no it's for Tom"] {
        let mut call = asked();
        let text = call.hears(words);
        assert!(text.contains("name of the patient"), "{words}: {text}");
        call.hears("Tom Miller");
        let text = call.hears("2 August 2016");
        assert!(text.contains("9:00 AM with Dr. Rosa Marin, for Tom Miller"), "{words}: {text}");
        call.hears("yes");
        assert_eq!(call.clinic.booked(), ["Tom Miller: Rosa Marin 2026-06-14 09:00"]);
    }
}

#[test]
fn another_wish_is_heard_there() {
    let mut call = asked();
    let text = call.hears("oh, then Dr Haddad on Sunday");
    assert!(text.contains("Nora Haddad. Which one"), "{text}");
    assert!(call.hears("the first one").contains("for Jane Miller. Is that correct?"));
}

#[test]
fn a_child_is_not_asked_about() {
    let mut call = Call::new(Clinic::new());
    call.hears("the pediatrician on Sunday for my son");
    call.hears("Tom Miller");
    call.hears("2 August 2016");
    assert!(call.hears("the first one").contains("for Tom Miller. Is that correct?"));
}

#[test]
fn who_is_grown_up_and_named_no_doctor_is_not_offered_one_for_children() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("this is Jane Miller, born 17 May 1980, as soon as possible, any doctor");
    assert!(!text.contains("Rosa Marin") && text.contains("Which one"), "{text}");
}
