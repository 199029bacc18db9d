//! What the caller was asked.

use serde::{Deserialize, Serialize};

/// What the caller was asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Anything: what can we do for you.
    #[default]
    Request,
    /// Yes or no, or a correction.
    YesNo,
    /// One of several offers, or another wish.
    Choice,
    /// A full name.
    FullName,
    /// A name whose last part is spelled letter by letter.
    Spelling,
    /// A first name, letter by letter.
    SpellingFirst,
    /// A last name, letter by letter.
    SpellingLast,
    /// A date of birth.
    DateOfBirth,
    /// A phone number.
    PhoneNumber,
    /// A doctor or a specialty.
    Doctor,
    /// A day or part of a day.
    Day,
}

impl Expectation {
    /// Every expectation, for loading one language model each.
    pub const ALL: [Self; 11] = [
        Self::Request,
        Self::YesNo,
        Self::Choice,
        Self::FullName,
        Self::Spelling,
        Self::SpellingFirst,
        Self::SpellingLast,
        Self::DateOfBirth,
        Self::PhoneNumber,
        Self::Doctor,
        Self::Day,
    ];

    /// Name of the recognizer's context for this expectation.
    #[must_use]
    pub const fn context(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::YesNo => "yes_no",
            Self::Choice => "choice",
            Self::FullName => "full_name",
            Self::Spelling => "spelling",
            Self::SpellingFirst => "spelling_first",
            Self::SpellingLast => "spelling_last",
            Self::DateOfBirth => "date_of_birth",
            Self::PhoneNumber => "phone_number",
            Self::Doctor => "doctor",
            Self::Day => "day",
        }
    }

    /// Whether a name is asked for, spelled or not.
    #[must_use]
    pub const fn is_naming(self) -> bool {
        matches!(self, Self::FullName | Self::Spelling | Self::SpellingFirst | Self::SpellingLast)
    }
}
