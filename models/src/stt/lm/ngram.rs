//! Counts to probabilities, and the ARPA format.
//!
//! Smoothing is interpolated Witten-Bell (Witten and Bell 1991; in the form of Chen and Goodman
//! 1998, section 2.4): after a history h that was seen c(h) times with t(h) different words,
//! P(w|h) = (c(hw) + t(h) P(w|h')) / (c(h) + t(h)), where h' is h without its oldest word. It needs
//! no counts of counts, which mean nothing in text made from templates, takes fractional counts,
//! and its back-off weight has a closed form, t(h) / (c(h) + t(h)). Counts that the network left
//! out are added to the t(h) in the numerator, so that their mass goes to the back-off.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::Background;

/// Index of a word in the vocabulary.
pub(super) type WordId = u32;

/// `<s>`.
pub(super) const START: WordId = 0;
/// `</s>`.
pub(super) const END: WordId = 1;

/// log10 of the chance of `<s>`, which nothing predicts: what toolkits write for zero.
const NEVER: f64 = -99.0;

/// Expected counts of n-grams.
pub(super) struct Counts {
    words: Vec<String>,
    ids: HashMap<String, WordId>,
    unigrams: BTreeMap<WordId, f64>,
    bigrams: BTreeMap<(WordId, WordId), f64>,
    trigrams: BTreeMap<(WordId, WordId, WordId), f64>,
    dropped_after_one: HashMap<WordId, f64>,
    dropped_after_two: HashMap<(WordId, WordId), f64>,
}

impl Default for Counts {
    fn default() -> Self {
        let words = vec!["<s>".to_owned(), "</s>".to_owned()];
        let ids = words.iter().cloned().zip([START, END]).collect();
        Self {
            words,
            ids,
            unigrams: BTreeMap::new(),
            bigrams: BTreeMap::new(),
            trigrams: BTreeMap::new(),
            dropped_after_one: HashMap::new(),
            dropped_after_two: HashMap::new(),
        }
    }
}

impl Counts {
    pub(super) fn word(&mut self, word: &str) -> WordId {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        // A vocabulary of four thousand million words does not fit into memory.
        let id = self.words.len() as WordId;
        self.words.push(word.to_owned());
        self.ids.insert(word.to_owned(), id);
        id
    }

    pub(super) fn add_unigram(&mut self, word: WordId, count: f64) {
        *self.unigrams.entry(word).or_default() += count;
    }

    pub(super) fn add_bigram(&mut self, first: WordId, second: WordId, count: f64) {
        *self.bigrams.entry((first, second)).or_default() += count;
    }

    pub(super) fn add_trigram(&mut self, first: WordId, second: WordId, third: WordId, count: f64) {
        *self.trigrams.entry((first, second, third)).or_default() += count;
    }

    /// Makes `share` of all words come from a language at large. Its pairs are few of those that
    /// are said, so the rest of what follows a word is left to the back-off.
    pub(super) fn add_background(&mut self, background: &Background, share: f64) {
        let seen: f64 = self.unigrams.values().sum();
        let all: f64 = background.words.iter().map(|(_, times)| times).sum();
        let scale = seen * share / (1.0 - share) / all;
        let mut ids = Vec::with_capacity(background.words.len());
        let mut left = Vec::with_capacity(background.words.len());
        for (word, times) in &background.words {
            let id = self.word(word);
            self.add_unigram(id, times * scale);
            ids.push(id);
            left.push(times * scale);
        }
        for &(first, second, times) in &background.pairs {
            self.add_bigram(ids[first], ids[second], times * scale);
            left[first] -= times * scale;
        }
        for (id, left) in ids.into_iter().zip(left) {
            self.drop_after_one(id, left.max(0.0));
        }
    }

    /// Counts that were left out after a history of one word.
    pub(super) fn drop_after_one(&mut self, first: WordId, count: f64) {
        *self.dropped_after_one.entry(first).or_default() += count;
    }

    /// Counts that were left out after a history of two words.
    pub(super) fn drop_after_two(&mut self, first: WordId, second: WordId, count: f64) {
        *self.dropped_after_two.entry((first, second)).or_default() += count;
    }
}

/// What was seen after a history.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    seen: f64,
    types: f64,
    dropped: f64,
}

impl History {
    fn add(&mut self, count: f64) {
        self.seen += count;
        // A word that was hardly seen is hardly a type of its own.
        self.types += count.min(1.0);
    }

    fn total(&self) -> f64 {
        self.seen + self.types + self.dropped
    }

    /// The share of the shorter history.
    fn back_off(&self) -> f64 {
        if self.types == 0.0 { 1.0 } else { (self.types + self.dropped) / self.total() }
    }

    fn interpolate(&self, count: f64, shorter: f64) -> f64 {
        count / self.total() + self.back_off() * shorter
    }
}

/// A smoothed trigram model.
pub struct NgramModel {
    words: Vec<String>,
    ids: HashMap<String, WordId>,
    unigrams: Vec<f64>,
    bigrams: BTreeMap<(WordId, WordId), f64>,
    trigrams: BTreeMap<(WordId, WordId, WordId), f64>,
    back_off_one: HashMap<WordId, f64>,
    back_off_two: HashMap<(WordId, WordId), f64>,
}

