//! Days as people say them, resolved in the clinic's calendar.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, ToSpan};

use super::pattern::{Match, Pattern, Reader, Slot, longest_at};
use super::tokens::Tokens;
use crate::language::Language;
use crate::language::understand::{DayOp, DayPhrase, SpanPart};
use crate::region::Region;

/// Days without a year that lie at most so far back are past; else next year's are meant.
const RECENT_DAYS: i32 = 60;

/// Where and when words are understood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    /// The clinic's local date and time.
    pub(crate) now: DateTime,
    /// The country's habits.
    pub(crate) region: Region,
}

impl Calendar {
    pub(crate) fn today(&self) -> Date {
        self.now.date()
    }
}

/// Which days a caller means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayMention {
    /// Not before, not after; either end may be open.
    Span {
        from: Option<Date>,
        to: Option<Date>,
        /// Not before this time on the first day ("in two hours").
        not_before: Option<Time>,
    },
    /// The sooner the better.
    Soonest,
    /// A day that has passed.
    Past,
    /// A day that does not exist, or whose weekday is another one.
    Unclear,
}

impl DayMention {
    const fn day(date: Date) -> Self {
        Self::span(Some(date), Some(date))
    }

    const fn span(from: Option<Date>, to: Option<Date>) -> Self {
        Self::Span { from, to, not_before: None }
    }

    const fn ends(self) -> Option<(Option<Date>, Option<Date>)> {
        if let Self::Span { from, to, .. } = self { Some((from, to)) } else { None }
    }
}

struct Found {
    start: usize,
    end: usize,
    op: DayOp,
    mention: DayMention,
}

/// Takes the days out of `tokens`. With `choosing`, "the second" is one of the offers, not a day.
pub(crate) fn take(
    tokens: &mut Tokens,
    language: &Language,
    calendar: Calendar,
    choosing: bool,
) -> Option<DayMention> {
    let mut found = all(tokens, language, calendar, choosing);
    let reader = Reader { tokens, language, latest_year: 0 };
    found.retain(|day| {
        ends_before(&language.words.negated, reader, day.start).is_none()
            && longest_at(&language.words.negated_after, reader, day.end).is_none()
    });
    let mention = combined(&found, reader, calendar)?;
    let ranges: Vec<_> = found.iter().map(|day| day.start..day.end).collect();
    for range in ranges {
        tokens.take(range);
    }
    Some(mention)
}

/// Every day phrase, left to right, without overlaps.
fn all(tokens: &Tokens, language: &Language, calendar: Calendar, choosing: bool) -> Vec<Found> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let numeric = numeric(tokens.text(at), calendar).map(|mention| Found {
            start: at,
            end: at + 1,
            op: DayOp::Date,
            mention,
        });
        match numeric.or_else(|| phrase(reader, at, calendar, choosing)) {
            Some(day) => {
                at = day.end;
                found.push(day);
            }
            None => at += 1,
        }
    }
    found
}

fn phrase(reader: Reader<'_>, at: usize, calendar: Calendar, choosing: bool) -> Option<Found> {
    let mut best: Option<(&DayPhrase, Match)> = None;
    for phrase in &reader.language.days {
        let found = longest_at(&phrase.say, reader, at);
        let Some(found) = found.filter(|m| !is_choice(phrase.op, m, reader, choosing)) else {
            continue;
        };
        if best.as_ref().is_none_or(|(_, best)| found.len() > best.len()) {
            best = Some((phrase, found));
        }
    }
    let (phrase, found) = best?;
    let mention = resolve(phrase, &found, calendar).unwrap_or(DayMention::Unclear);
    Some(Found { start: found.start, end: found.end, op: phrase.op, mention })
}

/// "The second one" is an offer; "the second" is one while offers are being chosen from.
fn is_choice(op: DayOp, found: &Match, reader: Reader<'_>, choosing: bool) -> bool {
    let ordinal = found.slot(Slot::Ordinal).unwrap_or_default();
    let bare = op == DayOp::DayOfMonth
        && found.slot(Slot::Weekday).is_none()
        && longest_at(&reader.language.day_words.on, reader, found.start).is_none();
    let noun = longest_at(&reader.language.words.choice_noun, reader, found.end).is_some();
    (op == DayOp::DayOfMonth && noun)
        || (bare && choosing && ordinal <= 5)
        || (op == DayOp::Soonest && choosing)
}

