//! Danger to life in what a caller says (domain.md, section 6).
//!
//! A sentence is read as a whole: which classes of words stand together in it, whether they are
//! denied, and whether they are said of now. Checked on every partial and final transcript, before
//! any policy. A danger that is said as present, or without a time, is told the emergency number at
//! once; one that is past, supposed or spoken of is asked about. The record 0100 says why.

use super::understand::distance::distance;
use super::understand::pattern::Reader;
use super::understand::tokens::{Token, Tokens};
use crate::language::Language;
use crate::language::danger::{Concept, Dangers, Kind, Sign};
use crate::language::pattern::Slot;

/// Words between a part of a sign and the one that follows it, at most.
const NEAR: usize = 4;

/// Words between what denies and what is denied, at most.
const DENIAL_REACH: usize = 6;

/// Words between what only speaks of a danger and the danger, at most.
const LEAD_REACH: usize = 3;

/// A first clause that tells a time, and so few words beside it, belongs to the next one.
const ADVERBIAL: usize = 1;

/// Ways in which the parts of one sign may stand in a sentence that are looked at.
const MAX_INSTANCES: usize = 64;

/// A danger that words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Danger {
    /// Its id.
    pub(crate) id: String,
    /// Whether it is said as present, or without a time; else the caller is asked.
    pub(crate) present: bool,
}

/// The dangers that `text` tells, in the order of the table.
pub(crate) fn in_text(text: &str, language: &Language) -> Vec<Danger> {
    let mut tokens = Tokens::of(text, language);
    let mut found = read(&mut tokens, language, language.dangers());
    for dangers in language.foreign_dangers(text) {
        let mut tokens = Tokens::of(&unmarked(text), language);
        found.extend(read(&mut tokens, language, dangers));
    }
    found
}

/// Whether the words are of another time and not of now: "that was last year".
pub(crate) fn is_past(text: &str, language: &Language) -> bool {
    let (tokens, dangers) = (Tokens::of(text, language), language.dangers());
    let found = phrases(&tokens, language, dangers);
    let is = |concept| found.iter().any(|found| found.concept == concept);
    is(dangers.known.past) && !is(dangers.known.now)
}

/// Arabic letters without vowel signs and in one form of each.
fn unmarked(text: &str) -> String {
    let plain = |letter| match letter {
        'أ' | 'إ' | 'آ' => Some('ا'),
        'ى' => Some('ي'),
        'ة' => Some('ه'),
        '\u{64b}'..='\u{652}' | '\u{640}' => None,
        other => Some(other),
    };
    text.chars().filter_map(plain).collect()
}

/// A phrase that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    concept: Concept,
    start: usize,
    end: usize,
}

impl Found {
    const fn is_same(&self, other: &Self) -> bool {
        self.start == other.start && self.end == other.end
    }

    const fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

struct Sentence<'a> {
    tokens: &'a Tokens,
    dangers: &'a Dangers,
    found: Vec<Found>,
    /// Which concepts were found.
    has: Vec<bool>,
    /// Where clauses begin, in order, with 0 and the number of words.
    clauses: Vec<usize>,
}

fn read(tokens: &mut Tokens, language: &Language, dangers: &Dangers) -> Vec<Danger> {
    for word in &mut tokens.words {
        let owner = language.owner(&word.text).filter(|owner| dangers.has(owner));
        let owner = owner.filter(|_| !dangers.has(&word.text)).map(str::to_owned);
        // "Her throat's closing".
        let text = owner.as_ref().unwrap_or(&word.text);
        let whole = || {
            // "38.5" is at least 38.
            let (whole, _) = text.split_once(['.', ','])?;
            let figures = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
            figures.then(|| whole.to_owned())
        };
        let meant = dangers.meant(text, || language.is_known(text), near);
        if let Some(text) = meant.or_else(whole).or(owner) {
            word.marks = language.marks(&text);
            word.text = text;
        }
    }
    let found = phrases(tokens, language, dangers);
    let of = |concept: Concept| found.iter().filter(move |found| found.concept == concept);
    let literal = |figure: &&Found| of(dangers.known.literal).any(|found| found.meets(figure));
    let figures: Vec<Found> =
        of(dangers.known.figure).filter(|figure| !literal(figure)).copied().collect();
    let found = if figures.is_empty() {
        found
    } else {
        for figure in figures {
            tokens.take(figure.start..figure.end);
        }
        phrases(tokens, language, dangers)
    };
    let clauses = clauses(tokens, dangers, &found);
    let mut has = vec![false; dangers.concepts];
    found.iter().for_each(|found| has[found.concept.index()] = true);
    let sentence = Sentence { tokens, dangers, found, has, clauses };
    dangers.kinds.iter().filter_map(|kind| sentence.kind(kind)).collect()
}

