//! What a language must say of itself for text to be spoken in it.

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

/// A short form that ends in a full stop, or may.
#[derive(Debug, Clone, Copy)]
pub struct Abbreviation {
    /// Lower case, without the last full stop: `dr`, `e.g`.
    pub short: &'static str,
    /// What is said.
    pub spoken: &'static str,
    /// It is a word or a name by itself, unless a full stop follows (`no.`).
    pub needs_stop: bool,
    /// Belongs to the next word: no cut between them, and its full stop ends no sentence.
    pub glued: bool,
}

/// A currency.
#[derive(Debug, Clone, Copy)]
pub struct Currency {
    /// Signs and codes by which it is written.
    pub signs: &'static [&'static str],
    /// One of it, and several.
    pub whole: (&'static str, &'static str),
    /// One hundredth of it, and several.
    pub cent: (&'static str, &'static str),
}

/// A language, as far as speaking text needs it.
#[derive(Debug, Clone, Copy)]
pub struct Language {
    /// The digits from 0 to 9, as they are read out one by one.
    pub digits: [&'static str; 10],
    /// The names of the letters a to z, spelled so that a voice says them right.
    pub letters: [&'static str; 26],
    /// January to December.
    pub months: [&'static str; 12],
    /// Sunday to Saturday.
    pub weekdays: [&'static str; 7],
    /// Short forms.
    pub abbreviations: &'static [Abbreviation],
    /// Currencies.
    pub currencies: &'static [Currency],
    /// Units behind a number: written, one, several.
    pub units: &'static [(&'static str, &'static str, &'static str)],
    /// Words in capitals that are spelled out; others with a vowel are read as words.
    pub acronyms: &'static [&'static str],
    /// Words, in lower case, after which a number is read digit by digit ("call 123").
    pub digit_words: &'static [&'static str],
    /// Numbers that are read digit by digit wherever they stand.
    pub digit_numbers: &'static [&'static str],
    /// Words, in lower case, near which a word in capitals is a code to be spelled.
    pub code_words: &'static [&'static str],
    /// Names, in lower case, that voices say wrong, and a spelling that they say right.
    pub respellings: &'static [(&'static str, &'static str)],
    /// Signs that are spoken.
    pub signs: &'static [(char, &'static str)],
    /// For the point before decimals.
    pub point: &'static str,
    /// Before a negative number.
    pub minus: &'static str,
    /// Between the ends of a range.
    pub to: &'static str,
    /// For "#".
    pub number: &'static str,
    /// For "+" before a phone number.
    pub plus: &'static str,
    /// For "@" and "." in addresses.
    pub at_dot: (&'static str, &'static str),
    /// A number in words; those of 10¹⁵ and more are read digit by digit instead.
    pub cardinal: fn(u64) -> String,
    /// "fourteenth".
    pub ordinal: fn(u64) -> String,
    /// A year of four digits.
    pub year: fn(u16) -> String,
    /// A time of day: hour 0 to 23 with its part of the day, or hour 1 to 12 without.
    pub time: fn(u8, u8, Option<DayPart>) -> String,
    /// A date: month 1 to 12, day, year if it is said.
    pub date: fn(&Language, u8, u8, Option<u16>) -> String,
    /// An amount of money: whole, hundredths.
    pub money: fn(&Language, &Currency, u64, u8) -> String,
    /// Whether the word says the part of the day by itself ("in", "o'clock") behind a time.
    pub tells_day_part: fn(&str) -> bool,
    /// Endings of ordinals in figures ("st", "nd").
    pub ordinal_endings: &'static [&'static str],
}

impl Language {
    /// Digits one by one, separated by spaces; other characters are passed over.
    #[must_use]
    pub fn digits(&self, text: &str) -> String {
        let words: Vec<&str> = text
            .chars()
            .filter_map(|c| c.to_digit(10))
            .map(|digit| self.digits[digit as usize])
            .collect();
        words.join(" ")
    }

    /// A code letter by letter and digit by digit, with a pause after each.
    #[must_use]
    pub fn spelled(&self, code: &str) -> String {
        self.characters(code).join(", ")
    }

    /// The names of the letters and digits.
    pub(super) fn characters(&self, code: &str) -> Vec<&'static str> {
        code.chars()
            .filter_map(|c| match c.to_ascii_lowercase() {
                letter @ 'a'..='z' => Some(self.letters[(letter as u8 - b'a') as usize]),
                other => other.to_digit(10).map(|digit| self.digits[digit as usize]),
            })
            .collect()
    }

    /// Month 1 to 12 of a name or its first three or four letters, with or without a full stop.
    pub(super) fn month(&self, word: &str) -> Option<u8> {
        position(&self.months, word).map(|at| at as u8 + 1)
    }

    pub(super) fn weekday(&self, word: &str) -> Option<&'static str> {
        position(&self.weekdays, word).map(|at| self.weekdays[at])
    }

    pub(super) fn currency(&self, sign: &str) -> Option<&'static Currency> {
        self.currencies.iter().find(|currency| currency.signs.contains(&sign))
    }
}

/// The name that the word is, or is a short form of three or four letters of.
fn position(names: &[&str], word: &str) -> Option<usize> {
    let word = word.trim_end_matches('.');
    names.iter().position(|name| {
        name.eq_ignore_ascii_case(word)
            || ((3..=4).contains(&word.len())
                && name.is_char_boundary(word.len())
                && name.len() > word.len()
                && name[..word.len()].eq_ignore_ascii_case(word))
    })
}
