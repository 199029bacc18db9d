//! How two phrases of a time hang together.

use super::super::pattern::{List, Reader, longest_at};
use super::item::Item;

/// How two phrases hang together.
#[derive(Default)]
pub(super) struct Joint {
    /// "Or".
    pub(super) or: bool,
    pub(super) and: bool,
    /// "No", "I mean".
    pub(super) corrected: bool,
    /// Nothing but "or", "and" or a comma.
    pub(super) is_list: bool,
}

pub(super) fn joint(first: &Item, second: &Item, reader: Reader<'_>) -> Joint {
    let (scope, words) = (&reader.language.scope, &reader.language.words);
    let (mut joint, mut at) = (Joint { is_list: true, ..Joint::default() }, first.end);
    while at < second.start {
        let length = |list: &List| {
            let found = longest_at(list, reader, at).filter(|found| found.end <= second.start);
            found.map_or(0, |found| found.len())
        };
        let (or, and) = (length(&scope.or), length(&scope.and));
        let corrected = length(&scope.corrected).max(length(&scope.answers));
        joint.or |= or > 0 && corrected < or.max(1);
        joint.and |= and > 0;
        joint.corrected |= corrected > 0;
        let empty = reader.tokens.text(at).is_empty();
        let small = length(&words.links) > 0 || length(&words.fillers) > 0;
        joint.is_list &= or + and > 0 || empty || small;
        at += or.max(and).max(corrected).max(1);
    }
    joint
}
