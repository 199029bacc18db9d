//! Where the patterns of a language match.

pub(super) mod kin;
pub(super) mod periods;

use super::numbers;
use super::tokens::Tokens;
use crate::language::Language;
use crate::language::pattern::Pattern;
use crate::language::pattern::{Item, Marks};
pub(crate) use crate::language::pattern::{List, Slot};

/// Longest run of words that `*` skips.
const MAX_GAP: usize = 4;

/// A match: where, and what its slots took, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Match {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) slots: Vec<(Slot, i64)>,
}

impl Match {
    /// What the first slot of this kind took.
    pub(crate) fn slot(&self, kind: Slot) -> Option<i64> {
        self.slots.iter().find(|(slot, _)| *slot == kind).map(|(_, value)| *value)
    }

    /// Words matched.
    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }
}

/// What slots need to know.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) tokens: &'a Tokens,
    pub(crate) language: &'a Language,
    /// Two-digit years are at or before this one.
    pub(crate) latest_year: i64,
}

type Slots = Vec<(Slot, i64)>;

impl Pattern {
    /// The longest match that begins at `start`.
    pub(crate) fn at(&self, reader: Reader<'_>, start: usize) -> Option<Match> {
        let mut best: Option<Match> = None;
        let mut slots = Vec::new();
        step(&self.items, reader, start, &mut slots, &mut |end, slots: &mut Slots| {
            if end > start && best.as_ref().is_none_or(|best| end > best.end) {
                best = Some(Match { start, end, slots: slots.clone() });
            }
        });
        best
    }

    /// The first match in the text, the longest of those that begin there.
    #[cfg(test)]
    fn find(&self, reader: Reader<'_>) -> Option<Match> {
        (0..reader.tokens.len()).find_map(|start| self.at(reader, start))
    }
}

/// The marks of a word; none of one that was taken.
fn marks(reader: Reader<'_>, at: usize) -> Marks {
    let word = reader.tokens.words.get(at).filter(|word| !word.text.is_empty());
    word.map_or(Marks::NONE, |word| word.marks)
}

/// The matches that begin at `start`, one of each pattern that has any.
pub(crate) fn all_at<'a>(
    list: &'a List,
    reader: Reader<'a>,
    start: usize,
) -> impl Iterator<Item = Match> + 'a {
    let may = list.beginning_with(marks(reader, start));
    may.filter_map(move |pattern| pattern.at(reader, start))
}

/// The longest match of any pattern that begins at `start`.
pub(crate) fn longest_at(list: &List, reader: Reader<'_>, start: usize) -> Option<Match> {
    all_at(list, reader, start).max_by_key(Match::len)
}

/// The first match of any pattern, the longest of those that begin there.
pub(crate) fn find_any(list: &List, reader: Reader<'_>) -> Option<Match> {
    Found::new(list, reader).next()
}

/// The matches of a list from left to right, each the longest of those that begin there; the next
/// begins behind it.
pub(crate) struct Found<'a> {
    list: &'a List,
    reader: Reader<'a>,
    at: usize,
}

impl<'a> Found<'a> {
    pub(crate) const fn new(list: &'a List, reader: Reader<'a>) -> Self {
        Self { list, reader, at: 0 }
    }
}

