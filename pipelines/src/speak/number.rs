//! Numbers as they are written.

use crate::language::speech::SpeechRules;

/// A number in figures: its whole part without separators, and its decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Figures<'a> {
    /// The whole part; `None` if it does not fit, or begins with a zero and so is a code.
    pub(super) whole: Option<u64>,
    /// The digits behind the point.
    pub(super) decimals: Option<&'a str>,
}

/// Beyond this a number is read digit by digit.
const LIMIT: u64 = 1_000_000_000_000_000;

/// Reads `600`, `1,250`, `3.5`, `1,250.50`, with the language's signs between the figures; `None`
/// for anything else.
pub(super) fn figures<'a>(text: &'a str, rules: &SpeechRules) -> Option<Figures<'a>> {
    let (whole, decimals) = match text.split_once(rules.decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if decimals.is_some_and(|decimals| !all_digits(decimals)) {
        return None;
    }
    let mut groups = whole.split(rules.thousands);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = rest.iter().all(|group| group.len() == 3 && all_digits(group));
    if !all_digits(first) || !grouped || (!rest.is_empty() && first.len() > 3) {
        return None;
    }
    let plain = whole.len() == 1 || !whole.starts_with('0');
    let value =
        whole.replace(rules.thousands, "").parse().ok().filter(|&value| plain && value < LIMIT);
    Some(Figures { whole: value, decimals })
}

/// A whole number of at most `digits` digits.
pub(super) fn small(text: &str, digits: usize) -> Option<u16> {
    let figures = text.bytes().all(|b| b.is_ascii_digit());
    if figures && !text.is_empty() && text.len() <= digits { text.parse().ok() } else { None }
}

/// A year of four digits from 1900 to 2099.
pub(super) fn year(text: &str) -> Option<u16> {
    small(text, 4).filter(|year| (1900..2100).contains(year))
}

/// `9:30` → hour and minute.
pub(super) fn clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    if minute.len() != 2 {
        return None;
    }
    let (hour, minute) = (small(hour, 2)?, small(minute, 2)?);
    (hour < 24 && minute < 60).then_some((hour as u8, minute as u8))
}

/// Replaces Arabic-Indic, Persian and full-width digits by ASCII ones.
pub(super) fn ascii_digits(text: &str) -> String {
    text.chars()
        .map(|c| {
            let zero = match c {
                '٠'..='٩' => '٠',
                '۰'..='۹' => '۰',
                '０'..='９' => '０',
                _ => return c,
            };
            char::from(b'0' + (c as u32 - zero as u32) as u8)
        })
        .collect()
}
