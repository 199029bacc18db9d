//! However somebody says who they are, the name is heard, and the wish behind it as well.

use crate::dialogue_sim::{Call, Clinic};

/// Ways to say who speaks; all of them tell the name and the date of birth.
const OPENINGS: &[&str] = &[
    "Hi, this is Jane Miller, born 17 May 1980.",
    "Good morning, Jane Miller speaking, date of birth 17 May 1980,",
    "Hello there, my name's Jane Miller and I was born on the 17th of May 1980,",
    "Jane Miller, 17 May 1980.",
    "Yeah hi, it's Jane Miller, DOB 17/5/1980,",
    "Morning! Jane Miller here again, born 17 May 1980.",
    "You're speaking to Jane Miller, born 17 May 1980, and",
    "Jane Miller's the name, born 17 May 1980.",
    "Miller, Jane, born 17/5/80.",
    "I'm Jane, Jane Miller, born on 17 May 1980.",
    "Mrs Miller here, Jane Miller, 17 May 1980.",
    "The name is Miller, Jane Miller, born 17 May 1980.",
    "Good afternoon, you've got Jane Miller on the line, born 17 May 1980.",
    "Jane Miller on the phone, born 17 May 1980.",
    "It is Jane Miller who is calling, born 17 May 1980.",
    "hi jane miller here born 17/5/1980",
    "Yes hello, good day, here is Jane Miller, I am born 17 May 1980.",
    "Jane Miller is the name, seventeenth of the fifth nineteen eighty,",
];

/// Wishes for the same visit.
const WISHES: &[&str] = &[
    "Dr Haddad on Sunday at half past nine please.",
    "I'd like to see Dr Haddad on Sunday at half past nine.",
    "could Dr Haddad see me on Sunday at half past nine?",
];

#[test]
fn with_the_name_and_the_wish_in_one_breath_nothing_is_asked_again() {
    for opening in OPENINGS {
        for wish in WISHES {
            let mut call = Call::new(Clinic::new());
            let text = call.hears(&format!("{opening} {wish}"));
            let read =
                text.contains("for Jane Miller") && text.contains("Sunday, June 14, at 9:30");
            assert!(read && text.contains("Shall I book"), "{opening} {wish}: {text}");
        }
    }
}

/// The same without the date of birth, which is what is asked for then.
const WITHOUT_BIRTH: &[&str] = &[
    "It's Miller, Jane Miller,",
    "Miller, Jane,",
    "Hiya, Jane Miller,",
    "Jane Miller. Good morning.",
    "You'll have me down as Miller, Jane,",
    "Miller's the surname, Jane the first name,",
    "My name it is Jane Miller and",
    "Good morning sir, myself Jane Miller,",
    "Mrs Miller on the phone, Jane that is,",
    "Mrs Miller here, first name Jane,",
    "This would be Jane Miller,",
    "Jane Miller calling for",
];

#[test]
fn a_name_without_a_date_of_birth_is_heard_as_well() {
    for opening in WITHOUT_BIRTH {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(&format!("{opening} Dr Haddad on Sunday at half past nine please"));
        assert!(text.contains("date of birth"), "{opening}: {text}");
        let text = call.hears("17 May 1980");
        assert!(text.contains("for Jane Miller"), "{opening}: {text}");
    }
}

#[test]
fn a_name_behind_the_wish_is_heard_as_well() {
    for words in [
        "Dr Haddad on Sunday at half past nine please. Jane Miller.",
        "Dr Haddad on Sunday at half past nine please, it's Jane Miller",
        "Dr Haddad on Sunday at half past nine please, the name is Miller, Jane Miller",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("date of birth"), "{words}: {text}");
        assert!(call.hears("17 May 1980").contains("for Jane Miller"), "{words}");
    }
}

#[test]
fn what_is_no_name_is_taken_for_none() {
    for words in [
        "Good morning doctor, Dr Haddad on Sunday",
        "I'm Egyptian, can I see Dr Haddad on Sunday",
        "It's Sunday, Monday or Tuesday that I want Dr Haddad",
        "Nora Haddad, please, on Sunday",
    ] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(words);
        assert!(text.contains("full name"), "{words}: {text}");
    }
}

#[test]
fn a_name_alone_with_which_a_wish_begins_is_no_doctors() {
    let mut call = Call::new(Clinic::new());
    let text = call.hears("Jane Miller here, I'd like Dr Frost on Monday");
    assert!(text.contains("date of birth"), "{text}");
}

#[test]
fn whoever_says_their_own_name_for_somebody_else_is_not_the_patient() {
    for opening in ["Jane Miller, 17 May 1980.", "Jane Miller here, born 17 May 1980."] {
        let mut call = Call::new(Clinic::new());
        let text = call.hears(&format!("{opening} My son has to see Dr Marin on Sunday"));
        assert!(text.contains("full name of the patient"), "{opening}: {text}");
    }
}
