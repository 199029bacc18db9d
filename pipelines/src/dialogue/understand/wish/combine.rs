//! What the phrases of an utterance come to together.

use jiff::Span;
use jiff::civil::{Date, Time};

use super::super::days::{Calendar, plus_days, until, until_back};
use super::super::pattern::Reader;
use super::Said;
use super::adjust::{in_week_of_anchor, lists_are_generic, lists_are_soft, postponed, refers_back};
use super::item::{DayKind, Item, What, shifted};
use super::joint::joint;
use super::resolve::weekend;
use super::scope::{Role, Scope, is_since, is_soft_after};
use crate::wish::{Clock, Days, Order, Window};

/// How long a meeting or the like is taken to last, in minutes before and after its start.
const BUSY: (i64, i64) = (30, 60);

/// The wish that the phrases make, those of a story left out.
pub(super) fn combine(
    mut items: Vec<Item>,
    scope: &Scope,
    reader: Reader<'_>,
    calendar: Calendar,
) -> Said {
    items.sort_by_key(|item| (item.start, item.end));
    items.retain(|item| !scope.is_story(item.start) && !is_since(reader, item.start));
    for item in &mut items {
        item.negated = item.never || scope.is_negated(item.start);
        item.soft = scope.is_soft(item.start) || is_soft_after(reader, item.end);
        in_role(item, scope.role(item.start));
    }
    postponed(&mut items, reader);
    refers_back(&mut items, reader);
    lists_are_generic(&mut items, reader);
    in_week_of_anchor(&mut items, calendar);
    lists_are_soft(&mut items, reader);
    let mut said = Said::default();
    let (no, mut yes): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.negated);
    if !yes.iter().any(Item::is_days) {
        // "Any day but Wednesday next week": in that week.
        let week = no.iter().find_map(|item| Some((item, item.week?)));
        let week = week
            .map(|(item, week)| Item::new(item.start, item.end, What::Days(week, DayKind::Range)));
        yes.extend(week);
        yes.sort_by_key(|item| item.start);
    }
    let (avoid, never): (Vec<Item>, Vec<Item>) = no.iter().partition(|item| item.soft);
    said.when.none = ruled_out(&never, reader, calendar);
    said.when.avoid = ruled_out(&avoid, reader, calendar);
    for item in &yes {
        match item.what {
            What::Order(order) => said.when.order = order,
            What::Soonest => said.when.order = Order::Soonest,
            What::AnyDay => said.free_days = true,
            What::Past => said.past = true,
            What::NoDate(holiday) => said.holiday = Some(holiday),
            What::Unclear => said.unclear = true,
            _ => {}
        }
        said.anchored |= item.anchored;
        said.shifted |= item.shift;
        said.of_week |= item.of_week;
        said.half_said |= matches!(item.what, What::Clock(_, true) | What::Both(..));
    }
    if let Some(What::NoDate(holiday)) = no.iter().map(|item| item.what).find(is_undated) {
        said.holiday = Some(holiday);
    }
    let negated_days = no.iter().any(Item::is_days);
    let of = |items: &[Item]| windows(&alternatives(items, &yes, reader), negated_days, calendar);
    let soft = |item: &&Item| item.soft && (item.is_days() || item.is_clock());
    let hard: Vec<Item> = yes
        .iter()
        .filter(|item| !item.soft && (item.is_days() || item.is_clock()))
        .copied()
        .collect();
    if yes.iter().any(|item| soft(&item)) && !hard.is_empty() {
        // "Ideally Monday, but Tuesday is fine": first what is preferred, then what will do.
        let instead = |item: &Item| {
            !item.soft && yes.iter().filter(soft).any(|preferred| both_points(preferred, item))
        };
        let first: Vec<Item> = yes.iter().filter(|item| !instead(item)).copied().collect();
        said.when.any = of(&first);
        said.when.fallback = of(&hard);
        if said.when.fallback == said.when.any {
            said.when.fallback.clear();
        }
    } else {
        said.when.any = of(&yes);
    }
    same_time_if_free(&mut said, &yes, calendar);
    // "As late as you can on a Thursday": on each.
    let each = |item: &Item| matches!(item.what, What::Days(_, DayKind::Generic));
    if said.when.order == Order::Latest && yes.iter().any(each) {
        said.when.order = Order::LastOfDay;
    }
    let days = said.when.any.iter().any(|window| !window.days.is_open());
    said.past &= !days;
    said.unclear &= !days;
    said
}

