//! Several patients in one call: each is identified, each read-back names its patient, and the call
//! may come back to whoever it was about before.

use frontdesk_pipelines::dialogue::tools::ToolCall;

use crate::dialogue_sim::{Call, Clinic};

const JANE: &str = "this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine";
const JANES: &str = "Jane Miller: Nora Haddad 2026-06-14 09:00";
const TOMS: &str = "Tom Miller: Rosa Marin 2026-06-14 09:00";

fn jane_is_booked() -> Call {
    let mut call = Call::new(Clinic::new());
    assert!(call.hears(JANE).contains("for Jane Miller. Is that correct?"));
    assert!(call.hears("yes").contains("Your reference is"));
    call
}

fn tom_is_booked(call: &mut Call) {
    call.hears("Tom Miller");
    let text = call.hears("2 August 2016");
    assert!(text.contains("Rosa Marin"), "{text}");
    let text = call.hears("the first one");
    assert!(text.contains("for Tom Miller. Is that correct?"), "{text}");
    assert!(call.hears("yes").contains("Your reference is"));
}

#[test]
fn what_is_asked_for_besides_an_answer_comes_after_it() {
    let start = || {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday");
        call
    };
    let mut call = start();
    let text = call.hears("the first one, and also one for my son with Dr Marin on Sunday");
    assert!(text.contains("for Jane Miller. Is that correct?"), "{text}");
    assert!(call.hears("yes").contains("full name of the patient"));
    tom_is_booked(&mut call);
    assert_eq!(call.clinic.booked(), [JANES, TOMS]);
    let mut call = start();
    call.hears("the first one");
    let text = call.hears("yes, and my son needs one too, with Dr Marin on Sunday");
    assert!(text.contains("Your reference is") && text.contains("full name of the patient"));
    tom_is_booked(&mut call);
    assert_eq!(call.clinic.booked(), [JANES, TOMS]);
}

fn identifications(call: &Call) -> usize {
    let identifies = |tool: &&ToolCall| matches!(tool, ToolCall::IdentifyPatient(_));
    call.clinic.calls.iter().filter(identifies).count()
}

#[test]
fn after_the_callers_own_visit_comes_that_of_a_relative() {
    for words in [
        "and one for my son too, with Dr Marin on Sunday",
        "my son needs one as well, the pediatrician on Sunday",
        "could my boy see Dr Marin on Sunday",
        "I also need Dr Marin on Sunday for Tom",
        "now something for the little one, Dr Marin on Sunday",
    ] {
        let mut call = jane_is_booked();
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
        tom_is_booked(&mut call);
        assert_eq!(call.clinic.booked(), [JANES, TOMS], "{words}");
    }
}

