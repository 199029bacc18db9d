//! What a phrase of days means in the calendar.

use jiff::civil::{Date, DateTime, Time, Weekday, time};
use jiff::{Span, ToSpan};

use super::item::{DayKind, What};
use crate::dialogue::HolidayFacts;
use crate::dialogue::understand::days::{
    Anchor, Calendar, DayMention, dated, plus_days, until, until_back, yearless,
};
use crate::dialogue::understand::pattern::periods::{Length, Month};
use crate::dialogue::understand::pattern::{Match, Slot};
use crate::language::understand::{DayOp, DayPhrase, HolidayWords, SpanPart};
use crate::region::Region;
use crate::wish::{Clock, Days, Weekdays};

/// Days of "the beginning of a month" after its first, and of its end before the last.
const THIRD: (i64, i64) = (7, 6);

/// Where the phrase stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) calendar: Calendar,
    /// The day that was named before it in the same utterance, and where that ends.
    pub(super) before: Option<(Date, usize)>,
    /// The clinic's holidays, by day.
    pub(super) holidays: &'a [HolidayFacts],
    /// The holidays that the language knows.
    pub(super) named: &'a [HolidayWords],
}

/// What it means; nothing if there is no such day.
pub(super) fn resolve(phrase: &DayPhrase, found: &Match, place: Place<'_>) -> Option<What> {
    let today = place.calendar.today();
    let n = found.slot(Slot::Number).unwrap_or(phrase.n);
    let ahead = |days: i64| plus_days(today, days);
    let point = |day: Option<Date>| day.map(What::day);
    let range = |from: Option<Date>, to: Option<Date>| {
        Some(What::Days(Days::span(from, to), DayKind::Range))
    };
    let week_start = ahead(-until_back(today, place.calendar.region.week_start))?;
    let weekday = weekday_of(found);
    let next = |weekday: Weekday| {
        let days = until(today, weekday);
        if days == 0 { 7 } else { days }
    };
    match phrase.op {
        DayOp::Offset => point(ahead(n + phrase.plus)),
        DayOp::Weekday | DayOp::TheWeekday => {
            let weekday = weekday?;
            Some(What::Days(Days::day(ahead(next(weekday))?), DayKind::Weekday(weekday)))
        }
        DayOp::AnyWeekday => {
            let days = found.slot(Slot::Weekdays).and_then(weekday_from).or(weekday)?;
            Some(What::Days(Days::weekday(days), DayKind::Generic))
        }
        DayOp::Workdays | DayOp::Weekends => {
            let weekend = weekend(place.calendar.region);
            let days = (0..7_i8).filter_map(|offset| Weekday::from_monday_zero_offset(offset).ok());
            let wanted = days.filter(|day| weekend.has(*day) == (phrase.op == DayOp::Weekends));
            let weekdays = wanted.map(Weekdays::only).reduce(Weekdays::or)?;
            Some(What::Days(Days { weekdays, ..Days::default() }, DayKind::Generic))
        }
        DayOp::ThisWeekday => point(ahead(until(today, weekday?))),
        DayOp::NextWeekday => {
            let start = plus_days(week_start, 7)?;
            point(plus_days(start, until(start, weekday?)))
        }
        DayOp::WeekdayInWeeks => point(ahead(next(weekday?) + 7 * n)),
        DayOp::WeekdayInWeek => {
            let then = ahead(7 * n)?;
            let start = plus_days(then, -until_back(then, place.calendar.region.week_start))?;
            point(plus_days(start, until(start, weekday?)))
        }
        DayOp::NthNextWeekday => {
            let weekday = found.slot(Slot::Weekdays).and_then(weekday_from)?;
            point(ahead(next(weekday) + 7 * (n - 1)))
        }
        DayOp::NthWeekday | DayOp::NthWeek | DayOp::NthDay => nth(phrase, found, today),
        DayOp::EdgeDays | DayOp::EdgeWeeks => edge(phrase, found, today),
        DayOp::Ahead | DayOp::FromAhead | DayOp::WithinAhead => ahead_of(phrase, found, place),
        DayOp::WeekOf => {
            let day = date_of(found, today)?;
            let first = plus_days(day, -until_back(day, place.calendar.region.week_start))?;
            range(Some(first.max(today)), plus_days(first, 6))
        }
        DayOp::Week => {
            let first = plus_days(week_start, 7 * n)?;
            let (from, to) = part_of_week(first, phrase.part)?;
            range(Some(from.max(today)), Some(to.max(today)))
        }
        DayOp::Weekend | DayOp::TheWeekend => {
            let back = until_back(today, place.calendar.region.weekend);
            let days = if back == 1 { -1 } else { until(today, place.calendar.region.weekend) };
            let first = ahead(days + 7 * n)?;
            let days = Days::span(Some(first.max(today)), plus_days(first, 1));
            let any = phrase.op == DayOp::TheWeekend;
            Some(What::Days(days, if any { DayKind::Weekend } else { DayKind::Range }))
        }
        DayOp::Month => month(month_ahead(today, n)?, phrase.part, today),
        DayOp::MonthName | DayOp::BareMonth => {
            month(first_of_month(found, today)?, phrase.part, today)
        }
        DayOp::Date => absolute(found, today),
        DayOp::DayOfMonth => point(day_of_month(found, today)),
        DayOp::DayOfNextMonth => point(day_from(found, today, month_ahead(today, 1)?)),
        DayOp::Holiday | DayOp::HolidayWeekday | DayOp::HolidayWeek => {
            holiday(phrase, found, place)
        }
        DayOp::BesideDate => {
            let named = found.slot(Slot::Ordinal).or(found.slot(Slot::Month));
            let day = match (named, weekday) {
                (None, Some(weekday)) => ahead(next(weekday))?,
                _ => date_of(found, today)?,
            };
            point(shifted_day(day, found.length().unwrap_or(Length::Days(1)), phrase.n))
        }
        DayOp::NextOne => point(plus_days(place.before?.0, 7)),
        DayOp::Soonest => Some(What::Soonest),
        DayOp::AnyDay => Some(What::AnyDay),
        DayOp::Past => Some(What::Past),
        _ => anchored(phrase, found, place),
    }
}

