//! A kind of doctor, a kind of visit, public holidays, and what is only preferred.

use frontdesk_pipelines::dialogue::HolidayFacts;

use crate::dialogue_sim::{Call, Clinic};

const JANE: &str = "This is Jane Miller, born 17 May 1980.";

/// Wednesday, June 10, 2026; Tuesday the 16th and a Thursday and Friday in July are holidays.
fn clinic() -> Clinic {
    let mut clinic = Clinic::new();
    clinic.change(|facts| {
        let holiday = |day: &str, holiday: Option<&str>, name: &str| HolidayFacts {
            day: day.parse().expect("a day"),
            holiday: holiday.map(str::to_owned),
            name: name.to_owned(),
            closed: true,
        };
        facts.holidays = vec![
            holiday("2026-06-16", Some("islamic_new_year"), "New Year"),
            holiday("2026-06-29", None, "Founders' Day"),
            holiday("2026-07-23", Some("eid_al_adha"), "Feast"),
            holiday("2026-07-24", Some("eid_al_adha"), "Feast"),
        ];
    });
    clinic
}

/// What is answered to a patient who is known.
fn answer(words: &str) -> String {
    let mut call = Call::new(clinic());
    call.hears(JANE);
    call.hears(words)
}

fn has(words: &str, parts: &[&str], not: &[&str]) {
    let text = answer(words);
    for part in parts {
        assert!(text.contains(part), "{words:?}: no {part:?} in {text:?}");
    }
    for part in not {
        assert!(!text.contains(part), "{words:?}: {part:?} in {text:?}");
    }
}

#[test]
fn a_woman_or_a_man_is_found_by_the_record() {
    has("a female cardiologist please, any day", &["Haddad"], &["Winter"]);
    has("I would rather see a man for my heart, cardiology", &["Winter"], &["Haddad"]);
    has("an appointment in cardiology, but not with a male doctor", &["Haddad"], &["Winter"]);
    has("cardiology please, not with a woman", &["Winter"], &["Haddad"]);
    has("I need a lady doctor", &["Haddad", "Marin", "Which doctor"], &["Winter", "Frost"]);
    has(
        "a heart doctor on Monday, I don't mind if it is a man or a woman",
        &["Winter"],
        &["sorry"],
    );
}

#[test]
fn what_is_not_on_record_is_not_guessed() {
    has("a woman doctor for internal medicine", &["no record", "Frost"], &["female doctor for"]);
    has("a male pediatrician please", &["no male doctor", "Marin"], &[]);
    has("ideally a male pediatrician", &["no male doctor", "I have", "Marin"], &["Which doctor"]);
}

#[test]
fn who_speaks_a_language_is_found() {
    has("cardiology with a doctor who speaks Arabic", &["Haddad"], &["Winter", "only speak"]);
    has("an Arabic speaking cardiologist please", &["Haddad"], &["Winter", "only speak"]);
    has("I need a doctor who speaks French", &["no doctor who speaks French"], &["only speak"]);
}

#[test]
fn a_closed_holiday_is_told_and_not_offered() {
    has("Dr. Haddad on Tuesday", &["closed on Tuesday, June 16", "Islamic New Year"], &["16, at"]);
    has("Dr. Haddad on the Islamic New Year", &["closed on Tuesday, June 16"], &["16, at"]);
    has("Dr. Winter on Founders' Day", &["closed on Monday, June 29", "Founders' Day"], &[]);
    has("Dr. Haddad at Eid", &["closed", "July 23", "Eid"], &["23, at"]);
}

#[test]
fn holidays_are_counted_from() {
    has("Dr. Haddad the week after the Islamic New Year", &["June 21"], &["June 14"]);
    has("Dr. Haddad after Eid", &["July 26"], &["June"]);
    has("Dr. Winter the Monday after Eid", &["July 27"], &[]);
    has("Dr. Haddad the day before Eid", &["nothing free on Wednesday, July 22"], &[]);
    has("Dr. Haddad before the Islamic New Year", &["June 1"], &["June 16", "June 18"]);
    has("Dr. Haddad after Easter", &["the date of Easter", "On which date"], &["I have nothing"]);
}

#[test]
fn what_is_preferred_is_let_go_before_the_rest_and_told() {
    // She works in the morning alone, on Sundays, Tuesdays and Thursdays.
    has(
        "Dr. Haddad on Sunday, ideally in the afternoon",
        &["nothing", "afternoon", "June 14"],
        &[],
    );
    has(
        "Dr. Haddad in the morning, preferably on a Monday",
        &["nothing free on Mondays, but", "June 14"],
        &["in the morning, but"],
    );
    has(
        "I'd prefer Monday but Sunday is fine, Dr. Haddad",
        &["nothing free on Monday", "June 14"],
        &["June 11"],
    );
    has("cardiology on Monday, ideally with Dr. Haddad", &["with Dr. Nora Haddad", "Winter"], &[]);
    has("a heart doctor on Monday, a woman if possible", &["with a female doctor", "Winter"], &[]);
    has("Dr. Haddad, not on a Sunday if possible", &["June 11"], &["June 14"]);
}

#[test]
fn a_double_visit_takes_two_slots_and_is_read_back_so() {
    let mut call = Call::new(clinic());
    call.hears(JANE);
    let offers = call.hears("a double appointment with Dr. Haddad on Sunday");
    assert!(offers.contains("two visits in a row"), "{offers}");
    let read = call.hears("the first one");
    assert!(read.contains("from 9:00 AM to 9:50 AM"), "{read}");
    let done = call.hears("yes");
    assert!(done.contains("references of the two are K1M2 and K2M2"), "{done}");
    assert_eq!(call.clinic.booked().len(), 2);
    assert!(call.clinic.booked()[1].ends_with("Nora Haddad 2026-06-14 09:30"));
}

#[test]
fn a_length_is_one_slot_where_that_is_enough_and_two_where_not() {
    has("Dr. Haddad on Sunday, I need a quarter of an hour", &["9:00"], &["in a row", "sorry"]);
    has("a 40 minute appointment with Dr. Haddad on Sunday", &["in a row"], &["sorry"]);
    has(
        "a three hour visit, I need 180 minutes with Dr. Haddad",
        &["of that length", "I have"],
        &[],
    );
    has("a longer appointment with Dr. Haddad on Sunday please", &["in a row"], &["sorry"]);
}

#[test]
fn a_series_is_booked_one_visit_at_a_time() {
    let mut call = Call::new(clinic());
    call.hears(JANE);
    let text = call.hears("I need six sessions with Dr. Haddad, from Sunday on");
    assert!(text.contains("one visit at a time") && text.contains("I have"), "{text}");
    call.hears("the first one");
    call.hears("yes");
    let next = call.hears("the next one a week later");
    assert!(next.contains("June 21") && next.contains("Haddad"), "{next}");
    assert!(!next.contains("move"), "{next}");
}

#[test]
fn a_doctor_who_is_ruled_out_in_any_words_is_not_offered() {
    for words in [
        "a cardiologist, but Dr Haddad is off the table",
        "Dr Haddad and I don't see eye to eye, so the other heart doctor",
        "the heart doctor please, no more Dr Haddad",
        "I usually see Dr Haddad, but not this time, another cardiologist",
        "a cardiologist, and steer clear of Dr Haddad please",
        "a heart doctor, whoever it is, as long as it isn't Dr Haddad",
    ] {
        let mut call = Call::new(clinic());
        call.hears(JANE);
        let text = call.hears(words);
        assert!(text.contains("Winter") && !text.contains("Haddad"), "{words}: {text}");
    }
}
