//! Members of the family and others for whom people call, as they are mentioned.

use super::{Reader, Slot, longest_at};
use crate::language::Language;

/// The relations that a slot can take at a place, as (place in the table, words).
pub(in crate::dialogue::understand) fn values(
    slot: Slot,
    reader: Reader<'_>,
    at: usize,
) -> Vec<(i64, usize)> {
    let mut found = Vec::new();
    let mut start = at;
    loop {
        for (index, relation) in reader.language.kin.relations.iter().enumerate() {
            let Ok(index) = i64::try_from(index) else { continue };
            if !relation.family && slot != Slot::Person {
                continue;
            }
            let lengths =
                relation.say.iter().filter_map(|words| length(words, slot, reader, start));
            found.extend(lengths.map(|length| (index, start + length - at)));
            if relation.aged && start > at && is_aged(reader, at, start) {
                found.push((index, start - at));
            }
        }
        let kin = &reader.language.kin;
        let more = [&kin.described, &kin.another];
        let more = more.iter().filter_map(|list| longest_at(list, reader, start)).map(|m| m.end);
        match more.max() {
            Some(next) if next > start => start = next,
            _ => return found,
        }
    }
}

/// How many words from `start` on are these.
fn length(words: &str, slot: Slot, reader: Reader<'_>, start: usize) -> Option<usize> {
    let tokens = reader.tokens;
    let (mut at, mut words) = (start, words.split(' ').peekable());
    while let Some(word) = words.next() {
        let owned = slot == Slot::KinOwner && words.peek().is_none();
        let own = tokens.text(at);
        let fits = if owned { owns(own, word, reader.language) } else { own == word };
        if !fits {
            return None;
        }
        at += 1;
    }
    Some(at - start)
}

/// "Daughter's", and "daughters" as it is often written for it.
fn owns(word: &str, kin: &str, language: &Language) -> bool {
    let plural = language.plural_endings.iter().any(|ending| kin.ends_with(ending.as_str()));
    language.owner(word) == Some(kin)
        || language.singular(word) == Some(kin)
        || (plural && word == kin)
}

/// Whether what stands before is an age: "six year old".
fn is_aged(reader: Reader<'_>, at: usize, end: usize) -> bool {
    let kin = &reader.language.kin;
    (at..end).any(|start| {
        let found = longest_at(&kin.described, reader, start);
        found.is_some_and(|m| m.end == end && m.slot(Slot::Number).is_some())
    })
}
