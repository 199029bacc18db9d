//! "Mum needs a visit", "cancel Dad's appointment", "my husband can't come": whose visit is meant is
//! heard however it is put, and nobody's own visit is touched in its place.

use crate::dialogue_sim::{Call, Clinic, jane_with};

#[test]
fn the_patient_is_asked_for() {
    for words in [
        "I'm phoning on behalf of Mum, she'd like Dr Haddad on Sunday",
        "Dad's been getting palpitations, Dr Haddad on Sunday",
        "Gran needs Dr Haddad on Sunday",
        "sir, father is not well, kindly give Dr Haddad on Sunday",
        "poor old Grandad can't get about, could Dr Haddad see him on Sunday",
        "my fella has to see Dr Haddad on Sunday",
        "the gentleman I look after needs Dr Haddad on Sunday",
        "my husband is asking for Dr Haddad on Sunday",
        "Dr Haddad on Sunday, I'm ringing on her behalf",
        "wife has chest cold, Dr Frost on Monday please",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
    }
}

#[test]
fn a_name_that_stands_before_the_relation_is_the_patients() {
    for words in [
        "Tom Miller is my son, he has to see Dr Marin on Sunday",
        "Tom Miller, he's my nephew, needs Dr Marin on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("date of birth"), "{words}: {text}");
        call.hears("August 2nd 2016");
        assert!(call.hears("the first one").contains("for Tom Miller"), "{words}");
    }
}

#[test]
fn moving_or_cancelling_for_somebody_else_touches_no_own_visit() {
    for words in [
        "my husband can't make it on Sunday",
        "please cancel Mum's visit",
        "my son won't be coming on Sunday",
        "we need to put off Gran's appointment",
        "my daughter would rather come on Tuesday than on Sunday",
        "Dad's appointment has to be moved to Tuesday",
        "my wife is not able to come on Sunday any more",
        "I have to call off my brother's booking",
    ] {
        let mut call = jane_with(&[("Haddad", "2026-06-14T09:00")]);
        let text = call.hears(words);
        assert!(text.contains("full name of the patient"), "{words}: {text}");
        assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"], "{words}");
    }
}

#[test]
fn who_is_only_mentioned_is_no_patient() {
    for words in [
        "my husband's at work so I'd like Dr Haddad on Sunday",
        "my daughter works near you, Dr Haddad on Sunday please",
        "I got your number from my sister, Dr Haddad on Sunday please",
        "my wife made me call, I need Dr Haddad on Sunday",
        "I'm a mother of three, Dr Haddad on Sunday please",
        "I'm pregnant with my second child, Dr Haddad on Sunday please",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("your full name"), "{words}: {text}");
    }
}
