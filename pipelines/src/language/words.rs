//! Tables of words that are no plain lists of patterns: lengths, months, public holidays, and words
//! that are no names.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};

use super::pattern::List;

/// A length of a visit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LengthPhrase {
    /// Minutes; those that the phrase names if it is zero.
    #[serde(default)]
    pub(crate) minutes: i64,
    pub(crate) say: List,
}

/// A length of time: "half an hour", "two weeks".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeLength {
    pub(crate) unit: Unit,
    /// Of these; so many times the number that the phrase names, if it names one.
    pub(crate) n: i64,
    pub(crate) say: List,
}

/// What a length of time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Minutes,
    Days,
    Months,
}

/// A month that is counted from this one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Period {
    /// How many months ahead.
    pub(crate) n: i64,
    pub(crate) say: List,
}

/// A public holiday.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HolidayWords {
    /// By which clinics know it, one or several: "Eid" is either of two.
    pub(crate) codes: Vec<String>,
    /// As it is spoken of.
    pub(crate) name: String,
    /// Month and day where it is on the same day each year, for who was born on it.
    pub(crate) date: Option<(i8, i8)>,
    pub(crate) say: List,
}

/// Words that are no part of a name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// Those that are names as well.
    also_names: HashSet<String>,
    #[serde(deserialize_with = "split")]
    words: HashSet<String>,
}

impl Common {
    pub(crate) fn contains(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether a common word is a name as well.
    pub(crate) fn also_names(&self, word: &str) -> bool {
        self.also_names.contains(word)
    }

    pub(crate) fn can_be_name(&self, word: &str) -> bool {
        !self.words.contains(word) || self.also_names.contains(word)
    }
}

/// The words of a text.
fn split<'de, D: Deserializer<'de>>(words: D) -> Result<HashSet<String>, D::Error> {
    let words = String::deserialize(words)?;
    Ok(words.split_whitespace().map(str::to_owned).collect())
}
