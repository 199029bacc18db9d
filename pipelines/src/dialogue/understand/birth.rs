//! Dates of birth.

use jiff::civil::Date;

use super::days::{Calendar, day_and_month, numeric_date};
use super::numbers;
use super::pattern::{Match, Reader, Slot, find_any, longest_at};
use super::tokens::Tokens;
use super::wish::month_and_day;
use crate::language::Language;
use crate::language::understand::DayOp;

/// Nobody is older, in years.
const OLDEST: i16 = 125;

/// What was said of a date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BirthMention {
    /// All of it.
    Full(Date),
    /// Day and month.
    NoYear { month: i8, day: i8 },
    /// The year alone.
    Year(i16),
    /// The month alone.
    Month(i8),
    /// The day of a month alone, or a year of two digits.
    Day(i8),
    /// A day that does not exist, or lies ahead.
    Impossible,
}

/// Takes a date of birth out of `tokens`. Unless it was asked for, it needs a word like "born" or
/// a year that has passed.
pub(crate) fn take(
    tokens: &mut Tokens,
    language: &Language,
    calendar: Calendar,
    asked: bool,
) -> Option<BirthMention> {
    let latest_year = i64::from(calendar.today().year());
    let reader = Reader { tokens, language, latest_year };
    let born = find_any(&language.words.born, reader);
    let from = born.as_ref().map_or(0, |m| m.end);
    let told = asked || born.is_some();
    let (mut range, mut mention) = find(reader, from, calendar, told)?;
    if told && let Some((end, put_right)) = put_right(reader, &range, mention, calendar) {
        (range.end, mention) = (end, put_right);
    }
    let start = born.map_or(range.start, |m| m.start.min(range.start));
    tokens.take(start..range.end);
    Some(mention)
}

/// "The 2nd of May 1983, sorry, 1984": what is said after it was taken back replaces its part.
fn put_right(
    reader: Reader<'_>,
    range: &std::ops::Range<usize>,
    mention: BirthMention,
    calendar: Calendar,
) -> Option<(usize, BirthMention)> {
    let scope = &reader.language.scope;
    let lists = [&scope.corrected, &scope.answers];
    let taken_back = (range.end..reader.tokens.len()).find_map(|at| {
        let found = lists.iter().filter_map(|list| longest_at(list, reader, at));
        found.map(|found| found.end).max()
    })?;
    // "No, hang on, I mean": all of it takes back the same.
    let further = |at: usize| {
        let lists = [&scope.corrected, &scope.answers, &reader.language.words.fillers];
        lists.iter().filter_map(|list| longest_at(list, reader, at)).map(|found| found.end).max()
    };
    let mut taken_back = taken_back;
    while let Some(end) = further(taken_back).filter(|end| *end > taken_back) {
        taken_back = end;
    }
    let (later, said) = match mention {
        // "The fourth of June, no, the fifth, nineteen ninety": the month stays.
        BirthMention::NoYear { month, .. } => day_and_year(reader, taken_back, month, calendar),
        _ => None,
    }
    .or_else(|| find(reader, taken_back, calendar, true))?;
    let parts = match mention {
        BirthMention::Full(date) => (Some(date.year()), Some((date.month(), date.day()))),
        BirthMention::NoYear { month, day } => (None, Some((month, day))),
        BirthMention::Year(year) => (Some(year), None),
        BirthMention::Impossible | BirthMention::Month(_) | BirthMention::Day(_) => (None, None),
    };
    let whole =
        |year: Option<i16>, (month, day)| of_parts(year.map(i64::from), month, day, calendar);
    let said = match (said, parts) {
        (BirthMention::Year(year), (_, Some(day))) => whole(Some(year), day),
        (BirthMention::Day(day), (year, Some((month, _)))) => whole(year, (month, day)),
        (BirthMention::Month(month), (year, Some((_, day)))) => whole(year, (month, day)),
        (BirthMention::NoYear { month, day }, (Some(year), _)) => whole(Some(year), (month, day)),
        (said, _) => said,
    };
    if let Some(further) = put_right(reader, &later, said, calendar) {
        return Some(further);
    }
    // "Of May, pardon, of March, 1984".
    let found = (later, said);
    let (later, said) = with_year(reader, &found, calendar).unwrap_or(found);
    Some((later.end, said))
}

