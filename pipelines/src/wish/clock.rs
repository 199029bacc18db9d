//! Times of day.

use jiff::Span;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// How far from "around ten" a start may lie, in minutes.
const AROUND: i64 = 30;

/// Times of day from one up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clock {
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub until: Option<Time>,
    /// As near to it as may be.
    pub at: Option<Time>,
}

impl Clock {
    /// At this time exactly.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self { from: Some(time), until: after(time, 1), at: Some(time) }
    }

    /// At, or a little before or after.
    #[must_use]
    pub fn around(time: Time) -> Self {
        let from = time.saturating_sub(Span::new().minutes(AROUND));
        Self { from: Some(from), until: after(time, AROUND + 1), at: Some(time) }
    }

    /// Not before one and before the other.
    #[must_use]
    pub const fn span(from: Option<Time>, until: Option<Time>) -> Self {
        Self { from, until, at: None }
    }

    /// Not after this time.
    #[must_use]
    pub fn not_after(time: Time) -> Self {
        Self::span(None, after(time, 1))
    }

    /// Whether it is no constraint.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is one time and no other.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.at.is_some_and(|at| *self == Self::at(at))
    }

    /// Whether the time is one of them.
    #[must_use]
    pub fn has(&self, time: Time) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    /// Those that both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let until = [self.until, other.until].into_iter().flatten().min();
        Self { from: self.from.max(other.from), until, at: self.at.or(other.at) }
    }

    /// Whether no time is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if until <= from)
    }

    /// Whether it has every time of the other.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let from = self.from.is_none_or(|from| other.from.is_some_and(|other| from <= other));
        let until = self.until.is_none_or(|until| other.until.is_some_and(|other| other <= until));
        from && until && !(other.is_open() && !self.is_open())
    }

    /// How many minutes a time lies away from the nearest of them, or from the one that is wanted.
    #[must_use]
    pub fn away(&self, time: Time) -> i64 {
        let minutes = |t: Time| i64::from(t.hour()) * 60 + i64::from(t.minute());
        let time = minutes(time);
        if let Some(at) = self.at {
            return (time - minutes(at)).abs();
        }
        let early = self.from.map_or(0, |from| minutes(from) - time);
        let late = self.until.map_or(0, |until| time - minutes(until) + 1);
        early.max(late).max(0)
    }
}

/// The time some minutes later; none if the day is over.
fn after(time: Time, minutes: i64) -> Option<Time> {
    time.checked_add(Span::new().minutes(minutes)).ok()
}