/// What the phrases found come to together.
fn combined(found: &[Found], reader: Reader<'_>, calendar: Calendar) -> Option<DayMention> {
    let rank = |day: &Found| match day.mention {
        DayMention::Span { .. } => 0,
        DayMention::Soonest => 1,
        DayMention::Unclear => 2,
        DayMention::Past => 3,
    };
    let best = found.iter().map(rank).min()?;
    let (index, last) = found.iter().enumerate().rfind(|(_, day)| rank(day) == best)?;
    let words = &reader.language.day_words;
    // "Between Monday and Wednesday", "Monday or Tuesday".
    if let Some(first) = index.checked_sub(1).and_then(|i| found.get(i))
        && let (Some((from, _)), Some((_, to))) = (first.mention.ends(), last.mention.ends())
        && longest_at(&words.range, reader, first.end).is_some_and(|m| m.end == last.start)
        && from <= to
    {
        return Some(DayMention::span(from, to));
    }
    // "Next week, best on a Tuesday".
    if last.op == DayOp::Weekday
        && let Some(week) = found.iter().find(|day| day.op == DayOp::Week)
        && let (Some((Some(from), Some(to))), Some((Some(day), _))) =
            (week.mention.ends(), last.mention.ends())
    {
        let mut day = day;
        while day < from && day < to {
            day = plus_days(day, 7)?;
        }
        return Some(if day <= to { DayMention::day(day) } else { week.mention });
    }
    let Some((from, to)) = last.mention.ends() else {
        return Some(last.mention);
    };
    let today = Some(calendar.today());
    let is = |list: &[Pattern]| ends_before(list, reader, last.start);
    let length = |list: &[Pattern]| is(list).unwrap_or(0);
    let (after, start, before, until) =
        (length(&words.after), length(&words.from), length(&words.before), length(&words.until));
    let longest = after.max(start).max(before).max(until);
    Some(if longest == 0 {
        last.mention
    } else if longest == start {
        DayMention::span(from, None)
    } else if longest == after {
        DayMention::span(to.and_then(|day| plus_days(day, 1)), None)
    } else if longest == until {
        DayMention::span(today, to)
    } else {
        DayMention::span(today, from.and_then(|day| plus_days(day, -1)))
    })
}

/// Length of the longest pattern that ends right before `at`.
pub(crate) fn ends_before(patterns: &[Pattern], reader: Reader<'_>, at: usize) -> Option<usize> {
    let fits = |start: &usize| longest_at(patterns, reader, *start).is_some_and(|m| m.end == at);
    (at.saturating_sub(5)..at).find(fits).map(|start| at - start)
}

