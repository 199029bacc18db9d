//! Phone numbers, typed or said digit by digit.

use super::numbers;
use super::pattern::{Reader, longest_at};
use super::tokens::Tokens;
use super::wish;
use crate::language::Language;

/// Fewest and most digits of a phone number (E.164 allows 15).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits that a number keeps whose end is put right, at least.
const DIGITS_KEPT: usize = 3;

/// What was said of a phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PhoneMention {
    /// All of it: digits with an optional leading `+`.
    Full(String),
    /// Too few or too many digits.
    Partial(String),
}

/// Takes a phone number out of `tokens`; fewer digits than a number has count only if `asked`.
pub(crate) fn take(tokens: &mut Tokens, language: &Language, asked: bool) -> Option<PhoneMention> {
    let mut best: Option<(std::ops::Range<usize>, String)> = None;
    let mut at = 0;
    while at < tokens.len() {
        let (end, digits) = run(tokens, language, at);
        if best.as_ref().is_none_or(|(_, best)| digits.len() > best.len()) && !digits.is_empty() {
            best = Some((at..end, digits));
        }
        at = end.max(at + 1);
    }
    let (mut range, mut digits) = best?;
    while let Some((end, put_right)) = put_right(tokens, language, range.end, &digits) {
        (range.end, digits) = (end, put_right);
    }
    let count = digits.trim_start_matches('+').len();
    if DIGITS.contains(&count) {
        tokens.take(range);
        Some(PhoneMention::Full(digits))
    } else if asked && count >= 2 {
        tokens.take(range);
        Some(PhoneMention::Partial(digits))
    } else {
        None
    }
}

/// "212 555 0148, no sorry, the end is 0184": the last digits are put right behind it.
fn put_right(
    tokens: &Tokens,
    language: &Language,
    from: usize,
    known: &str,
) -> Option<(usize, String)> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let lists = [&language.scope.corrected, &language.scope.answers, &language.words.number_ends];
    let taken_back = (from..tokens.len()).find_map(|at| {
        let found = lists.iter().filter_map(|list| longest_at(list, reader, at));
        found.map(|found| found.end).max()
    })?;
    let ruled_out = wish::negations(tokens, language);
    let mut runs = (taken_back..tokens.len()).filter(|at| !ruled_out[*at]);
    let (end, digits) =
        runs.find_map(|at| Some(run(tokens, language, at)).filter(|(_, run)| run.len() >= 2))?;
    let kept = known.len().checked_sub(digits.len()).filter(|kept| *kept >= DIGITS_KEPT)?;
    Some((end, format!("{}{digits}", known.get(..kept)?)))
}

/// The run of digits that begins at `start`: where it ends, and its digits.
pub(crate) fn run(tokens: &Tokens, language: &Language, start: usize) -> (usize, String) {
    let reader = Reader { tokens, language, latest_year: 0 };
    let words = &language.words;
    let mut digits = String::new();
    let mut at = start;
    loop {
        let word = tokens.text(at);
        let times = [(&words.double, 2), (&words.triple, 3)]
            .into_iter()
            .find_map(|(list, times)| longest_at(list, reader, at).map(|m| (m.end, times)));
        if digits.is_empty() && longest_at(&words.plus, reader, at).is_some() {
            digits.push('+');
            at += 1;
        } else if let Some((next, times)) = times
            && let Some((digit, length)) = one(tokens, language, next)
        {
            digits.push_str(&digit.repeat(times));
            at = next + length;
        } else if let Some((piece, length)) = typed(word).or_else(|| one(tokens, language, at)) {
            if piece.starts_with('+') && !digits.is_empty() {
                break;
            }
            digits.push_str(&piece);
            at += length;
        } else {
            break;
        }
    }
    if digits == "+" { (start, String::new()) } else { (at, digits) }
}

/// "100-123", "+20".
fn typed(word: &str) -> Option<(String, usize)> {
    if is_date(word) {
        return None;
    }
    let shape = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '/'));
    let piece: String = word.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let plus = piece.matches('+').count();
    let good = shape && !word.contains('/') && piece.len() > plus && plus <= 1;
    (good && (plus == 0 || piece.starts_with('+'))).then_some((piece, 1))
}

/// "five", "oh", "twenty three".
fn one(tokens: &Tokens, language: &Language, at: usize) -> Option<(String, usize)> {
    let word = tokens.text(at);
    let value = language.numbers.get(word).copied().filter(|value| *value < 10);
    match value {
        Some(value) => Some((value.to_string(), 1)),
        None if language.numbers.contains_key(word) => {
            let (value, length) = numbers::cardinals(tokens, at, language).first().copied()?;
            Some((value.to_string(), length))
        }
        None => None,
    }
}

/// "2026-06-14", "12.03.84": three short groups are a date.
fn is_date(word: &str) -> bool {
    ['-', '.'].into_iter().any(|separator| {
        let groups: Vec<&str> = word.split(separator).collect();
        groups.len() == 3
            && groups.iter().all(|group| (1..=4).contains(&group.len()))
            && word.chars().filter(char::is_ascii_digit).count() <= 8
    })
}
