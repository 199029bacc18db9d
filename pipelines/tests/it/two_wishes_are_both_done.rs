//! Who wants two things in one sentence gets both: one after another, each read back by itself.

use crate::dialogue_sim::{Call, Clinic, jane_with};

/// Jane Miller has visits on Sunday with the cardiologist and on Monday with the internist.
fn with_two() -> Call {
    jane_with(&[("Haddad", "2026-06-14T09:00"), ("Frost", "2026-06-15T09:00")])
}

fn with_one() -> Call {
    jane_with(&[("Haddad", "2026-06-14T09:00")])
}

#[test]
fn a_visit_given_up_for_another_one_of_the_same_kind_is_moved() {
    for words in [
        "cancel Sunday and book Tuesday at ten",
        "please cancel my visit on Sunday, and book me in for Tuesday at ten instead",
        "book me on Tuesday at ten and cancel the Sunday appointment",
        "cancel my Sunday appointment with Dr Haddad and make one with her on Tuesday at ten",
        "I can't make Sunday, could I come on Tuesday at ten",
        "please scrap the Sunday one and give me Tuesday at ten instead",
    ] {
        let mut call = with_one();
        let text = call.hears(words);
        assert!(text.contains("keep the old time"), "{words}: {text}");
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        assert!(text.contains("Tuesday, June 16, at 10:00 AM"), "{words}: {text}");
        call.hears("yes");
        let moved = ["Jane Miller: Nora Haddad 2026-06-16 10:00"];
        assert_eq!(call.clinic.booked(), moved, "{words}");
    }
}

