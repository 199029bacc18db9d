//! How a clinic wants its names to be said.

use std::collections::BTreeMap;

/// The sounds of ARPAbet; behind a vowel stands its stress, 0 to 2.
const VOWELS: [&str; 15] =
    ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"];
const CONSONANTS: [&str; 24] = [
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T",
    "TH", "V", "W", "Y", "Z", "ZH",
];

/// Longest word and longest way to say it, in characters.
const MAX: usize = 100;

/// How words are said that are not as they are written: a clinic's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pronunciations {
    /// By the word in lower case: what is said in its place.
    pub(super) words: BTreeMap<String, String>,
    /// By the word in lower case: its phones.
    phones: BTreeMap<String, String>,
}

/// Why a word cannot be said so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PronunciationError {
    /// It is not one word.
    #[error("pronunciations: {0:?} is not one word")]
    Word(String),
    /// It is neither words nor phones.
    #[error(
        "pronunciations: {word} cannot be said as {said:?}; write it as another spelling (Shah \
         lah bee) or as phones of ARPAbet between slashes (/SH AH0 L AA1 B IY0/)"
    )]
    Said {
        /// The word.
        word: String,
        /// What is written for it.
        said: String,
    },
}

impl Pronunciations {
    /// Reads words with how they are said: another spelling, or phones of ARPAbet between slashes.
    ///
    /// # Errors
    /// [`PronunciationError`] for the first that is neither.
    pub fn read(written: &BTreeMap<String, String>) -> Result<Self, PronunciationError> {
        let mut all = Self::default();
        for (word, said) in written {
            let is_word =
                (1..=MAX).contains(&word.chars().count()) && word.chars().all(char::is_alphabetic);
            if !is_word {
                return Err(PronunciationError::Word(word.clone()));
            }
            let key = word.to_lowercase();
            let wrong = || {
                let (word, said) = (word.clone(), said.clone());
                PronunciationError::Said { word, said }
            };
            if said.chars().count() > MAX {
                return Err(wrong());
            }
            match said.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                Some(phones) => {
                    let phones: Vec<&str> = phones.split_whitespace().collect();
                    if phones.is_empty() || !phones.iter().all(|phone| is_phone(phone)) {
                        return Err(wrong());
                    }
                    all.phones.insert(key, phones.join(" "));
                }
                None => {
                    let is_part = |c: char| c.is_alphabetic() || " -'".contains(c);
                    if said.trim().is_empty() || !said.chars().all(is_part) {
                        return Err(wrong());
                    }
                    all.words.insert(key, said.trim().to_owned());
                }
            }
        }
        Ok(all)
    }

    /// The phones of a word, in lower case.
    pub(crate) fn phones(&self, word: &str) -> Option<&str> {
        self.phones.get(word).map(String::as_str)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.phones.is_empty()
    }
}

fn is_phone(phone: &str) -> bool {
    let sound = phone.trim_end_matches(['0', '1', '2']);
    match phone.len() - sound.len() {
        0 => CONSONANTS.contains(&sound) || VOWELS.contains(&sound),
        1 => VOWELS.contains(&sound),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;
    use crate::speak::{clauses, spoken};

    fn read(word: &str, said: &str) -> Result<Pronunciations, PronunciationError> {
        Pronunciations::read(&BTreeMap::from([(word.to_owned(), said.to_owned())]))
    }

    #[test]
    fn a_name_is_said_as_the_clinic_spells_it_or_by_its_phones() {
        let written = [("Okafor", "Oh kah for"), ("Shalaby", "/SH AH0 L AA1 B IY0/")];
        let written = written.map(|(word, said)| (word.to_owned(), said.to_owned()));
        let own = Pronunciations::read(&written.into()).expect("well written");
        let language = english().with_pronunciations(own);
        assert_eq!(
            spoken("Dr. Okafor and Dr. Shalaby's clinic, or SHALABY?", &language),
            "Doctor Oh kah for and Doctor Shalaby's{SH AH0 L AA1 B IY0 Z} clinic, or \
             shalaby{SH AH0 L AA1 B IY0}?"
        );
        assert_eq!(clauses("Dr. Shalaby.", &language)[0].display, "Dr. Shalaby.");
    }

    #[test]
    fn phones_that_somebody_types_are_not_taken_for_phones() {
        assert_eq!(spoken("The room{AH0} is there.", &english()), "The room AH zero is there.");
    }

    #[test]
    fn what_cannot_be_said_is_named() {
        for (word, said) in [
            ("Al Noor", "Al Noor"),
            ("", "x"),
            ("Noor", ""),
            ("Noor", "N00R"),
            ("Noor", "/N UH9 R/"),
            ("Noor", "/N1 UH1 R/"),
            ("Noor", "//"),
        ] {
            let error = read(word, said).expect_err("wrong").to_string();
            assert!(error.contains("pronunciations: ") && error.contains(word), "{error}");
        }
    }
}
