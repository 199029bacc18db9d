//! What one phrase of days or times says.

use jiff::civil::{Date, Time, Weekday};

use crate::wish::{Clock, Days, Order};

/// How days are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayKind {
    /// One day.
    Point,
    /// A week, a month, some days.
    Range,
    /// A weekday without more: its next date, or that within a range that is named with it.
    Weekday(Weekday),
    /// Any such weekday.
    Generic,
    /// From a day, or before one.
    Bound,
    /// Up to a day and on it.
    Until,
    /// The next weekend, or none at all where it is ruled out.
    Weekend,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Days(Days, DayKind),
    /// A time; whether it was said which half of the day.
    Clock(Clock, bool),
    /// A morning, the late afternoon.
    Part(Clock),
    Both(Days, Clock),
    Order(Order),
    AnyDay,
    Soonest,
    Past,
    /// A public holiday, by its place in the language's list, of which no date is known.
    NoDate(usize),
    /// A day that does not exist, or whose weekday is another one.
    Unclear,
}

impl What {
    pub(super) fn day(date: Date) -> Self {
        Self::Days(Days::day(date), DayKind::Point)
    }

    pub(super) const fn at(clock: Clock) -> Self {
        Self::Clock(clock, true)
    }
}

/// A phrase, where it stands, and how it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a phrase can be any of these at once")]
pub(super) struct Item {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: What,
    /// Ruled out.
    pub(super) negated: bool,
    /// Counted from what is being talked of.
    pub(super) anchored: bool,
    /// It tells when somebody is away.
    pub(super) absent: bool,
    /// It is ruled out whatever stands before it.
    pub(super) never: bool,
    /// It is only preferred.
    pub(super) soft: bool,
    /// It says how much later or earlier than a visit that there is.
    pub(super) shift: bool,
    /// "The Friday": of the week that is talked of, if one is.
    pub(super) of_week: bool,
    /// The calendar week that is named with the day: "Wednesday next week".
    pub(super) week: Option<Days>,
    /// It is the end of a longer time: "before the end of May" is before its last day.
    pub(super) ends: bool,
}

impl Item {
    pub(super) const fn new(start: usize, end: usize, what: What) -> Self {
        let (negated, anchored, absent, never, soft) = (false, false, false, false, false);
        let (shift, of_week, ends, week) = (false, false, false, None);
        Self {
            start,
            end,
            what,
            negated,
            anchored,
            absent,
            never,
            soft,
            shift,
            of_week,
            week,
            ends,
        }
    }

    pub(super) const fn is_days(&self) -> bool {
        matches!(self.what, What::Days(..) | What::Both(..))
    }

    pub(super) const fn is_clock(&self) -> bool {
        matches!(self.what, What::Clock(..) | What::Part(_) | What::Both(..))
    }

    /// The one day it names, or the first of several.
    pub(super) fn first(&self) -> Option<Date> {
        match self.what {
            What::Days(days, _) | What::Both(days, _) => days.to.and(days.from),
            _ => None,
        }
    }
}

pub(super) fn shifted(time: Time, hours: i8) -> Time {
    Time::new(time.hour() + hours, time.minute(), 0, 0).unwrap_or(time)
}
