//! Public holidays in wishes. Dates are compared with a calendar of its own ([`super::calendar`]).

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::calendar::{number, weekday};
use crate::dialogue::understand::tests::{clinic, heard_of};
use crate::dialogue::{ClinicFacts, HolidayFacts};
use crate::wish::When;

/// The fourth Thursday of November, by the rule.
fn thanksgiving(year: i64) -> i64 {
    (22..=28).find(|day| weekday(year, 11, *day) == 3).expect("one of seven")
}

fn holiday(day: Date, code: &str) -> HolidayFacts {
    HolidayFacts { day, holiday: Some(code.to_owned()), name: code.to_owned(), closed: true }
}

/// A clinic that keeps some holidays, with three days of Eid al-Fitr in March 2027.
fn keeps() -> ClinicFacts {
    let mut clinic = clinic("US");
    for year in 2026..2033_i16 {
        let day = i8::try_from(thanksgiving(i64::from(year))).expect("a day");
        clinic.holidays.push(holiday(date(year, 11, day), "thanksgiving"));
        clinic.holidays.push(holiday(date(year, 12, 25), "christmas"));
    }
    for day in 9..12 {
        clinic.holidays.push(holiday(date(2027, 3, day), "eid_al_fitr"));
    }
    clinic.holidays.push(holiday(date(2027, 5, 16), "eid_al_adha"));
    clinic.holidays.sort_by_key(|holiday| holiday.day);
    clinic
}

fn wish(text: &str, wall: &str) -> When {
    heard_of(text, &keeps(), wall).wish.when
}

fn at(day: Date) -> jiff::civil::DateTime {
    day.at(10, 0, 0, 0)
}

fn of(day: Date) -> i64 {
    number(i64::from(day.year()), i64::from(day.month()), i64::from(day.day()))
}

proptest! {
    #[test]
    fn what_counts_from_a_holiday_is_right_in_any_year(
        year in 2026..2032_i64, month in 1..13_i64, day in 1..29_i64,
    ) {
        let wall = format!("{year}-{month:02}-{day:02}T06:00:00Z");
        let today = number(year, month, day);
        let this = number(year, 11, thanksgiving(year));
        let next = if this >= today { this } else { number(year + 1, 11, thanksgiving(year + 1)) };
        for (text, wanted) in [
            ("on Thanksgiving", next),
            ("the day after Thanksgiving", next + 1),
            ("three days before Thanksgiving", next - 3),
            // It is a Thursday.
            ("the Monday after Thanksgiving", next + 4),
            ("the Wednesday before Thanksgiving", next - 1),
            ("on the Thursday before Thanksgiving Day", next - 7),
        ] {
            let only = wish(text, &wall).day().map(of);
            prop_assert_eq!(only, Some(wanted), "{} on {}", text, wall);
        }
        let before = wish("some time before Thanksgiving", &wall).hull();
        prop_assert_eq!(before.to.map(of), Some(next - 1));
        let after = wish("not until after Thanksgiving", &wall).hull();
        prop_assert_eq!((after.from.map(of), after.to), (Some(next + 1), None));
    }
}

const NOW: &str = "2027-02-01T06:00:00Z";

#[test]
fn several_days_are_one_holiday() {
    let day = |n| date(2027, 3, n);
    let on = wish("at Eid", NOW);
    assert!(on.fits(at(day(9))) && on.fits(at(day(11))) && !on.fits(at(day(12))));
    assert!(!on.fits(at(date(2027, 5, 16))), "the next of the two");
    let after = wish("after Eid", NOW);
    assert!(!after.fits(at(day(11))) && after.fits(at(day(12))));
    let before = wish("before Eid please", NOW);
    assert!(before.fits(at(day(8))) && !before.fits(at(day(9))));
    assert_eq!(wish("the day after Eid al-Fitr", NOW).day(), Some(day(12)));
    assert_eq!(wish("the day before Eid al Adha", NOW).day(), Some(date(2027, 5, 15)));
}

#[test]
fn a_holiday_and_its_negation_have_no_day_in_common() {
    let phrases = [
        "on Thanksgiving",
        "at Christmas",
        "before Christmas",
        "after Eid",
        "the day after Thanksgiving",
        "the week after Christmas",
    ];
    for phrase in phrases {
        let asked = wish(&format!("I would like to come {phrase}"), NOW);
        for not in ["but not", "any time except", "I really can't come", "anything but"] {
            let refused = wish(&format!("{not} {phrase}"), NOW);
            let days = (0..400_i64)
                .filter_map(|n| date(2027, 2, 1).checked_add(jiff::Span::new().days(n)).ok());
            let days: Vec<Date> = days.filter(|day| asked.fits(at(*day))).collect();
            assert!(!days.is_empty(), "{phrase:?} is not understood");
            let both = days.iter().find(|day| refused.fits(at(**day)));
            assert_eq!(both, None, "{not:?} {phrase:?}: {refused:?}");
        }
    }
}

#[test]
fn a_holiday_without_a_date_is_asked_about() {
    for text in ["after Easter", "before Easter on a Monday", "not on Diwali"] {
        let heard = heard_of(text, &keeps(), NOW);
        assert!(heard.wish.holiday.is_some(), "{text:?}: {:?}", heard.wish);
    }
}
