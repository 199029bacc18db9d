//! Phrases of a language as patterns: the one matcher under every table of words.
//!
//! A pattern is words with `(a|b)` for one of several, `[a]` for what may be missing, `word*` for a
//! word that begins so, `*` for up to four words of any kind, and slots: `{n}` a number, `{ord}` an
//! ordinal, `{weekday}`, `{weekdays}` "Mondays", `{month}`, `{year}`, `{h}` an hour, `{m}` minutes,
//! `{hm}` "9:30", `{hhmm}` "0930", `{kin}` "little daughter", `{kin's}` "daughter's", `{person}` a member
//! of the family, a friend or the like, `{holiday}` a public holiday.

use serde::Deserialize;

/// What a slot takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Number,
    Ordinal,
    Weekday,
    Weekdays,
    Month,
    Year,
    Hour,
    Minute,
    HourMinute,
    FourDigits,
    /// A member of the family.
    Kin,
    /// Something of theirs.
    KinOwner,
    /// A member of the family, or somebody else for whom people call.
    Person,
    /// A public holiday, by its place in the language's list.
    Holiday,
}

#[derive(Debug, Clone)]
pub(crate) enum Item {
    Word(String),
    Prefix(String),
    OneOf(Vec<Vec<Item>>),
    Slot(Slot),
    Gap,
}

/// A compiled pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern {
    pub(crate) items: Vec<Item>,
    /// What it can begin with, so that most patterns are passed over at a glance.
    first: First,
    /// The marks of the words that it can begin with.
    marks: Marks,
}

/// A set of words as bits: what is not in it is surely none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u128);

impl Marks {
    pub(crate) const NONE: Self = Self(0);
    const ALL: Self = Self(u128::MAX);
    /// Begins a number, an ordinal; is a weekday, any such weekday, a month.
    pub(crate) const NUMBER: Self = Self(1 << 127);
    pub(crate) const ORDINAL: Self = Self(1 << 126);
    pub(crate) const WEEKDAY: Self = Self(1 << 125);
    pub(crate) const WEEKDAYS: Self = Self(1 << 124);
    pub(crate) const MONTH: Self = Self(1 << 123);
    /// Bits that are not one of these.
    const PLAIN: u8 = 123;

