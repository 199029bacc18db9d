//! What this call wrote is undone on request while the time is free, with a read-back and a yes.

use crate::dialogue_sim::{Call, Clinic};

fn jane(visit: bool) -> Call {
    let mut clinic = Clinic::new();
    if visit {
        clinic.given(0, "Haddad", "2026-06-14T09:00");
    }
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    call
}

fn moved() -> Call {
    let mut call = jane(true);
    call.hears("move my appointment to Tuesday at ten");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-16 10:00"]);
    call
}

fn cancelled() -> Call {
    let mut call = jane(true);
    call.hears("cancel my appointment");
    call.hears("yes");
    assert!(call.clinic.booked().is_empty());
    call
}

fn booked() -> Call {
    let mut call = jane(false);
    call.hears("Dr Haddad on Sunday at nine please");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1);
    call
}

#[test]
fn a_move_goes_back() {
    for words in [
        "actually undo that",
        "oh, can you put it back the way it was",
        "I changed my mind, keep my old appointment",
        "sorry, I'd rather keep the old one",
        "I want my old appointment back",
        "no, leave it as it was",
        "keep my old Sunday appointment after all",
    ] {
        let mut call = moved();
        let text = call.hears(words);
        assert!(text.contains("Sunday, June 14, at 9:00 AM"), "{words}: {text}");
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        let text = call.hears("yes");
        assert!(text.contains("It is moved"), "{words}: {text}");
        assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"], "{words}");
    }
}

#[test]
fn a_cancellation_is_booked_again() {
    for words in [
        "wait, undo that please",
        "actually I want it back",
        "I changed my mind, I'll keep it after all",
        "I didn't want you to cancel that",
        "can you reinstate it",
        "put it back please",
        "oh wait I didn't mean that one, give it back",
        "sorry, my husband can drive me after all, I'd like to keep it",
    ] {
        let mut call = cancelled();
        let text = call.hears(words);
        assert!(text.contains("Sunday, June 14, at 9:00 AM"), "{words}: {text}");
        assert!(text.contains("Shall I book the appointment?"), "{words}: {text}");
        call.hears("yes");
        assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"], "{words}");
    }
}

#[test]
fn a_booking_is_cancelled_on_a_plain_yes() {
    for words in [
        "undo that",
        "cancel what you just booked",
        "I changed my mind",
        "that was a mistake, cancel the one you just made",
        "on second thoughts I don't need it any more",
    ] {
        let mut call = booked();
        let text = call.hears(words);
        assert!(text.contains("Shall I cancel it?"), "{words}: {text}");
        let text = call.hears("okay");
        assert!(text.contains("yes or no"), "{words}: {text}");
        call.hears("yes");
        assert!(call.clinic.booked().is_empty(), "{words}");
    }
}

#[test]
fn a_time_that_was_taken_meanwhile_is_told_and_the_nearest_are_offered() {
    let mut call = cancelled();
    call.clinic.given(1, "Haddad", "2026-06-14T09:00");
    let text = call.hears("undo that");
    assert!(text.contains("taken meanwhile") && text.contains("9:30 AM"), "{text}");
    call.hears("9:30");
    call.hears("yes");
    let jane = "Jane Miller: Nora Haddad 2026-06-14 09:30".to_owned();
    assert!(call.clinic.booked().contains(&jane), "{:?}", call.clinic.booked());
}

#[test]
fn what_was_undone_can_be_done_again_and_a_no_leaves_it() {
    let mut call = moved();
    call.hears("undo that");
    let text = call.hears("no");
    assert!(text.contains("stays as it was"), "{text}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-16 10:00"]);
    call.hears("put it back the way it was");
    call.hears("yes");
    let text = call.hears("undo that");
    assert!(text.contains("to Tuesday, June 16, at 10:00 AM"), "{text}");
}

#[test]
fn another_day_after_a_change_of_mind_is_another_move() {
    let mut call = booked();
    let text = call.hears("I changed my mind, Tuesday at ten is better");
    assert!(text.contains("Tuesday, June 16") && text.contains("Shall I move it?"), "{text}");
}

#[test]
fn where_nothing_was_written_nothing_is_undone() {
    let mut call = jane(true);
    call.hears("undo that");
    call.hears("yes");
    assert_eq!(call.writes(), 0);
    let text = {
        call.hears("move my appointment to Tuesday at ten");
        call.hears("no, keep my old one")
    };
    assert!(text.contains("stays as it was"), "{text}");
    assert_eq!(call.clinic.booked(), ["Jane Miller: Nora Haddad 2026-06-14 09:00"]);
}
