//! Whoever does not want to lose the visit but to have it at another time moves it.

use crate::cancelling_wants_a_plain_yes::cancelling;
use crate::dialogue_sim::{Call, Clinic};

#[test]
fn another_day_at_the_read_back_of_a_cancellation_moves_to_it() {
    for words in [
        "no, move it to Tuesday at ten",
        "don't cancel it, move it to Tuesday at ten please",
        "no, could we have it on Tuesday at ten instead",
        "I'd rather come on Tuesday at ten",
        "actually, can you reschedule it to Tuesday at ten",
        "no no, Tuesday at ten",
    ] {
        let mut call = cancelling();
        let text = call.hears(words);
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        assert!(text.contains("Tuesday, June 16, at 10:00 AM"), "{words}: {text}");
        call.hears("yes");
        let moved = ["Jane Miller: Nora Haddad 2026-06-16 10:00"];
        assert_eq!(call.clinic.booked(), moved, "{words}");
    }
}

#[test]
fn without_a_day_it_is_asked_for_and_nothing_is_cancelled() {
    for words in [
        "no, move it",
        "don't cancel, reschedule it",
        "can I move it instead please",
        "I'd rather have another day",
        "no, something later",
    ] {
        let mut call = cancelling();
        let text = call.hears(words);
        assert!(text.contains("come instead"), "{words}: {text}");
        let text = call.hears("on Tuesday at ten");
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        call.hears("yes");
        let moved = ["Jane Miller: Nora Haddad 2026-06-16 10:00"];
        assert_eq!(call.clinic.booked(), moved, "{words}");
    }
}

#[test]
fn a_first_sentence_that_would_rather_move_than_cancel_moves() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    let text = call.hears("I don't want to cancel my visit, just move it to Tuesday at ten");
    assert!(text.contains("Shall I move it?"), "{text}");
}

#[test]
fn the_day_of_another_appointment_tells_which_one_is_meant() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    clinic.given(0, "Frost", "2026-06-15T09:00");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    call.hears("cancel my appointment on Sunday");
    let text = call.hears("no, the one on Monday");
    assert!(text.contains("Monday, June 15") && text.contains("Shall I cancel it?"), "{text}");
}

#[test]
fn a_plain_no_keeps_the_appointment() {
    let mut call = cancelling();
    let text = call.hears("no");
    assert!(text.contains("not cancelled") && text.contains("anything else"), "{text}");
    assert_eq!(call.clinic.booked().len(), 1);
}
