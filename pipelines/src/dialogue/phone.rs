//! Telephone numbers as callers give them, in the one form that is stored.

use crate::region::Region;

/// Digits of a number with its country code, at least and at most.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// The number in E.164 form (`+20…`): as said if it has a country code, else as dialled inside the
/// clinic's `country`. `None` if it cannot be one, or the country's code is not known.
#[must_use]
pub fn e164(said: &str, country: &str) -> Option<String> {
    let digits: String = said.chars().filter(char::is_ascii_digit).collect();
    let region = Region::of(country);
    let international = if said.trim_start().starts_with('+') {
        digits
    } else if let Some(rest) = digits.strip_prefix("00").filter(|rest| rest.len() > 9) {
        rest.to_owned()
    } else {
        let (code, trunk) = region.dialling?;
        let with_code = digits.starts_with(code) && digits.len() >= code.len() + 10;
        match digits.strip_prefix(trunk).filter(|_| !trunk.is_empty()) {
            Some(rest) => format!("{code}{rest}"),
            None if with_code => digits,
            None => format!("{code}{digits}"),
        }
    };
    let good = DIGITS.contains(&international.len()) && !international.starts_with('0');
    good.then(|| format!("+{international}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_completed_by_the_country() {
        let of = |said, country| e164(said, country);
        let some = |number: &str| Some(number.to_owned());
        assert_eq!(of("01112220003", "EG"), some("+201112220003"));
        assert_eq!(of("1112220003", "EG"), some("+201112220003"));
        assert_eq!(of("+201112220003", "EG"), some("+201112220003"));
        assert_eq!(of("00201112220003", "US"), some("+201112220003"));
        assert_eq!(of("201112220003", "EG"), some("+201112220003"));
        assert_eq!(of("2125550100", "US"), some("+12125550100"));
        assert_eq!(of("12125550100", "US"), some("+12125550100"));
        assert_eq!(of("+0123456789", "US"), None);
        assert_eq!(of("5550100", "ZZ"), None);
    }
}