fn plus_days(date: Date, days: i64) -> Option<Date> {
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// Days from `today` to the next `weekday`: 0 to 6.
fn until(today: Date, weekday: Weekday) -> i64 {
    i64::from(today.weekday().until(weekday))
}

fn weekday_of(found: &Match) -> Option<Weekday> {
    let number = found.slot(Slot::Weekday)?;
    Weekday::from_monday_one_offset(i8::try_from(number).ok()?).ok()
}

fn resolve(phrase: &DayPhrase, found: &Match, calendar: Calendar) -> Option<DayMention> {
    let today = calendar.today();
    let n = found.slot(Slot::Number).unwrap_or(phrase.n);
    let day = |days: i64| plus_days(today, days).map(DayMention::day);
    let week_start = plus_days(today, -until_back(today, calendar.region.week_start))?;
    match phrase.op {
        DayOp::Offset => day(n + phrase.plus),
        DayOp::Weeks => day(n * 7 + phrase.plus),
        DayOp::Months => {
            let date = today.checked_add(Span::new().try_months(n).ok()?).ok()?;
            Some(DayMention::day(date))
        }
        DayOp::Hours => {
            let at = calendar.now.checked_add(Span::new().try_hours(n).ok()?).ok()?;
            let (from, to) = (Some(at.date()), Some(at.date()));
            Some(DayMention::Span { from, to, not_before: Some(at.time()) })
        }
        DayOp::Weekday => {
            let days = until(today, weekday_of(found)?);
            day(if days == 0 { 7 } else { days })
        }
        DayOp::ThisWeekday => day(until(today, weekday_of(found)?)),
        DayOp::NextWeekday => {
            let next = plus_days(week_start, 7)?;
            plus_days(next, until(next, weekday_of(found)?)).map(DayMention::day)
        }
        DayOp::WeekdayInWeeks => {
            let days = until(today, weekday_of(found)?);
            day(if days == 0 { 7 } else { days } + 7 * n)
        }
        DayOp::Week => {
            let first = plus_days(week_start, 7 * n)?;
            let (from, to) = part_of(first, plus_days(first, 6)?, phrase.part)?;
            Some(DayMention::span(Some(from.max(today)), Some(to.max(today))))
        }
        DayOp::Weekend => {
            let back = until_back(today, calendar.region.weekend);
            let days = if back == 1 { -1 } else { until(today, calendar.region.weekend) };
            let first = plus_days(today, days + 7 * n)?;
            let last = plus_days(first, 1)?;
            Some(DayMention::span(Some(first.max(today)), Some(last)))
        }
        DayOp::Month => {
            let first = today.first_of_month().checked_add(Span::new().try_months(n).ok()?).ok()?;
            month(first, phrase.part, today)
        }
        DayOp::MonthName => {
            let wanted = i8::try_from(found.slot(Slot::Month)?).ok()?;
            let year = today.year() + i16::from(wanted < today.month());
            month(Date::new(year, wanted, 1).ok()?, phrase.part, today)
        }
        DayOp::Date => absolute(found, today),
        DayOp::DayOfMonth => day_of_month(found, today, today.first_of_month()),
        DayOp::DayOfNextMonth => {
            let first = today.first_of_month().checked_add(1.month()).ok()?;
            day_of_month(found, today, first)
        }
        DayOp::Soonest => Some(DayMention::Soonest),
        DayOp::Past => Some(DayMention::Past),
    }
}

/// Days back to the last `weekday`: 0 to 6.
fn until_back(today: Date, weekday: Weekday) -> i64 {
    i64::from(today.weekday().since(weekday))
}

fn part_of(first: Date, last: Date, part: Option<SpanPart>) -> Option<(Date, Date)> {
    let days = i64::from((last - first).get_days());
    let third = days / 3;
    Some(match part {
        None => (first, last),
        Some(SpanPart::Start) => (first, plus_days(first, third)?),
        Some(SpanPart::Middle) => (plus_days(first, third)?, plus_days(last, -third)?),
        Some(SpanPart::End) => (plus_days(last, -third - 1)?, last),
    })
}

fn month(first: Date, part: Option<SpanPart>, today: Date) -> Option<DayMention> {
    let (from, to) = part_of(first, first.last_of_month(), part)?;
    Some(DayMention::span(Some(from.max(today)), Some(to.max(today))))
}

/// "June 14", with a year or without; a weekday said with it must be right.
fn absolute(found: &Match, today: Date) -> Option<DayMention> {
    let month = i8::try_from(found.slot(Slot::Month)?).ok()?;
    let day = found.slot(Slot::Ordinal).or_else(|| found.slot(Slot::Number))?;
    let day = i8::try_from(day).ok()?;
    let mention = match found.slot(Slot::Year) {
        Some(year) => dated(Date::new(i16::try_from(year).ok()?, month, day).ok()?, today),
        None => yearless(month, day, today)?,
    };
    match (weekday_of(found), mention) {
        (Some(weekday), DayMention::Span { from: Some(date), .. }) if date.weekday() != weekday => {
            Some(DayMention::Unclear)
        }
        _ => Some(mention),
    }
}

fn dated(date: Date, today: Date) -> DayMention {
    if date < today { DayMention::Past } else { DayMention::day(date) }
}

fn yearless(month: i8, day: i8, today: Date) -> Option<DayMention> {
    let this = Date::new(today.year(), month, day).ok();
    match this {
        Some(date) if date >= today => Some(DayMention::day(date)),
        Some(date) if (today - date).get_days() <= RECENT_DAYS => Some(DayMention::Past),
        _ => Date::new(today.year() + 1, month, day).ok().map(DayMention::day),
    }
}

/// "The fourteenth": the next one, of the weekday said with it if one was.
fn day_of_month(found: &Match, today: Date, first: Date) -> Option<DayMention> {
    let day = i8::try_from(found.slot(Slot::Ordinal)?).ok()?;
    let weekday = weekday_of(found);
    let candidates = (0..3_i64).filter_map(|months| {
        let month = first.checked_add(Span::new().try_months(months).ok()?).ok()?;
        Date::new(month.year(), month.month(), day).ok()
    });
    let ahead: Vec<_> = candidates.filter(|date| *date >= today).collect();
    let fits = ahead.iter().find(|date| weekday.is_none_or(|w| date.weekday() == w));
    fits.map(|date| DayMention::day(*date))
}

/// "14/6", "14.6.2026", "2026-06-14"; two small numbers are in the country's order.
fn numeric(word: &str, calendar: Calendar) -> Option<DayMention> {
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
