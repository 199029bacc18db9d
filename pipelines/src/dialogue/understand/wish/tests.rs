//! Wishes as people put them. Dates are compared with a calendar of its own ([`super::calendar`]).

use jiff::civil::{Date, DateTime, date, datetime};
use proptest::prelude::*;

use super::calendar::{length, number, weekday};
use crate::dialogue::Expectation;
use crate::dialogue::understand::days::Anchor;
use crate::dialogue::understand::tests::heard_at;
use crate::wish::{Order, When};

/// Thursday, April 8, 2027, in the morning.
const NOW: &str = "2027-04-08T06:00:00Z";

fn wish(text: &str) -> When {
    heard_at(text, Expectation::Request, "EG", NOW, None).wish.when
}

fn after(text: &str, visit: DateTime) -> When {
    let anchor = Some(Anchor::of(visit));
    heard_at(text, Expectation::Choice, "EG", NOW, anchor).wish.when
}

fn april(day: i8, hour: i8, minute: i8) -> DateTime {
    datetime(2027, 4, day, hour, minute, 0, 0)
}

/// Every half hour from 8 to 18 o'clock of the next weeks that fits.
fn fitting(when: &When) -> Vec<DateTime> {
    let days =
        (0..70_i64).filter_map(|n| date(2027, 4, 8).checked_add(jiff::Span::new().days(n)).ok());
    let starts =
        days.flat_map(|day| (0..20_i8).map(move |n| day.at(8 + n / 2, 30 * (n % 2), 0, 0)));
    starts.filter(|start| when.fits(*start)).collect()
}

#[test]
fn what_is_ruled_out_is_not_wished_for() {
    for (text, not, but) in [
        ("please, never on a Sunday", april(11, 10, 0), april(12, 10, 0)),
        ("any day apart from Tuesday would do", april(13, 10, 0), april(14, 10, 0)),
        ("I can't do Mondays or Wednesdays", april(14, 10, 0), april(13, 10, 0)),
        ("not Monday, Tuesday or Wednesday", april(13, 9, 0), april(15, 9, 0)),
        ("not Sunday, Monday please", april(11, 9, 0), april(12, 9, 0)),
        (
            "has anybody got a time on Tuesday, just not in the morning",
            april(13, 9, 0),
            april(13, 15, 0),
        ),
        ("next week, only not the Tuesday", april(13, 9, 0), april(14, 9, 0)),
        ("afternoons are hopeless for me", april(12, 14, 0), april(12, 9, 0)),
        ("nothing before eleven", april(12, 10, 30), april(12, 11, 0)),
        ("I work until half past three", april(12, 15, 0), april(12, 15, 30)),
        ("I'm in town only from Sunday, I'm away until Saturday", april(10, 9, 0), april(11, 9, 0)),
        ("I can't come before two", april(12, 13, 30), april(12, 14, 0)),
        ("not this week", april(8, 15, 0), april(10, 9, 0)),
        ("Monday, but not too early", april(12, 9, 0), april(12, 10, 30)),
        ("I won't be free until Wednesday", april(13, 9, 0), april(14, 9, 0)),
    ] {
        let when = wish(text);
        assert!(!when.fits(not), "{text:?} allows {not}: {when:?}");
        assert!(when.fits(but), "{text:?} refuses {but}: {when:?}");
    }
}

#[test]
fn either_of_two_is_either_and_what_belongs_together_stays_together() {
    for (text, yes, no) in [
        ("Monday morning or Tuesday afternoon", april(13, 13, 0), april(13, 9, 0)),
        ("Sunday or Monday next week, in the morning", april(12, 9, 0), april(12, 14, 0)),
        ("on Tuesday at nine or at three", april(13, 15, 0), april(13, 10, 0)),
        ("before nine or after four", april(12, 16, 30), april(12, 12, 0)),
        ("after the 14th but before the 17th", april(16, 9, 0), april(17, 9, 0)),
        ("Mondays in May after ten", datetime(2027, 5, 10, 10, 30, 0, 0), april(12, 11, 0)),
        ("Monday, I mean Tuesday", april(13, 9, 0), april(12, 9, 0)),
        ("on Tuesday at three, no, at four", april(13, 16, 0), april(13, 15, 0)),
        ("early Monday morning", april(12, 8, 30), april(12, 11, 0)),
        ("late Monday afternoon", april(12, 16, 30), april(12, 13, 0)),
    ] {
        let when = wish(text);
        assert!(when.fits(yes), "{text:?} refuses {yes}: {when:?}");
        assert!(!when.fits(no), "{text:?} allows {no}: {when:?}");
    }
}

#[test]
fn what_is_told_is_not_wished_for() {
    for text in [
        "I moved to the city last month and want to come on Tuesday",
        "my wife was with you on Monday, I would like Tuesday",
        "I have had this rash since Sunday, can you see me on Tuesday",
        "the pain started on Saturday. Can I come on Tuesday?",
        "I'm away on Monday, is Tuesday possible",
    ] {
        let heard = heard_at(text, Expectation::Request, "EG", NOW, None);
        let days: Vec<Date> = fitting(&heard.wish.when).iter().map(|start| start.date()).collect();
        assert_eq!(days.first(), Some(&date(2027, 4, 13)), "{text:?}: {:?}", heard.wish.when);
        assert!(!heard.move_, "{text:?} moves nothing");
    }
}

