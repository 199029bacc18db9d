//! Numbers, units, ranges and codes in what is spoken.

use super::super::number::{Figures, clock, figures};
use super::{Read, Reader};
use crate::language::speech::{self, DayHalf, DayPart};

impl<'a> Reader<'a> {
    /// Numbers, ordinals, ranges, percentages, amounts with a unit, codes.
    pub(super) fn quantity(&self) -> Option<Read> {
        let core = self.core(0);
        if !core.contains(|c: char| c.is_ascii_digit()) {
            return self.code_in_capitals();
        }
        let rules = self.rules;
        let spoken = if let Some(number) = core.strip_prefix('#') {
            format!("{} {}", rules.number, self.number(number)?)
        } else if let Some(number) = core.strip_prefix(['-', '−']) {
            format!("{} {}", rules.minus, self.number(number)?)
        } else if let Some(number) = self.number(core) {
            let unit = self.token(0)?.is_open().then(|| self.unit_name(self.core(1), core));
            if let Some(Some(unit)) = unit {
                return Some(Read::new(2, format!("{number} {unit}")));
            }
            number
        } else if let Some((range, last)) = self.range(core) {
            let open = self.token(0)?.is_open();
            if let Some(unit) = self.unit_name(self.core(1), last).filter(|_| open) {
                return Some(Read::new(2, format!("{range} {unit}")));
            }
            range
        } else {
            self.with_ending(core)?
        };
        Some(Read::new(1, spoken))
    }

    pub(super) fn number(&self, text: &str) -> Option<String> {
        let Figures { whole, decimals } = figures(text, self.rules)?;
        let digit_word = |word: String| self.rules.digit_words.contains(&word);
        let by_digits = whole.is_none()
            || (decimals.is_none() && self.before(1).any(digit_word))
            || (decimals.is_none() && self.rules.digit_numbers.iter().any(|number| number == text));
        let words = match whole {
            Some(whole) if !by_digits => self.rules.numbers.cardinal(whole),
            _ => self.rules.digits(text.split(self.rules.decimal).next().unwrap_or(text)),
        };
        Some(match decimals {
            None => words,
            Some(decimals) => {
                format!("{words} {} {}", self.rules.point, self.rules.digits(decimals))
            }
        })
    }

    fn unit_name(&self, written: &str, number: &str) -> Option<&'a str> {
        let unit = self.rules.unit(written)?;
        // One letter behind a number is more often a letter.
        let sure = written.len() > 1 || !written.starts_with(|c: char| c.is_ascii_alphabetic());
        sure.then(|| self.form(unit, number))
    }

    /// The name of a unit in the form that goes with a number in figures.
    fn form(&self, unit: &'a speech::Unit, number: &str) -> &'a str {
        match figures(number, self.rules) {
            Some(Figures { whole: Some(whole), decimals: None }) => {
                self.rules.form(whole, &unit.say)
            }
            _ => self.rules.broken_form(&unit.say),
        }
    }

    /// "9-12", "10–12", "9:00-17:00", "10-20mg", with the number at its end.
    fn range<'t>(&self, core: &'t str) -> Option<(String, &'t str)> {
        let (from, to) = core.split_once(['-', '–'])?;
        let letters = to.find(|c: char| !self.in_number(c) && c != ':').unwrap_or(to.len());
        let (to, unit) = to.split_at(letters);
        let end = |text: &str| match clock(text) {
            Some((hour, minute)) => {
                let whole_day = hour == 0 || hour > 12 || text.starts_with('0');
                let part = DayHalf::Part(DayPart::of_hour(hour));
                let half = if whole_day { part } else { DayHalf::Untold };
                Some(self.rules.numbers.time(self.rules, hour, minute, half))
            }
            None => self.number(text),
        };
        let range = format!("{} {} {}", end(from)?, self.rules.to, end(to)?);
        if unit.is_empty() {
            return Some((range, to));
        }
        let unit = self.form(self.rules.unit(unit)?, to);
        Some((format!("{range} {unit}"), to))
    }

    /// "21st", "10%", "20mg", "K7M4QP", "COVID-19", "24/7".
    fn with_ending(&self, core: &str) -> Option<String> {
        let rules = self.rules;
        let split = core.find(|c: char| !self.in_number(c));
        if let Some((number, ending)) = split.map(|at| core.split_at(at))
            && let Some(Figures { whole: Some(whole), decimals }) = figures(number, rules)
        {
            if decimals.is_none() && rules.ordinal_endings.iter().any(|known| known == ending) {
                return Some(rules.numbers.ordinal(whole));
            }
            if let Some(unit) = rules.unit(ending) {
                return Some(format!("{} {}", self.number(number)?, self.form(unit, number)));
            }
        }
        if is_code(core) {
            return Some(rules.spelled(core));
        }
        Some(self.runs(core))
    }

    /// Figures and letters each by themselves: "COVID-19", "24/7".
    pub(super) fn runs(&self, core: &str) -> String {
        let mut parts = Vec::new();
        let mut rest = core;
        while let Some(first) = rest.chars().next() {
            let figures = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != figures).unwrap_or(rest.len());
            let (run, more) = rest.split_at(end);
            let word = || self.word(run.trim_matches(|c: char| !c.is_alphanumeric()));
            parts.push(if figures { self.number(run).unwrap_or_default() } else { word() });
            rest = more;
        }
        parts.join(" ")
    }

    /// A code without a digit: "your reference is KMPRT".
    fn code_in_capitals(&self) -> Option<Read> {
        let core = self.core(0);
        let capitals = core.chars().all(|c| c.is_ascii_uppercase() || c == '-');
        let long = core.chars().filter(char::is_ascii_uppercase).count() >= 4;
        let code_word = |word: String| self.rules.code_words.contains(&word);
        (capitals && long && self.before(3).any(code_word))
            .then(|| Read::new(1, self.rules.spelled(core)))
    }
}

/// A code mixes capitals and digits, or joins short runs of them.
fn is_code(core: &str) -> bool {
    let plain = core.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
    let long_word = core.split(|c: char| !c.is_ascii_uppercase()).any(|letters| letters.len() > 4);
    let letters = core.chars().any(|c| c.is_ascii_uppercase());
    plain && letters && !long_word && core.len() <= 16
}