/// Whether one letter is wrong, missing or too many, or two are swapped.
fn near(a: &str, b: &str) -> bool {
    let apart: Vec<(char, char)> = a.chars().zip(b.chars()).filter(|(a, b)| a != b).collect();
    let swapped = matches!(apart.as_slice(), [(a, b), (c, d)] if a == d && b == c);
    distance(a, b) == 1 || (swapped && a.chars().count() == b.chars().count())
}

/// Every phrase of every concept, wherever it stands.
fn phrases(tokens: &Tokens, language: &Language, dangers: &Dangers) -> Vec<Found> {
    let reader = Reader { tokens, language, latest_year: 0 };
    let mut all = Vec::new();
    for start in 0..tokens.len() {
        let Token { text: word, marks, .. } = &tokens.words[start];
        if word.is_empty() {
            continue;
        }
        for entry in dangers.entries(word).filter(|entry| entry.say.may_begin_among(*marks)) {
            let Some(found) = entry.say.at(reader, start) else { continue };
            let fits = entry.range.is_none_or(|(from, to)| {
                found.slot(Slot::Number).is_some_and(|value| (from..=to).contains(&value))
            });
            if fits && (!entry.last || ends_clause(tokens, dangers, reader, found.end)) {
                all.push(Found { concept: entry.concept, start, end: found.end });
            }
        }
        if word.len() == 4 && (word.starts_with("19") || word.starts_with("20")) {
            // A year in figures.
            let figures = word.bytes().all(|b| b.is_ascii_digit());
            all.extend(figures.then_some(Found {
                concept: dangers.known.past,
                start,
                end: start + 1,
            }));
        }
    }
    all
}

/// Whether a clause ends before this word.
fn ends_clause(tokens: &Tokens, dangers: &Dangers, reader: Reader<'_>, at: usize) -> bool {
    let stop = at > 0 && tokens.words.get(at - 1).is_some_and(|word| word.stop);
    let begins = |entry: &crate::language::danger::Entry| {
        entry.concept == dangers.known.begins && entry.say.at(reader, at).is_some()
    };
    at >= tokens.len() || stop || dangers.entries(tokens.text(at)).any(begins)
}

/// Where clauses begin.
fn clauses(tokens: &Tokens, dangers: &Dangers, found: &[Found]) -> Vec<usize> {
    let known = &dangers.known;
    let stops = tokens.words.iter().enumerate().filter(|(_, word)| word.stop).map(|(at, _)| at + 1);
    // "As a child" is one phrase.
    let inside = |at: usize| {
        let told = [known.past, known.lead, known.aside];
        found.iter().any(|f| told.contains(&f.concept) && f.start <= at && at + 1 < f.end)
    };
    let breaks = found.iter().filter(|f| f.concept == known.begins && !inside(f.start));
    let mut at: Vec<usize> = breaks.map(|found| found.start).chain(stops).collect();
    at.extend([0, tokens.len()]);
    at.sort_unstable();
    at.dedup();
    // "In 2019, I had …" is one clause.
    let adverbial = |from: usize, to: usize| {
        let mut past = found.iter().filter(|f| f.concept == known.past);
        past.any(|f| f.start >= from && f.end <= to && (to - from) - (f.end - f.start) <= ADVERBIAL)
    };
    // "…, years ago" belongs to what stands before it.
    let only_past = |from: usize, to: usize| {
        let mut past = found.iter().filter(|f| f.concept == known.past);
        from > 0 && past.any(|f| f.start == from && f.end == to)
    };
    let joined: Vec<usize> = at
        .windows(2)
        .filter(|pair| {
            let first =
                pair[0] > 0 && adverbial(0, pair[0]) && !at.iter().any(|a| *a > 0 && *a < pair[0]);
            first || only_past(pair[0], pair[1])
        })
        .map(|pair| pair[0])
        .collect();
    at.retain(|place| !joined.contains(place));
    at
}