    /// The mark of a word: by its first two bytes, so that it is also that of what it begins with.
    pub(crate) fn of(word: &str) -> Self {
        match *word.as_bytes() {
            [] => Self::NONE,
            [one] => Self(1 << (one % Self::PLAIN)),
            [one, two, ..] => Self(1 << (one.wrapping_mul(23).wrapping_add(two) % Self::PLAIN)),
        }
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of the words that a slot can begin with.
    const fn of_slot(slot: Slot) -> Self {
        match slot {
            Slot::Number | Slot::Year | Slot::Hour | Slot::Minute | Slot::HourMinute => {
                Self::NUMBER
            }
            Slot::Ordinal => Self::ORDINAL,
            Slot::Weekday => Self::WEEKDAY,
            Slot::Weekdays => Self::WEEKDAYS,
            Slot::Month => Self::MONTH,
            // Others may begin with any word.
            _ => Self::ALL,
        }
    }

    /// Whether a word may be in both.
    const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a pattern can begin with.
#[derive(Debug, Clone)]
enum First {
    Any,
    Words { words: Vec<String>, prefixes: Vec<String> },
}

impl Pattern {
    fn new(items: Vec<Item>) -> Self {
        let (mut words, mut prefixes) = (Vec::new(), Vec::new());
        let known = first_words(&items, &mut words, &mut prefixes) == Some(false);
        let mut marks = Marks::NONE;
        if first_marks(&items, &mut marks) != Some(false) {
            marks = Marks::ALL;
        }
        let first = if known { First::Words { words, prefixes } } else { First::Any };
        Self { items, first, marks }
    }

    /// Whether it may begin with one of the words that have these marks.
    pub(crate) fn may_begin_among(&self, marks: Marks) -> bool {
        self.marks == Marks::ALL || self.marks.meet(marks)
    }

    /// Whether it may begin with this word.
    pub(crate) fn may_begin(&self, word: &str) -> bool {
        match &self.first {
            First::Any => true,
            First::Words { words, prefixes } => {
                words.iter().any(|own| own == word)
                    || prefixes.iter().any(|own| word.starts_with(own.as_str()))
            }
        }
    }
}

/// Collects what a run of items can begin with. Whether it may be empty; nothing if it can begin with
/// more than words.
fn first_words(
    items: &[Item],
    words: &mut Vec<String>,
    prefixes: &mut Vec<String>,
) -> Option<bool> {
    for item in items {
        match item {
            Item::Word(word) => {
                words.push(word.clone());
                return Some(false);
            }
            Item::Prefix(prefix) => {
                prefixes.push(prefix.clone());
                return Some(false);
            }
            Item::OneOf(branches) => {
                let mut empty = false;
                for branch in branches {
                    empty |= first_words(branch, words, prefixes)?;
                }
                if !empty {
                    return Some(false);
                }
            }
            Item::Slot(_) | Item::Gap => return None,
        }
    }
    Some(true)
}

/// Collects the marks of what a run of items can begin with, as [`first_words`] does; slots have
/// marks, too.
fn first_marks(items: &[Item], marks: &mut Marks) -> Option<bool> {
    for item in items {
        let begins = match item {
            Item::Word(word) => Marks::of(word),
            // A letter alone begins words of many marks.
            Item::Prefix(prefix) if prefix.len() < 2 => return None,
            Item::Prefix(prefix) => Marks::of(prefix),
            Item::Slot(slot) => Marks::of_slot(*slot),
            Item::OneOf(branches) => {
                let mut empty = false;
                for branch in branches {
                    empty |= first_marks(branch, marks)?;
                }
                if !empty {
                    return Some(false);
                }
                continue;
            }
            Item::Gap => return None,
        };
        *marks = marks.with(begins);
        return Some(false);
    }
    Some(true)
}

/// The pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern:?} cannot be read: {reason}; correct the language file")]
pub(crate) struct PatternError {
    pattern: String,
    reason: &'static str,
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        let spaced = text
            .replace('(', " ( ")
            .replace(')', " ) ")
            .replace('|', " | ")
            .replace('[', " [ ")
            .replace(']', " ] ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let error = |reason| PatternError { pattern: text.clone(), reason };
        let mut at = 0;
        let mut branches = branches(&words, &mut at, None).map_err(error)?;
        match branches.pop() {
            Some(items) if branches.is_empty() && !items.is_empty() => Ok(Self::new(items)),
            _ => Err(error("it is empty, or has | outside ( )")),
        }
    }
}

/// Reads alternatives up to `close`, or to the end of the words.
fn branches(
    words: &[&str],
    at: &mut usize,
    close: Option<&str>,
) -> Result<Vec<Vec<Item>>, &'static str> {
    let mut all = vec![Vec::new()];
    loop {
        let Some(word) = words.get(*at).copied() else {
            return if close.is_none() { Ok(all) } else { Err("a bracket is not closed") };
        };
        *at += 1;
        if Some(word) == close {
            return Ok(all);
        }
        let item = match word {
            "|" => {
                all.push(Vec::new());
                continue;
            }
            "(" => Item::OneOf(branches(words, at, Some(")"))?),
            "[" => {
                let mut optional = branches(words, at, Some("]"))?;
                optional.push(Vec::new());
                Item::OneOf(optional)
            }
            ")" | "]" => return Err("a bracket is not opened"),
            "*" => Item::Gap,
            _ if word.starts_with('{') => Item::Slot(slot(word)?),
            _ => match word.strip_suffix('*') {
                Some(prefix) => Item::Prefix(prefix.to_owned()),
                None => Item::Word(word.to_owned()),
            },
        };
        if let Some(last) = all.last_mut() {
            last.push(item);
        }
    }
}

fn slot(word: &str) -> Result<Slot, &'static str> {
    Ok(match word {
        "{n}" => Slot::Number,
        "{ord}" => Slot::Ordinal,
        "{weekday}" => Slot::Weekday,
        "{weekdays}" => Slot::Weekdays,
        "{month}" => Slot::Month,
        "{year}" => Slot::Year,
        "{h}" => Slot::Hour,
        "{m}" => Slot::Minute,
        "{hhmm}" => Slot::FourDigits,
        "{hm}" => Slot::HourMinute,
        "{kin}" => Slot::Kin,
        "{kin's}" => Slot::KinOwner,
        "{person}" => Slot::Person,
        "{holiday}" => Slot::Holiday,
        _ => return Err("there is no slot of that name"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_is_refused_with_its_reason() {
        for bad in ["", "a | b", "(a", "a)", "{what}"] {
            assert!(Pattern::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
