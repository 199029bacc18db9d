//! What tells a danger to life: classes of words, and which of them together are a sign of it.
//!
//! One file for each language, `danger.toml`. What a caller said is read with it in
//! `dialogue/danger.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use std::sync::LazyLock;

use serde::Deserialize;

use super::bundle::{Bundle, BundleError};
use super::pattern::{Item, Pattern};

const FILE: &str = "danger.toml";

/// Words within which all concepts of a sign stand, unless it says otherwise.
const WITHIN: usize = 12;

/// Letters of a word by which its patterns are found.
const KEY: usize = 3;

/// Letters of the shortest word that may be meant by one with a wrong letter.
const LONG: usize = 6;

/// A class of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Concept(usize);

impl Concept {
    /// Its place among all of a language.
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

/// A phrase of a concept.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) concept: Concept,
    pub(crate) say: Pattern,
    /// Range of its number, if it needs one.
    pub(crate) range: Option<(i64, i64)>,
    /// Whether the clause must end with it.
    pub(crate) last: bool,
}

/// A concept that a sign needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) concept: Concept,
    /// Whether it follows the part before it.
    pub(crate) follows: bool,
}

/// Concepts that tell a danger together.
#[derive(Debug)]
pub(crate) struct Sign {
    pub(crate) parts: Vec<Part>,
    /// Concepts with which it is none.
    pub(crate) without: Vec<Concept>,
    /// Words within which all parts stand.
    pub(crate) within: usize,
}

/// A danger and its signs.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) id: String,
    pub(crate) signs: Vec<Sign>,
    /// Whether the caller is asked although it is denied.
    pub(crate) ask_if_denied: bool,
}

/// The concepts that are more than parts of signs.
#[derive(Debug)]
pub(crate) struct Known {
    /// Words that sound like a danger and are none.
    pub(crate) figure: Concept,
    /// Such words where they are meant.
    pub(crate) literal: Concept,
    pub(crate) denial: Concept,
    /// What begins like a denial and denies nothing.
    pub(crate) not_denial: Concept,
    /// What may stand between a denial and what it denies.
    pub(crate) filler: Concept,
    /// Where a clause begins.
    pub(crate) begins: Concept,
    /// What happened long ago, or is over.
    pub(crate) past: Concept,
    /// What is so now, whatever else is said of it.
    pub(crate) now: Concept,
    /// Before a danger that is only spoken of.
    pub(crate) lead: Concept,
    /// Questions about a service, suppositions, animals, films.
    pub(crate) aside: Concept,
}

/// The dangers of a language.
#[derive(Debug)]
pub(crate) struct Dangers {
    /// How many concepts there are.
    pub(crate) concepts: usize,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) known: Known,
    entries: Vec<Entry>,
    /// Entries by the first letters of what they begin with; those that begin with a number are
    /// under the empty text.
    index: HashMap<String, Vec<usize>>,
    words: HashSet<String>,
    prefixes: Vec<String>,
    /// What words of patterns begin with, by its first letter.
    beginnings: HashMap<char, Vec<String>>,
    /// The longer words by their first letter, in order.
    spelling: HashMap<char, Vec<String>>,
    correct: HashSet<String>,
    /// What is said where this language has no folder of its own.
    pub(crate) phrases: Option<ForeignPhrases>,
}

/// What is said of a danger in a language that calls are not held in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForeignPhrases {
    /// Letters by which the language is known, one range.
    pub(crate) letters: super::understand::Letters,
    /// Where to call; `{number}` is the emergency number.
    pub(crate) emergency: String,
    /// Whether it happens now.
    pub(crate) ask: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    prefixes: Vec<String>,
    correct: Vec<String>,
    #[serde(default)]
    phrases: Option<ForeignPhrases>,
    concepts: BTreeMap<String, Vec<EntrySource>>,
    dangers: Vec<KindSource>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EntrySource {
    Plain(Pattern),
    More(MoreSource),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoreSource {
    say: Vec<Pattern>,
    from: Option<i64>,
    to: Option<i64>,
    #[serde(default)]
    last: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindSource {
    id: String,
    signs: Vec<String>,
    #[serde(default)]
    denied: Denied,
}

/// What a denial of a danger comes to.
#[derive(Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Denied {
    #[default]
    Nothing,
    Ask,
}

/// Those of languages that calls are not held in.
pub(crate) fn foreign() -> &'static [Dangers] {
    static FOREIGN: LazyLock<Vec<Dangers>> = LazyLock::new(|| {
        let read = |text: &&str| {
            let source = toml::from_str(text).map_err(|error| error.to_string());
            let dangers = source
                .and_then(|source| Dangers::new(source).map_err(|(at, why)| at + ": " + &why));
            dangers.unwrap_or_else(|error| unreachable!("the embedded file is tested: {error}"))
        };
        super::ar::DANGERS.iter().map(read).collect()
    });
    &FOREIGN
}

