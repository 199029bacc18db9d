//! Finds times and parts of a day in an utterance.

use jiff::civil::Time;

use super::super::days::{Anchor, ends_before};
use super::super::pattern::{List, Match, Reader, Slot, longest_at};
use super::super::tokens::Tokens;
use super::item::{Item, What, shifted};
use crate::dialogue::tools::PartOfDay;
use crate::language::Language;
use crate::language::understand::{ClockPhrase, SpanPhrase};
use crate::offers::hours;
use crate::wish::Clock;

/// Minutes that are counted to an hour are these times some number, …
const FIVE: i64 = 5;

/// … and no more than these.
const LAST_TO: i64 = 29;

struct Found {
    start: usize,
    end: usize,
    time: Time,
    half_said: bool,
}

/// Takes the ends and the finer parts of a day out of `rest`: "late morning", "first thing".
pub(super) fn take_spans(
    rest: &mut Tokens,
    language: &Language,
    anchor: Option<Anchor>,
) -> Vec<Item> {
    let mut items = Vec::new();
    for at in 0..rest.len() {
        let reader = Reader { tokens: rest, language, latest_year: 0 };
        let found = language
            .spans
            .iter()
            .filter_map(|span| longest_at(&span.say, reader, at).map(|found| (span, found)));
        let Some((span, found)) = found.max_by_key(|(_, found)| found.len()) else { continue };
        let what = match span.order {
            Some(order) => What::Order(order),
            None if span.never => What::Part(unwanted(span, anchor)),
            None => What::Part(Clock::span(span.from, span.until)),
        };
        let day = found.slot(Slot::Weekday).is_some();
        let end = if day { found.start + 1 } else { found.end };
        let mut item = Item::new(found.start, end, what);
        item.never = span.never;
        items.push(item);
        rest.take(found.start..end);
        if day && found.len() > 2 {
            rest.take(found.end - 1..found.end);
        }
    }
    items
}

/// What is too early or too late: what was offered and all before it, or after it.
fn unwanted(span: &SpanPhrase, anchor: Option<Anchor>) -> Clock {
    match (anchor, span.until) {
        (Some(anchor), Some(_)) => Clock::not_after(anchor.last.time()),
        (Some(anchor), None) => Clock::span(Some(anchor.first.time()), None),
        (None, _) => Clock::span(span.from, span.until),
    }
}

/// Takes mornings, afternoons and evenings out of `rest`.
pub(super) fn take_parts(rest: &mut Tokens, language: &Language) -> Vec<Item> {
    let parts = &language.parts;
    let lists = [
        (&parts.morning, PartOfDay::Morning),
        (&parts.afternoon, PartOfDay::Afternoon),
        (&parts.evening, PartOfDay::Evening),
    ];
    let mut items = Vec::new();
    for at in 0..rest.len() {
        let reader = Reader { tokens: rest, language, latest_year: 0 };
        let found = lists
            .iter()
            .filter_map(|(list, part)| longest_at(list, reader, at).map(|found| (part, found)));
        let Some((part, found)) = found.max_by_key(|(_, found)| found.len()) else { continue };
        let (from, until) = hours(*part);
        let what = What::Part(Clock::span(from, until));
        items.push(Item::new(found.start, found.end, what));
        rest.take(found.start..found.end);
    }
    items
}

/// Takes the times out of `rest`. With `bare`, a number alone is a time ("ten thirty").
pub(super) fn take_times(rest: &mut Tokens, language: &Language, bare: bool) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        let reader = Reader { tokens: rest, language, latest_year: 0 };
        // Behind "at nine or" and "at nine, I mean", a number alone is a time as well.
        let joints = [&language.scope.or, &language.scope.corrected];
        let after_or = items.last().is_some_and(|last: &Item| {
            let joint = |list| longest_at(list, reader, last.end).is_some_and(|j| j.end == at);
            joints.into_iter().any(joint)
        });
        // "Nine or half nine": what follows tells that it is a time.
        let before_or = || {
            let or = longest_at(&language.scope.or, reader, at + 1)?;
            clock_at(reader, or.end, false, false)
        };
        let bare = bare || after_or || before_or().is_some();
        let Some(item) = between(reader, at).or_else(|| time(reader, at, bare)) else {
            at += 1;
            continue;
        };
        at = item.end;
        rest.take(item.start..item.end);
        items.push(item);
    }
    items
}