/// A public holiday, all of its days, or what counts from it.
fn holiday(phrase: &DayPhrase, found: &Match, place: Place<'_>) -> Option<What> {
    let named = usize::try_from(found.slot(Slot::Holiday)?).ok()?;
    let codes = &place.named.get(named)?.codes;
    let today = place.calendar.today();
    let is_it = |own: &&HolidayFacts| {
        own.day >= today && own.holiday.as_ref().is_some_and(|code| codes.contains(code))
    };
    let mut days = place.holidays.iter().filter(is_it).map(|own| own.day);
    let Some(first) = days.next() else { return Some(What::NoDate(named)) };
    let last = days.fold(first, |last, day| if (day - last).get_days() <= 1 { day } else { last });
    let n = phrase.n;
    let length = found.length().unwrap_or(Length::Days(1));
    let point = |day: Option<Date>| day.map(What::day);
    match phrase.op {
        DayOp::HolidayWeekday if n < 0 => {
            let before = plus_days(first, -1)?;
            point(plus_days(before, -until_back(before, weekday_of(found)?)))
        }
        DayOp::HolidayWeekday => {
            let after = plus_days(last, 1)?;
            point(plus_days(after, until(after, weekday_of(found)?)))
        }
        DayOp::HolidayWeek => {
            let start = plus_days(first, -until_back(first, place.calendar.region.week_start))?;
            let from = plus_days(start, 7 * n)?;
            let days = Days::span(Some(from.max(today)), plus_days(from, 6));
            Some(What::Days(days, DayKind::Range))
        }
        _ if n > 0 => point(shifted_day(last, length, n)),
        _ if n < 0 => point(shifted_day(first, length, n)),
        _ if first == last => Some(What::day(first)),
        _ => Some(What::Days(Days::span(Some(first), Some(last)), DayKind::Range)),
    }
}

