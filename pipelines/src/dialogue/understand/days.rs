//! The clinic's calendar, and dates in figures.

use jiff::Span;
use jiff::civil::{Date, DateTime, Weekday};

use super::pattern::{List, Reader, longest_at};
use crate::region::Region;
use crate::wish::{Clock, Days, When};

/// Days without a year that lie at most so far back are past; else next year's are meant.
const RECENT_DAYS: i32 = 60;

/// Where and when words are understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    /// The clinic's local date and time.
    pub(crate) now: DateTime,
    /// The country's habits.
    pub(crate) region: Region,
    /// What is being talked of, from which "a week later" counts.
    pub(crate) anchor: Option<Anchor>,
}

/// The visit that is being talked of, or the first and the last of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) first: DateTime,
    pub(crate) last: DateTime,
}

impl Anchor {
    pub(crate) const fn of(start: DateTime) -> Self {
        Self { first: start, last: start }
    }

    /// Its time of day; of several, from the earliest to the latest.
    pub(super) fn clock(self) -> Clock {
        let (first, last) = (self.first.time(), self.last.time());
        if first == last {
            return Clock::at(last);
        }
        Clock::span(Some(first.min(last)), Clock::not_after(first.max(last)).until)
    }
}

impl Calendar {
    pub(crate) fn today(&self) -> Date {
        self.now.date()
    }

    /// The calendar week of a day.
    pub(super) fn week_of(&self, day: Date) -> Option<Days> {
        let first = plus_days(day, -until_back(day, self.region.week_start))?;
        Some(Days::span(Some(first.max(self.today())), plus_days(first, 6)))
    }
}

/// Which days a caller means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayMention {
    /// Not before, not after; either end may be open.
    Span { from: Option<Date>, to: Option<Date> },
    /// The sooner the better.
    Soonest,
    /// A day that has passed.
    Past,
    /// A day that does not exist, or whose weekday is another one.
    Unclear,
}

impl DayMention {
    pub(crate) const fn day(date: Date) -> Self {
        Self::Span { from: Some(date), to: Some(date) }
    }

    /// The days that are wished for, from the first to the last.
    pub(crate) fn of(when: &When, today: Date) -> Option<Self> {
        let hull = when.hull();
        if !hull.is_open() {
            return Some(Self::Span { from: hull.from, to: hull.to });
        }
        // "On Mondays": the next of them stands for all.
        let open = Days::default();
        let named = when.any.iter().any(|window| window.days != open);
        let day = (1..=7).filter_map(|days| plus_days(today, days)).find(|day| {
            named && when.any.iter().any(|window| window.days != open && window.days.has(*day))
        });
        day.map(Self::day)
    }
}

/// Length of the longest pattern that ends right before `at`.
pub(crate) fn ends_before(patterns: &List, reader: Reader<'_>, at: usize) -> Option<usize> {
    let fits = |start: &usize| longest_at(patterns, reader, *start).is_some_and(|m| m.end == at);
    (at.saturating_sub(5)..at).find(fits).map(|start| at - start)
}

pub(super) fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// Days from `today` to the next `weekday`: 0 to 6.
pub(super) fn until(today: Date, weekday: Weekday) -> i64 {
    i64::from(today.weekday().until(weekday))
}

/// Days back to the last `weekday`: 0 to 6.
pub(super) fn until_back(today: Date, weekday: Weekday) -> i64 {
    i64::from(today.weekday().since(weekday))
}

pub(super) fn dated(date: Date, today: Date) -> DayMention {
    if date < today { DayMention::Past } else { DayMention::day(date) }
}

pub(super) fn yearless(month: i8, day: i8, today: Date) -> Option<DayMention> {
    let this = Date::new(today.year(), month, day).ok();
    match this {
        Some(date) if date >= today => Some(DayMention::day(date)),
        Some(date) if (today - date).get_days() <= RECENT_DAYS => Some(DayMention::Past),
        _ => Date::new(today.year() + 1, month, day).ok().map(DayMention::day),
    }
}

/// "14/6", "14.6.2026", "2026-06-14"; two small numbers are in the country's order.
pub(super) fn numeric(word: &str, calendar: Calendar) -> Option<DayMention> {
    let today = calendar.today();
    let separator = word.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = word.split(separator).collect();
    if !matches!(separator, '/' | '-' | '.') {
        return None;
    }
    match parts.as_slice() {
        [_, _, _] => {
            Some(numeric_date(word, calendar).map_or(DayMention::Unclear, |d| dated(d, today)))
        }
        [a, b] if separator == '/' => {
            let (a, b) = (super::numbers::digits(a)?, super::numbers::digits(b)?);
            let (day, month) = day_and_month(a, b, calendar.region)?;
            Some(yearless(month, day, today).unwrap_or(DayMention::Unclear))
        }
        _ => None,
    }
}

/// A date of three numbers in one word.
pub(crate) fn numeric_date(word: &str, calendar: Calendar) -> Option<Date> {
    let separator = word.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = word.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    let number = super::numbers::digits;
    let (a, b, c) = (number(first)?, number(second)?, number(third)?);
    if first.len() == 4 {
        return Date::new(i16::try_from(a).ok()?, i8::try_from(b).ok()?, i8::try_from(c).ok()?)
            .ok();
    }
    let year = match third.len() {
        4 => c,
        2 if 2000 + c <= i64::from(calendar.today().year()) + 1 => 2000 + c,
        2 => 1900 + c,
        _ => return None,
    };
    let (day, month) = day_and_month(a, b, calendar.region)?;
    Date::new(i16::try_from(year).ok()?, month, day).ok()
}

/// Which of two numbers is the day. One above twelve can only be the day.
pub(crate) fn day_and_month(a: i64, b: i64, region: Region) -> Option<(i8, i8)> {
    let (day, month) = match (a, b) {
        (13.., _) => (a, b),
        (_, 13..) => (b, a),
        _ if region.month_first => (b, a),
        _ => (a, b),
    };
    ((1..=31).contains(&day) && (1..=12).contains(&month))
        .then_some((i8::try_from(day).ok()?, i8::try_from(month).ok()?))
}
