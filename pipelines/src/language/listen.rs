//! What is listened for in a language (`listen.toml`): the templates of the recognizer's language
//! models, the names and common words behind them, and how names are spelled aloud.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use frontdesk_models::stt::lm::Background;
use serde::Deserialize;

use super::bundle::{Bundle, BundleError};
use crate::dialogue::expectation::Expectation;

const FILE: &str = "listen.toml";

/// Slots that are filled by the clinic's data, by what is known of the caller, or by names.
const FILLED: [&str; 13] = [
    "doctor_name",
    "specialty",
    "clinic_word",
    "language",
    "first",
    "last",
    "spelled",
    "said_spelled",
    "spelled_first",
    "said_spelled_first",
    "patient_name",
    "reversed_name",
    "whole_name",
];

/// A template with its weight: the number in front, or 1.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Weighted(pub(crate) String, pub(crate) f64);

impl From<String> for Weighted {
    fn from(text: String) -> Self {
        let number = text.split_once(' ').and_then(|(number, rest)| {
            let weight: f64 = number.parse().ok()?;
            Some(Self(rest.trim().to_owned(), weight))
        });
        number.unwrap_or(Self(text, 1.0))
    }
}

/// What is listened for where one thing is expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// Templates' worth of evidence: the nested templates stand for many.
    pub(crate) worth: f64,
    /// Share of what may be said at any time.
    pub(crate) any: f64,
    /// Whether what may be said at any time goes without the clinic's data.
    #[serde(default)]
    pub(crate) plain: bool,
    pub(crate) say: Vec<Weighted>,
}

/// How names are spelled aloud, and how letters are misheard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spelling {
    /// Groups of letters that are taken for each other.
    pub(crate) alike: Vec<String>,
    pub(crate) vowels: String,
    /// Of these, a name that is none of the known ones has at least one.
    pub(crate) names_have: String,
    /// Said before a letter that is doubled; empty if nothing is.
    pub(crate) double: String,
    /// What is said between a letter and a word that begins with it.
    pub(crate) examples: Vec<String>,
}

/// The letters of the words that the recognizer knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// Letters and signs of which words are made, in lower case.
    letters: String,
    /// Signs that are left out of words, where all others end a word.
    left_out: String,
    /// Letters that are written as others: by what is written, those for which it is.
    written_as: BTreeMap<String, String>,
}

impl Script {
    /// A name or phrase as the words of a template: lower case, in this script, without signs;
    /// `None` if nothing that can be pronounced is left.
    pub(crate) fn words(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        for c in text.to_lowercase().chars() {
            if self.letters.contains(c) {
                out.push(c);
            } else if let Some((written, _)) =
                self.written_as.iter().find(|(_, letters)| letters.contains(c))
            {
                out.push_str(written);
            } else if !self.left_out.contains(c) {
                out.push(' ');
            }
        }
        let kept: Vec<_> = out
            .split_whitespace()
            .map(|word| word.trim_matches('\''))
            .filter(|word| !word.is_empty())
            .collect();
        (!kept.is_empty()).then(|| kept.join(" "))
    }

    /// Whether it is a letter, by itself, of a word of the recognizer.
    pub(crate) fn is_letter(&self, c: char) -> bool {
        c.is_alphabetic() && self.letters.contains(c)
    }
}

/// Names with how many of 100,000 people have them, most common first.
pub(crate) type Names = Vec<(String, f64)>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    first_names: Vec<String>,
    last_names: Vec<String>,
    /// File of common words; none if there is no such file.
    common_words: Option<String>,
    script: Script,
    spelling: Spelling,
    slots: BTreeMap<String, Vec<Weighted>>,
    states: BTreeMap<Expectation, State>,
    specialties: BTreeMap<String, Vec<Weighted>>,
}

/// What callers are expected to say aloud in a language, before it is filled with a clinic's data.
#[derive(Debug)]
pub struct Templates {
    pub(crate) first_names: Names,
    pub(crate) last_names: Names,
    /// The names, without an order.
    first: HashSet<String>,
    last: HashSet<String>,
    /// The language at large.
    pub(crate) common_words: Option<Arc<Background>>,
    /// Its words.
    everyday: HashSet<String>,
    pub(crate) script: Script,
    pub(crate) spelling: Spelling,
    pub(crate) slots: BTreeMap<String, Vec<Weighted>>,
    pub(crate) states: BTreeMap<Expectation, State>,
    pub(crate) specialties: BTreeMap<String, Vec<Weighted>>,
}

