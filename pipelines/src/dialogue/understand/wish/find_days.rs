//! Finds the phrases of days in an utterance.

use jiff::civil::Date;

use super::super::days::{ends_before, numeric, plus_days};
use super::super::pattern::periods::Length;
use super::super::pattern::{List, Match, Reader, Slot, longest_at};
use super::super::tokens::Tokens;
use super::beside::{beside, listed};
use super::item::{DayKind, Item, What};
use super::resolve::{Place, day_of_month, mentioned, resolve};
use crate::dialogue::understand::Setting;
use crate::language::Language;
use crate::language::understand::{DayOp, DayPhrase, SpanPart};
use crate::offers::hours;
use crate::wish::{Clock, Days};

/// What is said of a shorter time than this, in minutes, is no wish for a visit then.
const HALF_HOUR: i64 = 30;

/// From here on a number is no hour as people say it.
const FIRST_DATE: i64 = 13;

/// Takes every phrase of days, left to right, out of `rest`. Bounds are read in `whole`.
pub(super) fn take(
    rest: &mut Tokens,
    whole: &Tokens,
    setting: Setting<'_>,
    choosing: bool,
) -> Vec<Item> {
    let language = setting.language;
    let clinic = setting.clinic;
    let mut place = Place {
        calendar: setting.calendar(),
        before: None,
        holidays: &clinic.holidays,
        named: &language.holidays,
    };
    let own_days = own_holidays(language, place);
    let mut items: Vec<Item> = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        if rest.text(at).is_empty() {
            at += 1;
            continue;
        }
        let reader = Reader { tokens: rest, language, latest_year: 0 };
        let figures = numeric(rest.text(at), place.calendar)
            .map(|mention| Item::new(at, at + 1, mentioned(mention)));
        let own = figures.or_else(|| own_holiday(reader, at, &own_days)).map(|item| (item, None));
        let bounds = Reader { tokens: whole, language, latest_year: 0 };
        let listed = || listed(bounds, at, place).map(|item| (item, None));
        let found = own.or_else(|| phrase(reader, bounds, at, place, choosing)).or_else(listed);
        let Some((item, clock)) = found else {
            at += 1;
            continue;
        };
        at = item.end;
        let first = item.first().filter(|_| !item.anchored);
        place.before = first.map(|day| (day, item.end)).or(place.before);
        let item = ranged(&mut items, item, bounds);
        rest.take(item.start..item.end);
        let item = bounded(item, bounds, place);
        at = at.max(item.end);
        rest.take(item.start..item.end);
        items.push(item);
        if let Some(clock) = clock {
            items.push(Item::new(item.start, item.end, What::Part(clock)));
        }
    }
    items
}

/// Holidays that only the clinic knows, by their names.
fn own_holidays(language: &Language, place: Place<'_>) -> Vec<(Tokens, Date)> {
    let today = place.calendar.today();
    let own = place.holidays.iter().filter(|own| own.holiday.is_none() && own.day >= today);
    own.map(|own| (Tokens::of(&own.name, language), own.day)).collect()
}

/// One of these that is named.
fn own_holiday(reader: Reader<'_>, at: usize, days: &[(Tokens, Date)]) -> Option<Item> {
    days.iter().find_map(|(name, day)| {
        let same = (0..name.len()).all(|i| reader.tokens.text(at + i) == name.text(i));
        (same && !name.is_empty()).then(|| Item::new(at, at + name.len(), What::day(*day)))
    })
}

type Found = (Item, Option<Clock>);