impl Dangers {
    /// Reads the file of a folder.
    pub(super) fn load(bundle: &Bundle<'_>) -> Result<Self, BundleError> {
        Self::new(bundle.toml(FILE)?)
            .map_err(|(key, reason)| bundle.bad(FILE, &key, reason.as_str()))
    }

    fn new(source: Source) -> Result<Self, (String, String)> {
        let names: Vec<&str> = source.concepts.keys().map(String::as_str).collect();
        let concept = |name: &str| {
            let found = names.binary_search(&name).map(Concept);
            let reason = || format!("there is no concept {name:?}; add it, or correct the name");
            found.map_err(|_| ("concepts".to_owned(), reason()))
        };
        let known = Known {
            figure: concept("figure")?,
            literal: concept("literal")?,
            denial: concept("denial")?,
            not_denial: concept("not_denial")?,
            filler: concept("filler")?,
            begins: concept("break")?,
            past: concept("past")?,
            now: concept("now")?,
            lead: concept("lead")?,
            aside: concept("aside")?,
        };
        let mut kinds = Vec::new();
        for KindSource { id, signs, denied } in source.dangers {
            let signs = signs.iter().map(|text| sign(text, concept)).collect::<Result<_, _>>()?;
            kinds.push(Kind { id, signs, ask_if_denied: denied == Denied::Ask });
        }
        let mut dangers = Self {
            concepts: names.len(),
            kinds,
            known,
            entries: Vec::new(),
            index: HashMap::new(),
            words: HashSet::new(),
            prefixes: source.prefixes,
            beginnings: HashMap::new(),
            spelling: HashMap::new(),
            correct: source.correct.into_iter().collect(),
            phrases: source.phrases,
        };
        for (at, (name, entries)) in source.concepts.into_iter().enumerate() {
            for entry in entries {
                let (say, range, last) = match entry {
                    EntrySource::Plain(say) => (vec![say], None, false),
                    EntrySource::More(MoreSource { say, from, to, last }) => {
                        (say, from.zip(to), last)
                    }
                };
                for say in say {
                    let entry = Entry { concept: Concept(at), say, range, last };
                    dangers.add(entry).map_err(|reason| (format!("concepts.{name}"), reason))?;
                }
            }
        }
        let long = dangers.words.iter().filter(|word| word.chars().count() >= LONG);
        dangers.spelling = by_letter(long.cloned());
        dangers.beginnings = by_letter(dangers.beginnings.into_values().flatten());
        Ok(dangers)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let mut keys = Vec::new();
        let open = firsts(&entry.say.items, &mut keys)?;
        if open {
            return Err(format!("{:?} may be empty; begin it with a word", entry.say));
        }
        let mut beginnings = Vec::new();
        collect_words(&entry.say.items, &mut self.words, &mut beginnings);
        self.beginnings.entry(' ').or_default().extend(beginnings);
        keys.sort();
        keys.dedup();
        for key in keys {
            self.index.entry(key).or_default().push(self.entries.len());
        }
        self.entries.push(entry);
        Ok(())
    }

    /// The entries that may begin with a word.
    pub(crate) fn entries(&self, word: &str) -> impl Iterator<Item = &Entry> {
        let keyed = self.index.get(key(word)).into_iter().flatten();
        let numbers = self.index.get("").into_iter().flatten();
        keyed.chain(numbers).filter_map(|at| self.entries.get(*at))
    }