impl NgramModel {
    pub(super) fn from_counts(counts: Counts) -> Self {
        let after_one = histories(
            counts.bigrams.iter().map(|(&(first, _), &count)| (first, count)),
            &counts.dropped_after_one,
        );
        let after_two = histories(
            counts.trigrams.iter().map(|(&(first, second, _), &count)| ((first, second), count)),
            &counts.dropped_after_two,
        );
        let mut nothing = History::default();
        for (_, &count) in counts.unigrams.iter().filter(|(word, _)| **word != START) {
            nothing.add(count);
        }
        // Every word but `<s>` may come; the shortest history of all knows nothing of them.
        let even = 1.0 / (counts.words.len() - 1) as f64;
        let unigrams: Vec<f64> = (0..counts.words.len() as WordId)
            .map(|word| {
                let count = counts.unigrams.get(&word).copied().unwrap_or_default();
                if word == START { 0.0 } else { nothing.interpolate(count, even) }
            })
            .collect();
        let bigrams: BTreeMap<_, _> = counts
            .bigrams
            .iter()
            .map(|(&(first, second), &count)| {
                let p = after_one[&first].interpolate(count, unigrams[second as usize]);
                ((first, second), p)
            })
            .collect();
        let back_off_one: HashMap<_, _> =
            after_one.iter().map(|(&word, history)| (word, history.back_off())).collect();
        let mut model = Self {
            words: counts.words,
            ids: counts.ids,
            unigrams,
            bigrams,
            trigrams: BTreeMap::new(),
            back_off_one,
            back_off_two: HashMap::new(),
        };
        model.trigrams = counts
            .trigrams
            .iter()
            .map(|(&(first, second, third), &count)| {
                let shorter = model.after_one(second, third);
                let p = after_two[&(first, second)].interpolate(count, shorter);
                ((first, second, third), p)
            })
            .collect();
        model.back_off_two =
            after_two.iter().map(|(&pair, history)| (pair, history.back_off())).collect();
        model
    }

    fn after_one(&self, first: WordId, word: WordId) -> f64 {
        self.bigrams.get(&(first, word)).copied().unwrap_or_else(|| {
            let weight = self.back_off_one.get(&first).copied().unwrap_or(1.0);
            weight * self.unigrams[word as usize]
        })
    }

    fn after_two(&self, first: WordId, second: WordId, word: WordId) -> f64 {
        self.trigrams.get(&(first, second, word)).copied().unwrap_or_else(|| {
            let weight = self.back_off_two.get(&(first, second)).copied().unwrap_or(1.0);
            weight * self.after_one(second, word)
        })
    }

    /// Chance that `word` follows `history` (its last two words count; `<s>` is the beginning of a
    /// sentence, `</s>` its end). 0 for a word that is not in the vocabulary.
    #[must_use]
    pub fn probability(&self, history: &[&str], word: &str) -> f64 {
        let Some(&word) = self.ids.get(word) else { return 0.0 };
        let known = |word: &&str| self.ids.get(*word).copied();
        match history {
            [] => self.unigrams[word as usize],
            [.., first, second] => match (known(first), known(second)) {
                (Some(first), Some(second)) => self.after_two(first, second, word),
                (None, Some(second)) => self.after_one(second, word),
                (_, None) => self.unigrams[word as usize],
            },
            [first] => match known(first) {
                Some(first) => self.after_one(first, word),
                None => self.unigrams[word as usize],
            },
        }
    }

    /// All words that may be heard, without the marks of beginning and end.
    pub fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.words.iter().skip(2).map(String::as_str)
    }

    /// Number of n-grams of order 1, 2 and 3.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        [self.unigrams.len(), self.bigrams.len(), self.trigrams.len()]
    }

    /// The model as ARPA text.
    #[must_use]
    pub fn to_arpa(&self) -> String {
        let name = |word: WordId| self.words[word as usize].as_str();
        let mut out = String::with_capacity(32 * (self.bigrams.len() + self.trigrams.len()));
        // Writing to a string does not fail.
        let _ = writeln!(out, "\\data\\");
        for (order, size) in self.sizes().iter().enumerate().filter(|(_, size)| **size > 0) {
            let _ = writeln!(out, "ngram {}={size}", order + 1);
        }
        let _ = writeln!(out, "\n\\1-grams:");
        for (word, &p) in (0..).zip(&self.unigrams) {
            let p = if word == START { NEVER } else { p.log10() };
            let weight = self.back_off_one.get(&word).map_or(0.0, |weight| weight.log10());
            let _ = writeln!(out, "{p:.5} {} {weight:.5}", name(word));
        }
        if !self.bigrams.is_empty() {
            let _ = writeln!(out, "\n\\2-grams:");
        }
        for (&(first, second), p) in &self.bigrams {
            let pair = (first, second);
            let weight = self.back_off_two.get(&pair).map_or(0.0, |weight| weight.log10());
            let p = p.log10();
            let _ = writeln!(out, "{p:.5} {} {} {weight:.5}", name(first), name(second));
        }
        if !self.trigrams.is_empty() {
            let _ = writeln!(out, "\n\\3-grams:");
        }
        for (&(first, second, third), p) in &self.trigrams {
            let p = p.log10();
            let _ = writeln!(out, "{p:.5} {} {} {}", name(first), name(second), name(third));
        }
        let _ = writeln!(out, "\n\\end\\");
        out
    }
}

impl std::fmt::Debug for NgramModel {
    // The words may be patients' names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NgramModel({:?} n-grams)", self.sizes())
    }
}

fn histories<K: std::hash::Hash + Eq + Copy>(
    counts: impl Iterator<Item = (K, f64)>,
    dropped: &HashMap<K, f64>,
) -> HashMap<K, History> {
    let mut histories: HashMap<K, History> = HashMap::new();
    for (history, count) in counts {
        histories.entry(history).or_default().add(count);
    }
    for (history, &count) in dropped {
        if let Some(history) = histories.get_mut(history) {
            history.dropped += count;
        }
    }
    histories
}