fn phrase(
    reader: Reader<'_>,
    whole: Reader<'_>,
    at: usize,
    place: Place<'_>,
    choosing: bool,
) -> Option<Found> {
    let mut best: Option<(&DayPhrase, Match)> = None;
    for phrase in &reader.language.days {
        let found = longest_at(&phrase.say, reader, at);
        let found = found.filter(|m| !is_other(phrase.op, m, reader, choosing));
        let wrong = |m: &Match| {
            is_too_short(phrase.op, m)
                || is_no_date(phrase.op, m, reader, place)
                || (phrase.op == DayOp::AnchorDay && is_parted(m, reader))
        };
        let Some(found) = found.filter(|m| !wrong(m)) else {
            continue;
        };
        if best.as_ref().is_none_or(|(_, best)| found.len() > best.len()) {
            best = Some((phrase, found));
        }
    }
    let (phrase, found) = best?;
    let beside = (phrase.op == DayOp::DayOfMonth).then(|| beside(whole, &found, place)).flatten();
    let what = beside.or_else(|| resolve(phrase, &found, place)).unwrap_or(What::Unclear);
    let mut item = Item::new(found.start, found.end, what);
    item.anchored = is_anchored(phrase.op);
    item.shift = matches!(phrase.op, DayOp::AnchorShift | DayOp::AnchorAfter);
    item.of_week = phrase.op == DayOp::TheWeekday;
    item.week = match (phrase.op, item.first()) {
        (DayOp::NextWeekday | DayOp::ThisWeekday, Some(day)) if found.len() > 2 => {
            place.calendar.week_of(day)
        }
        _ => None,
    };
    item.ends = phrase.part == Some(SpanPart::End) || phrase.ordinal < 0;
    let part = phrase.clock.map(hours).map(|(from, until)| Clock::span(from, until));
    Some((item, part))
}

/// "Nine at the earliest" is a bound, and not the sooner the better.
fn is_or_later(found: &Match, reader: Reader<'_>) -> bool {
    let list = &reader.language.day_words.or_later;
    (found.start.saturating_sub(3)..found.start).any(|start| {
        let before = start.checked_sub(1).and_then(|at| reader.tokens.words.get(at));
        let told = before.is_some_and(|word| !word.stop);
        told && longest_at(list, reader, start).is_some_and(|bound| bound.end >= found.end)
    })
}

/// "In ten minutes" is no time for a visit, and "an hour before Monday" no day.
fn is_too_short(op: DayOp, found: &Match) -> bool {
    match (op, found.length()) {
        (DayOp::Ahead, Some(Length::Minutes(minutes))) => minutes < HALF_HOUR,
        (DayOp::BesideDate | DayOp::Holiday, Some(Length::Minutes(_))) => true,
        _ => false,
    }
}

/// Whether a clause ends within it: "scrap that, Tuesday".
fn is_parted(found: &Match, reader: Reader<'_>) -> bool {
    let inner = found.start..found.end.saturating_sub(1);
    reader.tokens.words.get(inner).is_some_and(|words| words.iter().any(|word| word.stop))
}

/// "Thursday 12" may be noon: a number beside a weekday is a date only if it can be nothing else.
fn is_no_date(op: DayOp, found: &Match, reader: Reader<'_>, place: Place<'_>) -> bool {
    let Some(day) = found.slot(Slot::Number).filter(|_| op == DayOp::DayOfMonth) else {
        return false;
    };
    let words = &reader.language.clock_words;
    let time = [&words.am, &words.pm, &words.oclock, &words.not_hours];
    let timed = time.into_iter().any(|list| longest_at(list, reader, found.end).is_some());
    day < FIRST_DATE || timed || day_of_month(found, place.calendar.today()).is_none()
}

const fn is_anchored(op: DayOp) -> bool {
    matches!(
        op,
        DayOp::AnchorDays
            | DayOp::AnchorSame
            | DayOp::AnchorWeek
            | DayOp::AnchorDay
            | DayOp::AnchorLater
            | DayOp::AnchorInWeek
            | DayOp::AnchorAfter
            | DayOp::AnchorShift
            | DayOp::AnchorWeekday
            | DayOp::AnchorWeekdayOf
    )
}

/// Whether the words are something else: "the second one" is an offer, and so is "the second" while
/// offers are being chosen from; "may I" is no month.
fn is_other(op: DayOp, found: &Match, reader: Reader<'_>, choosing: bool) -> bool {
    let language = reader.language;
    let ordinal = found.slot(Slot::Ordinal).unwrap_or_default();
    let bare = op == DayOp::DayOfMonth
        && found.slot(Slot::Weekday).is_none()
        && longest_at(&language.day_words.on, reader, found.start).is_none();
    let noun = longest_at(&language.words.choice_noun, reader, found.end).is_some();
    let alone = op == DayOp::BareMonth
        && language.common.also_names(reader.tokens.text(found.start))
        && bound(reader, found.start).is_none()
        && [&language.scope.or, &language.scope.not, &language.day_words.range]
            .iter()
            .all(|list| ends_before(list, reader, found.start).is_none());
    (op == DayOp::DayOfMonth && noun)
        || (bare && choosing && ordinal <= 5)
        || (matches!(op, DayOp::Soonest | DayOp::AnyDay) && choosing)
        || (op == DayOp::NextOne && choosing)
        || (op == DayOp::Soonest && is_or_later(found, reader))
        || alone
}

