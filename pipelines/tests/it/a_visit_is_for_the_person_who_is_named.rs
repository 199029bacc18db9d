//! Whoever calls for a child or another relative is asked for that person's name and date of birth.

use proptest::prelude::*;

use crate::dialogue_sim::{Call, Clinic};

const TOM: &str = "Tom Miller: Rosa Marin 2026-06-14 09:00";

/// Answers the questions for the patient and says yes.
fn tom(call: &mut Call) {
    let text = call.said.last().cloned().unwrap_or_default();
    assert!(text.contains("name of the patient"), "{text}");
    assert!(call.hears("Tom Miller").contains("date of birth"));
    call.hears("August 2nd 2016");
    if call.said.last().is_some_and(|text| text.contains("Which one")) {
        call.hears("the first one");
    }
    let text = call.said.last().cloned().unwrap_or_default();
    assert!(text.contains("for Tom Miller"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), [TOM]);
}

#[test]
fn a_relative_in_the_first_sentence_is_the_patient() {
    for words in [
        "my son Tom has a rash, can the children's doctor see him on Sunday?",
        "I'm bringing my grandson to Dr Marin on Sunday",
        "our little boy has a temperature, Dr Marin on Sunday please",
        "my seven year old needs the pediatrician on Sunday",
        "an appointment with Dr Marin on Sunday, it's for my nephew",
        "Dr Marin on Sunday on behalf of a friend",
        "This is Jane Miller, born 17 May 1980. My son needs to see Dr Marin on Sunday",
        "This is Jane Miller, born 17 May 1980, calling for my son, Dr Marin on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(words);
        tom(&mut call);
    }
}

#[test]
fn a_relative_who_is_mentioned_later_is_the_patient() {
    let caller = "this is Jane Miller, born 17 May 1980, the pediatrician on Sunday";
    for words in ["the first one, it's for my son", "it is for my son", "not for me, for him"] {
        let mut call = Call::new(Clinic::new());
        assert!(call.hears(caller).contains("Which one"));
        call.hears(words);
        tom(&mut call);
    }
    for words in [
        "yes, but it's for my son, not for me",
        "it is for my son",
        "wait, that is my own name, it's for my boy",
    ] {
        let mut call = Call::new(Clinic::new());
        call.hears(caller);
        assert!(call.hears("the first one").contains("for Jane Miller"));
        call.hears(words);
        assert_eq!(call.writes(), 0, "{words}");
        tom(&mut call);
    }
}

#[test]
fn a_relative_with_name_and_birthday_is_looked_up_at_once() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, the pediatrician on Sunday");
    let text = call.hears("the first one, it's for my son Tom Miller, born August 2nd 2016");
    assert!(text.contains("for Tom Miller") && text.contains("Shall I book"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), [TOM]);
}

#[test]
fn the_caller_who_answers_for_the_child_with_their_own_name_can_put_it_right() {
    let mut call = Call::new(Clinic::new());
    call.hears("the pediatrician on Sunday for my son");
    call.hears("Jane Miller");
    call.hears("17 May 1980");
    assert!(call.hears("the first one").contains("for Jane Miller"));
    let text = call.hears("oh, that's me, my son is Tom Miller");
    assert!(text.contains("date of birth"), "{text}");
    let text = call.hears("August 2nd 2016");
    assert!(text.contains("for Tom Miller"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), [TOM]);
}

#[test]
fn yes_for_my_son_is_a_yes_where_the_son_was_read_back() {
    let mut call = Call::new(Clinic::new());
    call.hears("the pediatrician on Sunday for my son");
    call.hears("Tom Miller");
    call.hears("August 2nd 2016");
    assert!(call.hears("the first one").contains("for Tom Miller"));
    call.hears("yes, for my son");
    assert_eq!(call.clinic.booked(), [TOM]);
}

#[test]
fn a_relatives_appointment_is_theirs_with_an_apostrophe_and_without() {
    for words in [
        "please cancel my son's appointment",
        "cancel my sons appointment",
        "I have to cancel my little boy's visit",
    ] {
        let mut clinic = Clinic::new();
        clinic.given(0, "Haddad", "2026-06-14T09:00");
        clinic.given(1, "Marin", "2026-06-14T09:00");
        let mut call = Call::new(clinic);
        call.hears("this is Jane Miller, born 17 May 1980");
        let text = call.hears(words);
        assert!(text.contains("name of the patient"), "{words}: {text}");
        call.hears("Tom Miller");
        let text = call.hears("August 2nd 2016");
        assert!(text.contains("Tom Miller") && text.contains("Shall I cancel it?"), "{text}");
        call.hears("yes");
        assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"], "{words}");
    }
}

#[test]
fn a_relative_beside_the_matter_changes_nothing() {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    let text = call.hears("okay, let me ask my husband");
    assert!(!text.contains("name of the patient"), "{text}");
    assert!(call.hears("yes").contains("Your reference is"));
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
}

const WHO: &[&str] = &["son", "daughter", "husband", "grandmother", "little girl", "twins", "wife"];
const WISH: &[&str] = &[
    "I need Dr Marin on Sunday for my {}",
    "my {} needs Dr Marin on Sunday",
    "can Dr Marin see my {} on Sunday",
    "Dr Marin on Sunday, my {} has been ill for days",
    "I'm Jane Miller, my date of birth is 17 May 1980, Dr Marin on Sunday for my {}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn the_patient_who_is_asked_for_is_the_patient_who_is_booked(
        who in prop::sample::select(WHO),
        wish in prop::sample::select(WISH),
    ) {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(&wish.replace("{}", who));
        prop_assert!(text.contains("name of the patient"), "{}", text);
        call.hears("Tom Miller");
        call.hears("August 2nd 2016");
        call.hears("the first one");
        call.hears("yes");
        prop_assert_eq!(call.clinic.booked(), [TOM]);
    }
}
