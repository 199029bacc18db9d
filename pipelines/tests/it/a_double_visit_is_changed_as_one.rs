//! A double visit is told, moved, cancelled and brought back as the one visit that it is.

use jiff::ToSpan;
use jiff::civil::{Weekday, date};

use crate::dialogue_sim::{Call, Clinic};

const NINE: [&str; 2] =
    ["Jane Miller: Nora Haddad 2026-06-14 09:00", "Jane Miller: Nora Haddad 2026-06-14 09:30"];

/// Jane, who has just booked a double visit for Sunday at nine.
fn booked() -> Call {
    let mut call = Call::new(Clinic::new());
    call.hears("this is Jane Miller, born 17 May 1980");
    call.hears("a double appointment with Dr. Haddad on Sunday");
    call.hears("the first one");
    call.hears("yes");
    assert_eq!(call.clinic.booked(), NINE);
    call
}

/// She asks for it, is read the visit back, and says yes.
fn does(call: &mut Call, words: &str, read_back: &[&str]) {
    let writes = call.writes();
    let text = call.hears(words);
    for part in read_back {
        assert!(text.contains(part), "{words}: {part} is not in {text}");
    }
    call.hears("yes");
    assert_eq!(call.writes(), writes + 1, "{words}: one write");
}

#[test]
fn both_halves_are_cancelled_with_one_yes() {
    for words in [
        "cancel my appointment",
        "please cancel both of them",
        "I need to cancel the appointment on Sunday",
        "actually cancel that",
    ] {
        let mut call = booked();
        does(&mut call, words, &["from 9:00 AM to 9:50 AM", "Shall I cancel it?"]);
        assert!(call.clinic.booked().is_empty(), "{words}");
    }
}

#[test]
fn both_halves_move_with_one_yes() {
    for words in ["move it to Tuesday at ten", "can you move both of them to Tuesday at ten"] {
        let mut call = booked();
        does(&mut call, words, &["from 10:00 AM to 10:50 AM", "Shall I move it?"]);
        let tuesday = [
            "Jane Miller: Nora Haddad 2026-06-16 10:00",
            "Jane Miller: Nora Haddad 2026-06-16 10:30",
        ];
        assert_eq!(call.clinic.booked(), tuesday, "{words}");
    }
}

#[test]
fn it_is_listed_as_one_visit_with_both_references() {
    let mut call = booked();
    let text = call.hears("which appointments do I have");
    assert!(text.contains("from 9:00 AM to 9:50 AM"), "{text}");
    assert_eq!(text.matches("June 14").count(), 1, "{text}");
    let text = call.hears("what was the reference");
    assert!(text.contains("K1M2 and K2M2"), "{text}");
}

#[test]
fn what_was_booked_moved_or_cancelled_is_undone_as_a_whole() {
    let mut call = booked();
    does(&mut call, "undo that please", &["from 9:00 AM to 9:50 AM", "Shall I cancel it?"]);
    assert!(call.clinic.booked().is_empty());

    let mut call = booked();
    does(&mut call, "move it to Tuesday at ten", &["from 10:00 AM"]);
    does(&mut call, "actually undo that", &["from 9:00 AM to 9:50 AM", "Shall I move it?"]);
    assert_eq!(call.clinic.booked(), NINE);

    let mut call = booked();
    does(&mut call, "cancel my appointment", &["from 9:00 AM"]);
    does(&mut call, "wait, undo that please", &["from 9:00 AM to 9:50 AM", "Shall I book"]);
    assert_eq!(call.clinic.booked(), NINE);
}

#[test]
fn half_of_the_time_is_offered_only_where_there_is_no_double_one_and_that_is_said() {
    let mut call = booked();
    // Tom comes at each half hour from now on: no two slots in a row are left.
    for day in date(2026, 6, 11).series(1.day()).take(58) {
        let works = [Weekday::Sunday, Weekday::Tuesday, Weekday::Thursday].contains(&day.weekday());
        for hour in (9..12).filter(|hour| works && (*hour > 9 || day != date(2026, 6, 14))) {
            call.clinic.given(1, "Haddad", &format!("{day}T{hour:02}:30"));
        }
    }
    let text = call.hears("move it to Tuesday");
    assert!(text.contains("nor two in a row"), "{text}");
    assert!(!text.contains("from 9"), "{text}");
    call.hears("the first one");
    call.hears("yes");
    let booked = call.clinic.booked();
    let hers: Vec<_> = booked.iter().filter(|visit| visit.starts_with("Jane")).collect();
    assert_eq!(hers, ["Jane Miller: Nora Haddad 2026-06-16 09:00"]);
}

#[test]
fn a_single_visit_becomes_a_double_one_where_that_is_asked_for() {
    let mut clinic = Clinic::new();
    clinic.given(0, "Haddad", "2026-06-14T09:00");
    let mut call = Call::new(clinic);
    call.hears("this is Jane Miller, born 17 May 1980");
    let text = call.hears("move my appointment to a double appointment on Tuesday at ten");
    assert!(text.contains("from 10:00 AM to 10:50 AM"), "{text}");
    call.hears("yes");
    assert_eq!(call.clinic.booked().len(), 2, "{:?}", call.clinic.booked());
}
