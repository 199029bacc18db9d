//! What is only preferred, and a doctor or a visit of some kind.

use frontdesk_types::Gender;
use jiff::civil::{DateTime, datetime};

use crate::dialogue::understand::Heard;
use crate::dialogue::understand::tests::{clinic, heard_of};
use crate::wish::When;

/// Thursday, April 8, 2027.
const NOW: &str = "2027-04-08T06:00:00Z";

fn heard(text: &str) -> Heard {
    heard_of(text, &clinic("EG"), NOW)
}

fn wish(text: &str) -> When {
    heard(text).wish.when
}

fn april(day: i8, hour: i8) -> DateTime {
    datetime(2027, 4, day, hour, 0, 0, 0)
}

#[test]
fn what_is_preferred_is_tried_first_and_is_no_must() {
    // The 12th is a Monday.
    let may = datetime(2027, 5, 3, 9, 0, 0, 0);
    for (text, first, then, never) in [
        ("on Monday, ideally in the morning", april(12, 9), april(12, 15), april(13, 9)),
        ("in the morning, preferably on Monday", april(12, 9), april(13, 9), april(12, 15)),
        ("on Monday, in the morning if possible", april(12, 9), april(12, 15), april(13, 9)),
        ("I'd prefer Monday but Tuesday is fine", april(12, 9), april(13, 9), april(14, 9)),
        (
            "I'd rather have Monday, though Tuesday would do",
            april(12, 9),
            april(13, 9),
            april(14, 9),
        ),
        ("Monday if at all possible, otherwise Tuesday", april(12, 9), april(13, 9), april(14, 9)),
        (
            "if possible on Monday, in any case in the morning",
            april(12, 9),
            april(13, 9),
            april(12, 15),
        ),
        ("ideally Monday, otherwise Tuesday", april(12, 9), april(13, 9), april(14, 9)),
        ("next week, mornings are better", april(12, 9), april(12, 15), april(22, 9)),
        ("next week, afternoons would be best", april(12, 15), april(12, 9), april(22, 15)),
        ("in April, Mondays or Tuesdays if you can", april(13, 9), april(14, 9), may),
        (
            "some time next week, but preferably not on Monday",
            april(13, 9),
            april(12, 9),
            april(22, 9),
        ),
    ] {
        let when = wish(text);
        assert!(when.fits(first), "{text:?} refuses {first}: {when:?}");
        assert!(!when.fits(then), "{text:?} does not prefer: {when:?}");
        assert!(when.softened().fits(then), "{text:?} insists: {when:?}");
        assert!(!when.softened().fits(never), "{text:?} allows {never}: {when:?}");
    }
}

#[test]
fn a_preference_alone_is_what_is_asked_for() {
    for (soft, plain) in [
        ("ideally on Monday", "on Monday"),
        ("mornings are better", "in the morning"),
        ("I would prefer Tuesday afternoon", "Tuesday afternoon"),
        ("on Monday if possible", "on Monday"),
    ] {
        assert_eq!(wish(soft).any, wish(plain).any, "{soft:?}");
        assert!(wish(soft).fallback.is_empty(), "{soft:?}");
    }
}

#[test]
fn neither_nor_rules_out_both() {
    for text in [
        "neither Monday nor Tuesday works for me",
        "neither Monday nor Tuesday",
        "Monday and Tuesday are no good, neither of them works",
    ] {
        let when = wish(text);
        assert!(!when.fits(april(12, 9)) && !when.fits(april(13, 9)), "{text:?}: {when:?}");
        assert!(when.fits(april(14, 9)), "{text:?}: {when:?}");
    }
}

#[test]
fn a_woman_and_not_a_woman_are_never_the_same_doctors() {
    for (text, wanted) in [
        ("a woman doctor please", Some(Gender::Female)),
        ("could I see a female cardiologist", Some(Gender::Female)),
        ("I'd be more comfortable with a woman", Some(Gender::Female)),
        ("a lady doctor if possible", Some(Gender::Female)),
        ("not a woman doctor please", Some(Gender::Male)),
        ("anybody but a woman, I'd rather be seen by a man", Some(Gender::Male)),
        ("I'd rather see a man", Some(Gender::Male)),
        ("no male doctors please", Some(Gender::Female)),
        ("I don't want to see a man", Some(Gender::Female)),
        ("could a man see me", Some(Gender::Male)),
        ("a man or a woman, I don't mind", None),
        ("I am a woman of fifty and need an appointment", None),
        ("my husband is a man of few words, he needs a doctor", None),
        ("the women's doctor please", None),
    ] {
        let genders = heard(text).visit.traits.genders;
        assert_eq!(genders, wanted.into_iter().collect::<Vec<_>>(), "{text:?}");
    }
    assert!(heard("on Monday, a woman if possible").visit.traits.soft);
    assert!(heard("a lady doctor if possible").visit.traits.soft);
    assert!(!heard("a lady doctor please").visit.traits.soft);
}

#[test]
fn a_language_is_the_doctors_where_a_doctor_speaks_it() {
    for (text, codes) in [
        ("a doctor who speaks Arabic", &["ar"][..]),
        ("somebody who speaks French or German", &["fr", "de"]),
        ("an Arabic-speaking cardiologist", &["ar"]),
        ("is there any doctor fluent in Spanish", &["es"]),
        ("does anybody there speak French", &["fr"]),
        ("do you speak Arabic", &[]),
    ] {
        let said = heard(text);
        assert_eq!(said.visit.traits.languages, codes, "{text:?}");
        assert_eq!(said.language.is_none(), !codes.is_empty(), "{text:?}");
    }
}

#[test]
fn a_visit_may_be_longer_or_one_of_several() {
    for (text, double, minutes, series, remote) in [
        ("a double appointment with Dr. Baker", true, None, false, false),
        ("two slots back to back please", true, None, false, false),
        ("a longer appointment this time", true, None, false, false),
        ("half an hour with Dr. Baker on Monday", false, Some(30), false, false),
        ("a 45 minute visit", false, Some(45), false, false),
        ("I need a full hour", false, Some(60), false, false),
        ("six sessions of physiotherapy", false, None, true, false),
        ("every week for four weeks", false, None, true, false),
        ("can it be a video appointment", false, None, false, true),
        ("in half an hour", false, None, false, false),
        ("half an hour later please", false, None, false, false),
        ("I had two appointments last week", false, None, false, false),
        ("my phone number has changed, I need an appointment", false, None, false, false),
    ] {
        let said = heard(text).visit;
        let is = (said.visit.double, said.visit.minutes, said.series, said.visit.remote);
        assert_eq!(is, (double, minutes, series, remote), "{text:?}");
    }
}