#[test]
fn what_is_talked_of_is_counted_from() {
    let visit = april(20, 9, 30);
    for (text, from, to) in [
        ("a week later", april(27, 0, 0), april(27, 23, 0)),
        ("the next day", april(21, 0, 0), april(21, 23, 0)),
        ("two days earlier", april(18, 0, 0), april(18, 23, 0)),
        ("the same time the following week", april(27, 9, 30), april(27, 9, 30)),
        ("half an hour later", april(20, 10, 0), april(20, 10, 0)),
        ("later that day", april(20, 9, 31), april(20, 23, 0)),
        ("the following week", april(24, 0, 0), april(30, 23, 0)),
        ("later in the week", april(21, 0, 0), april(23, 23, 0)),
    ] {
        let when = after(text, visit);
        let starts = fitting(&when);
        assert!(!starts.is_empty(), "{text:?}: {when:?}");
        assert!(starts.iter().all(|start| from <= *start && *start <= to), "{text:?}: {when:?}");
    }
}

#[test]
fn the_ends_of_a_day_are_wishes_too() {
    assert_eq!(wish("as late as possible on Monday").order, Order::Latest);
    assert_eq!(wish("the last slot of the day on Monday").order, Order::LastOfDay);
    assert_eq!(wish("Monday first thing in the morning").order, Order::FirstOfDay);
    assert_eq!(wish("as soon as possible").order, Order::Soonest);
}

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];

/// The only day that a wish names, by the number of the calendar above.
fn only_day(text: &str, wall: &str) -> Option<i64> {
    let day = heard_at(text, Expectation::Request, "GB", wall, None).wish.when.day()?;
    Some(number(i64::from(day.year()), i64::from(day.month()), i64::from(day.day())))
}

proptest! {
    #[test]
    fn days_are_those_of_the_calendar(
        year in 2026..2031_i64, month in 1..13_i64, ahead in 0..11_i64, day in 1..29_i64,
        wanted in 0..7_usize, nth in 0..4_usize, weeks in 2..9_i64,
    ) {
        let wall = format!("{year}-{month:02}-{day:02}T06:00:00Z");
        let today = number(year, month, day);
        let name = WEEKDAYS[wanted];
        let wanted = i64::try_from(wanted)?;
        // The next such weekday, never today.
        let next = (1..8).find(|n| (weekday(year, month, day) + n) % 7 == wanted).map(|n| today + n);
        let next = next.expect("one of seven");
        prop_assert_eq!(only_day(&format!("on {name}"), &wall), Some(next));
        prop_assert_eq!(only_day(&format!("a week on {name}"), &wall), Some(next + 7));
        prop_assert_eq!(only_day(&format!("{name} fortnight"), &wall), Some(next + 14));
        prop_assert_eq!(only_day(&format!("in {weeks} weeks"), &wall), Some(today + 7 * weeks));
        prop_assert_eq!(only_day(&format!("{weeks} days from now"), &wall), Some(today + weeks));
        // Weeks begin on Monday there.
        let monday = today - weekday(year, month, day) + 7 * weeks;
        let text = format!("{name} in {weeks} weeks");
        prop_assert_eq!(only_day(&text, &wall), Some(monday + wanted));
        // A month that begins after today.
        let (then, of) = ((month + ahead) / 12, (month + ahead) % 12 + 1);
        let (then, of) = (year + then, of);
        let days = (1..=length(then, of)).filter(|day| weekday(then, of, *day) == wanted);
        let days: Vec<i64> = days.map(|day| number(then, of, day)).collect();
        let named = MONTHS[usize::try_from(of - 1)?];
        let text = format!("the {} {name} of {named}", ORDINALS[nth]);
        prop_assert_eq!(only_day(&text, &wall), days.get(nth).copied(), "{}", text);
        let text = format!("the last {name} in {named}");
        prop_assert_eq!(only_day(&text, &wall), days.last().copied(), "{}", text);
    }

    #[test]
    fn a_wish_and_its_negation_have_no_time_in_common(at in 0..PHRASES.len(), how in 0..6_usize) {
        let (yes, no) = (PHRASES[at], [
            "not {}", "please not {}", "any time except {}", "next month, but not {}",
            "I really can't come {}", "anything but {}",
        ][how]);
        let asked = fitting(&wish(&format!("I would like to come {yes}")));
        let refused = wish(&no.replace("{}", yes));
        prop_assert!(!asked.is_empty(), "{yes:?} is not understood");
        prop_assert!(!refused.none.is_empty(), "{no:?} rules nothing out: {refused:?}");
        let both = asked.iter().find(|start| refused.fits(**start));
        prop_assert!(both.is_none(), "{no:?} and {yes:?}: {both:?}");
    }
}

const PHRASES: [&str; 16] = [
    "on Monday",
    "on a Wednesday",
    "tomorrow",
    "next week",
    "in the morning",
    "in the afternoon",
    "on Sunday morning",
    "on the 20th",
    "in May",
    "this week",
    "at ten",
    "between two and four",
    "on April 15th",
    "late in the afternoon",
    "on the weekend",
    "on Tuesdays",
];
