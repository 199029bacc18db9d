//! Which of the offers a caller means by its place among them.

use super::numbers;
use super::pattern::{List, Reader, Slot, find_any, longest_at};
use super::tokens::Tokens;
use super::wish;
use crate::language::Language;

/// Which of the offers a caller means by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This one, from 0.
    Index(usize),
    Middle,
    Last,
    /// The last by the clock.
    Latest,
    /// The one behind that which is ruled out.
    Next,
    Either,
}

/// "Number two", "the second one", "the third"; the last of them where one is corrected. One that is
/// ruled out is not taken.
pub(super) fn numbered(rest: &Tokens, language: &Language) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let not = wish::negations(rest, language);
    let noun = &language.words.choice_noun;
    let index = |n: i64| usize::try_from(n - 1).ok().map(Choice::Index);
    let at = |at: usize| {
        if let Some(found) = longest_at(&language.words.choice_number, reader, at) {
            return index(found.slot(Slot::Number)?);
        }
        let (ordinal, length) = numbers::ordinals(rest, at, language).first().copied()?;
        let next = rest.text(at + length);
        let hour = longest_at(&language.clock_words.oclock, reader, at + length).is_some()
            || language.month(next).is_some()
            || language.weekday(next).is_some();
        let named = longest_at(noun, reader, at + length).is_some();
        (!hour && (named || ordinal <= 5)).then(|| index(ordinal)).flatten()
    };
    let wanted = (0..rest.len()).filter(|place| !not.get(*place).copied().unwrap_or_default());
    let found = wanted.filter_map(|place| at(place).map(|choice| (place, choice)));
    let found: Vec<(usize, Choice)> = found.collect();
    let Some((first, choice)) = found.first().copied() else {
        // "Not the first, the one right after it": counted from the one that is ruled out.
        find_any(&language.words.list_after, reader)?;
        return match (0..rest.len()).filter_map(at).next_back() {
            Some(Choice::Index(index)) => Some(Choice::Index(index + 1)),
            // "Not one o'clock, the next one up".
            _ => not.contains(&true).then_some(Choice::Next),
        };
    };
    let corrected = |place: usize| {
        let lists = [&language.scope.corrected, &language.scope.answers];
        (first..place).any(|at| lists.iter().any(|list| longest_at(list, reader, at).is_some()))
    };
    let last = found.iter().skip(1).rfind(|(place, _)| corrected(*place));
    Some(last.map_or(choice, |(_, choice)| *choice))
}

/// A number and nothing else, counted from 0: which of the offers it may be.
pub(super) fn number_alone(rest: &Tokens, language: &Language) -> Option<usize> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let filler = |at: &usize| {
        let lists = [&language.words.fillers, &language.words.please];
        lists.iter().any(|list| longest_at(list, reader, *at).is_some())
    };
    let mut words =
        (0..rest.len()).filter(|at| !rest.text(*at).is_empty()).filter(|at| !filler(at));
    let (only, more) = (words.next()?, words.next());
    let (number, _) = numbers::cardinals(rest, only, language).first().copied()?;
    usize::try_from(number - 1).ok().filter(|_| more.is_none())
}

pub(super) fn choice(rest: &Tokens, language: &Language, content: bool) -> Option<Choice> {
    let reader = Reader { tokens: rest, language, latest_year: 0 };
    let not = wish::negations(rest, language);
    let words = &language.words;
    let is = |list: &List| {
        find_any(list, reader).is_some_and(|m| !not.get(m.start).copied().unwrap_or_default())
    };
    if is(&words.list_first) {
        Some(Choice::Index(0))
    } else if is(&words.list_middle) {
        Some(Choice::Middle)
    } else if is(&words.list_latest) {
        Some(Choice::Latest)
    } else if is(&words.list_last) {
        Some(Choice::Last)
    } else if is(&words.list_either) && !content {
        Some(Choice::Either)
    } else {
        None
    }
}
