//! Sets of days.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

const DAYS_OF_WEEK: i64 = 7;

/// Days of the week; none of them means any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Weekdays(u8);

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// This one.
    #[must_use]
    pub fn only(weekday: Weekday) -> Self {
        Self(1 << weekday.to_monday_zero_offset())
    }

    /// Those of either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is no constraint.
    #[must_use]
    pub const fn is_open(self) -> bool {
        self.0 == 0
    }

    /// Whether the weekday is one of them.
    #[must_use]
    pub fn has(self, weekday: Weekday) -> bool {
        self.is_open() || self.0 & Self::only(weekday).0 != 0
    }

    /// As bits, Monday's is 1; none of them means any.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Those that the other set does not have; any but those where this one is open.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        let all = if self.0 == 0 { 0b111_1111 } else { self.0 };
        Self(all & !other.0)
    }

    /// Those named, from Monday on.
    pub fn named(self) -> impl Iterator<Item = Weekday> {
        let all = (0..7_i8).filter_map(|offset| Weekday::from_monday_zero_offset(offset).ok());
        all.filter(move |weekday| !self.is_open() && self.has(*weekday))
    }
}

impl From<Weekdays> for Vec<String> {
    fn from(days: Weekdays) -> Self {
        let name =
            |day: Weekday| NAMES.get(usize::from(day.to_monday_zero_offset().unsigned_abs()));
        days.named().filter_map(name).map(|name| (*name).to_owned()).collect()
    }
}

impl TryFrom<Vec<String>> for Weekdays {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let mut days = 0;
        for name in names {
            let at = NAMES.iter().position(|known| *known == name);
            let at = at.ok_or_else(|| format!("{name:?} is none of {NAMES:?}"))?;
            days |= 1 << at;
        }
        Ok(Self(days))
    }
}

/// Days from one to another, or only some weekdays of them. Both ends may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Days {
    /// Not before.
    pub from: Option<Date>,
    /// Not after.
    pub to: Option<Date>,
    /// Only on these.
    pub weekdays: Weekdays,
}

impl Days {
    /// One day.
    #[must_use]
    pub fn day(date: Date) -> Self {
        Self::span(Some(date), Some(date))
    }

    /// From one day to another.
    #[must_use]
    pub fn span(from: Option<Date>, to: Option<Date>) -> Self {
        Self { from, to, weekdays: Weekdays::default() }
    }

    /// Any such weekday.
    #[must_use]
    pub fn weekday(weekday: Weekday) -> Self {
        Self { weekdays: Weekdays::only(weekday), ..Self::default() }
    }

    /// Whether it is no constraint.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the day is one of them.
    #[must_use]
    pub fn has(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date)
            && self.to.is_none_or(|to| date <= to)
            && self.weekdays.has(date.weekday())
    }

    /// The only day there is.
    #[must_use]
    pub fn only(&self) -> Option<Date> {
        self.from.filter(|_| self.from == self.to)
    }

    /// Those that both have; an empty set has its ends the wrong way round.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let to = [self.to, other.to].into_iter().flatten().min();
        let weekdays = match (self.weekdays.is_open(), other.weekdays.is_open()) {
            (true, _) => other.weekdays,
            (_, true) => self.weekdays,
            _ => Weekdays(self.weekdays.0 & other.weekdays.0),
        };
        Self { from: self.from.max(other.from), to, weekdays }
    }

    /// Whether no day is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let (Some(from), Some(to)) = (self.from, self.to) else { return false };
        let first = |days: i64| from.checked_add(jiff::Span::new().days(days)).ok();
        !(0..DAYS_OF_WEEK)
            .filter_map(first)
            .any(|day| day <= to && self.weekdays.has(day.weekday()))
    }

    /// Whether it has every day of the other, as far as the ends tell.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if other.is_open() {
            return self.is_open();
        }
        let from = self.from.is_none_or(|from| other.from.is_some_and(|other| from <= other));
        let to = self.to.is_none_or(|to| other.to.is_some_and(|other| other <= to));
        let weekdays = self.weekdays.is_open()
            || match other.only() {
                Some(day) => self.weekdays.has(day.weekday()),
                None => !other.weekdays.is_open() && other.weekdays.0 & !self.weekdays.0 == 0,
            };
        from && to && weekdays
    }

    /// How many days a day lies away from the nearest of them.
    #[must_use]
    pub fn away(&self, date: Date) -> i64 {
        let between = |a: Date, b: Date| i64::from((b - a).get_days());
        let ends = match (self.from, self.to) {
            (Some(from), _) if date < from => between(date, from),
            (_, Some(to)) if to < date => between(to, date),
            _ => 0,
        };
        if ends > 0 || self.weekdays.has(date.weekday()) {
            return ends;
        }
        let on = |days: i64| {
            let there = |days| date.checked_add(jiff::Span::new().days(days));
            [there(days), there(-days)].into_iter().flatten().any(|day| self.has(day))
        };
        (1..DAYS_OF_WEEK).find(|days| on(*days)).unwrap_or(DAYS_OF_WEEK)
    }
}
