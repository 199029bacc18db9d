//! Keys that a caller presses → what they answer.
//!
//! A keypad collects keys by what was asked and gives the dialogue an answer as if it had been
//! typed: digits are a date of birth or a telephone number, `1` and `2` are yes and no where that
//! was asked, a digit is a choice. `#` ends an answer, `*` takes back what was pressed; otherwise it
//! ends when it is complete, or after a pause.

use std::time::Duration;

use frontdesk_types::Mono;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Expectation, Input};
use crate::language::{KeyWords, Language};
use crate::region::Region;

/// Keys kept of one answer; more are ignored. The longest telephone number has 15, with 00 before.
const MAX_KEYS: usize = 20;

/// Digits of a date of birth with a four-digit year.
const DATE_KEYS: usize = 8;

/// The pause that ends an answer, by what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pauses {
    /// Where no other is given: 4 s.
    pub default: Duration,
    /// Others.
    pub by_question: Vec<(Expectation, Duration)>,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { default: Duration::from_secs(4), by_question: Vec::new() }
    }
}

impl Pauses {
    fn after(&self, question: Expectation) -> Duration {
        let own = self.by_question.iter().find(|(asked, _)| *asked == question);
        own.map_or(self.default, |(_, pause)| *pause)
    }
}

/// Keys pressed and not yet an answer: what outlives whoever holds the [`Keypad`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pressed {
    asked: Expectation,
    keys: String,
    until: Option<Mono>,
}

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct Keypad {
    pauses: Pauses,
    words: KeyWords,
    month_first: bool,
    pressed: Pressed,
}

impl Keypad {
    /// A keypad for callers of `country` (ISO 3166-1 alpha-2), which says whether the month comes
    /// first in a date; with what a predecessor had collected.
    #[must_use]
    pub fn new(country: &str, language: &Language, pauses: Pauses, pressed: Pressed) -> Self {
        let words = language.keypad.clone();
        Self { pauses, words, month_first: Region::of(country).month_first, pressed }
    }

    /// What a successor goes on from.
    #[must_use]
    pub const fn pressed(&self) -> &Pressed {
        &self.pressed
    }

    /// The caller was asked this: keys from now on answer it.
    pub fn expect(&mut self, question: Expectation) {
        if self.pressed.asked != question {
            self.pressed.asked = question;
            self.clear();
        }
    }

    /// Forgets what was pressed: the caller answers in another way.
    pub fn clear(&mut self) {
        self.pressed.keys.clear();
        self.pressed.until = None;
    }

    /// A key was pressed at `now`. Gives the answer, if that completes one.
    pub fn press(&mut self, now: Mono, key: char) -> Option<Input> {
        match key {
            '#' => return self.answer(),
            '*' => self.clear(),
            '0'..='9' if self.pressed.keys.len() < MAX_KEYS => {
                self.pressed.keys.push(key);
                self.pressed.until = Some(now + self.pauses.after(self.pressed.asked));
            }
            // Letters are on no telephone, and more digits are no number.
            _ => {}
        }
        if self.is_complete() { self.answer() } else { None }
    }

