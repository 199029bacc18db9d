//! The name with which an utterance begins.

use std::ops::Range;

use super::super::pattern::{Reader, longest_at};
use super::super::tokens::Tokens;
use super::{MAX_WORDS, NameMention, ends_clause, last_name_first, name_run, spoken_name};
use crate::language::Language;

/// Takes the name with which an utterance, or a clause of it, begins: "Jane Miller, born 17 May 1980".
/// The words of the date were taken before; without one only names that are known as such count, of
/// which `is_other` does not say that they are somebody else's.
pub(crate) fn take_leading(
    tokens: &mut Tokens,
    language: &Language,
    with_birth: bool,
    is_other: impl Fn(&Tokens, usize) -> bool,
) -> Option<NameMention> {
    let stops = (1..tokens.len()).filter(|at| tokens.words[at - 1].stop);
    let starts: Vec<usize> = std::iter::once(0).chain(stops).collect();
    let known = |at: usize, last: bool| {
        let (word, names) = (tokens.text(at), language.listen());
        names.is_first_name(word) || (last && names.is_last_name(word))
    };
    let capital = |at: usize| tokens.words[at].raw.starts_with(char::is_uppercase);
    let sure = |from: usize, range: &Range<usize>| {
        if with_birth && from == 0 {
            return known(range.start, true) || range.clone().all(capital);
        }
        let mut ends = [range.start, range.end - 1].into_iter();
        range.clone().any(|at| known(at, false))
            && ends.clone().all(|at| known(at, true) || capital(at))
            && !ends.any(|at| is_other(tokens, at))
    };
    let mut found = starts.into_iter().filter_map(|from| {
        let (range, name) = begins(tokens, language, from)?;
        sure(from, &range).then_some((range, name))
    });
    let (range, name) = found.next()?;
    tokens.take(range);
    Some(NameMention { name, full: true, introduced: true, own: true })
}

/// The whole name with which a clause begins, and nothing else behind it.
fn begins(tokens: &Tokens, language: &Language, from: usize) -> Option<(Range<usize>, String)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let mut start = from;
    while start < tokens.len() {
        match longest_at(&language.words.name_fillers, reader, start) {
            Some(filler) => start = filler.end,
            None if tokens.text(start).is_empty() => start += 1,
            None => break,
        }
    }
    let first = name_run(tokens, language, start);
    let (range, name) = first_and_last(tokens, language, &first).or_else(|| {
        let whole = whole_behind(tokens, language, &first).unwrap_or(first);
        if let Some(name) = last_name_first(tokens, language, &whole) {
            return Some((whole.start..whole.end + 1, name));
        }
        let name = spoken_name(&tokens.words[whole.clone()], language);
        (2..=MAX_WORDS).contains(&whole.len()).then_some((whole, name))
    })?;
    let said = longest_at(&language.words.name_is_said, reader, range.end);
    let ends = [Some(range.end), said.map(|said| said.end)];
    let last = |end: usize| tokens.words.get(end.wrapping_sub(1));
    let stop = ends.into_iter().flatten().any(|end| last(end).is_some_and(|word| word.stop));
    (stop || tokens.text(range.end).is_empty()).then_some((range, name))
}

/// "Mrs Miller here, Jane Miller", "I'm Jane, Jane Miller": the whole name behind one alone.
fn whole_behind(
    tokens: &Tokens,
    language: &Language,
    single: &Range<usize>,
) -> Option<Range<usize>> {
    let next = behind_single(tokens, language, single)?;
    let whole = name_run(tokens, language, next);
    (whole.len() >= 2).then_some(whole)
}

/// "Mr Miller here, James": the last name with its title, and then the first name.
fn first_and_last(
    tokens: &Tokens,
    language: &Language,
    single: &Range<usize>,
) -> Option<(Range<usize>, String)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let says = longest_at(&language.words.says_name, reader, single.end);
    let next = says.and_then(|_| behind_single(tokens, language, single))?;
    let first = name_run(tokens, language, next);
    let fits = first.len() == 1
        && language.listen().is_first_name(tokens.text(next))
        && (ends_clause(tokens, language, first.end)
            || longest_at(&language.words.name_is_said, reader, first.end).is_some());
    let part = |range: &Range<usize>| spoken_name(&tokens.words[range.clone()], language);
    fits.then(|| (single.start..first.end, format!("{} {}", part(&first), part(single))))
}

/// Where a name may follow one that stands alone, with "here" or the like behind it.
fn behind_single(tokens: &Tokens, language: &Language, single: &Range<usize>) -> Option<usize> {
    if single.len() != 1 {
        return None;
    }
    let reader = Reader { tokens, language, latest_year: 0 };
    let says = longest_at(&language.words.says_name, reader, single.end);
    let next = says.map_or(single.end, |says| says.end);
    let stop = tokens.words.get(next.wrapping_sub(1)).is_some_and(|word| word.stop);
    stop.then_some(next)
}
