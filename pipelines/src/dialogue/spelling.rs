//! Letters that were heard, brought to the name that they most likely spell.
//!
//! Letters sound alike ("b", "d", "e", "p", "t"; "m", "n"; "f", "s"), and a recognizer loses short
//! ones. Names do not: what was heard is compared with those that are common and those that the
//! caller may have, letter by letter. What is near none of them stays as it was heard.

use crate::language::listen::{Spelling, Templates};

/// Cost of one letter for another that sounds like it; of any other, 1.
const SOUNDS_ALIKE: f64 = 0.4;

/// Cost of a vowel that was lost or heard where there was none; of another letter, 1.
const VOWEL: f64 = 0.6;

/// Cost of one vowel for another.
const OTHER_VOWEL: f64 = 0.5;

/// Cost for each letter of a name up to which it is taken to be meant.
const NEAR: f64 = 0.3;

/// The same, of the name that was also heard.
const NEAR_AND_SAID: f64 = 0.5;

/// What a difference from the name as it was heard costs, of what one from the letters does.
const SOUND: f64 = 0.7;

/// Fewest letters in a row that are a spelling.
const FEWEST: usize = 3;

/// The text with its spelled letters written one by one, as those of the nearest of `names`.
pub(super) fn respell<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str>,
    language: &Templates,
) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((run, letters)) = longest_run(&words, language) else { return text.to_owned() };
    let heard: Vec<char> = letters.chars().collect();
    let meant = nearest(names, |_, meant| {
        let cost = distance(&heard, meant, &language.spelling);
        (cost <= NEAR * meant.len() as f64).then_some(cost)
    });
    let meant = meant.unwrap_or(&letters);
    let spelled: Vec<String> =
        meant.chars().filter(|c| language.script.is_letter(*c)).map(String::from).collect();
    let before = words[..run.start].iter().map(|word| (*word).to_owned());
    let after = words[run.end..].iter().map(|word| (*word).to_owned());
    before.chain(spelled).chain(after).collect::<Vec<_>>().join(" ")
}

/// The name that `text` spells letter by letter, with a capital, after it was heard as `said`;
/// nothing if `text` has no letters that can be a name's.
///
/// Letters and sound err in different ways: of the `names`, and what was heard, it is the one that
/// is nearest to both, the letters counting for more. What is near none is written as spelled.
pub(super) fn spelled_name<'a>(
    text: &str,
    said: &str,
    names: impl Iterator<Item = &'a str>,
    language: &Templates,
) -> Option<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphabetic() && c != '\'').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let (_, letters) = longest_run(&words, language)?;
    let said = said.to_lowercase();
    let (spelled, sounded): (Vec<char>, Vec<char>) =
        (letters.chars().collect(), said.chars().collect());
    let names = names.map(|name| -> &str { name }).chain(std::iter::once(said.as_str()));
    let meant = nearest(names, |name, meant| {
        let by_letters = distance(&spelled, meant, &language.spelling);
        let near = if name == said { NEAR_AND_SAID } else { NEAR };
        let close = by_letters <= near * meant.len() as f64;
        close.then(|| by_letters + SOUND * distance(&sounded, meant, &language.spelling))
    });
    let literal = || {
        letters.contains(|c| language.spelling.names_have.contains(c)).then_some(letters.as_str())
    };
    let name = meant.or_else(literal)?;
    let mut rest = name.chars();
    rest.next().map(|c| c.to_uppercase().chain(rest).collect())
}

/// Whether what was heard can be this name, written another way.
pub(super) fn is_near(heard: &str, meant: &str, spelling: &Spelling) -> bool {
    let (heard, meant): (Vec<char>, Vec<char>) = (heard.chars().collect(), meant.chars().collect());
    distance(&heard, &meant, spelling) <= NEAR * meant.len() as f64
}

