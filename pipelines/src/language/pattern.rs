//! Phrases of a language as patterns: the one matcher under every table of words.
//!
//! A pattern is words with `(a|b)` for one of several, `[a]` for what may be missing, `word*` for a
//! word that begins so, `*` for up to four words of any kind, and slots: `{n}` a number, `{ord}` an
//! ordinal, `{weekday}`, `{weekdays}` "Mondays", `{month}`, `{year}`, `{h}` an hour, `{m}` minutes,
//! `{hm}` "9:30", `{hhmm}` "0930", `{kin}` "little daughter", `{kin's}` "daughter's", `{person}` a member
//! of the family, a friend or the like, `{holiday}` a public holiday, `{length}` "two hours", `{period}`
//! a month. `<visit>` is a class of words of the same file, written out when it is read (`classes.rs`).

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
    /// A length of time.
    Length,
    /// A month, by its name or counted from this one.
    Period,
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
    /// The marks of the words that it can begin with, so that most patterns are passed over at a
    /// glance.
    marks: Marks,
}

/// A set of words as bits: what is not in it is surely none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks([u64; 4]);

impl Marks {
    pub(crate) const NONE: Self = Self([0; 4]);
    const ALL: Self = Self([u64::MAX; 4]);
    /// Begins a number, an ordinal; is a weekday, any such weekday, a month; begins a word for a
    /// member of the family or somebody else, a public holiday, a length of time, a month.
    pub(crate) const NUMBER: Self = Self::bit(3, 63);
    pub(crate) const ORDINAL: Self = Self::bit(3, 62);
    pub(crate) const WEEKDAY: Self = Self::bit(3, 61);
    pub(crate) const WEEKDAYS: Self = Self::bit(3, 60);
    pub(crate) const MONTH: Self = Self::bit(3, 59);
    pub(crate) const KIN: Self = Self::bit(3, 58);
    pub(crate) const HOLIDAY: Self = Self::bit(3, 57);
    pub(crate) const LENGTH: Self = Self::bit(3, 56);
    pub(crate) const PERIOD: Self = Self::bit(3, 55);
    /// Bits of the last number that are for beginnings of words.
    const BEGINNINGS: u64 = 55;
    /// Letters, in bytes, of the longest beginning that has a bit of its own.
    const LONGEST: usize = 3;

    const fn bit(number: usize, bit: u64) -> Self {
        let mut bits = [0; 4];
        bits[number] = 1 << bit;
        Self(bits)
    }

    /// The marks of a word: its own, and those of what it begins with.
    pub(crate) fn of(word: &str) -> Self {
        let lengths = 2..=word.len().min(Self::LONGEST);
        lengths.fold(Self::exactly(word), |marks, length| {
            marks.with(Self::beginning(&word.as_bytes()[..length]))
        })
    }

    /// The mark of this word and no longer one.
    fn exactly(word: &str) -> Self {
        let hash = hash(word.as_bytes()) % 192;
        Self::bit(usize::try_from(hash / 64).unwrap_or_default(), hash % 64)
    }

    /// The mark of all words that begin so; of two or three bytes.
    fn beginning(bytes: &[u8]) -> Self {
        Self::bit(3, hash(bytes) % Self::BEGINNINGS)
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Those of the words that a slot can begin with.
    pub(crate) const fn of_slot(slot: Slot) -> Self {
        match slot {
            Slot::Number
            | Slot::Year
            | Slot::Hour
            | Slot::Minute
            | Slot::HourMinute
            | Slot::FourDigits => Self::NUMBER,
            Slot::Ordinal => Self::ORDINAL,
            Slot::Weekday => Self::WEEKDAY,
            Slot::Weekdays => Self::WEEKDAYS,
            Slot::Month => Self::MONTH,
            Slot::Kin | Slot::KinOwner | Slot::Person => Self::KIN,
            Slot::Holiday => Self::HOLIDAY,
            Slot::Length => Self::LENGTH,
            Slot::Period => Self::PERIOD,
        }
    }

    /// Whether a word may be in both.
    pub(crate) fn meet(self, other: Self) -> bool {
        (0..4).fold(0, |met, at| met | (self.0[at] & other.0[at])) != 0
    }
}

/// FNV-1a, with its upper bits mixed into the lower ones.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

/// Patterns of which any will do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Pattern>")]
pub(crate) struct List {
    all: Vec<Pattern>,
    /// The marks of the words that one of them can begin with.
    marks: Marks,
}

impl From<Vec<Pattern>> for List {
    fn from(all: Vec<Pattern>) -> Self {
        let marks = all.iter().fold(Marks::NONE, |marks, pattern| marks.with(pattern.marks));
        Self { all, marks }
    }
}

impl List {
    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The marks of the words that one of them can begin with.
    pub(crate) const fn marks(&self) -> Marks {
        self.marks
    }

    /// Those that may begin with a word of these marks, in their order.
    pub(crate) fn beginning_with(&self, marks: Marks) -> impl Iterator<Item = &Pattern> {
        let all = if self.marks.meet(marks) { self.all.as_slice() } else { &[] };
        all.iter().filter(move |pattern| pattern.marks.meet(marks))
    }
}

impl Pattern {
    fn new(items: Vec<Item>) -> Self {
        let mut marks = Marks::NONE;
        if first_marks(&items, &mut marks) != Some(false) {
            marks = Marks::ALL;
        }
        Self { items, marks }
    }

    /// Whether it may begin with a word that has these marks; no word that was taken has any.
    pub(crate) fn may_begin_among(&self, marks: Marks) -> bool {
        self.marks.meet(marks)
    }
}

/// Collects the marks of what a run of items can begin with. Whether it may be empty; nothing if it
/// can begin with any word.
fn first_marks(items: &[Item], marks: &mut Marks) -> Option<bool> {
    for item in items {
        let begins = match item {
            Item::Word(word) => Marks::exactly(word),
            // A letter alone begins words of many marks.
            Item::Prefix(prefix) if prefix.len() < 2 => return None,
            Item::Prefix(prefix) => {
                Marks::beginning(&prefix.as_bytes()[..prefix.len().min(Marks::LONGEST)])
            }
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
        "{length}" => Slot::Length,
        "{period}" => Slot::Period,
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