/// "Between four and six", "from nine to eleven".
fn between(reader: Reader<'_>, at: usize) -> Option<Item> {
    let words = &reader.language.clock_words;
    let length = ends_before(&words.between, reader, at);
    let first = clock_at(reader, at, true, true)?;
    // "Twelve till one" needs no "from".
    let range = &reader.language.day_words.range;
    let and = longest_at(if length.is_some() { &words.and } else { range }, reader, first.end)?;
    let second = clock_at(reader, and.end, true, true)?;
    // "Ten to three" may be one time.
    let one = || clock_at(reader, at, true, false).is_some_and(|whole| whole.end > first.end);
    if length.is_none() && one() {
        return None;
    }
    let length = length.unwrap_or(0);
    // "Between eleven and one", "from one to three in the afternoon", "nine to eleven at night".
    let morning = second.time < first.time && first.time.hour() > 12;
    let from = match (first.half_said, morning) {
        (false, true) => shifted(first.time, -12),
        (false, false) if second.half_said && second.time.hour() >= 12 && first.time.hour() < 7 => {
            shifted(first.time, 12)
        }
        _ => first.time,
    };
    let until = if second.time < from && second.time.hour() < 12 {
        shifted(second.time, 12)
    } else {
        second.time
    };
    let clock = Clock::span(Some(from), Clock::not_after(until).until);
    let half_said = first.half_said || second.half_said;
    Some(Item::new(at - length, second.end, What::Clock(clock, half_said)))
}

fn time(reader: Reader<'_>, at: usize, bare: bool) -> Option<Item> {
    let words = &reader.language.clock_words;
    let day_words = &reader.language.day_words;
    let found = clock_at(reader, at, bare, false)?;
    let length = |list: &List| ends_before(list, reader, found.start).unwrap_or(0);
    let (after, before) = (length(&words.after), length(&words.before));
    let (not_after, around) = (length(&words.not_after), length(&words.around));
    // "How about ten" asks for ten, and not for about ten.
    let suggests = length(&reader.language.words.suggestion);
    let around = if suggests > around { 0 } else { around };
    let longest = after.max(before).max(not_after).max(around);
    let behind = |list: &List| longest_at(list, reader, found.end);
    let (later, earlier) = (behind(&day_words.or_later), behind(&day_words.or_earlier));
    let ish = behind(&words.around_after);
    let clock = if longest > 0 && after == longest {
        Clock::span(Some(found.time), None)
    } else if longest > 0 && before == longest {
        Clock::span(None, Some(found.time))
    } else if longest > 0 && not_after == longest {
        Clock::not_after(found.time)
    } else if later.is_some() {
        Clock::span(Some(found.time), None)
    } else if earlier.is_some() {
        Clock::not_after(found.time)
    } else if longest > 0 || ish.is_some() {
        Clock::around(found.time)
    } else {
        Clock::at(found.time)
    };
    let end = later.or(earlier).or(ish).map_or(found.end, |found| found.end);
    Some(Item::new(found.start - longest, end, What::Clock(clock, found.half_said)))
}