#[test]
fn the_call_comes_back_to_the_caller_who_is_asked_nothing_again() {
    let mut call = jane_is_booked();
    call.hears("and one for my son too, with Dr Marin on Sunday");
    tom_is_booked(&mut call);
    let before = identifications(&call);
    assert!(call.hears("now back to mine").contains("anything else"));
    let text = call.hears("move it to Tuesday");
    assert!(text.contains("Tuesday, June 16"), "{text}");
    assert_eq!(identifications(&call), before + 1);
    let text = call.hears("the first one");
    assert!(text.contains("For Jane Miller, I move"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-16 09:00", TOMS]);
}

#[test]
fn it_comes_back_to_the_relative_too_and_never_takes_ones_visit_for_the_others() {
    let mut call = Call::new(Clinic::new());
    call.hears("Dr Marin on Sunday for my son");
    tom_is_booked(&mut call);
    let text = call.hears("I also need one myself, with Dr Haddad on Sunday");
    assert!(text.contains("your full name"), "{text}");
    call.hears("Jane Miller");
    call.hears("17 May 1980");
    assert!(call.hears("the first one").contains("for Jane Miller"));
    call.hears("yes");
    assert_eq!(call.clinic.booked(), [TOMS, JANES]);
    let text = call.hears("please cancel my son's again");
    assert!(text.contains("Rosa Marin, for Tom Miller. Is that correct?"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), [JANES]);
    let text = call.hears("can you move mine to Tuesday");
    assert!(text.contains("Nora Haddad"), "{text}");
    assert!(call.hears("the first one").contains("For Jane Miller, I move"));
}

#[test]
fn another_child_is_another_patient() {
    for words in [
        "now one for my daughter",
        "my other son needs one too",
        "my second son needs Dr Marin as well",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("Dr Marin on Sunday for my son");
        tom_is_booked(&mut call);
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
        assert_eq!(call.clinic.booked(), [TOMS]);
    }
}

#[test]
fn the_same_child_is_the_same_patient() {
    let mut call = Call::new(Clinic::new());
    call.hears("Dr Marin on Sunday for my son");
    tom_is_booked(&mut call);
    for words in ["my boy can't come then, cancel it", "please cancel my son's appointment"] {
        let text = call.hears(words);
        assert!(text.contains("for Tom Miller. Is that correct?"), "{words}: {text}");
        call.hears("no");
    }
}

#[test]
fn who_is_meant_is_asked_where_nobody_is_named_after_a_relative() {
    let mut call = Call::new(Clinic::new());
    call.hears("Dr Marin on Sunday for my son");
    tom_is_booked(&mut call);
    call.hears("I need an appointment with a cardiologist on Sunday");
    assert!(call.hears("yes").contains("Nora Haddad"));
    let text = call.hears("the second one");
    assert!(text.contains("is the appointment for Tom Miller?"), "{text}");
    assert!(call.hears("no, for me").contains("full name"));
    call.hears("Jane Miller");
    let text = call.hears("17 May 1980");
    assert!(text.contains("for Jane Miller. Is that correct?"), "{text}");
}

#[test]
fn persons_who_are_named_together_are_served_one_after_another() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("Dr Marin on Sunday for my son and my daughter");
    assert!(text.contains("one at a time") && text.contains("name of the patient"), "{text}");
    call.hears("Tom Miller");
    call.hears("2 August 2016");
    call.hears("the first one");
    let text = call.hears("yes");
    assert!(text.contains("Now for your daughter. What is the full name"), "{text}");
    call.hears("Ida Miller");
    call.hears("3 April 2019");
    call.hears("no, she is new");
    call.hears("0100 111 2223");
    let text = call.hears("yes");
    assert!(text.contains("Dr. Rosa Marin. Which one"), "{text}");
    let text = call.hears("the first one");
    assert!(text.contains("9:30 AM with Dr. Rosa Marin, for Ida Miller"), "{text}");
    call.hears("yes");
    let idas = "Ida Miller: Rosa Marin 2026-06-14 09:30";
    assert_eq!(call.clinic.booked(), [TOMS, idas]);
}

#[test]
fn both_of_us_are_the_caller_and_somebody_else() {
    for words in
        ["Dr Haddad on Sunday for me and my husband", "Dr Haddad on Sunday, for both of us"]
    {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("one at a time") && text.contains("your full name"), "{text}");
        call.hears("Jane Miller");
        call.hears("17 May 1980");
        call.hears("the first one");
        let text = call.hears("yes");
        assert!(text.contains("Now for") && text.contains("name of the patient"), "{text}");
        assert_eq!(call.clinic.booked(), [JANES]);
    }
}

#[test]
fn the_appointments_of_a_family_are_told_person_by_person() {
    let start = || {
        let mut clinic = Clinic::new();
        clinic.given(0, "Haddad", "2026-06-14T09:00");
        clinic.given(1, "Marin", "2026-06-14T09:30");
        Call::new(clinic)
    };
    let mut call = start();
    let text = call.hears("which appointments do we have, me and my son?");
    assert!(text.contains("your full name"), "{text}");
    call.hears("Jane Miller");
    let text = call.hears("17 May 1980");
    assert!(text.contains("Nora Haddad. Now for your son."), "{text}");
    call.hears("Tom Miller");
    let text = call.hears("2 August 2016");
    assert!(text.contains("9:30 AM with Dr. Rosa Marin") && !text.contains("Haddad"), "{text}");
    let mut call = start();
    call.hears("which appointments do I have");
    call.hears("Jane Miller");
    call.hears("17 May 1980");
    let text = call.hears("and my son's?");
    assert!(text.contains("name of the patient"), "{text}");
    call.hears("Tom Miller");
    let text = call.hears("2 August 2016");
    assert!(text.contains("Rosa Marin") && !text.contains("Haddad"), "{text}");
}