    /// When the pause will have ended what was pressed; `None` if nothing was.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Mono> {
        self.pressed.until
    }

    /// The answer, if the pause is over at `now`.
    pub fn on_timeout(&mut self, now: Mono) -> Option<Input> {
        if self.pressed.until.is_some_and(|until| until <= now) { self.answer() } else { None }
    }

    fn is_complete(&self) -> bool {
        let keys = self.pressed.keys.len();
        match self.pressed.asked {
            Expectation::YesNo | Expectation::Choice => keys == 1,
            Expectation::DateOfBirth => keys == DATE_KEYS,
            _ => false,
        }
    }

    fn answer(&mut self) -> Option<Input> {
        let keys = std::mem::take(&mut self.pressed.keys);
        self.pressed.until = None;
        if keys.is_empty() {
            return None;
        }
        let text = match (self.pressed.asked, keys.as_str()) {
            (Expectation::YesNo, "1") => self.words.yes.clone(),
            (Expectation::YesNo, "2") => self.words.no.clone(),
            (Expectation::Choice, n @ ("1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")) => {
                self.words.choice.replace("{n}", n)
            }
            // Keys that answer nothing are words that nobody understands: it is asked again.
            (Expectation::YesNo | Expectation::Choice, _) => String::new(),
            (Expectation::DateOfBirth, keys) => {
                self.date(keys).map_or_else(String::new, |date| self.written(date))
            }
            _ => keys,
        };
        Some(Input::Heard { text, confidence: None })
    }

    /// A date of eight digits: in the country's order, or in the other where that alone is a date,
    /// or year first.
    fn date(&self, keys: &str) -> Option<Date> {
        if keys.len() != DATE_KEYS {
            return None;
        }
        let number = |range: std::ops::Range<usize>| keys.get(range)?.parse::<i16>().ok();
        let date = |year, month, day| {
            Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        };
        let (first, second, year) = (number(0..2)?, number(2..4)?, number(4..8)?);
        let (by_month, by_day) = (date(year, first, second), date(year, second, first));
        let named = if self.month_first { by_month.or(by_day) } else { by_day.or(by_month) };
        let plausible = |date: &Date| date.year() >= 1800;
        let named = named.filter(plausible);
        let sorted = || date(number(0..4)?, number(4..6)?, number(6..8)?).filter(plausible);
        named.or_else(sorted)
    }

    /// A date as people of the country write it.
    fn written(&self, date: Date) -> String {
        let (year, month, day) = (date.year(), date.month(), date.day());
        let (first, second) = if self.month_first { (month, day) } else { (day, month) };
        format!("{first:02}/{second:02}/{year:04}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn keypad(country: &str, asked: Expectation) -> Keypad {
        let words = &english();
        let mut keypad = Keypad::new(country, words, Pauses::default(), Pressed::default());
        keypad.expect(asked);
        keypad
    }

    fn text(input: Input) -> String {
        let Input::Heard { text, confidence: None } = input else { panic!("typed words") };
        text
    }

    /// The answer that pressing these keys at once gives, if any.
    fn pressed(keypad: &mut Keypad, keys: &str) -> Option<String> {
        keys.chars().filter_map(|key| keypad.press(Mono::ZERO, key)).last().map(text)
    }

    #[test]
    fn one_and_two_are_yes_and_no_where_that_was_asked_and_nothing_elsewhere() {
        for (key, said) in [("1", "yes"), ("2", "no"), ("7", "")] {
            let mut keypad = keypad("EG", Expectation::YesNo);
            assert_eq!(pressed(&mut keypad, key).as_deref(), Some(said));
        }
        assert_eq!(pressed(&mut keypad("EG", Expectation::Request), "1"), None);
    }

    #[test]
    fn a_digit_chooses() {
        let mut keypad = keypad("EG", Expectation::Choice);
        assert_eq!(pressed(&mut keypad, "2").as_deref(), Some("number 2"));
        assert_eq!(pressed(&mut keypad, "0").as_deref(), Some(""));
    }

    #[test]
    fn eight_digits_are_a_date_in_the_order_of_the_country() {
        for (country, keys, said) in [
            ("EG", "12031984", "12/03/1984"),
            ("US", "12031984", "12/03/1984"),
            ("EG", "03251984", "25/03/1984"),
            ("US", "25031984", "03/25/1984"),
            ("EG", "19840312", "12/03/1984"),
            ("US", "19840312", "03/12/1984"),
            ("EG", "99999999", ""),
            ("EG", "31021984", ""),
        ] {
            let mut keypad = keypad(country, Expectation::DateOfBirth);
            assert_eq!(pressed(&mut keypad, keys).as_deref(), Some(said), "{country} {keys}");
        }
    }

    #[test]
    fn a_number_ends_with_the_hash_key_and_the_star_key_takes_it_back() {
        let mut keypad = keypad("EG", Expectation::PhoneNumber);
        assert_eq!(pressed(&mut keypad, "0109*01005500012"), None);
        assert_eq!(pressed(&mut keypad, "#").as_deref(), Some("01005500012"));
        assert_eq!(pressed(&mut keypad, "#"), None, "nothing was pressed");
    }

    #[test]
    fn a_pause_of_four_seconds_or_of_the_questions_own_length_ends_an_answer() {
        let own = vec![(Expectation::PhoneNumber, Duration::from_secs(6))];
        let pauses = Pauses { by_question: own, ..Pauses::default() };
        for (asked, seconds) in [(Expectation::PhoneNumber, 6), (Expectation::Request, 4)] {
            let words = &english();
            let mut keypad = Keypad::new("EG", words, pauses.clone(), Pressed::default());
            keypad.expect(asked);
            assert_eq!(keypad.poll_timeout(), None);
            keypad.press(Mono::ZERO, '4');
            keypad.press(Mono::from_millis(500), '2');
            let until = Mono::from_millis(500) + Duration::from_secs(seconds);
            assert_eq!(keypad.poll_timeout(), Some(until));
            assert_eq!(keypad.on_timeout(Mono::from_millis(500)), None);
            assert_eq!(keypad.on_timeout(until).map(text).as_deref(), Some("42"));
            assert_eq!(keypad.poll_timeout(), None);
        }
    }

    #[test]
    fn another_question_forgets_keys_that_answered_the_last_one_and_the_same_keeps_them() {
        let mut keypad = keypad("EG", Expectation::PhoneNumber);
        assert_eq!(pressed(&mut keypad, "0100"), None);
        keypad.expect(Expectation::PhoneNumber);
        assert_eq!(pressed(&mut keypad, "55#").as_deref(), Some("010055"));
        assert_eq!(pressed(&mut keypad, "0100"), None);
        keypad.expect(Expectation::YesNo);
        assert_eq!(pressed(&mut keypad, "1").as_deref(), Some("yes"));
    }

    #[test]
    fn a_successor_goes_on_with_the_keys_of_its_predecessor() {
        let mut first = keypad("EG", Expectation::DateOfBirth);
        assert_eq!(pressed(&mut first, "1203"), None);
        let kept = first.pressed().clone();
        let words = &english();
        let mut second = Keypad::new("EG", words, Pauses::default(), kept);
        assert_eq!(pressed(&mut second, "1984").as_deref(), Some("12/03/1984"));
    }
}
