//! What a date means in a country: order of numbers, weekend, first day of the week.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Weekday;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    month_first: Vec<String>,
    friday_saturday_weekend: Vec<String>,
    week_starts_saturday: Vec<String>,
    week_starts_sunday: Vec<String>,
    dialling: HashMap<String, Dialling>,
}

/// How telephone numbers of a country are written.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dialling {
    /// Country code.
    pub(crate) code: String,
    /// What is dialled before a number inside the country, and left out after the code.
    pub(crate) trunk: String,
    /// How many digits follow the code: at least, at most.
    pub(crate) digits: (usize, usize),
}

impl Dialling {
    /// The country whose code an international number begins with.
    pub(crate) fn of_number(digits: &str) -> Option<&'static Self> {
        TABLE.dialling.values().find(|dialling| digits.starts_with(&dialling.code))
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table = toml::from_str(include_str!("regions.toml"));
    table.unwrap_or_else(|error| unreachable!("the embedded table is tested: {error}"))
});

/// The habits of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    /// Whether "3/4" is March 4.
    pub(crate) month_first: bool,
    /// First day of the weekend; it has two.
    pub(crate) weekend: Weekday,
    /// First day of the week.
    pub(crate) week_start: Weekday,
    /// How telephone numbers are written there.
    pub(crate) dialling: Option<&'static Dialling>,
}

impl Region {
    /// The habits of a country, by its ISO 3166-1 alpha-2 code.
    pub(crate) fn of(country: &str) -> Self {
        let has = |list: &[String]| list.iter().any(|code| code == country);
        Self {
            month_first: has(&TABLE.month_first),
            weekend: if has(&TABLE.friday_saturday_weekend) {
                Weekday::Friday
            } else {
                Weekday::Saturday
            },
            week_start: if has(&TABLE.week_starts_saturday) {
                Weekday::Saturday
            } else if has(&TABLE.week_starts_sunday) {
                Weekday::Sunday
            } else {
                Weekday::Monday
            },
            dialling: TABLE.dialling.get(country),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_differ() {
        assert_eq!(Region::of("EG").weekend, Weekday::Friday);
        assert!(Region::of("US").month_first && !Region::of("GB").month_first);
        assert_eq!(Region::of("GB").week_start, Weekday::Monday);
    }
}