impl Sentence<'_> {
    /// The danger, if the sentence tells it.
    fn kind(&self, kind: &Kind) -> Option<Danger> {
        let mut level = None;
        for sign in &kind.signs {
            level = level.max(self.sign(sign, kind));
            if level == Some(true) {
                break;
            }
        }
        level.map(|present| Danger { id: kind.id.clone(), present })
    }

    /// Whether a sign is there: none, asked about (`false`), or present.
    fn sign(&self, sign: &Sign, kind: &Kind) -> Option<bool> {
        if !sign.parts.iter().all(|part| self.has[part.concept.index()]) {
            return None;
        }
        let (mut instances, mut chosen) = (Vec::new(), Vec::new());
        self.instances(sign, &mut chosen, &mut instances);
        let level = |parts: &Vec<Found>| {
            let (from, _) = span(parts);
            if sign.without.iter().any(|other| self.excludes(*other, parts)) {
                None
            } else if self.is_denied(parts, from) {
                kind.ask_if_denied.then_some(false)
            } else {
                Some(!self.is_soft(parts))
            }
        };
        instances.iter().filter_map(level).max()
    }

    fn instances(&self, sign: &Sign, chosen: &mut Vec<Found>, all: &mut Vec<Vec<Found>>) {
        let Some(part) = sign.parts.get(chosen.len()) else {
            all.push(chosen.clone());
            return;
        };
        for found in self.found.iter().filter(|found| found.concept == part.concept) {
            let follows = chosen.last().is_none_or(|last| {
                !part.follows || (last.end..=last.end + NEAR).contains(&found.start)
            });
            if !follows || chosen.iter().any(|other| other.is_same(found)) {
                continue;
            }
            chosen.push(*found);
            let (from, to) = span(chosen);
            if to - from <= sign.within.max(found.end - found.start) {
                self.instances(sign, chosen, all);
            }
            chosen.pop();
            if all.len() >= MAX_INSTANCES {
                return;
            }
        }
    }

    /// Whether a concept that makes another thing of a sign is there.
    fn excludes(&self, other: Concept, parts: &[Found]) -> bool {
        let (from, to) = self.clause(span(parts));
        let inside = |found: &Found| found.start >= from && found.start < to;
        self.found.iter().any(|found| found.concept == other && inside(found))
    }

    /// The clauses in which a sign stands, from the first word to the last.
    fn clause(&self, (from, to): (usize, usize)) -> (usize, usize) {
        let start = self.clauses.iter().rev().find(|at| **at <= from).copied();
        let end = self.clauses.iter().find(|at| **at >= to).copied();
        (start.unwrap_or(0), end.unwrap_or(self.tokens.len()))
    }

    /// Whether the words between are such that what stands before them tells of what follows.
    fn only_fillers(&self, from: usize, to: usize, parts: &[Found]) -> bool {
        let filler = self.dangers.known.filler;
        let stops = self.tokens.words.get(from..to);
        if stops.is_none_or(|words| words.iter().any(|word| word.stop)) {
            return false;
        }
        let covered = |at: usize| {
            let part = parts.iter().any(|part| (part.start..part.end).contains(&at));
            part || self.found.iter().any(|found| {
                (found.start..found.end).contains(&at)
                    && (found.concept == filler || self.is_sign_word(found.concept))
            })
        };
        (from..to).all(covered)
    }

    /// Whether a concept is one that signs are made of.
    fn is_sign_word(&self, concept: Concept) -> bool {
        let kinds = self.dangers.kinds.iter();
        kinds
            .flat_map(|kind| &kind.signs)
            .any(|sign| sign.parts.len() == 1 && sign.parts[0].concept == concept)
    }

    fn is_denied(&self, parts: &[Found], from: usize) -> bool {
        let known = &self.dangers.known;
        let cancelled = |denial: &Found| {
            self.found.iter().any(|other| other.concept == known.not_denial && other.meets(denial))
        };
        self.found.iter().filter(|found| found.concept == known.denial).any(|denial| {
            let own = parts.iter().any(|part| part.meets(denial));
            // What it denies: the first part behind it.
            let behind = parts.iter().map(|part| part.start).filter(|start| *start >= denial.end);
            let Some(denied) = behind.min() else { return false };
            let near = denied - denial.end <= DENIAL_REACH && denial.end + DENIAL_REACH >= from;
            let stop = self.tokens.words.get(denial.end - 1).is_some_and(|word| word.stop);
            !own && near
                && !stop
                && !cancelled(denial)
                && self.only_fillers(denial.end, denied, parts)
        })
    }

    /// Whether it is said of another time, of others' words, or as a question.
    fn is_soft(&self, parts: &[Found]) -> bool {
        let known = &self.dangers.known;
        let (from, to) = span(parts);
        let (start, end) = self.clause((from, to));
        let beside = |found: &Found| !parts.iter().any(|part| part.meets(found));
        let inside = |found: &&Found| found.start >= start && found.end <= end && beside(found);
        let is = |concept| self.found.iter().filter(inside).any(|found| found.concept == concept);
        let led = self.found.iter().any(|found| {
            found.concept == known.lead
                && found.end <= from
                && found.end + LEAD_REACH >= from
                && self.tokens.words[found.end - 1..from].iter().all(|word| !word.stop)
        });
        (led || is(known.past) || is(known.aside)) && !is(known.now)
    }
}

/// The first word of parts and the one behind the last.
fn span(parts: &[Found]) -> (usize, usize) {
    let from = parts.iter().map(|part| part.start).min().unwrap_or(0);
    let to = parts.iter().map(|part| part.end).max().unwrap_or(0);
    (from, to)
}

#[cfg(test)]
#[path = "danger_tests.rs"]
mod tests;
