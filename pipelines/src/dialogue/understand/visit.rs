//! A doctor who is wished for without a name, and a kind of visit.

use frontdesk_types::Gender;

use super::days::ends_before;
use super::pattern::{List, Reader, Slot, find_any, longest_at};
use super::tokens::Tokens;
use super::wish;
use crate::language::Language;
use crate::wish::{Traits, Visit};

/// What was said of doctor and visit besides names and times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) traits: Traits,
    pub(crate) visit: Visit,
    /// Several visits over time, of which one at a time is booked.
    pub(crate) series: bool,
}

impl Said {
    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.traits.is_empty() && self.visit.is_open()
    }
}

pub(crate) fn read(tokens: &Tokens, language: &Language) -> Said {
    let reader = Reader { tokens, language, latest_year: 0 };
    let words = &language.visits;
    let said = |list: &List| find_any(list, reader).is_some();
    let visit = Visit {
        double: said(&words.double) || said(&words.long),
        minutes: minutes(reader),
        remote: said(&words.remote),
    };
    Said { traits: traits(reader), visit, series: said(&words.series) }
}

/// How long it shall take.
fn minutes(reader: Reader<'_>) -> Option<i64> {
    let lengths = &reader.language.lengths;
    lengths.iter().find_map(|length| {
        let found = find_any(&length.say, reader)?;
        match length.minutes {
            0 => found.slot(Slot::Number),
            minutes => Some(minutes),
        }
    })
}

fn traits(reader: Reader<'_>) -> Traits {
    let (tokens, language) = (reader.tokens, reader.language);
    let words = &language.traits;
    if find_any(&words.no_matter, reader).is_some() {
        return Traits::default();
    }
    let not = wish::negations(tokens, language);
    let is_not = |at: usize| not.get(at).copied().unwrap_or_default();
    let mut traits = Traits::default();
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for (list, gender) in [(&words.female, Gender::Female), (&words.male, Gender::Male)] {
        let found = (0..tokens.len()).filter_map(|at| longest_at(list, reader, at));
        for found in found {
            let negated = (found.start..found.end).any(is_not);
            if negated { &mut unwanted } else { &mut wanted }.push(gender);
            // The last word may be the first of "if possible".
            let soft = |end: usize| wish::is_soft(tokens, language, found.start..end);
            traits.soft |= !negated && (soft(found.end) || soft(found.end - 1));
        }
    }
    let other = |gender: &Gender| match gender {
        Gender::Female => Gender::Male,
        _ => Gender::Female,
    };
    traits.genders = if wanted.is_empty() {
        unwanted.iter().map(other).collect()
    } else {
        wanted.into_iter().filter(|gender| !unwanted.contains(gender)).collect()
    };
    traits.genders.dedup();
    // "A woman or a man": either.
    if traits.genders.len() > 1 {
        traits.genders.clear();
    }
    for at in (0..tokens.len()).filter(|at| !is_not(*at)) {
        let Some(code) = language_at(reader, at) else { continue };
        let listed = at.checked_sub(2).and_then(|before| language_at(reader, before));
        let either = longest_at(&language.scope.or, reader, at.saturating_sub(1)).is_some()
            && listed.is_some_and(|before| traits.languages.contains(&before));
        let spoken = ends_before(&words.speaks, reader, at).is_some()
            || longest_at(&words.speaking, reader, at + 1).is_some();
        if (spoken || either) && !traits.languages.contains(&code) {
            traits.languages.push(code);
            traits.soft |= wish::is_soft(tokens, language, at..at + 1);
        }
    }
    traits
}

/// The language that a word names.
fn language_at(reader: Reader<'_>, at: usize) -> Option<String> {
    let word = reader.tokens.text(at);
    let language = reader.language;
    if word == language.name().to_lowercase() {
        return Some(language.code().to_owned());
    }
    let named = language.languages.iter().find(|other| other.name.to_lowercase() == word);
    named.map(|other| other.code.clone())
}