/// "I work until three" rules out, "I finish at four" is a bound.
fn in_role(item: &mut Item, role: Role) {
    let bound = |clock: Clock, from: bool| match clock.at {
        Some(at) if from => Clock::span(Some(at), None),
        Some(at) => Clock::span(None, Some(at)),
        None => clock,
    };
    item.absent = role == Role::Unavailable;
    match (role, item.what) {
        (Role::Unavailable, What::Clock(clock, half)) => {
            item.negated = true;
            if let Some(at) = clock.at {
                let from = at.saturating_sub(Span::new().minutes(BUSY.0));
                let until = at.checked_add(Span::new().minutes(BUSY.1)).ok();
                item.what = What::Clock(Clock::span(Some(from), until), half);
            }
        }
        (Role::Unavailable, What::Days(..) | What::Part(_) | What::Both(..)) => item.negated = true,
        (Role::From | Role::Until, What::Clock(clock, half)) => {
            item.what = What::Clock(bound(clock, role == Role::From), half);
        }
        (Role::From, What::Days(days, _)) if days.only().is_some() => {
            item.what = What::Days(Days::span(days.from, None), DayKind::Bound);
        }
        (Role::Until, What::Days(days, _)) if days.only().is_some() => {
            let to = days.to.and_then(|day| plus_days(day, -1));
            item.what = What::Days(Days::span(None, to), DayKind::Bound);
        }
        _ => {}
    }
}

const fn is_undated(what: &What) -> bool {
    matches!(what, What::NoDate(_))
}

/// What is ruled out; a day and a time that stand together are one.
fn ruled_out(no: &[Item], reader: Reader<'_>, calendar: Calendar) -> Vec<Window> {
    let mut found: Vec<Window> = Vec::new();
    let mut before: Option<Item> = None;
    for item in no {
        let window = match item.what {
            What::Days(_, DayKind::Weekday(weekday)) => {
                Window { days: Days::weekday(weekday), ..Window::default() }
            }
            What::Days(_, DayKind::Weekend) => {
                let days = Days { weekdays: weekend(calendar.region), ..Days::default() };
                Window { days, ..Window::default() }
            }
            // "Not until Thursday": on Thursday somebody can.
            What::Days(days, DayKind::Until) if !item.absent => {
                let to = days.to.and_then(|day| plus_days(day, -1));
                Window { days: Days { to, ..days }, ..Window::default() }
            }
            What::Days(days, _) => Window { days, ..Window::default() },
            What::Clock(clock, _) | What::Part(clock) => Window { clock, ..Window::default() },
            What::Both(days, clock) => Window { days, clock },
            _ => continue,
        };
        let together = before.filter(|last| {
            let joint = joint(last, item, reader);
            joint.is_list && !joint.or && !joint.and && last.is_days() != item.is_days()
        });
        match (together, found.last_mut()) {
            (Some(_), Some(last)) => {
                *last = Window {
                    days: last.days.and(&window.days),
                    clock: last.clock.and(&window.clock),
                };
            }
            _ => found.push(window),
        }
        before = Some(*item);
    }
    found
}

/// Splits what is asked for at "or"; what is corrected is dropped.
fn alternatives(yes: &[Item], all: &[Item], reader: Reader<'_>) -> Vec<Vec<Item>> {
    let mut groups: Vec<Vec<Item>> = Vec::new();
    let wanted = yes.iter().filter(|item| item.is_days() || item.is_clock());
    let mut before: Option<Item> = None;
    for item in wanted {
        // "Tuesday, otherwise Wednesday, but at nine": the nine is not what else will do.
        let between = |last: &Item| {
            let left_out =
                all.iter().filter(|other| last.end <= other.start && other.end <= item.start);
            left_out.max_by_key(|other| other.end).copied().unwrap_or(*last)
        };
        let joint = before.map(|last| joint(&between(&last), item, reader)).unwrap_or_default();
        let apart = before.is_some_and(|last| joint.is_list && both_points(&last, item));
        if joint.corrected {
            for group in &mut groups {
                group.retain(|old| {
                    !(old.is_days() && item.is_days() || old.is_clock() && item.is_clock())
                });
            }
            groups.retain(|group| !group.is_empty());
        }
        let alternative = joint.or || (apart && !joint.corrected);
        match groups.last_mut() {
            Some(group) if !alternative => group.push(*item),
            _ => groups.push(vec![*item]),
        }
        before = Some(*item);
    }
    groups
}