/// The name whose letters cost least, the first of equals, of those that have a cost.
fn nearest<'a>(
    names: impl Iterator<Item = &'a str>,
    cost: impl Fn(&str, &[char]) -> Option<f64>,
) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let letters: Vec<char> = name.chars().filter(|c| c.is_alphabetic()).collect();
        if let Some(cost) = cost(name, &letters)
            && best.is_none_or(|(least, _)| cost < least)
        {
            best = Some((cost, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Where the most letters stand in a row, and which.
fn longest_run(words: &[&str], language: &Templates) -> Option<(std::ops::Range<usize>, String)> {
    let mut best: Option<(std::ops::Range<usize>, String)> = None;
    let mut at = 0;
    while at < words.len() {
        let (end, letters) = run(words, at, language);
        let count = |letters: &str| letters.chars().count();
        let longest = best.as_ref().map_or(FEWEST - 1, |(_, best)| count(best));
        if count(&letters) > longest {
            best = Some((at..end, letters));
        }
        at = end.max(at + 1);
    }
    best
}

/// The letters from `start` on: "m", "double l", "n as in november".
fn run(words: &[&str], start: usize, language: &Templates) -> (usize, String) {
    let spelling = &language.spelling;
    let letter = |at: usize| {
        let word = words.get(at)?;
        let mut letters = word.chars().filter(|c| *c != '.');
        letters.next().filter(|c| language.script.is_letter(*c) && letters.next().is_none())
    };
    let said = |phrase: &str, at: usize| {
        let mut length = 0;
        for word in phrase.split(' ') {
            if words.get(at + length) != Some(&word) {
                return None;
            }
            length += 1;
        }
        Some(length)
    };
    let mut at = start;
    let mut found = String::new();
    loop {
        let double = words.get(at).is_some_and(|word| *word == spelling.double);
        let Some(one) = letter(at + usize::from(double)) else { break };
        found.push(one);
        if double {
            found.push(one);
        }
        at += 1 + usize::from(double);
        let example = spelling.examples.iter().find_map(|phrase| said(phrase, at));
        if let Some(length) = example
            && words.get(at + length).is_some_and(|word| word.starts_with(one))
        {
            at += length + 1;
        }
    }
    (at, found)
}

/// Levenshtein distance, with letters that sound alike nearer than others.
fn distance(heard: &[char], meant: &[char], spelling: &Spelling) -> f64 {
    let vowel = |c: char| spelling.vowels.contains(c);
    let edge = |c: char| if vowel(c) { VOWEL } else { 1.0 };
    let other = |a: char, b: char| {
        let alike = spelling.alike.iter().any(|group| group.contains(a) && group.contains(b));
        match (a == b, alike) {
            (true, _) => 0.0,
            (_, true) => SOUNDS_ALIKE,
            _ if vowel(a) && vowel(b) => OTHER_VOWEL,
            _ => 1.0,
        }
    };
    let mut row: Vec<f64> = std::iter::once(0.0)
        .chain(meant.iter().scan(0.0, |sum, c| {
            *sum += edge(*c);
            Some(*sum)
        }))
        .collect();
    for a in heard {
        let mut diagonal = row[0];
        row[0] += edge(*a);
        for (j, b) in meant.iter().enumerate() {
            let substituted = diagonal + other(*a, *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + edge(*a)).min(row[j] + edge(*b));
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    const NAMES: [&str; 4] = ["miller", "cooper", "henderson", "o'brien"];

    fn heard(text: &str) -> String {
        respell(text, NAMES.into_iter(), english().listen())
    }

    #[test]
    fn letters_become_those_of_the_nearest_name() {
        assert_eq!(heard("jane n i l l e r"), "jane m i l l e r");
        assert_eq!(heard("it's spelled c o p r"), "it's spelled c o o p e r");
        assert_eq!(heard("m i double l e r"), "m i l l e r");
        assert_eq!(heard("o b r i n thank you"), "o b r i e n thank you");
        assert_eq!(heard("h like hotel e n as in november t e r s o n"), "h e n d e r s o n");
    }

    #[test]
    fn a_name_is_what_its_letters_and_its_sound_agree_on() {
        let names = ["sarah", "sharon", "sara", "greta", "sierra", "carlos", "patty"];
        let english = english();
        let of = |text, said| spelled_name(text, said, names.into_iter(), english.listen());
        for (letters, said, meant) in [
            ("s a r a", "Sarah", "Sara"),
            ("s u e r a", "Sharon", "Sara"),
            ("S, A, R, A.", "Sherry", "Sara"),
            ("it's g r e t h", "Greta", "Greta"),
            ("c a r double l a s", "Carlos", "Carlos"),
            ("g i o v a n n i", "Joe", "Giovanni"),
            ("k r i n", "Karim", "Karim"),
        ] {
            assert_eq!(of(letters, said).as_deref(), Some(meant), "{letters}");
        }
        for nothing in ["sara", "could you say that again", "c r lois", "x t z"] {
            assert_eq!(of(nothing, "Sara"), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_near_no_name_or_no_spelling_stays() {
        assert_eq!(heard("z y x w v"), "z y x w v");
        assert_eq!(heard("i am jane miller"), "i am jane miller");
        assert_eq!(heard("a b"), "a b");
        assert_eq!(heard(""), "");
    }
}