impl Iterator for Found<'_> {
    type Item = Match;

    fn next(&mut self) -> Option<Match> {
        while self.at < self.reader.tokens.len() {
            let found = longest_at(self.list, self.reader, self.at);
            self.at = found.as_ref().map_or(self.at + 1, |found| found.end.max(self.at + 1));
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// Tries every way to match `items` from `at` on, and tells `done` where each ends.
fn step(
    items: &[Item],
    reader: Reader<'_>,
    at: usize,
    slots: &mut Slots,
    done: &mut dyn FnMut(usize, &mut Slots),
) {
    let Some((item, rest)) = items.split_first() else {
        done(at, slots);
        return;
    };
    let text = reader.tokens.text(at);
    match item {
        Item::Word(word) if word == text => step(rest, reader, at + 1, slots, done),
        Item::Prefix(prefix) if text.starts_with(prefix.as_str()) => {
            step(rest, reader, at + 1, slots, done);
        }
        Item::Word(_) | Item::Prefix(_) => {}
        Item::OneOf(branches) => {
            for branch in branches {
                step(branch, reader, at, slots, &mut |next, slots: &mut Slots| {
                    step(rest, reader, next, slots, done);
                });
            }
        }
        Item::Gap => {
            for skip in 0..=MAX_GAP {
                step(rest, reader, at + skip, slots, done);
                if reader.tokens.text(at + skip).is_empty() {
                    break;
                }
            }
        }
        Item::Slot(kind) => {
            for (value, length) in values(*kind, reader, at) {
                slots.push((*kind, value));
                step(rest, reader, at + length, slots, done);
                slots.pop();
            }
        }
    }
}

/// What a slot can take at a place, as (value, words).
fn values(kind: Slot, reader: Reader<'_>, at: usize) -> Vec<(i64, usize)> {
    let Reader { tokens, language, latest_year } = reader;
    let text = tokens.text(at);
    if !marks(reader, at).meet(Marks::of_slot(kind)) {
        return Vec::new();
    }
    let within = |range: std::ops::RangeInclusive<i64>, found: Vec<(i64, usize)>| {
        found.into_iter().filter(|(value, _)| range.contains(value)).collect()
    };
    let named = |index: Option<usize>| -> Vec<(i64, usize)> {
        index.and_then(|i| i64::try_from(i).ok()).map_or_else(Vec::new, |i| vec![(i, 1)])
    };
    match kind {
        Slot::Number => within(0..=999, numbers::cardinals(tokens, at, language)),
        Slot::Ordinal => within(1..=31, numbers::ordinals(tokens, at, language)),
        Slot::Weekday => named(language.weekday(text)),
        Slot::Weekdays => named(language.weekdays(text)),
        Slot::Month => named(language.month(text)),
        Slot::Kin | Slot::KinOwner | Slot::Person => kin::values(kind, reader, at),
        Slot::Year => numbers::years(tokens, at, latest_year, language),
        Slot::Hour => within(0..=24, numbers::cardinals(tokens, at, language)),
        Slot::Minute => {
            let mut found = numbers::cardinals(tokens, at, language);
            if language.numbers.get(text) == Some(&0) {
                let more = numbers::cardinals(tokens, at + 1, language);
                found.extend(more.into_iter().filter(|(v, _)| *v < 10).map(|(v, n)| (v, n + 1)));
            }
            within(0..=59, found)
        }
        Slot::FourDigits => {
            let pair = |range| text.get(range).and_then(numbers::digits);
            let value = (text.len() == 4).then(|| pair(0..2).zip(pair(2..4))).flatten();
            let value = value.filter(|(hours, minutes)| *hours < 24 && *minutes < 60);
            value.map_or_else(Vec::new, |(hours, minutes)| vec![(hours * 60 + minutes, 1)])
        }
        Slot::Holiday => {
            let known = language.holidays.iter().enumerate();
            let found = known.filter_map(|(index, holiday)| {
                let length = longest_at(&holiday.say, reader, at)?.len();
                Some((i64::try_from(index).ok()?, length))
            });
            found.max_by_key(|(_, length)| *length).into_iter().collect()
        }
        Slot::Length | Slot::Period => periods::values(kind, reader, at),
        Slot::HourMinute => {
            let parts = text.split_once([':', '.']).filter(|(_, minutes)| minutes.len() == 2);
            let value = parts.and_then(|(hours, minutes)| {
                let (hours, minutes) = (numbers::digits(hours)?, numbers::digits(minutes)?);
                (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
            });
            value.map_or_else(Vec::new, |value| vec![(value, 1)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn matched(pattern: &str, text: &str) -> Option<Match> {
        let language = english();
        let tokens = Tokens::of(text, &language);
        let pattern = Pattern::try_from(pattern.to_owned()).expect("a good pattern");
        pattern.find(Reader { tokens: &tokens, language: &language, latest_year: 2026 })
    }

    #[test]
    fn words_alternatives_options_and_gaps_match() {
        assert!(matched("(see|visit) [a|the] doctor", "i will see the doctor").is_some());
        assert!(matched("(see|visit) [a|the] doctor", "see my doctor").is_none());
        assert!(matched("pain * chest", "pain right in my chest").is_some());
        assert!(matched("bleed*", "it is bleeding").is_some());
    }

    #[test]
    fn slots_take_numbers_in_words_or_digits() {
        let found = matched("in {n} weeks", "maybe in two weeks").expect("matches");
        assert_eq!((found.start, found.end, found.slot(Slot::Number)), (1, 4, Some(2)));
        assert_eq!(
            matched("{month} [the] {ord}", "june the fourteenth")
                .and_then(|m| m.slot(Slot::Ordinal)),
            Some(14)
        );
        assert_eq!(matched("{hm}", "at 9:30").and_then(|m| m.slot(Slot::HourMinute)), Some(570));
    }
}
