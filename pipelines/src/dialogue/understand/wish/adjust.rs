//! What phrases of a time make of one another before they are combined: what stands behind rules out,
//! "after that" counts from what was told, a list is meant alike.

use super::super::days::{Calendar, plus_days, until, until_back};
use super::super::pattern::{List, Reader, find_any, longest_at};
use super::item::{DayKind, Item, What};
use super::joint::joint;
use crate::wish::{Clock, Days};

/// "I fly out on the 30th, and I need it before then", "I'm out until one on Monday, after that".
pub(super) fn refers_back(items: &mut [Item], reader: Reader<'_>) {
    let scope = &reader.language.scope;
    for (list, before) in [(&scope.before_that, true), (&scope.after_that, false)] {
        let Some(found) = find_any(list, reader) else { continue };
        let told = |item: &&mut Item| item.end <= found.start;
        let timed = items.iter().any(|item| item.end <= found.start && item.is_clock());
        for item in items.iter_mut().filter(told) {
            let clock = match item.what {
                What::Clock(clock, half) => clock.at.or(clock.until).or(clock.from).zip(Some(half)),
                _ => None,
            };
            let day = match item.what {
                What::Days(days, _) => days.only().filter(|_| !timed),
                _ => None,
            };
            if let Some((at, half)) = clock {
                let span = if before { (None, Some(at)) } else { (Some(at), None) };
                item.what = What::Clock(Clock::span(span.0, span.1), half);
            } else if let Some(day) = day {
                let days = if before {
                    Days::span(None, plus_days(day, -1))
                } else {
                    Days::span(plus_days(day, 1), None)
                };
                item.what = What::Days(days, DayKind::Bound);
            }
            item.negated &= !(item.is_days() || item.is_clock());
        }
    }
}

/// "Any Tuesday or Thursday": both are any of them.
pub(super) fn lists_are_generic(items: &mut [Item], reader: Reader<'_>) {
    for at in 1..items.len() {
        let joint = joint(&items[at - 1], &items[at], reader);
        let generic = matches!(items[at - 1].what, What::Days(_, DayKind::Generic));
        if let What::Days(_, DayKind::Weekday(weekday)) = items[at].what
            && generic
            && joint.is_list
            && (joint.or || joint.and)
        {
            items[at].what = What::Days(Days::weekday(weekday), DayKind::Generic);
        }
    }
}

/// "The same time, only on the Thursday": of the week that is talked of.
pub(super) fn in_week_of_anchor(items: &mut [Item], calendar: Calendar) {
    let Some(anchor) = calendar.anchor.map(|anchor| anchor.first.date()) else { return };
    let meant = |item: &Item| item.of_week || item.anchored && matches!(item.what, What::Clock(..));
    let days = items.iter().filter(|item| item.is_days()).count();
    if !items.iter().any(meant) || days != 1 {
        return;
    }
    for item in items {
        let What::Days(_, DayKind::Weekday(weekday)) = item.what else { continue };
        let start = plus_days(anchor, -until_back(anchor, calendar.region.week_start));
        let day = start.and_then(|start| plus_days(start, until(start, weekday)));
        if let Some(day) = day.filter(|day| *day > calendar.today() && *day != anchor) {
            item.what = What::Days(Days::day(day), DayKind::Point);
        }
    }
}

/// What stands behind rules out, or welcomes: "Mondays and Tuesdays don't work".
pub(super) fn postponed(items: &mut [Item], reader: Reader<'_>) {
    let (scope, words) = (&reader.language.scope, &reader.language.words);
    let is = |list: &List, at| longest_at(list, reader, at).is_some();
    for index in 0..items.len() {
        let end = items[index].end;
        if is(&words.negated_after, end) {
            items[index].negated = true;
            let mut first = index;
            while let Some(before) = first.checked_sub(1)
                && let link = joint(&items[before], &items[first], reader)
                && link.is_list
                && (link.or || link.and)
            {
                items[before].negated = true;
                first = before;
            }
        } else if is(&scope.good_after, end)
            && index.checked_sub(1).is_some_and(|before| items[before].negated)
            // "Neither Monday nor Tuesday works."
            && !(items[index - 1].end..items[index].start).any(|at| is(&scope.not, at))
        {
            // "Not tomorrow, the day after is fine."
            items[index].negated = false;
        }
    }
}

/// "Monday or Tuesday if possible": both are only preferred.
pub(super) fn lists_are_soft(items: &mut [Item], reader: Reader<'_>) {
    for at in (1..items.len()).rev() {
        let joint = joint(&items[at - 1], &items[at], reader);
        if items[at].soft && joint.is_list && (joint.or || joint.and) {
            items[at - 1].soft = true;
        }
    }
}