/// The day of a month that is known, with a year behind it.
fn day_and_year(reader: Reader<'_>, from: usize, month: i8, calendar: Calendar) -> Option<Found> {
    let Reader { tokens, language, latest_year } = reader;
    let small = |at: usize| {
        let lists = [&language.words.links, &language.words.fillers, &language.scope.corrected];
        lists.iter().any(|list| longest_at(list, reader, at).is_some())
    };
    let at = (from..tokens.len()).find(|at| !small(*at))?;
    let (day, length) = numbers::ordinals(tokens, at, language).first().copied()?;
    if language.month(tokens.text(at + length)).is_some() {
        return None;
    }
    let years = numbers::years(tokens, at + length, latest_year, language);
    let (year, more) = years.first().copied()?;
    let mention = of_parts(Some(year), month, i8::try_from(day).ok()?, calendar);
    Some((at..at + length + more, mention))
}

type Found = (std::ops::Range<usize>, BirthMention);

/// A date with the name of its month first, then numbers alone, then a part of a date.
fn find(reader: Reader<'_>, from: usize, calendar: Calendar, told: bool) -> Option<Found> {
    let places = || (from..reader.tokens.len()).filter(|at| !reader.tokens.text(*at).is_empty());
    let by_name: Vec<Found> = places().filter_map(|at| named(reader, at, calendar, told)).collect();
    let full = |(_, mention): &&Found| matches!(mention, BirthMention::Full(_));
    if let Some(first) = by_name.iter().find(full) {
        // "Not 26. September 17, 1962": the number before the stop is no day of it.
        let broken = reader.tokens.words.get(first.0.start).is_some_and(|word| word.stop);
        let next = by_name
            .iter()
            .filter(full)
            .find(|(range, _)| broken && first.0.start < range.start && range.start < first.0.end);
        return Some(next.unwrap_or(first).clone());
    }
    if told && let Some(first) = by_name.first().filter(|first| is_taken_back(reader, first)) {
        return Some(first.clone());
    }
    let parted =
        by_name.iter().filter(|_| told).find_map(|found| with_year(reader, found, calendar));
    parted
        .or_else(|| {
            places().find_map(|at| {
                let numbers = numeric(reader, at, calendar, told);
                numbers.or_else(|| if told { spoken(reader, at, calendar) } else { None })
            })
        })
        .or_else(|| by_name.first().cloned())
        .or_else(|| places().filter(|_| told).find_map(|at| piece(reader, at)))
}

/// Whether a day without its year is taken back behind it: the year is that of what follows.
fn is_taken_back(reader: Reader<'_>, found: &Found) -> bool {
    let (range, BirthMention::NoYear { .. }) = found else { return false };
    let lists = [&reader.language.scope.corrected, &reader.language.scope.answers];
    (range.end..reader.tokens.len())
        .any(|at| lists.iter().any(|list| longest_at(list, reader, at).is_some()))
}

/// "The twelfth of March, that was nineteen eighty four": the year stands apart from the day.
fn with_year(reader: Reader<'_>, found: &Found, calendar: Calendar) -> Option<Found> {
    let (range, BirthMention::NoYear { month, day }) = found else { return None };
    let Reader { tokens, language, latest_year } = reader;
    let earliest = latest_year - i64::from(OLDEST);
    let lists = [&language.scope.corrected, &language.scope.answers];
    let taken_back = (range.end..tokens.len())
        .find(|at| lists.iter().any(|l| longest_at(l, reader, *at).is_some()));
    let mut years: Vec<(usize, i64, usize)> = Vec::new();
    // What is said after it was taken back is another date's.
    let until = taken_back.unwrap_or(tokens.len());
    for at in (0..until).filter(|at| !range.contains(at)) {
        let here = numbers::years(tokens, at, latest_year, language).into_iter();
        let apart = |length: usize| at >= range.end || at + length <= range.start;
        years.extend(
            here.filter(|(year, length)| *year >= earliest && apart(*length))
                .map(|(year, length)| (at, year, length)),
        );
    }
    let (at, year, length) = years.into_iter().max_by_key(|(at, _, length)| (*length, *at))?;
    let range = range.start.min(at)..range.end.max(at + length);
    Some((range, of_parts(Some(year), *month, *day, calendar)))
}

