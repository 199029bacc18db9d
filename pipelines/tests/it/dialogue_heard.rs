//! What came of a write is told until the caller has heard it.

use frontdesk_pipelines::dialogue::Input;

use crate::dialogue_sim::{Call, Clinic};

/// Plays what was said, of the last utterance only its first `words` words.
fn plays(call: &mut Call, words: usize) {
    while let Some(Input::Played { utterance, heard, .. }) = call.unplayed.pop_front() {
        let cut = call.unplayed.is_empty();
        let part = heard.split_whitespace().take(if cut { words } else { usize::MAX });
        let heard = part.collect::<Vec<_>>().join(" ");
        call.input(Input::Played { utterance, heard, complete: !cut });
    }
}

/// A call as far as the yes, whose answer is not yet played.
fn booked() -> Call {
    let mut call = Call::new(Clinic::new());
    call.plays = false;
    call.hears("this is Jane Miller, born 17 May 1980, Dr Haddad on Sunday at nine");
    plays(&mut call, usize::MAX);
    assert!(call.hears("yes").contains("Your reference is"));
    call
}

#[test]
fn who_goes_on_after_the_yes_is_told_the_reference_all_the_same() {
    for words in [0, 3] {
        let mut call = booked();
        plays(&mut call, words);
        let told = call.hears("that's perfect");
        assert!(told.contains("Your reference is") && told.contains("anything else"), "{told}");
        plays(&mut call, 1);
        assert!(call.hears("great").contains("Your reference is"), "cut once more");
        plays(&mut call, usize::MAX);
        assert!(!call.hears("great").contains("Your reference is"), "it was heard");
        assert_eq!(call.clinic.booked().len(), 1);
    }
}

#[test]
fn a_goodbye_over_the_reference_is_answered_with_it() {
    let mut call = booked();
    plays(&mut call, 2);
    let told = call.hears("no thank you");
    assert!(told.contains("Your reference is") && told.contains("oodbye"), "{told}");
}

#[test]
fn what_was_heard_is_not_told_again() {
    let mut call = booked();
    plays(&mut call, usize::MAX);
    assert!(!call.hears("what are your opening hours").contains("Your reference is"));
}