/// What counts from the day before, or from what is being talked of, or else from today.
fn anchored(phrase: &DayPhrase, found: &Match, place: Place<'_>) -> Option<What> {
    let Place { calendar, before, .. } = place;
    let n = found.slot(Slot::Number).unwrap_or(phrase.n);
    let back = phrase.n < 0;
    let start = |early: bool| -> DateTime {
        let anchor = calendar.anchor.map(|anchor| if early { anchor.first } else { anchor.last });
        anchor.unwrap_or(calendar.now)
    };
    let base = before.map_or_else(|| start(back).date(), |(day, _)| day);
    let clock = calendar.anchor.map(Anchor::clock);
    let same_time = |days: i64| {
        let day = plus_days(start(false).date(), days)?;
        Some(What::Both(Days::day(day), clock.unwrap_or_default()))
    };
    let moved = |minutes: i64| {
        calendar.anchor?;
        let at = start(minutes < 0).checked_add(Span::new().try_minutes(minutes).ok()?).ok()?;
        Some(What::Both(Days::day(at.date()), Clock::at(at.time())))
    };
    let week_of = |day: Date| plus_days(day, -until_back(day, calendar.region.week_start));
    let range = |from: Option<Date>, to: Option<Date>| {
        Some(What::Days(Days::span(from, to), DayKind::Range))
    };
    let minute: i64 = 1;
    let beside = |clock: Clock| Some(What::Both(Days::day(start(back).date()), clock));
    match phrase.op {
        DayOp::AnchorDays => plus_days(base, n).map(What::day),
        DayOp::AnchorSame if phrase.n == 999 => Some(What::at(clock?)),
        DayOp::AnchorSame => match found.length() {
            Some(Length::Days(days)) => same_time(days),
            Some(_) => None,
            None => same_time(n),
        },
        DayOp::AnchorWeek => {
            let first = plus_days(week_of(base)?, 7 * n)?;
            let (from, to) = part_of_week(first, phrase.part)?;
            range(Some(from), Some(to))
        }
        DayOp::AnchorWeekday => {
            let days = until(base, weekday_of(found)?);
            plus_days(base, if days == 0 { 7 } else { days }).map(What::day)
        }
        DayOp::AnchorDay => Some(What::day(base)),
        DayOp::AnchorLater if calendar.anchor.is_none() => Some(What::Part(half(back))),
        DayOp::AnchorLater if back => beside(Clock::span(None, Some(start(true).time()))),
        DayOp::AnchorLater => {
            let after = start(false).checked_add(minute.minutes()).ok()?;
            beside(Clock::span(Some(after.time()), None))
        }
        DayOp::AnchorInWeek if back => range(week_of(base), plus_days(base, -1)),
        DayOp::AnchorInWeek => range(plus_days(base, 1), plus_days(week_of(base)?, 6)),
        DayOp::AnchorShift => match found.length()? {
            Length::Minutes(minutes) => moved(minutes * phrase.n),
            length => shifted_day(base, length, phrase.n).map(What::day),
        },
        DayOp::AnchorWeekdayOf => {
            let start = week_of(base)?;
            plus_days(start, until(start, weekday_of(found)?)).map(What::day)
        }
        DayOp::AnchorAfter => {
            let named = day_of_month(found, calendar.today());
            let weekday = || weekday_of(found).map(|day| until(calendar.today(), day));
            let weekday = || weekday().and_then(|days| plus_days(calendar.today(), days));
            let base = named.or_else(weekday).unwrap_or(base);
            match back {
                true => range(None, plus_days(base, -1)),
                false => range(plus_days(base, 1), None),
            }
        }
        _ => None,
    }
}

/// Early or late in a day of which nothing more is known.
const fn half(early: bool) -> Clock {
    const NOON: Time = time(12, 0, 0, 0);
    const LATE: Time = time(14, 0, 0, 0);
    if early { Clock::span(None, Some(NOON)) } else { Clock::span(Some(LATE), None) }
}

/// The days of the weekend.
pub(super) fn weekend(region: Region) -> Weekdays {
    Weekdays::only(region.weekend).or(Weekdays::only(region.weekend.next()))
}

fn weekday_of(found: &Match) -> Option<Weekday> {
    found.slot(Slot::Weekday).and_then(weekday_from)
}

fn weekday_from(number: i64) -> Option<Weekday> {
    Weekday::from_monday_one_offset(i8::try_from(number).ok()?).ok()
}

