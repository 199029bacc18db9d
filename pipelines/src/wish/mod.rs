//! When somebody wishes to come, as constraints on the start of a visit.
//!
//! A value like any other: it can be stored, sent, and written by the grammar of a language or by a
//! language model. [`When::fits`] is the one place that tells whether a start is wished for; nothing
//! here knows a language, a database or a clinic.

mod clock;
mod days;
mod visit;

use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};

pub use clock::Clock;
pub use days::{Days, Weekdays};
pub use visit::{Traits, Visit};

/// Days and times of day that go together: "Tuesday morning".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Window {
    /// On these days.
    pub days: Days,
    /// At these times.
    pub clock: Clock,
}

impl Window {
    /// Whether a local start lies in it.
    #[must_use]
    pub fn has(&self, start: DateTime) -> bool {
        self.days.has(start.date()) && self.clock.has(start.time())
    }
}

/// Which of the starts that fit are wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Nothing was said: the earliest, spread over the days where there are many.
    #[default]
    Any,
    /// The sooner the better.
    Soonest,
    /// The last of all.
    Latest,
    /// The first of each day.
    FirstOfDay,
    /// The last of each day.
    LastOfDay,
}

/// When somebody wishes to come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// In one of these; anywhere if there are none.
    pub any: Vec<Window>,
    /// In none of these.
    pub none: Vec<Window>,
    /// Which first.
    pub order: Order,
    /// In one of these where none of `any` is free: what is left without what is only preferred.
    /// Nothing else will do if there are none.
    pub fallback: Vec<Window>,
    /// In none of these, if that can be.
    pub avoid: Vec<Window>,
}

impl When {
    /// At any time of these days.
    #[must_use]
    pub fn on(days: Days) -> Self {
        Self::within(Window { days, clock: Clock::default() })
    }

    /// In this window.
    #[must_use]
    pub fn within(window: Window) -> Self {
        Self { any: vec![window], ..Self::default() }
    }

    /// Whether nothing was said of days, times or order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a visit that starts then, by the clinic's clock, is wished for.
    #[must_use]
    pub fn fits(&self, start: DateTime) -> bool {
        self.allows(start)
            && !self.avoid.iter().any(|window| window.has(start))
            && (self.any.is_empty() || self.any.iter().any(|w| w.has(start)))
    }

    /// Whether some of it is only preferred.
    #[must_use]
    pub const fn is_soft(&self) -> bool {
        !self.fallback.is_empty() || !self.avoid.is_empty()
    }

    /// The same without what is only preferred.
    #[must_use]
    pub fn softened(&self) -> Self {
        let any = if self.fallback.is_empty() { &self.any } else { &self.fallback };
        let (any, none) = (any.clone(), self.none.clone());
        Self { any, none, order: self.order, ..Self::default() }
    }

    /// Whether nothing rules the start out; it need not be one that was asked for.
    #[must_use]
    pub fn allows(&self, start: DateTime) -> bool {
        !self.none.iter().any(|window| window.has(start))
    }

    /// Whether the day alone is one that was asked for.
    #[must_use]
    pub fn fits_day(&self, start: DateTime) -> bool {
        self.any.is_empty() || self.any.iter().any(|window| window.days.has(start.date()))
    }

    /// Whether the time of day alone is one that was asked for.
    #[must_use]
    pub fn fits_clock(&self, start: DateTime) -> bool {
        self.any.is_empty() || self.any.iter().any(|window| window.clock.has(start.time()))
    }

    /// How many days a start lies away from the nearest day that was asked for.
    #[must_use]
    pub fn days_away(&self, start: DateTime) -> i64 {
        self.any.iter().map(|window| window.days.away(start.date())).min().unwrap_or(0)
    }

    /// How many minutes a start lies away from the nearest time of day that was asked for, on its
    /// own day if one was asked for then.
    #[must_use]
    pub fn minutes_away(&self, start: DateTime) -> i64 {
        let own: Vec<&Window> = self.any.iter().filter(|w| w.days.has(start.date())).collect();
        let away = |window: &Window| window.clock.away(start.time());
        let of_day = own.iter().map(|window| away(window)).min();
        of_day.or_else(|| self.any.iter().map(away).min()).unwrap_or(0)
    }

    /// The days from the first to the last that is asked for; open where any window is.
    #[must_use]
    pub fn hull(&self) -> Days {
        let ends = |of: fn(&Window) -> Option<jiff::civil::Date>| {
            let ends: Option<Vec<_>> = self.any.iter().map(of).collect();
            ends.unwrap_or_default()
        };
        let (from, to) = (ends(|w| w.days.from), ends(|w| w.days.to));
        Days {
            from: from.into_iter().min(),
            to: to.into_iter().max(),
            weekdays: Weekdays::default(),
        }
    }

    /// The only day that is asked for.
    #[must_use]
    pub fn day(&self) -> Option<jiff::civil::Date> {
        let hull = self.hull();
        hull.from.filter(|_| hull.from == hull.to)
    }

    /// The only time that is asked for, exactly or nearly.
    #[must_use]
    pub fn at(&self) -> Option<Time> {
        let (first, rest) = self.any.split_first()?;
        first.clock.at.filter(|_| rest.iter().all(|window| window.clock.at == first.clock.at))
    }

