//! Telephone numbers as callers give them, in the one form that is stored.

use crate::region::{Dialling, Region};

/// Digits of a number with its country code, at least and at most (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The number in E.164 form (`+20…`): as said if it has a country code, else as dialled inside the
/// clinic's `country`. `None` if the numbering plan has no such number, or the country's code is not
/// known. Digits of any script count; an extension does not.
#[must_use]
pub fn e164(said: &str, country: &str) -> Option<String> {
    let said = without_extension(said);
    let digits: String = said.chars().filter_map(decimal).collect();
    let international = if said.trim_start().starts_with(['+', '\u{ff0b}']) {
        digits
    } else if let Some(rest) = digits.strip_prefix("00").filter(|rest| rest.len() > 9) {
        rest.to_owned()
    } else {
        let Dialling { code, trunk, digits: (fewest, _) } = Region::of(country).dialling?;
        let national = digits.strip_prefix(trunk.as_str()).filter(|_| !trunk.is_empty());
        let with_code =
            digits.starts_with(code.as_str()) && digits.len() >= code.len() + 10.max(*fewest);
        match national {
            Some(rest) => format!("{code}{rest}"),
            None if with_code => digits,
            None => format!("{code}{digits}"),
        }
    };
    let number = match Dialling::of_number(&international) {
        Some(plan) => by_plan(&international, plan)?,
        None => international,
    };
    let good = DIGITS.contains(&number.len()) && !number.starts_with('0');
    good.then(|| format!("+{number}"))
}

/// The number without the trunk prefix that some write after the country code: +20 (0) 111 …
fn by_plan(international: &str, plan: &Dialling) -> Option<String> {
    let national = international.strip_prefix(plan.code.as_str())?;
    let trunk = Some(plan.trunk.as_str()).filter(|trunk| !trunk.is_empty());
    let national = trunk.and_then(|trunk| national.strip_prefix(trunk)).unwrap_or(national);
    let (fewest, most) = plan.digits;
    (fewest..=most).contains(&national.len()).then(|| format!("{}{national}", plan.code))
}

fn without_extension(said: &str) -> &str {
    let lower = said.to_ascii_lowercase();
    let end = [";", "ext", "x", "#"].iter().filter_map(|mark| lower.find(mark)).min();
    &said[..end.unwrap_or(said.len())]
}

/// The digit that a character is, in the scripts that callers type: 0, \u{660} and \u{6f0} are zeros.
fn decimal(c: char) -> Option<char> {
    let zero = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];
    let value = |zero: char| u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value < 10);
    char::from_digit(zero.into_iter().find_map(value)?, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(number: &str) -> Option<String> {
        Some(number.to_owned())
    }

    #[test]
    fn numbers_are_completed_by_the_country() {
        assert_eq!(e164("01112220003", "EG"), some("+201112220003"));
        assert_eq!(e164("1112220003", "EG"), some("+201112220003"));
        assert_eq!(e164("+201112220003", "EG"), some("+201112220003"));
        assert_eq!(e164("00201112220003", "US"), some("+201112220003"));
        assert_eq!(e164("201112220003", "EG"), some("+201112220003"));
        assert_eq!(e164("2125550100", "US"), some("+12125550100"));
        assert_eq!(e164("12125550100", "US"), some("+12125550100"));
        assert_eq!(e164("02 3555 0100", "EG"), some("+20235550100"));
        assert_eq!(e164("+0123456789", "US"), None);
        assert_eq!(e164("5550100", "ZZ"), None);
    }

    #[test]
    fn a_zero_after_the_country_code_is_left_out() {
        assert_eq!(e164("+20 (0) 111 222 0003", "EG"), some("+201112220003"));
        assert_eq!(e164("+44 (0)20 7946 0123", "EG"), some("+442079460123"));
        // Where the zero is part of the number, as in Italy, it stays.
        assert_eq!(e164("+39 06 1234 5678", "EG"), some("+390612345678"));
    }

    #[test]
    fn a_number_from_abroad_is_not_read_by_the_clinics_plan() {
        assert_eq!(e164("+20 100 123 4567", "US"), some("+201001234567"));
        assert_eq!(e164("+33 1 23 45 67 89", "US"), some("+33123456789"));
    }

    #[test]
    fn digits_of_other_scripts_count_and_an_extension_does_not() {
        assert_eq!(e164("\u{660}\u{661}\u{661}\u{661}2220003", "EG"), some("+201112220003"));
        assert_eq!(e164("212 555 0100 ext 12", "US"), some("+12125550100"));
        assert_eq!(e164("+12125550100;ext=12", "US"), some("+12125550100"));
    }

    #[test]
    fn what_the_numbering_plan_does_not_have_is_no_number() {
        for (said, country) in [("555 0100", "US"), ("212 555 01990", "US"), ("123 4567", "EG")] {
            assert_eq!(e164(said, country), None, "{said}");
        }
    }
}
