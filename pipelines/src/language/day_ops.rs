//! What the phrases of days of a language do.

use serde::Deserialize;

/// What a day phrase does. `n` comes from the phrase's slot or from the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DayOp {
    /// So many days from today.
    Offset,
    Weekday,
    /// "The Friday": that of the week that is talked of, if one is.
    TheWeekday,
    /// Any such weekday.
    AnyWeekday,
    Workdays,
    Weekends,
    ThisWeekday,
    NextWeekday,
    WeekdayInWeeks,
    /// The weekday of the calendar week so many weeks ahead.
    WeekdayInWeek,
    /// "Two Mondays from now".
    NthNextWeekday,
    /// "The second Monday of", in the month that is named, or so many months ahead.
    NthWeekday,
    NthWeek,
    NthDay,
    /// The first days or weeks of a month; the last with the ordinal -1.
    EdgeDays,
    EdgeWeeks,
    /// A length of time from now.
    Ahead,
    /// From then on.
    FromAhead,
    /// Up to then.
    WithinAhead,
    WeekOf,
    Week,
    Weekend,
    /// The next one; where it is ruled out, any.
    TheWeekend,
    Month,
    MonthName,
    /// The name of a month alone, which may be another word.
    BareMonth,
    Date,
    DayOfMonth,
    DayOfNextMonth,
    /// Days, weeks, the week and so on counted from what is being talked of.
    AnchorDays,
    /// So many days later at the same time; at the same time alone with 999.
    AnchorSame,
    AnchorWeek,
    AnchorDay,
    /// Later that day; earlier with -1.
    AnchorLater,
    AnchorInWeek,
    /// A length of time later; earlier with -1.
    AnchorShift,
    /// The weekday of the week of what is being talked of.
    AnchorWeekdayOf,
    /// On the days after; before with -1.
    AnchorAfter,
    /// The first such weekday after.
    AnchorWeekday,
    /// A public holiday, or so many days after it.
    Holiday,
    /// The first such weekday after it; the last before it with -1.
    HolidayWeekday,
    /// The week that it is in, or so many weeks after.
    HolidayWeek,
    /// The day, or a length of time, after a day that is named; before it with -1.
    BesideDate,
    /// A week after the day that was named before.
    NextOne,
    Soonest,
    AnyDay,
    Past,
}

/// A part of a week or month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanPart {
    Start,
    Middle,
    End,
    FirstHalf,
    SecondHalf,
}
