//! What is wished for besides a time: a kind of doctor, and a kind of visit.

use frontdesk_types::Gender;
use serde::{Deserialize, Serialize};

/// A doctor who is wished for without a name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traits {
    /// Of one of these; of any if there are none.
    pub genders: Vec<Gender>,
    /// Who speaks one of these, ISO 639-1; any if there are none.
    pub languages: Vec<String>,
    /// If that can be.
    pub soft: bool,
}

impl Traits {
    /// Whether nothing is wished for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.genders.is_empty() && self.languages.is_empty()
    }

    /// Whether a doctor is one who is wished for. A gender that is not on record is none of them.
    #[must_use]
    pub fn fits(&self, gender: Option<Gender>, languages: &[String]) -> bool {
        let gender = self.genders.is_empty() || gender.is_some_and(|g| self.genders.contains(&g));
        let spoken = |code: &String| {
            languages.iter().any(|own| own.split('-').next() == Some(code.as_str()))
        };
        gender && (self.languages.is_empty() || self.languages.iter().any(spoken))
    }
}

/// A visit that is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visit {
    /// Two slots, one right after the other.
    pub double: bool,
    /// At least so many minutes: one slot if it is long enough, else two.
    pub minutes: Option<i64>,
    /// By video.
    pub remote: bool,
}

impl Visit {
    /// Whether any visit will do.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether two slots may be needed.
    #[must_use]
    pub const fn may_be_double(&self) -> bool {
        self.double || self.minutes.is_some()
    }
}
