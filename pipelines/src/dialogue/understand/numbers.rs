//! Numbers in digits and in words.

use super::tokens::Tokens;
use crate::language::Language;

/// Cardinal numbers that begin at `at`, as (value, words), the longest first.
pub(crate) fn cardinals(tokens: &Tokens, at: usize, language: &Language) -> Vec<(i64, usize)> {
    if let Some(value) = digits(tokens.text(at)) {
        return vec![(value, 1)];
    }
    let mut found = Vec::new();
    let (mut total, mut current, mut length) = (0_i64, None::<i64>, 0);
    let mut connected = false;
    while let Some(value) = language.numbers.get(tokens.text(at + length)).copied() {
        let next = match (current, value) {
            (None, 100) => 100,
            (None, 1000) if total == 0 => 1000,
            (None, _) => value,
            (Some(sum), 100) if (1..100).contains(&sum) => sum * 100,
            (Some(sum), 1000) if (1..1000).contains(&sum) => sum * 1000,
            (Some(sum), _) if fits_after(sum, value, connected, language) => sum + value,
            _ => break,
        };
        length += 1;
        connected = false;
        if next % 1000 == 0 && next > 0 {
            total += next;
            current = None;
            found.push((total, length));
        } else {
            current = Some(next);
            found.push((total + next, length));
        }
        if language.number_and.iter().any(|and| and == tokens.text(at + length))
            && (next >= 100 || language.units_before_tens)
            && language.numbers.contains_key(tokens.text(at + length + 1))
        {
            length += 1;
            connected = true;
        }
    }
    found.reverse();
    found
}

/// Whether `value` may follow `sum` within one number ("twenty" + "one", "three hundred" + "five").
fn fits_after(sum: i64, value: i64, connected: bool, language: &Language) -> bool {
    let units_first = language.units_before_tens && connected;
    (value > 0 && value < 10 && sum % 10 == 0 && sum % 100 >= 20)
        || (value > 0 && value < 100 && sum % 100 == 0 && sum >= 100)
        || (units_first && sum % 100 < 10 && (20..100).contains(&value))
}

/// Ordinal numbers that begin at `at` ("fourteenth", "twenty first", "14th"), longest first.
pub(crate) fn ordinals(tokens: &Tokens, at: usize, language: &Language) -> Vec<(i64, usize)> {
    let word = tokens.text(at);
    let bare = word.trim_end_matches(|c: char| c.is_alphabetic());
    if !bare.is_empty() && bare.len() < word.len() {
        return digits(bare).map_or_else(Vec::new, |value| vec![(value, 1)]);
    }
    let tens = language.numbers.get(word).copied().filter(|n| n % 10 == 0 && (20..100).contains(n));
    if let (Some(tens), Some(unit)) = (tens, language.ordinals.get(tokens.text(at + 1)))
        && *unit < 10
    {
        return vec![(tens + unit, 2)];
    }
    language.ordinals.get(word).map_or_else(Vec::new, |value| vec![(*value, 1)])
}

/// A year that begins at `at`, as (year, words), longest first. Two digits are of the century that
/// puts them at or before `latest`.
pub(crate) fn years(
    tokens: &Tokens,
    at: usize,
    latest: i64,
    language: &Language,
) -> Vec<(i64, usize)> {
    let word = tokens.text(at).trim_start_matches('\'');
    if let Some(value) = digits(word) {
        return match word.len() {
            4 if (1000..3000).contains(&value) => vec![(value, 1)],
            // "19 84": two pairs, as some recognizers write them.
            2 if (18..=20).contains(&value) && tokens.text(at + 1).len() == 2 => {
                let rest = digits(tokens.text(at + 1));
                rest.map_or_else(Vec::new, |rest| vec![(value * 100 + rest, 2)])
            }
            2 => vec![(century(value, latest), 1)],
            _ => Vec::new(),
        };
    }
    let mut found = Vec::new();
    for (value, length) in cardinals(tokens, at, language) {
        match value {
            1000..3000 => found.push((value, length)),
            18..=20 => {
                let next = at + length;
                for (rest, more) in pair(tokens, next, language) {
                    found.push((value * 100 + rest, length + more));
                }
                found.push((century(value, latest), length));
            }
            0..100 => found.push((century(value, latest), length)),
            _ => {}
        }
    }
    // "oh five".
    if language.numbers.get(word) == Some(&0) {
        for (rest, more) in cardinals(tokens, at + 1, language) {
            if (0..10).contains(&rest) {
                found.push((century(rest, latest), more + 1));
            }
        }
    }
    found.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    found
}

/// The second half of "nineteen eighty four", "twenty oh five", "nineteen hundred".
fn pair(tokens: &Tokens, at: usize, language: &Language) -> Vec<(i64, usize)> {
    if language.numbers.get(tokens.text(at)) == Some(&0) {
        return cardinals(tokens, at + 1, language)
            .into_iter()
            .filter(|(value, _)| (0..10).contains(value))
            .map(|(value, length)| (value, length + 1))
            .collect();
    }
    cardinals(tokens, at, language)
        .into_iter()
        .filter(|(value, _)| (10..100).contains(value))
        .collect()
}

const fn century(value: i64, latest: i64) -> i64 {
    if 2000 + value <= latest { 2000 + value } else { 1900 + value }
}

/// A token of ASCII digits alone, of at most nine.
pub(crate) fn digits(word: &str) -> Option<i64> {
    let plain = !word.is_empty() && word.len() <= 9 && word.bytes().all(|b| b.is_ascii_digit());
    if plain { word.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn longest(text: &str) -> Option<(i64, usize)> {
        let language = english();
        cardinals(&Tokens::of(text, &language), 0, &language).first().copied()
    }

    fn year(text: &str) -> Option<i64> {
        let language = english();
        years(&Tokens::of(text, &language), 0, 2026, &language).first().map(|(y, _)| *y)
    }

    #[test]
    fn cardinals_are_read_in_words_and_digits() {
        assert_eq!(longest("twenty-one"), Some((21, 2)));
        assert_eq!(longest("nine thirty"), Some((9, 1)), "two numbers, not one");
        assert_eq!(longest("one hundred and five"), Some((105, 4)));
        assert_eq!(longest("two thousand and five"), Some((2005, 4)));
        assert_eq!(longest("14"), Some((14, 1)));
        assert_eq!(longest("tomorrow"), None);
        assert_eq!(longest("99999999999999999999"), None);
    }

    #[test]
    fn years_are_read_as_people_say_them() {
        assert_eq!(year("nineteen eighty four"), Some(1984));
        assert_eq!(year("nineteen oh five"), Some(1905));
        assert_eq!(year("two thousand fifteen"), Some(2015));
        assert_eq!(year("twenty fifteen"), Some(2015));
        assert_eq!(year("eighty four"), Some(1984));
        assert_eq!(year("oh five"), Some(2005));
        assert_eq!(year("84"), Some(1984));
        assert_eq!(year("1950"), Some(1950));
        assert_eq!(year("nineteen fifty"), Some(1950));
        assert_eq!(year("19 84"), Some(1984));
    }
}