/// The longest phrase of a time; with `hours_alone` none with "to" in it, which may be a range.
fn clock_at(reader: Reader<'_>, at: usize, bare: bool, plain: bool) -> Option<Found> {
    let language = reader.language;
    let words = &language.clock_words;
    let mut best: Option<(&ClockPhrase, Match)> = None;
    for phrase in language.clock.iter().filter(|phrase| !plain || phrase.minutes > 0) {
        if let Some(found) = longest_at(&phrase.say, reader, at)
            && !(phrase.minutes < 0 && is_range(&found))
            && best.as_ref().is_none_or(|(_, best)| found.len() > best.len())
        {
            best = Some((phrase, found));
        }
    }
    let (phrase, found) = best?;
    let am = longest_at(&words.am, reader, found.end);
    let pm = longest_at(&words.pm, reader, found.end);
    if phrase.bare {
        let half_hour = !plain && is_spoken_time(&found, reader);
        let lists = [
            &words.at,
            &words.around,
            &words.after,
            &words.before,
            &words.not_after,
            &words.between,
        ];
        let prefixed =
            lists.into_iter().any(|list| ends_before(list, reader, found.start).is_some());
        let ish = longest_at(&words.around_after, reader, found.end).is_some();
        let hour_alone = found.len() == 1 && found.slot(Slot::Hour) == Some(1);
        // "0930", "1530": four figures that are no year.
        let figures = found.slot(Slot::FourDigits).is_some_and(|minutes| minutes < 19 * 60);
        let marked =
            prefixed || ish || figures || am.is_some() || pm.is_some() || (bare && !hour_alone);
        let bounds = [&language.day_words.or_later, &language.day_words.or_earlier];
        let bounded = bounds.into_iter().any(|list| longest_at(list, reader, found.end).is_some());
        let marked = marked || bounded || half_hour;
        let other = longest_at(&words.not_hours, reader, found.end).is_some()
            || language.month(reader.tokens.text(found.end)).is_some()
            || (found.start > 0 && language.month(reader.tokens.text(found.start - 1)).is_some());
        if !marked || other {
            return None;
        }
    }
    let figures = found.slot(Slot::HourMinute).or_else(|| found.slot(Slot::FourDigits));
    let (minutes, fixed) = match (phrase.fixed, figures) {
        (Some(minutes), _) => (minutes, true),
        (None, Some(minutes)) => (minutes, false),
        (None, None) => {
            let minute = phrase.minutes * found.slot(Slot::Minute).unwrap_or_default();
            (found.slot(Slot::Hour)? * 60 + minute + phrase.add, false)
        }
    };
    // "0925" and "1530" say which half of the day it is.
    let written = found.slot(Slot::FourDigits).is_some_and(|minutes| minutes >= 13 * 60)
        || reader.tokens.text(found.start).starts_with('0');
    let end = am.as_ref().or(pm.as_ref()).map_or(found.end, |suffix| suffix.end);
    let noon = 12 * 60;
    let minutes = minutes.rem_euclid(24 * 60);
    let minutes = match minutes {
        _ if fixed => minutes,
        m if am.is_some() && m >= noon && m < noon + 60 => m - noon,
        m if pm.is_some() && m < noon => m + noon,
        // Clinics open by day: one to six is after noon when nothing else is said.
        m if am.is_none() && pm.is_none() && (60..7 * 60).contains(&m) => m + noon,
        m => m,
    };
    let time =
        Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()?;
    let half_said = fixed || am.is_some() || pm.is_some() || time.hour() > 18 || written;
    Some(Found { start: found.start, end, time, half_said })
}

/// "Twelve till one", where nobody counts the minutes to the hour.
fn is_range(found: &Match) -> bool {
    let Some(minutes) = found.slot(Slot::Minute) else { return false };
    let counted = found.len() > 3;
    !counted && (minutes % FIVE != 0 || minutes > LAST_TO)
}

/// "Ten thirty" in words: an hour and minutes as people say them, with no number beside it.
fn is_spoken_time(found: &Match, reader: Reader<'_>) -> bool {
    let (Some(hour), Some(minutes)) = (found.slot(Slot::Hour), found.slot(Slot::Minute)) else {
        return false;
    };
    let number = |at: usize| {
        let word = reader.tokens.text(at);
        reader.language.numbers.contains_key(word) || word.starts_with(|c: char| c.is_ascii_digit())
    };
    let words = (found.start..found.end)
        .all(|at| reader.language.numbers.contains_key(reader.tokens.text(at)));
    let beside = number(found.end) || found.start > 0 && number(found.start - 1);
    words && !beside && (1..=17).contains(&hour) && minutes >= 10 && minutes % FIVE == 0
}