/// Whether both are single days, or both single times, that are not the same: "Monday, Tuesday".
fn both_points(first: &Item, second: &Item) -> bool {
    let point = |kind| matches!(kind, DayKind::Point | DayKind::Weekday(_) | DayKind::Generic);
    match (first.what, second.what) {
        (What::Days(a, one), What::Days(b, other)) if point(one) && point(other) => {
            a.and(&b).is_empty() || one == DayKind::Generic && other == DayKind::Generic
        }
        (What::Clock(a, _), What::Clock(b, _)) => a.at.is_some() && b.at.is_some(),
        (What::Part(a), What::Part(b)) => a.and(&b).is_empty(),
        _ => false,
    }
}

fn windows(groups: &[Vec<Item>], negated_days: bool, calendar: Calendar) -> Vec<Window> {
    let ranges: Vec<Option<Days>> = groups.iter().map(|group| range(group)).collect();
    let shared = ranges.iter().flatten().next().copied();
    let (mut found, mut before): (Vec<Window>, Option<Days>) = (Vec::new(), None);
    for (index, group) in groups.iter().enumerate() {
        let own = ranges.get(index).copied().flatten();
        let within = own.or_else(|| shared.filter(|_| group.iter().any(is_loose)));
        before = days(group, within, before, negated_days, calendar).or(before);
        // "At ten or eleven on Friday": the day is for both.
        let next = groups.iter().skip(index + 1).find(|group| group.iter().any(Item::is_days));
        let next = next.filter(|group| before.is_none() && group.iter().any(Item::is_clock));
        let shared = next.and_then(|group| days(group, range(group), None, negated_days, calendar));
        let clock = clock(group).or_else(|| neighbours_clock(groups, index));
        let window = Window {
            days: before.or(shared).unwrap_or_default(),
            clock: clock.unwrap_or_default(),
        };
        if !found.contains(&window) && window != Window::default() {
            found.push(window);
        }
    }
    found
}

/// "Put it back a week" keeps the time of day, if that can be.
fn same_time_if_free(said: &mut Said, yes: &[Item], calendar: Calendar) {
    let Some(anchor) = calendar.anchor.filter(|anchor| anchor.first == anchor.last) else { return };
    let shifted = yes.iter().any(|item| item.shift && matches!(item.what, What::Days(..)));
    let open = said.when.any.iter().all(|window| window.clock.is_open());
    if shifted && open && !said.when.is_soft() && said.when.order == Order::Any {
        said.when.fallback.clone_from(&said.when.any);
        for window in &mut said.when.any {
            window.clock = Clock::at(anchor.first.time());
        }
    }
}

/// A weekday without a date.
const fn is_loose(item: &Item) -> bool {
    matches!(item.what, What::Days(_, DayKind::Weekday(_) | DayKind::Generic))
}

/// Weeks, months and bounds of a group, as far as they agree.
fn range(group: &[Item]) -> Option<Days> {
    let ranges = group.iter().filter_map(|item| match item.what {
        What::Days(days, DayKind::Range | DayKind::Bound | DayKind::Until | DayKind::Weekend) => {
            Some(days)
        }
        _ => None,
    });
    ranges.reduce(|all, next| {
        let both = all.and(&next);
        if both.is_empty() { next } else { both }
    })
}

