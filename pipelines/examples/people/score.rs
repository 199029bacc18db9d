//! How right a recognizer was.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_pipelines::language::Languages;

use super::now;

/// What one recognizer made of one kind of clips.
#[derive(Default)]
pub(super) struct Tally {
    clips: usize,
    words: usize,
    errors: usize,
    exact: usize,
    turns: usize,
    sure: [Vec<f32>; 2],
    seconds: Vec<f64>,
    /// Questions that were asked again, and those of them that one recognizer had heard right.
    asked: [usize; 2],
}

impl Tally {
    /// Adds a clip; whether the dialogue takes what was heard for what was said.
    pub(super) fn add(
        &mut self,
        asked: Expectation,
        said: &str,
        heard: &str,
        sure: f32,
        seconds: f64,
        callers: &Spoken,
    ) -> bool {
        let (words, errors) = word_errors(said, heard);
        let meant = callers.respelled(asked, said, &[]);
        let is_right = callers.same(asked, &meant, heard, now());
        self.clips += 1;
        self.words += words;
        self.errors += errors;
        self.exact += usize::from(errors == 0);
        self.turns += usize::from(is_right);
        self.sure[usize::from(!is_right)].push(sure);
        self.seconds.push(seconds);
        is_right && errors == 0
    }
}

impl Tally {
    /// The last clip is asked again; `right` if one of the recognizers had heard it right.
    pub(super) fn asked_again(&mut self, right: bool) {
        self.asked[0] += 1;
        self.asked[1] += usize::from(right);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = |all: &[f32]| match all.len() {
            0 => "-".to_owned(),
            count => format!("{:.2}", all.iter().sum::<f32>() / count as f32),
        };
        let mut seconds = self.seconds.clone();
        seconds.sort_by(f64::total_cmp);
        let rank = |share: usize| {
            let at = (seconds.len() * share).div_ceil(100).max(1) - 1;
            seconds.get(at).copied().unwrap_or_default()
        };
        write!(
            f,
            "{}, {} | {:.1} % | {} | {} | {}, {} | {:.2} / {:.2} | {}, {}",
            self.clips,
            self.words,
            100.0 * self.errors as f64 / self.words.max(1) as f64,
            self.exact,
            self.turns,
            mean(&self.sure[0]),
            mean(&self.sure[1]),
            rank(50),
            rank(95),
            self.asked[0],
            self.asked[1]
        )
    }
}

/// Words that were said, and how many insertions, deletions and substitutions lead from them to
/// those that were heard. Numbers count digit by digit, however they are written.
pub(super) fn word_errors(said: &str, heard: &str) -> (usize, usize) {
    let (said, heard) = (plain(said), plain(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, other) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(word != other);
            diagonal = row[to + 1];
            row[to + 1] = substituted.min(row[to] + 1).min(diagonal + 1);
        }
    }
    (said.len(), row.last().copied().unwrap_or_default())
}

const SAME: [(&str, &str); 6] = [
    ("dr", "doctor"),
    ("mr", "mister"),
    ("ok", "okay"),
    ("oh", "zero"),
    ("o", "zero"),
    ("am", "a m"),
];

/// Words with numbers as digits, each a word of its own.
fn plain(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let same = SAME.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to);
        words.extend(same.split(' ').map(str::to_owned));
    }
    let mut all = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let (number, used) = number(&words[at..]);
        match number {
            Some(digits) => all.extend(digits.chars().map(String::from)),
            None => all.push(words[at].clone()),
        }
        at += used;
    }
    all
}

/// The digits of a number that the words begin with, and how many words it takes.
fn number(words: &[String]) -> (Option<String>, usize) {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let first = word(0);
    if first.starts_with(|letter: char| letter.is_ascii_digit()) {
        let end = first.find(|letter: char| letter.is_ascii_alphabetic());
        let (digits, _suffix) = first.split_at(end.unwrap_or(first.len()));
        return (Some(digits.chars().filter(char::is_ascii_digit).collect()), 1);
    }
    if let ("double" | "triple", Some(digit)) = (first, unit(word(1)).filter(|digit| *digit < 10)) {
        let count = if first == "double" { 2 } else { 3 };
        return (Some(digit.to_string().repeat(count)), 2);
    }
    let Some((small, used)) = below_hundred(words) else { return (None, 1) };
    let and = |at: usize| {
        at + usize::from(word(at) == "and" && below_hundred(&words[at + 1..]).is_some())
    };
    match word(used) {
        "hundred" => match below_hundred(words.get(and(used + 1)..).unwrap_or_default()) {
            Some((rest, more)) => (Some((small * 100 + rest).to_string()), and(used + 1) + more),
            None => (Some((small * 100).to_string()), used + 1),
        },
        "thousand" => match below_hundred(words.get(and(used + 1)..).unwrap_or_default()) {
            Some((rest, more)) => (Some((small * 1000 + rest).to_string()), and(used + 1) + more),
            None => (Some((small * 1000).to_string()), used + 1),
        },
        _ => (Some(small.to_string()), used),
    }
}

fn unit(word: &str) -> Option<usize> {
    English::get().units.get(word).copied()
}

fn below_hundred(words: &[String]) -> Option<(usize, usize)> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    if let Some(unit) = unit(word(0)) {
        return Some((unit, 1));
    }
    let (tens, ordinal) = *English::get().tens.get(word(0))?;
    match unit(word(1)).filter(|unit| (1..10).contains(unit) && !ordinal) {
        Some(unit) => Some((tens + unit, 2)),
        None => Some((tens, 1)),
    }
}

/// The words of numbers, as the language says them.
#[derive(Default)]
struct English {
    /// From 0 to 19, cardinal or ordinal.
    units: HashMap<String, usize>,
    /// The tens, and whether the word is an ordinal.
    tens: HashMap<String, (usize, bool)>,
}

impl English {
    fn get() -> &'static Self {
        static ENGLISH: LazyLock<English> = LazyLock::new(|| {
            let Some(english) = Languages::built_in().get("en") else { return English::default() };
            let numbers = english.speech().numbers;
            let both =
                |number: usize| [numbers.cardinal(number as u64), numbers.ordinal(number as u64)];
            let units = (0..20).flat_map(|unit| both(unit).map(|word| (word, unit)));
            let tens = (20..100).step_by(10).flat_map(|tens| {
                let [cardinal, ordinal] = both(tens);
                [(cardinal, (tens, false)), (ordinal, (tens, true))]
            });
            English { units: units.collect(), tens: tens.collect() }
        });
        &ENGLISH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_in_words_and_in_digits() {
        for (words, digits) in [
            ("march twelfth nineteen eighty four", "march 12 1984"),
            ("ten thirty", "10:30"),
            ("double five three oh", "5530"),
            ("the twenty third of june two thousand and eight", "the 23rd of june 2008"),
            ("one hundred and five", "105"),
            ("doctor keller", "dr keller"),
            ("twentieth", "20th"),
        ] {
            assert_eq!(word_errors(words, digits).1, 0, "{words}: {:?}", plain(words));
        }
    }

    #[test]
    fn each_missing_added_or_other_word_is_an_error() {
        assert_eq!(word_errors("go forward ten meters", "go forward meters"), (5, 2));
        assert_eq!(word_errors("yes", "yes please"), (1, 1));
        assert_eq!(word_errors("yes please", "guess please"), (2, 1));
    }
}
