//! What a language must say of itself for text to be spoken in it: `speak.toml`, and the one part
//! that is code, numbers in words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;

use super::exact::exactly;
use super::pronunciation::Pronunciations;

/// A part of the day that is said with a time (domain: morning before 12:00, afternoon before
/// 17:00, evening after).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayPart {
    /// Before noon.
    Morning,
    /// From noon to five.
    Afternoon,
    /// From five on.
    Evening,
}

impl DayPart {
    /// The part of an hour from 0 to 23.
    #[must_use]
    pub const fn of_hour(hour: u8) -> Self {
        match hour {
            ..12 => Self::Morning,
            12..17 => Self::Afternoon,
            _ => Self::Evening,
        }
    }
}

/// Where the half of the day of a time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayHalf {
    /// By this part of the day, which is said with the time; the hour is one of 24.
    Part(DayPart),
    /// By the words behind the time ("9:00 in the morning").
    Behind,
    /// Nowhere ("at 9:00").
    Untold,
}

/// A short form that ends in a full stop, or may.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abbreviation {
    /// Lower case, without the last full stop: `dr`, `e.g`.
    pub short: String,
    /// What is said.
    pub say: String,
    /// It is a word or a name by itself, unless a full stop follows (`no.`).
    #[serde(default)]
    pub needs_stop: bool,
    /// Belongs to the next word: no cut between them, and its full stop ends no sentence.
    #[serde(default)]
    pub glued: bool,
    /// What is said instead where a name follows and none stands before it (`St. Mary`).
    #[serde(default)]
    pub before_name: Option<String>,
}

/// A currency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Currency {
    /// Signs and codes by which it is written.
    pub signs: Vec<String>,
    /// Its name, in the forms that go with numbers ([`Numbers::form`]).
    pub whole: Vec<String>,
    /// The name of one hundredth of it, in the same way.
    pub cent: Vec<String>,
}

/// A unit behind a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// As written, in lower case.
    pub written: String,
    /// Its name, in the forms that go with numbers ([`Numbers::form`]).
    pub say: Vec<String>,
}

/// What is said for a part of the day behind a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartWords {
    /// Before noon.
    pub morning: String,
    /// From noon to five.
    pub afternoon: String,
    /// From five on.
    pub evening: String,
}

impl PartWords {
    /// What is said for a part of the day.
    #[must_use]
    pub fn of(&self, part: DayPart) -> &str {
        match part {
            DayPart::Morning => &self.morning,
            DayPart::Afternoon => &self.afternoon,
            DayPart::Evening => &self.evening,
        }
    }
}

/// The rules of speech that are data: the file `speak.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechWords {
    /// The digits from 0 to 9, as they are read out one by one.
    #[serde(deserialize_with = "exactly")]
    pub digits: [String; 10],
    /// The names of letters, spelled so that a voice says them right.
    pub letters: BTreeMap<char, String>,
    /// A word in capitals with one of these in it is read as a word.
    pub vowels: String,
    /// Short forms.
    pub abbreviations: Vec<Abbreviation>,
    /// Currencies.
    pub currencies: Vec<Currency>,
    /// Units behind a number.
    pub units: Vec<Unit>,
    /// Words in capitals that are spelled out; others with a vowel are read as words.
    pub acronyms: Vec<String>,
    /// Words, in lower case, after which a number is read digit by digit ("call 123").
    pub digit_words: Vec<String>,
    /// Numbers that are read digit by digit wherever they stand.
    pub digit_numbers: Vec<String>,
    /// Words, in lower case, behind which a Roman number is read as a number ("type II").
    pub roman_words: Vec<String>,
    /// Words, in lower case, near which a word in capitals is a code to be spelled.
    pub code_words: Vec<String>,
    /// Names, in lower case, that voices say wrong, and a spelling that they say right.
    pub respellings: BTreeMap<String, String>,
    /// Signs that are spoken.
    pub signs: BTreeMap<char, String>,
    /// Between groups of three figures.
    pub thousands: char,
    /// Before the decimals.
    pub decimal: char,
    /// Said for the sign before the decimals.
    pub point: String,
    /// Before a negative number.
    pub minus: String,
    /// Between the ends of a range.
    pub to: String,
    /// For "#".
    pub number: String,
    /// For "+" before a phone number.
    pub plus: String,
    /// For "@" in addresses.
    pub at: String,
    /// For "." in addresses.
    pub dot: String,
    /// How the first half of the day is written behind a time ("am").
    pub before_noon: Vec<String>,
    /// How the second half of the day is written behind a time ("pm").
    pub after_noon: Vec<String>,
    /// What is said for a part of the day.
    pub parts: PartWords,
    /// Words behind a time that tell the part of the day by themselves ("in", "o'clock").
    pub tell_day_part: Vec<String>,
    /// Endings of ordinals in figures ("st", "nd").
    pub ordinal_endings: Vec<String>,
}

/// Numbers, dates, times and amounts of a language in words.
///
/// How a number becomes words is an algorithm, another one in each language; all other rules of
/// speech are data ([`SpeechRules`]).
pub trait Numbers: Debug + Send + Sync {
    /// A number in words; those of 10¹⁵ and more are read digit by digit instead.
    fn cardinal(&self, number: u64) -> String;

    /// "fourteenth".
    fn ordinal(&self, number: u64) -> String;