    /// Whether a pattern has this word.
    pub(crate) fn has(&self, word: &str) -> bool {
        let beginnings = || self.beginnings.get(&first(word)).into_iter().flatten();
        self.words.contains(word) || beginnings().any(|begin| word.starts_with(begin))
    }

    /// The word that is meant: one of a pattern, if this one has a wrong letter and is not `known`,
    /// or other words written in front of it.
    pub(crate) fn meant(
        &self,
        word: &str,
        known: impl FnOnce() -> bool,
        near: impl Fn(&str, &str) -> bool,
    ) -> Option<String> {
        let letters = word.chars().count();
        if letters < 4 || self.has(word) || self.correct.contains(word) {
            return None;
        }
        let parts = self.prefixes.iter().filter_map(|prefix| word.strip_prefix(prefix.as_str()));
        let stem = parts.filter(|rest| rest.chars().count() >= 3).find(|rest| self.has(rest));
        if let Some(stem) = stem {
            return Some(stem.to_owned());
        }
        if letters < 5 || !word.chars().all(char::is_alphabetic) || known() {
            return None;
        }
        let mut same = self.spelling.get(&first(word)).into_iter().flatten();
        let long = |other: &&String| other.chars().count().abs_diff(letters) <= 1;
        same.find(|other| long(other) && near(word, other)).cloned()
    }
}

/// Reads `a b>c -d ~20`.
fn sign(
    text: &str,
    concept: impl Fn(&str) -> Result<Concept, (String, String)>,
) -> Result<Sign, (String, String)> {
    let (mut parts, mut without, mut within) = (Vec::new(), Vec::new(), WITHIN);
    for word in text.split_whitespace() {
        if let Some(name) = word.strip_prefix('-') {
            without.push(concept(name)?);
        } else if let Some(words) = word.strip_prefix('~') {
            let reason = |_| ("dangers.signs".to_owned(), format!("{words:?} is no number"));
            within = words.parse().map_err(reason)?;
        } else {
            for (at, name) in word.split('>').enumerate() {
                parts.push(Part { concept: concept(name)?, follows: at > 0 });
            }
        }
    }
    if parts.is_empty() {
        return Err(("dangers.signs".to_owned(), format!("{text:?} names no concept")));
    }
    Ok(Sign { parts, without, within })
}

fn key(word: &str) -> &str {
    word.char_indices().nth(KEY).map_or(word, |(end, _)| &word[..end])
}

/// Words in order, without doubles, by their first letters.
fn by_letter(words: impl Iterator<Item = String>) -> HashMap<char, Vec<String>> {
    let words: BTreeSet<String> = words.collect();
    let mut all: HashMap<char, Vec<String>> = HashMap::new();
    for word in words {
        all.entry(first(&word)).or_default().push(word);
    }
    all
}

fn first(word: &str) -> char {
    word.chars().next().unwrap_or_default()
}

/// The keys of what a pattern may begin with; whether all of it may be missing.
fn firsts(items: &[Item], keys: &mut Vec<String>) -> Result<bool, String> {
    for item in items {
        let open = match item {
            Item::Word(word) => {
                keys.push(key(word).to_owned());
                false
            }
            Item::Prefix(prefix) if prefix.chars().count() < KEY => {
                return Err(format!("{prefix}* is too short; write {KEY} letters or more"));
            }
            Item::Prefix(prefix) => {
                keys.push(key(prefix).to_owned());
                false
            }
            Item::Slot(_) => {
                keys.push(String::new());
                false
            }
            Item::Gap => return Err("it begins with *; begin it with a word".to_owned()),
            Item::OneOf(branches) => {
                let mut open = false;
                for branch in branches {
                    open |= firsts(branch, keys)?;
                }
                open
            }
        };
        if !open {
            return Ok(false);
        }
    }
    Ok(true)
}

fn collect_words(items: &[Item], words: &mut HashSet<String>, beginnings: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Word(word) => {
                words.insert(word.clone());
            }
            Item::Prefix(prefix) => beginnings.push(prefix.clone()),
            Item::OneOf(branches) => {
                for branch in branches {
                    collect_words(branch, words, beginnings);
                }
            }
            Item::Slot(_) | Item::Gap => {}
        }
    }
}
