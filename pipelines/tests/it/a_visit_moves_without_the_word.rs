//! Whoever gives up the day of a visit that they have and asks for another moves it; whoever has none
//! there books.

use crate::dialogue_sim::{Call, Clinic, jane_with};

/// Ways to want Thursday the 18th in place of Sunday the 14th.
const SENTENCES: &[&str] = &[
    "I can't make it on the 14th anymore, is there anything on the 18th?",
    "I'm down for the 14th but I'll be stuck in meetings, could it be the 18th?",
    "the 14th is no good for me any longer, what about the 18th?",
    "something has cropped up on the fourteenth, the eighteenth would do me",
    "could Dr Haddad see me on the 18th in place of the 14th?",
    "I won't manage Sunday the 14th, but Thursday the 18th is fine",
    "I'd like to come on the 18th rather than the 14th",
    "I booked the 14th with Dr Haddad but I need the 18th",
    "Sunday the 14th clashes with my son's school play, have you got Thursday the 18th?",
    "I was put down for the 14th, it turns out I'm away. The 18th?",
    "I cannot come the 14th, I can come the 18th",
    "don't take me off, just give me the 18th instead of the 14th",
    "can I swap my Sunday with Dr Haddad for Thursday the 18th?",
    "exchange my Sunday the 14th for Thursday the 18th, please",
    "can you bump my appointment to the 18th?",
    "two days after the sixteenth would be better, move my appointment to the 18th",
];

#[test]
fn the_visit_on_the_day_that_is_given_up_moves() {
    for words in SENTENCES {
        let mut call = jane_with(&[("Haddad", "2026-06-14T09:30")]);
        let mut text = call.hears(words);
        if text.contains("Which one") {
            text = call.hears("the first one");
        }
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        call.hears("yes");
        let booked = call.clinic.booked();
        assert!(booked.len() == 1 && booked[0].contains("2026-06-18"), "{words}: {booked:?}");
    }
}

/// Wishes that count from the visit on Sunday the 14th at half past nine, and where it goes.
const SHIFTS: &[(&str, &str)] = &[
    ("it's about my visit on Sunday, could it be two days later, same time?", "2026-06-16 09:30"),
    ("can I come an hour later than I'm booked for?", "2026-06-14 10:30"),
    ("I'd like to come half an hour sooner than what I have", "2026-06-14 09:00"),
    ("could my appointment be put back by a week?", "2026-06-21 09:30"),
    ("kindly prepone my appointment by half an hour", "2026-06-14 09:00"),
    ("please don't bin my appointment, I only want it an hour later", "2026-06-14 10:30"),
    ("could we push my appointment to the Thursday", "2026-06-18"),
    ("the same hour for my visit, but a fortnight later", "2026-06-28 09:30"),
];

#[test]
fn how_much_later_or_earlier_tells_where_the_visit_goes() {
    for (words, there) in SHIFTS {
        let mut call = jane_with(&[("Haddad", "2026-06-14T09:30")]);
        let mut text = call.hears(words);
        if text.contains("Which one") {
            text = call.hears("the first one");
        }
        assert!(text.contains("Shall I move it?"), "{words}: {text}");
        call.hears("yes");
        let booked = call.clinic.booked();
        assert!(booked.len() == 1 && booked[0].contains(there), "{words}: {booked:?}");
    }
}

#[test]
fn a_visit_is_called_off_by_its_day_in_many_words() {
    for words in [
        "scratch Sunday the 14th, would you",
        "strike the fourteenth, I'm well again",
        "I shan't be needing my slot on the 14th any more",
        "you can give my Sunday to somebody else",
        "please call off Sunday",
        "the Haddad one on the 14th can go, I mean my visit",
    ] {
        let mut call = jane_with(&[("Haddad", "2026-06-14T09:30")]);
        let text = call.hears(words);
        assert!(text.contains("Shall I cancel it?"), "{words}: {text}");
        assert_eq!(call.clinic.booked().len(), 1, "{words}: nothing is written without a yes");
    }
}

#[test]
fn who_can_never_come_on_some_days_moves_and_cancels_nothing() {
    let mut call = jane_with(&[("Frost", "2026-06-15T09:00")]);
    let text = call.hears("I can't do Sundays and I can't do Thursdays, Dr Haddad please");
    assert!(text.contains("June 16") && text.contains("Haddad"), "{text}");
}

#[test]
fn with_several_visits_it_is_the_one_on_that_day() {
    let mut call = jane_with(&[("Haddad", "2026-06-14T09:30"), ("Frost", "2026-06-15T09:00")]);
    let text = call.hears("the 14th doesn't suit me any more, could I come on the 18th instead?");
    assert!(!text.contains("Which appointment"), "{text}");
    call.hears("the first one");
    call.hears("yes");
    let booked = call.clinic.booked();
    assert!(booked.iter().any(|visit| visit.contains("Frost 2026-06-15")), "{booked:?}");
    assert!(booked.iter().any(|visit| visit.contains("Haddad 2026-06-18")), "{booked:?}");
}

#[test]
fn who_has_no_visit_on_that_day_books() {
    for words in [
        "I can't come on Sunday, so Dr Haddad on Tuesday at ten please",
        "Dr Haddad on Tuesday at ten, not on Sunday the 14th",
    ] {
        let mut call = jane_with(&[]);
        let text = call.hears(words);
        assert!(text.contains("Shall I book") && text.contains("June 16"), "{words}: {text}");
    }
}

#[test]
fn a_visit_with_a_doctor_of_another_kind_is_not_given_up() {
    let mut call = jane_with(&[("Frost", "2026-06-15T09:00")]);
    let text = call.hears("Dr Haddad please, not on Monday the 15th but on Tuesday at ten");
    assert!(text.contains("Shall I book"), "{text}");
}

#[test]
fn one_more_visit_beside_one_that_there_is_is_booked() {
    let mut call = jane_with(&[("Haddad", "2026-06-14T09:30")]);
    let text = call
        .hears("I have an appointment on the 14th, and I'd also like Dr Frost on the 15th at nine");
    assert!(text.contains("Shall I book"), "{text}");
}

#[test]
fn a_call_that_only_cannot_come_is_asked_whether_to_cancel() {
    let mut call = jane_with(&[("Haddad", "2026-06-14T09:30")]);
    let text = call.hears("I can't make it on the 14th");
    assert!(text.contains("Shall I cancel it?"), "{text}");
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:30");
    let mut call = Call::new(clinic);
    call.hears(
        "this is Jane Miller, born 17 May 1980, I can't come on the 14th, is the 18th free?",
    );
    call.hears("the first one");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 1, "{:?}", call.said);
}