fn month_ahead(today: Date, months: i64) -> Option<Date> {
    today.first_of_month().checked_add(Span::new().try_months(months).ok()?).ok()
}

/// The first of the month that is named, this year or next, or that is counted from this one.
fn first_of_month(found: &Match, today: Date) -> Option<Date> {
    match found.month()? {
        Month::Ahead(months) => month_ahead(today, months),
        Month::Named(month) => {
            let wanted = i8::try_from(month).ok()?;
            let year = today.year() + i16::from(wanted < today.month());
            Date::new(year, wanted, 1).ok()
        }
    }
}

/// "The first three days of December", "the last ten days of the month".
fn edge(phrase: &DayPhrase, found: &Match, today: Date) -> Option<What> {
    let n = found.slot(Slot::Number).unwrap_or(phrase.n);
    let days = if phrase.op == DayOp::EdgeWeeks { 7 * n } else { n };
    let first = first_of_month(found, today)?;
    let last = first.last_of_month();
    let (from, to) = match phrase.ordinal {
        ..0 => (plus_days(last, 1 - days)?.max(first), last),
        _ => (first, plus_days(first, days - 1)?.min(last)),
    };
    let days = Days::span(Some(from.max(today)), Some(to.max(today)));
    Some(What::Days(days, DayKind::Range))
}

/// "In ten days", "within a month", "not for three weeks".
fn ahead_of(phrase: &DayPhrase, found: &Match, place: Place<'_>) -> Option<What> {
    let Place { calendar, .. } = place;
    let from = plus_days(calendar.today(), phrase.plus)?;
    let length = found.length()?;
    if let (Length::Minutes(minutes), DayOp::Ahead) = (length, phrase.op) {
        let at = calendar.now.checked_add(Span::new().try_minutes(minutes).ok()?).ok()?;
        let clock = Clock::span(Some(at.time()), None);
        return Some(What::Both(Days::day(at.date()), clock));
    }
    let day = shifted_day(from, length, 1)?;
    Some(match phrase.op {
        DayOp::Ahead => What::day(day),
        DayOp::FromAhead => What::Days(Days::span(Some(day), None), DayKind::Range),
        _ => What::Days(Days::span(Some(from), Some(day)), DayKind::Range),
    })
}

/// The day a length of time later, or earlier with -1; one of minutes stays.
fn shifted_day(day: Date, length: Length, sign: i64) -> Option<Date> {
    match length {
        Length::Minutes(_) => Some(day),
        Length::Days(days) => plus_days(day, sign * days),
        Length::Months(months) => day.checked_add(Span::new().try_months(sign * months).ok()?).ok(),
    }
}

/// "The second Monday of July", "the last week of the month", "the first day of October".
fn nth(phrase: &DayPhrase, found: &Match, today: Date) -> Option<What> {
    let n = found.slot(Slot::Ordinal).unwrap_or(phrase.ordinal);
    let in_month = |first: Date| {
        let last = first.last_of_month();
        let from = plus_days(first, 7 * (n - 1))?;
        match (phrase.op, weekday_of(found)) {
            (DayOp::NthWeekday, Some(weekday)) if n < 0 => {
                plus_days(last, -until_back(last, weekday)).map(What::day)
            }
            (DayOp::NthWeekday, Some(weekday)) => {
                let day = plus_days(from, until(from, weekday))?;
                (day <= last).then(|| What::day(day))
            }
            (DayOp::NthWeek, _) => {
                let from = if n < 0 { plus_days(last, -6)? } else { from };
                let to = if n < 0 { last } else { plus_days(from, 6)?.min(last) };
                let days = Days::span(Some(from.max(today)), Some(to));
                (from <= last).then_some(What::Days(days, DayKind::Range))
            }
            _ => Some(What::day(if n < 0 { last } else { first })),
        }
    };
    let over = |what: &What| match what {
        What::Days(days, _) => days.to.is_some_and(|to| to < today),
        _ => false,
    };
    let named = matches!(found.month(), Some(Month::Named(_)));
    let first = first_of_month(found, today)?;
    let what = in_month(first)?;
    if !over(&what) {
        return Some(what);
    }
    // It is over: that of next year is meant, or, without a month, there is none left.
    if named { in_month(first.checked_add(1.year()).ok()?) } else { Some(What::Past) }
}

