//! What takes an appointment away wants a yes in so many words.

use crate::dialogue_sim::{Call, Clinic};

/// A call as far as the read-back of a cancellation.
pub(crate) fn cancelling() -> Call {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let mut call = Call::new(clinic);
    let text = call.hears("this is Jane Miller, born 17 May 1980, please cancel my appointment");
    assert!(text.contains("Jane Miller") && text.contains("Shall I cancel it?"), "{text}");
    call
}

#[test]
fn a_plain_yes_cancels() {
    for yes in [
        "yes",
        "yes please",
        "yes, cancel it",
        "please cancel it",
        "correct",
        "go ahead",
        "yes, take it out",
        "okay, yes",
        "yes, the appointment on Sunday with Dr Haddad",
        "of course",
    ] {
        let mut call = cancelling();
        let text = call.hears(yes);
        assert!(text.contains("is cancelled"), "{yes}: {text}");
        assert!(call.clinic.booked().is_empty());
    }
}

#[test]
fn a_soft_word_is_asked_about_once_more() {
    for soft in ["please", "okay", "perfect", "right", "fine, thank you", "great"] {
        let mut call = cancelling();
        let text = call.hears(soft);
        assert!(text.contains("Shall I cancel it, yes or no?"), "{soft}: {text}");
        assert_eq!(call.clinic.booked().len(), 1, "{soft}");
        assert!(call.hears("yes").contains("is cancelled"), "{soft}");
    }
}

#[test]
fn a_request_with_a_please_in_it_cancels_nothing() {
    for words in [
        "could you please talk a bit louder",
        "please ask the nurse about it",
        "okay let me look into my calendar",
        "could you please give me the time again",
        "book it",
        "move it",
    ] {
        let mut call = cancelling();
        call.hears(words);
        assert_eq!(call.clinic.booked().len(), 1, "{words}: {:?}", call.said);
    }
}