impl Templates {
    pub(super) fn load(bundle: &Bundle<'_>) -> Result<Self, BundleError> {
        let file: File = bundle.toml(FILE)?;
        file.check(bundle)?;
        let common_words = file.common_words.as_deref().map(|name| {
            let common = Background::parse(bundle.text(name)?);
            let bad = |error: &dyn std::fmt::Display| bundle.bad(name, "words", error.to_string());
            common.map(Arc::new).map_err(|error| bad(&error))
        });
        let everyday = file.common_words.as_deref().map(|name| bundle.text(name)).transpose()?;
        let lines = everyday.unwrap_or_default().lines().filter(|line| !line.starts_with('#'));
        let everyday = lines.filter_map(|line| line.split(' ').next()).map(str::to_owned);
        let first_names = names(bundle, "first_names", &file.first_names)?;
        let last_names = names(bundle, "last_names", &file.last_names)?;
        let set = |names: &Names| names.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self {
            first: set(&first_names),
            last: set(&last_names),
            first_names,
            last_names,
            common_words: common_words.transpose()?,
            everyday: everyday.collect(),
            script: file.script,
            spelling: file.spelling,
            slots: file.slots,
            states: file.states,
            specialties: file.specialties,
        })
    }

    /// Common first names, most common first.
    pub fn first_names(&self) -> impl Iterator<Item = &str> {
        self.first_names.iter().map(|(name, _)| name.as_str())
    }

    /// Whether it is a common first name.
    pub(crate) fn is_first_name(&self, word: &str) -> bool {
        self.first.contains(word)
    }

    /// Whether it is a common last name.
    pub(crate) fn is_last_name(&self, word: &str) -> bool {
        self.last.contains(word)
    }

    /// Whether it is a word that is often said, whatever is spoken of.
    pub(crate) fn is_everyday(&self, word: &str) -> bool {
        self.everyday.contains(word)
    }

    /// Common last names, most common first.
    pub fn last_names(&self) -> impl Iterator<Item = &str> {
        self.last_names.iter().map(|(name, _)| name.as_str())
    }
}

impl File {
    /// Every expectation has its sentences, and every slot that they reach is filled.
    fn check(&self, bundle: &Bundle<'_>) -> Result<(), BundleError> {
        for expectation in Expectation::ALL {
            if !self.states.contains_key(&expectation) {
                let key = format!("states.{}", expectation.context());
                return Err(bundle.bad(FILE, &key, "it is missing"));
            }
        }
        let of_states = self.states.iter().map(|(expectation, state)| {
            (format!("states.{}.say", expectation.context()), &state.say)
        });
        let of_slots = self.slots.iter().map(|(name, say)| (format!("slots.{name}"), say));
        let of_specialties =
            self.specialties.iter().map(|(name, say)| (format!("specialties.{name}"), say));
        for (key, say) in of_states.chain(of_slots).chain(of_specialties) {
            if let Some(word) = say.iter().find_map(|Weighted(text, _)| self.foreign(text)) {
                let reason = format!("the word {word:?} has a letter that is not in [script]");
                return Err(bundle.bad(FILE, &key, reason));
            }
            for slot in say.iter().flat_map(|Weighted(text, _)| slots_of(text)) {
                if !self.slots.contains_key(slot) && !FILLED.contains(&slot) {
                    let reason = format!("there is no slot {{{slot}}}; add it to [slots]");
                    return Err(bundle.bad(FILE, &key, reason));
                }
            }
        }
        for needed in ["any", "any_plain", "clinic_word"] {
            if self.slots.get(needed).is_none_or(Vec::is_empty) {
                return Err(bundle.bad(FILE, &format!("slots.{needed}"), "it is missing"));
            }
        }
        Ok(())
    }
}

impl File {
    /// A word of a template with a letter that the words of the recognizer do not have.
    fn foreign(&self, template: &str) -> Option<String> {
        let mut text = String::with_capacity(template.len());
        for (number, part) in template.split('{').enumerate() {
            let words = if number == 0 { part } else { part.split_once('}').map_or("", |p| p.1) };
            text.push_str(words);
            text.push(' ');
        }
        let known = |c: char| self.script.letters.contains(c) || "-.".contains(c);
        let mut words = text.split(|c: char| c.is_whitespace() || "()[]|".contains(c));
        words.find(|word| !word.chars().all(known)).map(str::to_owned)
    }
}

/// The slots that a template names.
pub(crate) fn slots_of(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

/// The names of all files; one that is in several counts as the first says.
fn names(bundle: &Bundle<'_>, key: &str, files: &[String]) -> Result<Names, BundleError> {
    let (mut known, mut all) = (BTreeSet::new(), Names::new());
    for file in files {
        for (number, line) in bundle.text(file)?.lines().enumerate() {
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let entry = line.split_once(' ').and_then(|(name, count)| {
                let count: f64 = count.parse().ok()?;
                (count > 0.0).then_some((name, count))
            });
            let Some((name, count)) = entry else {
                let key = format!("line {}", number + 1);
                return Err(bundle.bad(file, &key, "it is no name with how many people have it"));
            };
            if known.insert(name) {
                all.push((name.to_owned(), count));
            }
        }
    }
    if all.is_empty() {
        return Err(bundle.bad(FILE, key, "there is no name in its files"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use crate::language::tests::english;

    #[test]
    fn names_become_words_that_can_be_pronounced() {
        let english = english();
        let words = |text| english.listen().script.words(text);
        assert_eq!(words("Dr. José Núñez-O'Brien").as_deref(), Some("dr jose nunez o'brien"));
        assert_eq!(words("…"), None);
    }
}
