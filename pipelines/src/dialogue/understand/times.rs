//! Times of day as one mention, and what is wanted later or earlier.

use jiff::civil::Time;

use super::pattern::{Reader, find_any};
use super::tokens::Tokens;
use crate::dialogue::tools::PartOfDay;
use crate::language::Language;
use crate::offers::hours;
use crate::wish::{Clock, When};

/// Which times a caller means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimeMention {
    /// At, or near, this time.
    pub(crate) at: Option<Time>,
    /// Near it is enough.
    pub(crate) around: bool,
    /// Not before.
    pub(crate) not_before: Option<Time>,
    /// Before.
    pub(crate) until: Option<Time>,
    /// Whether morning or afternoon was said; else the hour decides.
    pub(crate) half_said: bool,
}

impl TimeMention {
    /// The time of a wish for one; a part of the day is none.
    pub(crate) fn of(when: &When, half_said: bool) -> Option<Self> {
        let clock = when.any.first()?.clock;
        let same = when.any.iter().all(|window| window.clock == clock);
        if clock.is_open() || !same || (clock.at.is_none() && part_of(&clock).is_some()) {
            return None;
        }
        let bounds = if clock.at.is_some() { Clock::default() } else { clock };
        Some(Self {
            at: clock.at,
            around: clock.at.is_some() && !clock.is_exact(),
            not_before: bounds.from,
            until: bounds.until,
            half_said,
        })
    }
}

/// The part of the day that a wish names and nothing more of the time.
pub(crate) fn part_of_day(when: &When) -> Option<PartOfDay> {
    let clock = when.any.first()?.clock;
    when.any.iter().all(|window| window.clock == clock).then(|| part_of(&clock)).flatten()
}

fn part_of(clock: &Clock) -> Option<PartOfDay> {
    [PartOfDay::Morning, PartOfDay::Afternoon, PartOfDay::Evening].into_iter().find(|part| {
        let (from, until) = hours(*part);
        *clock == Clock::span(from, until)
    })
}

/// Whether the caller wants something later or earlier than what was offered.
pub(crate) fn is_later(tokens: &Tokens, language: &Language) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    find_any(&language.words.later, reader).is_some()
}

/// See [`is_later`].
pub(crate) fn is_earlier(tokens: &Tokens, language: &Language) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    find_any(&language.words.earlier, reader).is_some()
}
