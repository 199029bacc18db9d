//! The one part of a language that is code: numbers in words.

use std::fmt::Debug;

use super::speech::{Currency, DayHalf, SpeechRules};

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