/// "From the 3rd to the 7th", "between Monday and Thursday": the two become one.
fn ranged(items: &mut Vec<Item>, item: Item, reader: Reader<'_>) -> Item {
    let words = &reader.language.day_words;
    let Some(first) = items.last().copied() else { return item };
    let joined = |list: &List| {
        longest_at(list, reader, first.end).is_some_and(|joint| joint.end == item.start)
    };
    let between = ends_before(&words.between, reader, first.start).is_some()
        || longest_at(&words.between, reader, first.start).is_some();
    let linked = joined(&words.range) || between && joined(&reader.language.scope.and);
    let (What::Days(from, _), What::Days(to, _)) = (first.what, item.what) else { return item };
    let (Some(from), Some(mut to)) = (from.from, to.to) else { return item };
    if !linked {
        return item;
    }
    // "From Thursday to Tuesday" ends in the week after.
    if to < from && matches!(item.what, What::Days(_, DayKind::Weekday(_))) {
        to = plus_days(to, 7).unwrap_or(to);
    }
    if to < from {
        return item;
    }
    items.pop();
    let what = What::Days(Days::span(Some(from), Some(to)), DayKind::Range);
    Item::new(first.start, item.end, what)
}

/// Which bound stands before a phrase that begins at `at`, and its length.
pub(super) fn bound(reader: Reader<'_>, at: usize) -> Option<(Bound, usize)> {
    let words = &reader.language.day_words;
    let length = |list: &List| ends_before(list, reader, at).unwrap_or(0);
    let all = [
        (Bound::From, length(&words.from)),
        (Bound::After, length(&words.after)),
        (Bound::Until, length(&words.until)),
        (Bound::Before, length(&words.before)),
    ];
    // The first of the longest; "apart from" is no "from".
    let longest = all.iter().map(|(_, length)| *length).max()?;
    if ends_before(&reader.language.scope.not, reader, at).is_some_and(|not| not > longest) {
        return None;
    }
    all.into_iter().find(|(_, length)| *length == longest && longest > 0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    From,
    After,
    Until,
    Before,
}

fn bounded(mut item: Item, reader: Reader<'_>, place: Place<'_>) -> Item {
    let What::Days(days, kind) = item.what else { return item };
    let words = &reader.language.day_words;
    // A range that was made of two has its "from" in it.
    let before = bound(reader, item.start);
    let later = longest_at(&words.or_later, reader, item.end);
    let earlier = longest_at(&words.or_earlier, reader, item.end);
    let is_span = kind == DayKind::Range && days.from != days.to && days.to.is_some();
    let (bound, length) = match (before, &later, &earlier) {
        (Some((Bound::From, length)), ..) if is_span && item.end - item.start > 2 => {
            item.start -= length;
            return item;
        }
        (Some(found), ..) => found,
        (None, Some(_), _) => (Bound::From, 0),
        (None, None, Some(_)) => (Bound::Until, 0),
        _ => return item,
    };
    item.start -= length;
    item.end = later.or(earlier).map_or(item.end, |found| found.end);
    let today = place.calendar.today();
    let days = match bound {
        Bound::From => Days::span(days.from, None),
        Bound::After => Days::span(days.to.and_then(|day| plus_days(day, 1)), None),
        Bound::Until => Days::span(Some(today), days.to),
        Bound::Before if item.ends => Days::span(Some(today), days.to),
        Bound::Before => Days::span(Some(today), days.from.and_then(|day| plus_days(day, -1))),
    };
    let kind = if bound == Bound::Until { DayKind::Until } else { DayKind::Bound };
    item.what = What::Days(days, kind);
    item
}