fn days(
    group: &[Item],
    within: Option<Days>,
    before: Option<Days>,
    negated_days: bool,
    calendar: Calendar,
) -> Option<Days> {
    // What is counted from the visit under discussion is meant; a day beside it names that visit.
    let anchored = group.iter().rfind(|item| item.anchored && item.is_days());
    if let Some(What::Days(days, _) | What::Both(days, _)) = anchored.map(|item| item.what) {
        let both = within.map(|within| within.and(&days));
        return Some(both.filter(|both| !both.is_empty()).unwrap_or(days));
    }
    let mut points: Option<Days> = None;
    for item in group {
        let next = match item.what {
            What::Both(days, _) | What::Days(days, DayKind::Point) => days,
            What::Days(days, DayKind::Generic) => {
                within.map_or(days, |within| first_within(within.and(&days)))
            }
            What::Days(days, DayKind::Weekday(weekday)) => {
                let mask = Days::weekday(weekday);
                match within {
                    Some(within) => first_within(within.and(&mask)),
                    None if negated_days => mask,
                    None => beside(weekday, points.or(before), calendar).unwrap_or(days),
                }
            }
            _ => continue,
        };
        points = Some(match points {
            Some(all) if !all.and(&next).is_empty() => all.and(&next),
            _ => next,
        });
    }
    match (points, within) {
        (Some(points), Some(within)) if !within.and(&points).is_empty() => {
            Some(within.and(&points))
        }
        (points, within) => points.or(within),
    }
}

/// A weekday within a week is its one day; within more it is each of them.
fn first_within(days: Days) -> Days {
    let (Some(from), Some(to)) = (days.from, days.to) else { return days };
    if (to - from).get_days() > 6 {
        return days;
    }
    let day = (0..7).filter_map(|n| plus_days(from, n)).find(|day| *day <= to && days.has(*day));
    day.map_or(days, Days::day)
}

/// "Next Tuesday or Wednesday": the Wednesday of the same week.
fn beside(weekday: jiff::civil::Weekday, named: Option<Days>, calendar: Calendar) -> Option<Days> {
    let day = named?.only()?;
    let start = plus_days(day, -until_back(day, calendar.region.week_start))?;
    let there: Date = plus_days(start, until(start, weekday))?;
    (there > calendar.today()).then(|| Days::day(there))
}

/// Times and parts of a day of a group, as far as they agree; else the last.
fn clock(group: &[Item]) -> Option<Clock> {
    let part = group.iter().rev().find_map(|item| match item.what {
        What::Part(clock) => Some(clock),
        _ => None,
    });
    let clocks = group.iter().filter_map(|item| match item.what {
        What::Clock(clock, half_said) if !half_said => {
            Some(part.map_or(clock, |p| in_part(clock, p)))
        }
        What::Clock(clock, _) | What::Part(clock) | What::Both(_, clock) => Some(clock),
        _ => None,
    });
    clocks.reduce(|all, next| {
        let both = all.and(&next);
        if both.is_empty() { next } else { both }
    })
}

/// "In the morning at five": the half of the day by its part.
fn in_part(clock: Clock, part: Clock) -> Clock {
    let noon = Time::constant(12, 0, 0, 0);
    let move_ = |time: Time| match (part.from, part.until) {
        (None, Some(_)) if time.hour() > 12 => shifted(time, -12),
        (Some(from), _) if from >= noon && time.hour() < 12 => shifted(time, 12),
        _ => time,
    };
    Clock { from: clock.from.map(move_), until: clock.until.map(move_), at: clock.at.map(move_) }
}

/// "Tuesday or Wednesday morning", "at ten on Monday or Tuesday": the time is for both.
fn neighbours_clock(groups: &[Vec<Item>], index: usize) -> Option<Clock> {
    let of = |at: usize| groups.get(at).and_then(|group| clock(group));
    let has_days = |at: usize| groups.get(at).is_some_and(|group| group.iter().any(Item::is_days));
    if !has_days(index) {
        return None;
    }
    if let Some(next) = of(index + 1).filter(|_| has_days(index + 1)) {
        return Some(next);
    }
    let before = index.checked_sub(1)?;
    let group = groups.get(before)?;
    let clock_at = group.iter().position(Item::is_clock)?;
    let day_at = group.iter().position(Item::is_days)?;
    (clock_at < day_at).then(|| of(before)).flatten()
}
