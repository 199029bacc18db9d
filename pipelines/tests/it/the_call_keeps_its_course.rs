//! Questions in the middle are answered and the booking goes on; what was said and written is told
//! again; a visit that cannot be kept is moved.

use crate::dialogue_sim::{Call, jane_with};

fn jane() -> Call {
    jane_with(&[])
}

fn with_sunday() -> Call {
    jane_with(&[("Haddad", "2026-06-14T09:00")])
}

#[test]
fn a_question_without_an_answer_stops_nothing() {
    let mut call = jane();
    call.hears("Dr Haddad on Sunday morning");
    let text = call.hears("is she very strict?");
    assert!(text.contains("staff can tell you") && text.contains("Which one"), "{text}");
    let text = call.hears("ok, the second one");
    assert!(text.contains("9:30 AM") && text.contains("Shall I book"), "{text}");
    let text = call.hears("is it far from the metro?");
    assert!(text.contains("staff can tell you") && text.contains("Shall I book"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
}

#[test]
fn the_reference_is_told_again_at_any_time() {
    let mut call = jane();
    call.hears("Dr Haddad on Sunday at nine");
    call.hears("yes");
    for words in ["what's the reference?", "and the reference?", "can you repeat the reference"] {
        let text = call.hears(words);
        assert!(text.contains("K1M2"), "{words}: {text}");
    }
    call.hears("I need one more appointment, with Dr Frost on Monday");
    let text = call.hears("sorry, what was the reference again?");
    assert!(text.contains("K1M2") && text.contains("Which one"), "{text}");
    let text = call.hears("when was that again?");
    assert!(text.contains("Monday, June 15"), "{text}");
}

#[test]
fn the_reference_of_an_older_appointment_is_told_as_well() {
    let mut call = with_sunday();
    let text = call.hears("what's the reference of my appointment?");
    assert!(text.contains("K1M2") && text.contains("Sunday, June 14"), "{text}");
}

#[test]
fn a_visit_that_cannot_be_kept_is_moved() {
    for words in [
        "I can't make Sunday any more, what else have you got on Tuesday?",
        "something came up on the day of my visit, could it be the Tuesday after",
        "I'm double booked on Sunday, is Tuesday possible?",
        "I won't be able to make it on Sunday, could we do Tuesday instead",
        "no need to cancel, just shift it to Tuesday",
    ] {
        let mut call = with_sunday();
        let text = call.hears(words);
        assert!(text.contains("Tuesday, June 16"), "{words}: {text}");
        call.hears("the first one");
        call.hears("yes");
        assert!(call.clinic.booked()[0].contains("2026-06-16"), "{words}: {:?}", call.said);
    }
}

#[test]
fn the_one_after_an_offer_is_the_next() {
    let mut call = jane();
    call.hears("Dr Haddad on Sunday morning");
    let text = call.hears("not the first, the one right after it");
    assert!(text.contains("at 9:30 AM"), "{text}");
}

#[test]
fn who_passes_is_not_asked_for_a_clear_answer() {
    for words in ["I think I'll pass on that one", "I'll give it a miss", "nah, let it go"] {
        let mut call = jane();
        call.hears("Dr Haddad on Sunday at nine");
        let text = call.hears(words);
        assert!(text.contains("haven't booked it"), "{words}: {text}");
    }
}

#[test]
fn where_a_visit_moves_to_counts_from_it_although_its_day_is_named() {
    for words in
        ["push my Sunday visit back a week", "move my Sunday visit out by exactly one week"]
    {
        let mut call = with_sunday();
        let text = call.hears(words);
        assert!(text.contains("Sunday, June 21"), "{words}: {text}");
    }
    let mut call = with_sunday();
    let text = call.hears("can I come two hours later than I'm booked for, same day?");
    assert!(text.contains("at 11:00 AM"), "{text}");
}
