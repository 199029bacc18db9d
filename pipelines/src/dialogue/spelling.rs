//! Letters that were heard, brought to the name that they most likely spell.
//!
//! Letters sound alike ("b", "d", "e", "p", "t"; "m", "n"; "f", "s"), and a recognizer loses short
//! ones. Names do not: what was heard is compared with those that are common and those that the
//! caller may have, letter by letter. What is near none of them stays as it was heard.

/// Letters that are taken for each other.
const ALIKE: [&str; 6] = ["bcdegptvz", "mn", "fsx", "ajkh", "iy", "quow"];

/// Cost of one letter for another that sounds like it; of any other, 1.
const SOUNDS_ALIKE: f64 = 0.4;

/// Cost of a vowel that was lost or heard where there was none; of another letter, 1.
const VOWEL: f64 = 0.6;

/// Cost for each letter of a name up to which it is taken to be meant.
const NEAR: f64 = 0.3;

/// Fewest letters in a row that are a spelling.
const FEWEST: usize = 3;

/// The text with its spelled letters written one by one, as those of the nearest of `names`.
pub(super) fn respell<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((run, letters)) = longest_run(&words) else { return text.to_owned() };
    let heard: Vec<char> = letters.chars().collect();
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let meant: Vec<char> = name.chars().filter(char::is_ascii_lowercase).collect();
        let cost = distance(&heard, &meant);
        let near = cost <= NEAR * meant.len() as f64;
        if near && best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, name));
        }
    }
    let meant = best.map_or(letters.as_str(), |(_, name)| name);
    let spelled: Vec<String> =
        meant.chars().filter(char::is_ascii_lowercase).map(String::from).collect();
    let before = words[..run.start].iter().map(|word| (*word).to_owned());
    let after = words[run.end..].iter().map(|word| (*word).to_owned());
    before.chain(spelled).chain(after).collect::<Vec<_>>().join(" ")
}

/// Where the most letters stand in a row, and which.
fn longest_run(words: &[&str]) -> Option<(std::ops::Range<usize>, String)> {
    let mut best: Option<(std::ops::Range<usize>, String)> = None;
    let mut at = 0;
    while at < words.len() {
        let (end, letters) = run(words, at);
        let longest = best.as_ref().map_or(FEWEST - 1, |(_, best)| best.len());
        if letters.len() > longest {
            best = Some((at..end, letters));
        }
        at = end.max(at + 1);
    }
    best
}

/// The letters from `start` on: "m", "double l", "n as in november".
fn run(words: &[&str], start: usize) -> (usize, String) {
    let letter = |at: usize| {
        let word = words.get(at)?;
        let mut letters = word.chars().filter(|c| *c != '.');
        letters.next().filter(|c| c.is_ascii_lowercase() && letters.next().is_none())
    };
    let mut at = start;
    let mut found = String::new();
    loop {
        let double = words.get(at) == Some(&"double");
        let Some(one) = letter(at + usize::from(double)) else { break };
        found.push(one);
        if double {
            found.push(one);
        }
        at += 1 + usize::from(double);
        let example = match words.get(at).copied() {
            Some("as") if words.get(at + 1) == Some(&"in") => 2,
            Some("for" | "like") => 1,
            _ => continue,
        };
        if words.get(at + example).is_some_and(|word| word.starts_with(one)) {
            at += example + 1;
        }
    }
    (at, found)
}

/// Levenshtein distance, with letters that sound alike nearer than others.
fn distance(heard: &[char], meant: &[char]) -> f64 {
    let edge = |c: char| if "aeiou".contains(c) { VOWEL } else { 1.0 };
    let other = |a: char, b: char| {
        let alike = ALIKE.iter().any(|group| group.contains(a) && group.contains(b));
        match (a == b, alike) {
            (true, _) => 0.0,
            (_, true) => SOUNDS_ALIKE,
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

    const NAMES: [&str; 4] = ["miller", "cooper", "henderson", "o'brien"];

    fn heard(text: &str) -> String {
        respell(text, NAMES.into_iter())
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
    fn what_is_near_no_name_or_no_spelling_stays() {
        assert_eq!(heard("z y x w v"), "z y x w v");
        assert_eq!(heard("i am jane miller"), "i am jane miller");
        assert_eq!(heard("a b"), "a b");
        assert_eq!(heard(""), "");
    }
}
