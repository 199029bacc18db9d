//! Taking leave.

use super::pattern::{Pattern, Reader, longest_at};
use super::tokens::Tokens;
use crate::language::Language;

/// Whether it takes leave: it ends with a goodbye, or says nothing but what people leave with.
pub(super) fn parting(all: &Tokens, language: &Language) -> bool {
    let (words, goodbye) = (&language.words, &language.intents.goodbye);
    let reader = Reader { tokens: all, language, latest_year: 0 };
    let length = |lists: &[&Vec<Pattern>], at| {
        let found = lists.iter().filter_map(|list| longest_at(list, reader, at));
        found.map(|found| found.len()).max().unwrap_or(0)
    };
    let covered = |from: usize, lists: &[&Vec<Pattern>]| {
        let mut at = from;
        while at < all.len() {
            match length(lists, at) {
                0 if all.text(at).is_empty() => at += 1,
                0 => return false,
                some => at += some,
            }
        }
        true
    };
    let last = (0..all.len()).rev().find(|at| length(&[&words.bye], *at) > 0);
    let ends = last.is_some_and(|at| covered(at, &[&words.bye, &words.fillers, &words.thanks]));
    let leaving = (0..all.len()).any(|at| length(&[goodbye], at) > 0);
    let lists = [goodbye, &words.decline, &words.fillers, &words.thanks, &words.bye];
    ends || (leaving && !all.question && covered(0, &lists))
}