#[test]
fn with_a_doctor_of_another_kind_the_new_one_is_booked_before_the_old_one_is_cancelled() {
    let mut call = with_one();
    let text = call.hears("cancel my visit on Sunday and book me with Dr Frost on Monday at ten");
    assert!(text.contains("First the new appointment"), "{text}");
    assert!(text.contains("Shall I book the appointment?"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("It is booked") && text.contains("Shall I cancel it?"), "{text}");
    assert!(text.contains("Sunday, June 14"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("is cancelled") && text.contains("anything else"), "{text}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Adam Frost 2026-06-15 10:00"]);
}

#[test]
fn what_is_given_up_is_kept_where_the_new_one_is_not_wanted_after_all() {
    let mut call = with_one();
    call.hears("cancel my visit on Sunday and book me with Dr Frost on Monday at ten");
    let text = call.hears("no");
    assert!(text.contains("haven't booked it"), "{text}");
    let text = call.hears("no");
    assert!(text.contains("Shall I cancel it?"), "{text}");
    let text = call.hears("no, leave it");
    assert!(text.contains("anything else"), "{text}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
}

#[test]
fn both_are_cancelled_one_after_the_other() {
    for words in [
        "cancel both",
        "please cancel both of my appointments",
        "drop all my visits",
        "could you cancel the appointment with Dr Haddad and also the one with Dr Frost?",
    ] {
        let mut call = with_two();
        let text = call.hears(words);
        assert!(text.contains("Sunday, June 14") && text.contains("Shall I cancel it?"), "{text}");
        assert!(!text.contains("Monday"), "{words}: {text}");
        let text = call.hears("yes");
        assert!(text.contains("Monday, June 15") && text.contains("Shall I cancel it?"), "{text}");
        let text = call.hears("yes");
        assert!(text.contains("anything else"), "{text}");
        assert!(call.clinic.booked().is_empty(), "{words}");
    }
}

#[test]
fn both_may_be_the_answer_to_which_one() {
    let mut call = with_two();
    let text = call.hears("I need to cancel my appointment");
    assert!(text.contains("Which one do you mean?"), "{text}");
    let text = call.hears("both of them");
    assert!(text.contains("Sunday, June 14") && text.contains("Shall I cancel it?"), "{text}");
    call.hears("yes");
    call.hears("yes");
    assert!(call.clinic.booked().is_empty());
}

#[test]
fn two_days_of_which_each_has_a_visit_are_two_cancellations() {
    let mut call = with_two();
    let text = call.hears("cancel my appointments on Sunday and on Monday");
    assert!(text.contains("Sunday, June 14") && text.contains("Shall I cancel it?"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("Monday, June 15") && text.contains("Shall I cancel it?"), "{text}");
}

#[test]
fn two_doctors_are_booked_one_after_the_other() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980");
    let text = call
        .hears("book me with Dr Haddad on Sunday at nine and with Dr Frost on Monday at half nine");
    assert!(text.contains("Sunday, June 14, at 9:00 AM with Dr. Nora Haddad"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("Now the other appointment"), "{text}");
    assert!(text.contains("Monday, June 15, at 9:30 AM with Dr. Adam Frost"), "{text}");
    let text = call.hears("yes please");
    assert!(text.contains("anything else"), "{text}");
    assert_eq!(call.clinic.booked().len(), 2);
}

#[test]
fn the_second_wish_waits_until_the_caller_is_identified_and_has_chosen() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("I'd like to see Dr Haddad on Sunday and Dr Frost on Monday");
    assert!(text.contains("full name"), "{text}");
    call.hears("Jane Miller");
    let text = call.hears("17 May 1980");
    assert!(text.contains("Which one would you like?") && text.contains("Haddad"), "{text}");
    call.hears("the first one");
    let text = call.hears("yes");
    assert!(text.contains("Adam Frost") && text.contains("Which one"), "{text}");
    call.hears("the second one");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 2);
}

#[test]
fn a_question_beside_a_wish_is_answered_and_the_wish_goes_on() {
    for words in [
        "book me with Dr Haddad on Sunday at nine and also tell me where I can park",
        "where can I park, and can you book me with Dr Haddad on Sunday at nine",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980");
        let text = call.hears(words);
        assert!(text.contains("Parking is in the yard"), "{words}: {text}");
        assert!(text.contains("Shall I book the appointment?"), "{words}: {text}");
        call.hears("yes");
        assert_eq!(call.clinic.booked().len(), 1, "{words}");
    }
    let mut call = with_one();
    let text = call.hears("move my visit to Tuesday at ten and also tell me where to park");
    assert!(text.contains("Parking is in the yard") && text.contains("Shall I move it?"), "{text}");
}

#[test]
fn what_is_wanted_besides_in_the_middle_is_done_next() {
    let mut call = with_one();
    call.hears("I'd like to see Dr Frost on Monday morning");
    let text = call.hears("the first one, and also cancel my visit on Sunday");
    assert!(text.contains("do that next") && text.contains("Shall I book"), "{text}");
    let text = call.hears("yes");
    assert!(text.contains("Sunday, June 14") && text.contains("Shall I cancel it?"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Adam Frost 2026-06-15 09:00"]);
}

#[test]
fn one_wish_stays_one() {
    for words in [
        "cancel my appointment on Sunday, I don't want to come any more",
        "I need to cancel my appointment on Sunday, I have an exam on Monday",
        "I can't come on Sunday and I'm very sorry about it, please cancel it",
    ] {
        let mut call = with_one();
        let text = call.hears(words);
        assert!(text.contains("Shall I cancel it?"), "{words}: {text}");
    }
    for words in [
        "I need an appointment and my name is Jane Miller",
        "I have a rash and I'd like to see Dr Haddad on Sunday and not on Tuesday",
        "Dr Haddad on Sunday, and if not then Dr Winter",
        "I saw Dr Frost last week and want to see Dr Haddad on Sunday",
        "I was in with Dr Frost and he said come back, so could I get Dr Haddad on Sunday",
        "my bus gets in at nine and leaves at noon. Could I see Dr Haddad on Sunday?",
        "Dr Haddad this Sunday, 0900 hours",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears("this is Jane Miller, born 17 May 1980");
        call.hears(words);
        call.hears("Dr Haddad on Sunday at nine");
        let text = call.hears("yes");
        assert!(text.contains("anything else"), "{words}: {text}");
    }
}

#[test]
fn a_plain_yes_beside_another_wish_counts_and_the_wish_comes_next() {
    let mut call = with_one();
    call.hears("Dr Frost on Monday at nine");
    let text = call.hears("Yes. And also cancel my visit on Sunday");
    assert!(text.contains("It is booked") && text.contains("Shall I cancel it?"), "{text}");
    let mut call = with_one();
    call.hears("Dr Frost on Monday at nine");
    // What is said of the very visit is no wish besides, and a soft yes is none here.
    for words in ["yes, but move it to ten please", "okay, and also I must ask my wife"] {
        call.hears(words);
        assert_eq!(call.clinic.booked().len(), 1, "{words}");
    }
}
