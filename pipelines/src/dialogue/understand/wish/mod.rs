//! The wish for a time that an utterance names, as constraints ([`When`]).
//!
//! Phrases of days ([`find_days`]) and of times ([`find_clock`]) are found wherever they stand; what
//! surrounds them ([`scope`]) tells whether they are asked for, ruled out, or part of a story; then
//! they are combined ([`combine`]).

mod adjust;
mod beside;
mod combine;
mod find_clock;
mod find_days;
mod item;
mod joint;
mod resolve;
mod scope;

use super::Setting;
use super::pattern::{Reader, find_any};
use super::tokens::Tokens;
use crate::language::Language;
use crate::wish::When;

pub(super) use resolve::month_and_day;

/// What was said of days and times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) when: When,
    /// Any day will do.
    pub(crate) free_days: bool,
    /// A day that has passed, and no other.
    pub(crate) past: bool,
    /// A day that does not exist, and no other.
    pub(crate) unclear: bool,
    /// It counts from what is being talked of.
    pub(crate) anchored: bool,
    /// It says how much later or earlier than a visit that is not named beside it.
    pub(crate) shifted: bool,
    /// It names a weekday of the week that is talked of: "the Friday".
    pub(crate) of_week: bool,
    /// A public holiday of which no date is known, by its place in the language's list.
    pub(crate) holiday: Option<usize>,
    /// Words of time are left that nobody has understood.
    pub(crate) left_over: bool,
    /// Whether morning or afternoon was said with a time; else the hour decides.
    pub(crate) half_said: bool,
}

/// How numbers are meant where the words stand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Offers are being chosen from: "the second" is one of them.
    pub(crate) choosing: bool,
    /// A number alone is a time.
    pub(crate) bare: bool,
    /// No times are read.
    pub(crate) days_only: bool,
}

/// Takes days and times out of `tokens`.
pub(crate) fn take(tokens: &mut Tokens, setting: Setting<'_>, reading: Reading) -> Said {
    let language = setting.language;
    let whole = tokens.clone();
    let mut items = find_clock::take_spans(tokens, language, setting.anchor);
    items.extend(find_days::take(tokens, &whole, setting, reading.choosing));
    if !reading.days_only {
        items.extend(find_clock::take_times(tokens, language, reading.bare));
    }
    items.extend(find_clock::take_parts(tokens, language));
    if items.is_empty() {
        return Said::default();
    }
    let reader = Reader { tokens: &whole, language, latest_year: 0 };
    combine::combine(items, &scope::Scope::of(&whole, language), reader, setting.calendar())
}

/// Clears the words of a story, where something else is asked for.
pub(crate) fn without_story(tokens: &Tokens, setting: Setting<'_>) -> Tokens {
    let mut rest = tokens.clone();
    let reader = Reader { tokens, language: setting.language, latest_year: 0 };
    if find_any(&setting.language.scope.story, reader).is_none() {
        return rest;
    }
    let scope = scope::Scope::of(tokens, setting.language);
    for at in (0..tokens.len()).filter(|at| scope.is_story(*at)) {
        rest.take(at..at + 1);
    }
    rest
}

/// Which words are ruled out.
pub(crate) fn negations(tokens: &Tokens, language: &Language) -> Vec<bool> {
    scope::negated(Reader { tokens, language, latest_year: 0 })
}

/// Whether what stands in a range of words is only preferred.
pub(crate) fn is_soft(tokens: &Tokens, language: &Language, range: std::ops::Range<usize>) -> bool {
    let reader = Reader { tokens, language, latest_year: 0 };
    let before = scope::soft(reader).get(range.start).copied().unwrap_or_default();
    before || scope::is_soft_after(reader, range.end)
}

/// Whether words of time are left that nobody has understood.
pub(crate) fn is_left_over(rest: &Tokens, setting: Setting<'_>) -> bool {
    let time_like = &setting.language.scope.time_like;
    let reader = Reader { tokens: rest, language: setting.language, latest_year: 0 };
    if find_any(time_like, reader).is_none() {
        return false;
    }
    let rest = without_story(rest, setting);
    let reader = Reader { tokens: &rest, language: setting.language, latest_year: 0 };
    find_any(time_like, reader).is_some()
}

#[cfg(test)]
mod calendar;
#[cfg(test)]
mod holiday_tests;
#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
mod soft_tests;
#[cfg(test)]
mod tests;