/// "March twelfth nineteen eighty four", "the 12th of March", "1984 March 12".
fn named(reader: Reader<'_>, at: usize, calendar: Calendar, told: bool) -> Option<Found> {
    let date = |start| {
        let phrases = reader.language.days.iter().filter(|phrase| phrase.op == DayOp::Date);
        let all = phrases.filter_map(|phrase| longest_at(&phrase.say, reader, start));
        all.max_by_key(Match::len)
    };
    if let Some(found) = date(at) {
        let end = found.end;
        let mention = match found.slot(Slot::Year) {
            Some(year) => checked(Some(year), &found, calendar),
            None if told => checked(None, &found, calendar),
            None => return None,
        };
        let this_year = calendar.today().year();
        let old = matches!(mention, BirthMention::Full(date) if date.year() < this_year);
        return (told || old).then_some((at..end, mention));
    }
    if let Some(found) = on_holiday(reader, at, calendar).filter(|_| told) {
        return Some(found);
    }
    let years = numbers::years(reader.tokens, at, reader.latest_year, reader.language);
    years.into_iter().find_map(|(year, length)| {
        // "At four on the 5th" is no year.
        let written = numbers::digits(reader.tokens.text(at)).is_some_and(|year| year > 999);
        if !told && length == 1 && !written {
            return None;
        }
        let found = date(at + length).filter(|m| m.slot(Slot::Year).is_none())?;
        Some((at..found.end, checked(Some(year), &found, calendar)))
    })
}

/// "Christmas Day 1955": a holiday that is on the same day each year.
fn on_holiday(reader: Reader<'_>, at: usize, calendar: Calendar) -> Option<Found> {
    let Reader { tokens, language, latest_year } = reader;
    let dated = language.holidays.iter().filter_map(|holiday| Some((holiday, holiday.date?)));
    let found =
        dated.filter_map(|(holiday, date)| Some((longest_at(&holiday.say, reader, at)?, date)));
    let (found, (month, day)) = found.max_by_key(|(found, _)| found.len())?;
    let small = longest_at(&language.words.links, reader, found.end).map_or(0, |link| link.len());
    let next = found.end + small;
    let year = numbers::years(tokens, next, latest_year, language).first().copied();
    let end = year.map_or(found.end, |(_, length)| next + length);
    Some((at..end, of_parts(year.map(|(year, _)| year), month, day, calendar)))
}

fn checked(year: Option<i64>, found: &Match, calendar: Calendar) -> BirthMention {
    month_and_day(found)
        .map_or(BirthMention::Impossible, |(month, day)| of_parts(year, month, day, calendar))
}

/// A date of birth of its parts, if it can be one.
pub(crate) fn of_parts(year: Option<i64>, month: i8, day: i8, calendar: Calendar) -> BirthMention {
    let Some(year) = year else {
        // Any leap year: whether February 29 existed, the year will tell.
        let exists = Date::new(2000, month, day).is_ok();
        return if exists { BirthMention::NoYear { month, day } } else { BirthMention::Impossible };
    };
    let date = i16::try_from(year).ok().and_then(|year| Date::new(year, month, day).ok());
    date.map_or(BirthMention::Impossible, |date| possible(date, calendar))
}

fn possible(date: Date, calendar: Calendar) -> BirthMention {
    let today = calendar.today();
    if date <= today && date.year() >= today.year() - OLDEST {
        BirthMention::Full(date)
    } else {
        BirthMention::Impossible
    }
}