    /// One window that has everything that is asked for, as close around it as one window can be:
    /// for who waits for a time to become free.
    #[must_use]
    pub fn frame(&self) -> Window {
        let mut days = self.hull();
        let named = |window: &Window| match (window.days.from, window.days.to) {
            (Some(from), to) if to == Some(from) => Weekdays::only(from.weekday()),
            _ => window.days.weekdays,
        };
        if !self.any.is_empty() && self.any.iter().all(|window| !named(window).is_open()) {
            days.weekdays = self.any.iter().map(named).fold(Weekdays::default(), Weekdays::or);
        }
        let ends = |of: fn(&Window) -> Option<Time>| {
            let ends: Option<Vec<_>> = self.any.iter().map(of).collect();
            ends.unwrap_or_default()
        };
        let from = ends(|window| window.clock.from).into_iter().min();
        let until = ends(|window| window.clock.until).into_iter().max();
        let mut clock = Clock::span(from, until);
        for no in &self.none {
            let weekdays = no.days.weekdays;
            if no.clock.is_open() && !weekdays.is_open() && no.days.from.or(no.days.to).is_none() {
                days.weekdays = days.weekdays.without(weekdays);
            } else if no.days.is_open() {
                match (no.clock.from, no.clock.until) {
                    (None, Some(until)) => clock.from = clock.from.max(Some(until)),
                    (Some(from), None) => {
                        clock.until = Some(clock.until.map_or(from, |until| until.min(from)));
                    }
                    _ => {}
                }
            }
        }
        Window { days, clock }
    }

    /// Whether some day was asked for, or ruled out.
    #[must_use]
    pub fn says_day(&self) -> bool {
        let all = self.any.iter().chain(&self.none).chain(&self.avoid);
        all.into_iter().any(|window| !window.days.is_open())
    }

    /// Whether some time of day was asked for, or ruled out.
    #[must_use]
    pub fn says_clock(&self) -> bool {
        let order = matches!(self.order, Order::FirstOfDay | Order::LastOfDay);
        let mut all = self.any.iter().chain(&self.none).chain(&self.avoid);
        order || all.any(|window| !window.clock.is_open())
    }

    /// Any time of the days will do.
    pub fn forget_times(&mut self) {
        for window in &mut self.any {
            window.clock = Clock::default();
        }
        self.any.retain(|window| *window != Window::default());
        self.any.dedup();
    }

    /// What was said later is added: days replace days, times replace times, and what was ruled out
    /// stays so until it is asked for.
    pub fn add(&mut self, later: &Self) {
        let (days, clock) = (asks(&later.any, says_days), asks(&later.any, says_times));
        let old = std::mem::take(&mut self.any);
        if days || clock {
            self.fallback = match (later.fallback.is_empty(), days && clock) {
                (false, false) if days => crossed(&later.fallback, &old),
                (false, false) => crossed(&old, &later.fallback),
                _ => later.fallback.clone(),
            };
        }
        self.any = match (days, clock) {
            (false, false) => old,
            (true, true) => later.any.clone(),
            (true, false) => crossed(&later.any, &old),
            (false, true) => crossed(&old, &later.any),
        };
        // A day that is asked for is not ruled out any more, nor is a time.
        let wanted = |no: &Window| {
            let asked = |window: &Window| {
                let day = no.clock.is_open() && days && no.days.covers(&window.days);
                day || no.days.is_open() && clock && no.clock.covers(&window.clock)
            };
            later.any.iter().any(asked)
        };
        self.none.retain(|no| !wanted(no));
        self.avoid.retain(|no| !wanted(no) && !later.avoid.contains(no));
        self.avoid.extend(later.avoid.iter().copied());
        self.none.extend(
            later.none.iter().filter(|no| !self.none.contains(no)).copied().collect::<Vec<_>>(),
        );
        // A time that was asked for and is now ruled out is asked for no more.
        let ruled_out = |window: &Window| {
            later.none.iter().any(|no| no.clock.is_open() && no.days.covers(&window.days))
        };
        if !days && self.any.iter().all(ruled_out) {
            for window in &mut self.any {
                window.days = Days::default();
            }
        }
        let late = |window: &Window| {
            later.none.iter().any(|no| no.days.is_open() && no.clock.covers(&window.clock))
        };
        if !clock && self.any.iter().all(late) {
            for window in &mut self.any {
                window.clock = Clock::default();
            }
        }
        self.any.retain(|window| *window != Window::default());
        if later.order != Order::Any {
            self.order = later.order;
        } else if days || clock {
            self.order = match self.order {
                order @ (Order::FirstOfDay | Order::LastOfDay) if !clock => order,
                _ => Order::Any,
            };
        }
    }
}

fn says_days(window: &Window) -> bool {
    !window.days.is_open()
}

fn says_times(window: &Window) -> bool {
    !window.clock.is_open()
}

fn asks(windows: &[Window], of: fn(&Window) -> bool) -> bool {
    windows.iter().any(of)
}

/// The days of some windows, each at the times of others.
fn crossed(days: &[Window], times: &[Window]) -> Vec<Window> {
    let open = [Window::default()];
    let of = |all: &[Window]| if all.is_empty() { open.to_vec() } else { all.to_vec() };
    let mut found: Vec<Window> = Vec::new();
    for day in of(days) {
        for time in of(times) {
            let window = Window { days: day.days, clock: time.clock };
            if !found.contains(&window) {
                found.push(window);
            }
        }
    }
    found
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