    /// A year of four digits.
    fn year(&self, year: u16) -> String;

    /// Which of a noun's forms goes with a number: the place in a list such as
    /// `["pound", "pounds"]`. A list that is shorter ends in the form for all the rest.
    fn form(&self, number: u64) -> usize;

    /// A time of day, hour 0 to 23.
    fn time(&self, rules: &SpeechRules, hour: u8, minute: u8, half: DayHalf) -> String;

    /// A date: month 1 to 12, day 1 to 31, and the year if it is said.
    fn date(&self, rules: &SpeechRules, month: u8, day: u8, year: Option<u16>) -> String;

    /// An amount of money: whole, hundredths.
    fn money(&self, rules: &SpeechRules, currency: &Currency, whole: u64, cents: u8) -> String;
}

/// How a language speaks text: data, and [`Numbers`].
#[derive(Debug, Clone)]
pub struct SpeechRules {
    words: SpeechWords,
    /// January to December, as in dates that are shown.
    pub months: [String; 12],
    /// The weekdays, in the same way.
    pub weekdays: [String; 7],
    /// Numbers, dates, times and amounts in words.
    pub numbers: &'static dyn Numbers,
    /// How the clinic wants its names to be said.
    pub(crate) own: Pronunciations,
}

impl std::ops::Deref for SpeechRules {
    type Target = SpeechWords;

    fn deref(&self) -> &SpeechWords {
        &self.words
    }
}

impl SpeechRules {
    pub(super) fn new(
        words: SpeechWords,
        months: [String; 12],
        weekdays: [String; 7],
        numbers: &'static dyn Numbers,
    ) -> Self {
        Self { words, months, weekdays, numbers, own: Pronunciations::default() }
    }

    /// The same with a clinic's own names.
    pub(super) fn with_pronunciations(&self, own: Pronunciations) -> Self {
        let mut rules = self.clone();
        let words = own.words.iter().map(|(word, said)| (word.clone(), said.clone()));
        rules.words.respellings.extend(words);
        Self { own, ..rules }
    }

    /// Digits one by one, separated by spaces; other characters are passed over.
    #[must_use]
    pub fn digits(&self, text: &str) -> String {
        let digits = text.chars().filter_map(|c| c.to_digit(10));
        let words: Vec<&str> = digits
            .filter_map(|digit| self.digits.get(digit as usize))
            .map(String::as_str)
            .collect();
        words.join(" ")
    }

    /// A code letter by letter and digit by digit, with a pause after each.
    #[must_use]
    pub fn spelled(&self, code: &str) -> String {
        self.characters(code).join(", ")
    }

    /// The names of the letters and digits.
    pub(crate) fn characters(&self, code: &str) -> Vec<&str> {
        let name = |c: char| match c.to_digit(10) {
            Some(digit) => self.digits.get(digit as usize),
            None => c.to_lowercase().next().and_then(|letter| self.letters.get(&letter)),
        };
        code.chars().filter_map(name).map(String::as_str).collect()
    }

    /// The form of a noun that goes with a number.
    #[must_use]
    pub fn form<'a>(&self, number: u64, forms: &'a [String]) -> &'a str {
        let at = self.numbers.form(number).min(forms.len().saturating_sub(1));
        forms.get(at).map_or("", String::as_str)
    }

    /// The form of a noun that goes with a number that has decimals: that for all the rest.
    #[must_use]
    pub fn broken_form<'a>(&self, forms: &'a [String]) -> &'a str {
        forms.last().map_or("", String::as_str)
    }

    /// Name of a month, 1 to 12.
    #[must_use]
    pub fn month_name(&self, month: u8) -> &str {
        &self.months[usize::from(month.clamp(1, 12)) - 1]
    }

    /// Month 1 to 12 of a name or its first three or four letters, with or without a full stop.
    pub(crate) fn month(&self, word: &str) -> Option<u8> {
        position(&self.months, word).map(|at| at as u8 + 1)
    }

    pub(crate) fn weekday(&self, word: &str) -> Option<&str> {
        position(&self.weekdays, word).and_then(|at| self.weekdays.get(at)).map(String::as_str)
    }

    pub(crate) fn currency(&self, sign: &str) -> Option<&Currency> {
        self.currencies.iter().find(|currency| currency.signs.iter().any(|known| known == sign))
    }

    /// Whether what is written behind a time is its half of the day: the second, or the first.
    pub(crate) fn half_of_day(&self, text: &str) -> Option<bool> {
        let text = text.to_lowercase();
        let is = |list: &[String]| list.contains(&text);
        if is(&self.before_noon) {
            Some(false)
        } else if is(&self.after_noon) {
            Some(true)
        } else {
            None
        }
    }

    pub(crate) fn unit(&self, written: &str) -> Option<&Unit> {
        let written = written.to_lowercase();
        self.units.iter().find(|unit| unit.written == written)
    }
}

/// The name that the word is, or is a short form of three or four letters of.
fn position(names: &[String], word: &str) -> Option<usize> {
    let word = word.trim_end_matches('.').to_lowercase();
    let letters = word.chars().count();
    names.iter().position(|name| {
        let name = name.to_lowercase();
        name == word
            || ((3..=4).contains(&letters)
                && name.len() > word.len()
                && name.starts_with(word.as_str()))
    })
}
