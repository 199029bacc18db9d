//! Days that are named without their month beside a date that has one: "the fourth or the fifth of
//! December", "December 4th, sorry, the fifth".

use jiff::civil::Date;

use super::super::days::{plus_days, yearless};
use super::super::numbers;
use super::super::pattern::{List, Match, Reader, Slot, longest_at};
use super::item::{Item, What};
use super::resolve::{Place, mentioned, month_and_day};
use crate::language::understand::DayOp;

/// Days of a list at most.
const LISTED: usize = 5;

/// What a day of a month means by the date that stands before or behind it; none if it stands alone.
pub(super) fn beside(reader: Reader<'_>, found: &Match, place: Place<'_>) -> Option<What> {
    let day = i8::try_from(found.slot(Slot::Ordinal)?).ok()?;
    if found.slot(Slot::Weekday).is_some() {
        return None;
    }
    before(reader, found, place, day).or_else(|| {
        let month = month_behind(reader, found.end)?;
        Some(mentioned(yearless(month, day, place.calendar.today())?))
    })
}

/// "Not on the 12th or 13th": an ordinal alone, joined to the date before it.
pub(super) fn listed(reader: Reader<'_>, at: usize, place: Place<'_>) -> Option<Item> {
    let (day, length) = numbers::ordinals(reader.tokens, at, reader.language).first().copied()?;
    let (_, end) = place.before.filter(|(_, end)| *end < at)?;
    let found = Match { start: at, end: at + length, ..Match::default() };
    let joint = longest_at(&reader.language.scope.or, reader, end)
        .or_else(|| longest_at(&reader.language.scope.and, reader, end));
    joint.filter(|joint| joint.end == at)?;
    let what = before(reader, &found, place, i8::try_from(day).ok()?)?;
    Some(Item::new(at, at + length, what))
}

/// "December 3rd or the 10th", "the 4th of December, no, the 5th".
fn before(reader: Reader<'_>, found: &Match, place: Place<'_>, day: i8) -> Option<What> {
    let (date, end) = place.before?;
    let scope = &reader.language.scope;
    let mut corrected = false;
    let mut at = end;
    while at < found.start {
        let lists = [&scope.corrected, &scope.answers];
        let back = lists.iter().filter_map(|list| length(list, reader, at)).max();
        let joint = joint(reader, at);
        corrected |= back.is_some();
        at += back.max(joint)?;
    }
    let same = Date::new(date.year(), date.month(), day).ok();
    let later = || {
        let first = plus_days(date.last_of_month(), 1)?;
        Date::new(first.year(), first.month(), day).ok()
    };
    let day = same.filter(|same| corrected || *same >= date).or_else(later)?;
    (day >= place.calendar.today()).then(|| What::day(day))
}

/// The month of the date that a list of days ends with, if one does.
fn month_behind(reader: Reader<'_>, end: usize) -> Option<i8> {
    let longest = |op: DayOp, at| {
        let phrases = reader.language.days.iter().filter(|phrase| phrase.op == op);
        phrases.filter_map(|phrase| longest_at(&phrase.say, reader, at)).max_by_key(Match::len)
    };
    let mut at = end;
    for _ in 0..LISTED {
        let start = at;
        while let Some(length) = joint(reader, at) {
            at += length;
        }
        let stop = reader.tokens.words.get(at.checked_sub(1)?).is_some_and(|word| word.stop);
        if at == start && !stop {
            return None;
        }
        if let Some(date) = longest(DayOp::Date, at) {
            // The month behind the day: "the 10th or December 12th" are of two months.
            let first = date.slots.iter().find(|(slot, _)| *slot != Slot::Weekday)?;
            let (month, _) = month_and_day(&date)?;
            return (first.0 != Slot::Month).then_some(month);
        }
        at = longest(DayOp::DayOfMonth, at)?.end;
    }
    None
}

/// A word that may stand between two days that belong together.
fn joint(reader: Reader<'_>, at: usize) -> Option<usize> {
    let (scope, words) = (&reader.language.scope, &reader.language.day_words);
    let all = [&scope.or, &scope.and, &words.range, &words.on, &reader.language.words.fillers];
    all.iter().filter_map(|list| length(list, reader, at)).max()
}

fn length(list: &List, reader: Reader<'_>, at: usize) -> Option<usize> {
    longest_at(list, reader, at).map(|found| found.len()).filter(|length| *length > 0)
}
