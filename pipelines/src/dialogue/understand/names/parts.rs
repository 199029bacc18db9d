//! A name that is told part by part, each called by its kind.

use std::ops::Range;

use super::super::days::ends_before;
use super::super::pattern::{List, Reader, longest_at};
use super::super::tokens::Tokens;
use super::{Asked, NameMention, name_run, spoken_name, strip_ending};
use crate::language::Language;

/// "Miller, first name Jane", "the last name is Miller and the first name Jane", "Miller's the
/// surname".
pub(super) fn by_parts(
    tokens: &mut Tokens,
    language: &Language,
    asked: Asked,
) -> Option<NameMention> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let named = |list: &List| {
        (0..tokens.len()).find_map(|at| {
            let lead = longest_at(list, reader, at)?;
            let stop = tokens.words.get(lead.end - 1).is_some_and(|word| word.stop);
            let behind = name_run(tokens, language, lead.end);
            let run = if stop || behind.is_empty() {
                let word = at.checked_sub(1).filter(|at| !tokens.words[*at].stop)?;
                let links = longest_at(&language.words.is_called, reader, word);
                let word = word.checked_sub(links.map_or(0, |_| 1))?;
                let own = language.owner(tokens.text(word)).unwrap_or(tokens.text(word));
                let name =
                    language.common.can_be_name(own) && !language.titles.iter().any(|t| t == own);
                if name { word..word + 1 } else { word..word }
            } else {
                behind
            };
            (!run.is_empty()).then_some((at, run))
        })
    };
    let (first, last) = (named(&language.words.first_name), named(&language.words.last_name));
    // The other part is what stands before the one that is called by its kind.
    let before = |end: usize| {
        let runs = (0..end).map(|start| name_run(tokens, language, start));
        let mut runs = runs.map(|run| run.start..run.end.min(end)).filter(|run| !run.is_empty());
        // Where no name was asked for, it may be a doctor's: "Mrs Miller here, first name Jane".
        let told = |run: &Range<usize>| {
            let lists = [&language.words.name_fillers, &language.words.name_is];
            lists.iter().any(|list| ends_before(list, reader, run.start).is_some())
        };
        let filler =
            |run: &Range<usize>| longest_at(&language.words.name_fillers, reader, run.start);
        runs.find(|run| filler(run).is_none() && (asked == Asked::Yes || told(run)))
    };
    let (first, last) = match (first, last) {
        (Some((_, first)), Some((_, last))) => (first, last),
        (Some((at, first)), None) => (first, before(at)?),
        (None, Some((at, last))) => (before(at)?, last),
        (None, None) => return None,
    };
    if first.start < last.end && last.start < first.end {
        return None;
    }
    strip_ending(tokens, language, &first);
    strip_ending(tokens, language, &last);
    let part = |range: &Range<usize>| spoken_name(&tokens.words[range.clone()], language);
    let name = format!("{} {}", part(&first), part(&last));
    tokens.take(first);
    tokens.take(last);
    let own = asked == Asked::No;
    Some(NameMention { name, full: true, introduced: own, own })
}