/// "12/03/1984", "1984-03-12", "12031984".
fn numeric(reader: Reader<'_>, at: usize, calendar: Calendar, told: bool) -> Option<Found> {
    let word = reader.tokens.text(at);
    let range = at..at + 1;
    if let Some(date) = numeric_date(word, calendar) {
        let mention = possible(date, calendar);
        let past = date.year() < calendar.today().year();
        return (told || past).then_some((range, mention));
    }
    let separators = word.chars().filter(|c| matches!(c, '/' | '-' | '.')).count();
    let shape = separators == 2 && word.chars().all(|c| c.is_ascii_digit() || "/-.".contains(c));
    if shape && told {
        return Some((range, BirthMention::Impossible));
    }
    if told && word.len() == 8 && numbers::digits(word).is_some() {
        let text = if word.starts_with("19") || word.starts_with("20") {
            format!("{}-{}-{}", &word[..4], &word[4..6], &word[6..])
        } else {
            format!("{}-{}-{}", &word[..2], &word[2..4], &word[4..])
        };
        let date = numeric_date(&text, calendar);
        return Some((range, date.map_or(BirthMention::Impossible, |d| possible(d, calendar))));
    }
    if told && word.len() == 6 && numbers::digits(word).is_some() {
        let text = format!("{}-{}-{}", &word[..2], &word[2..4], &word[4..]);
        let date = numeric_date(&text, calendar);
        return Some((range, date.map_or(BirthMention::Impossible, |d| possible(d, calendar))));
    }
    None
}

/// "Twelve three nineteen eighty four", "12 03 1984", "oh three twelve eighty four".
fn spoken(reader: Reader<'_>, at: usize, calendar: Calendar) -> Option<Found> {
    let Reader { tokens, language, latest_year } = reader;
    let pair = |at: usize| {
        let zero = usize::from(language.numbers.get(tokens.text(at)) == Some(&0));
        let mut all = numbers::cardinals(tokens, at + zero, language);
        all.extend(numbers::ordinals(tokens, at + zero, language));
        all.retain(|(value, _)| (1..=31).contains(value));
        all.into_iter().map(move |(value, length)| (value, length + zero))
    };
    for (a, first) in pair(at) {
        for (b, second) in pair(at + first) {
            let next = at + first + second;
            let Some((year, third)) =
                numbers::years(tokens, next, latest_year, language).first().copied()
            else {
                continue;
            };
            let mention = day_and_month(a, b, calendar.region)
                .map_or(BirthMention::Impossible, |(day, month)| {
                    of_parts(Some(year), month, day, calendar)
                });
            return Some((at..next + third, mention));
        }
    }
    None
}

/// "1990", "June", "the fifth": a part of the date, the longest that begins there.
fn piece(reader: Reader<'_>, at: usize) -> Option<Found> {
    let Reader { tokens, language, .. } = reader;
    if let Some(month) = language.month(tokens.text(at)) {
        return Some((at..at + 1, BirthMention::Month(i8::try_from(month).ok()?)));
    }
    let mut days = numbers::ordinals(tokens, at, language);
    // "Five": not where another word follows, as in "one moment".
    let cardinals = numbers::cardinals(tokens, at, language).into_iter();
    days.extend(cardinals.filter(|(_, length)| tokens.text(at + length).is_empty()));
    let day = days.into_iter().filter(|(day, _)| (1..=31).contains(day)).max_by_key(|(_, n)| *n);
    let year = year_alone(reader, at);
    match (day, year) {
        (Some((day, length)), year) if year.as_ref().is_none_or(|(own, _)| own.len() <= length) => {
            Some((at..at + length, BirthMention::Day(i8::try_from(day).ok()?)))
        }
        (_, year) => year,
    }
}

fn year_alone(reader: Reader<'_>, at: usize) -> Option<Found> {
    let Reader { tokens, language, latest_year } = reader;
    let years = numbers::years(tokens, at, latest_year, language);
    let (year, length) = years.first().copied()?;
    let year = i16::try_from(year).ok()?;
    Some((at..at + length, BirthMention::Year(year)))
}