fn part_of_week(first: Date, part: Option<SpanPart>) -> Option<(Date, Date)> {
    let (from, to) = match part {
        None => (0, 6),
        Some(SpanPart::Start) => (0, 2),
        Some(SpanPart::FirstHalf) => (0, 3),
        Some(SpanPart::Middle) => (2, 4),
        Some(SpanPart::SecondHalf) => (3, 6),
        Some(SpanPart::End) => (4, 6),
    };
    Some((plus_days(first, from)?, plus_days(first, to)?))
}

fn month(first: Date, part: Option<SpanPart>, today: Date) -> Option<What> {
    let last = first.last_of_month();
    let on = |day: i8| Date::new(first.year(), first.month(), day).ok();
    let (from, to) = match part {
        None => (first, last),
        Some(SpanPart::Start) => (first, plus_days(first, THIRD.0)?),
        Some(SpanPart::FirstHalf) => (first, on(15)?),
        Some(SpanPart::Middle) => (on(11)?, on(20)?),
        Some(SpanPart::SecondHalf) => (on(16)?, last),
        Some(SpanPart::End) => (plus_days(last, -THIRD.1)?, last),
    };
    let days = Days::span(Some(from.max(today)), Some(to.max(today)));
    Some(What::Days(days, DayKind::Range))
}

pub(super) fn mentioned(mention: DayMention) -> What {
    match mention {
        DayMention::Span { from, to } => What::Days(Days::span(from, to), DayKind::Point),
        DayMention::Past => What::Past,
        DayMention::Soonest => What::Soonest,
        DayMention::Unclear => What::Unclear,
    }
}

/// The month and the day of a date; "the eighth of the sixth" names both by a number.
pub(in crate::dialogue::understand) fn month_and_day(found: &Match) -> Option<(i8, i8)> {
    let ordinals = found.slots.iter().filter(|(slot, _)| *slot == Slot::Ordinal);
    let ordinals: Vec<i64> = ordinals.map(|(_, value)| *value).collect();
    let (month, day) = match (found.slot(Slot::Month), ordinals.as_slice()) {
        (None, [day, month @ 1..=12]) => (*month, *day),
        (Some(month), [day, ..]) => (month, *day),
        (month, _) => (month?, found.slot(Slot::Number)?),
    };
    Some((i8::try_from(month).ok()?, i8::try_from(day).ok()?))
}

/// "June 14", with a year or without; a weekday said with it must be right.
fn absolute(found: &Match, today: Date) -> Option<What> {
    let (month, day) = month_and_day(found)?;
    let mention = match found.slot(Slot::Year) {
        Some(year) => dated(Date::new(i16::try_from(year).ok()?, month, day).ok()?, today),
        None => yearless(month, day, today)?,
    };
    match (weekday_of(found), mention) {
        (Some(weekday), DayMention::Span { from: Some(date), .. }) if date.weekday() != weekday => {
            Some(What::Unclear)
        }
        _ => Some(mentioned(mention)),
    }
}

/// The day of a phrase that names one with its month or without.
fn date_of(found: &Match, today: Date) -> Option<Date> {
    if found.slot(Slot::Month).is_none() {
        return day_of_month(found, today);
    }
    match absolute(found, today)? {
        What::Days(days, _) => days.only(),
        _ => None,
    }
}

/// "The fourteenth": the next one, of the weekday said with it if one was.
pub(super) fn day_of_month(found: &Match, today: Date) -> Option<Date> {
    day_from(found, today, today.first_of_month())
}

/// The same from a month on.
fn day_from(found: &Match, today: Date, first: Date) -> Option<Date> {
    let day = found.slot(Slot::Ordinal).or(found.slot(Slot::Number))?;
    let day = i8::try_from(day).ok()?;
    let weekday = weekday_of(found);
    let candidates = (0..3_i64).filter_map(|months| {
        let month = first.checked_add(Span::new().try_months(months).ok()?).ok()?;
        Date::new(month.year(), month.month(), day).ok()
    });
    candidates
        .filter(|date| *date >= today)
        .find(|date| weekday.is_none_or(|wanted| date.weekday() == wanted))
}
