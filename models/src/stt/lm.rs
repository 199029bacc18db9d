//! Small language models from sentence templates.
//!
//! What a caller may say is written as templates with slots; the slots hold the clinic's data, each
//! value with a weight. The templates are a network of words. Its *expected* n-gram counts are
//! computed exactly, without writing its sentences out (a date alone has tens of thousands), and
//! smoothed into a trigram model, which the recognizer reads as ARPA text.
//!
//! ```
//! use frontdesk_models::stt::lm::LmSource;
//!
//! let source = LmSource::new()
//!     .sentence("i (would like|want) to see doctor {doctor} [please]")
//!     .slot("doctor", ["samira hassan", "peter collins"]);
//! let model = source.build()?;
//! assert!(model.probability(&["see", "doctor"], "samira") > 0.2);
//! # Ok::<(), frontdesk_models::stt::lm::LmError>(())
//! ```

mod background;
mod network;
mod ngram;
mod template;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub use background::Background;
pub use ngram::NgramModel;

/// Why a language model cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LmError {
    /// The text is not a template.
    #[error("{what} in template {template:?}; see LmSource::sentence for how to write one")]
    Syntax {
        /// What is wrong.
        what: &'static str,
        /// The template.
        template: String,
    },
    /// A word that cannot have a pronunciation.
    #[error("{word:?} is not a word; write digits, dates and signs as they are spoken")]
    NotAWord {
        /// The word.
        word: String,
    },
    /// A template names a slot that has no values.
    #[error("slot {{{0}}} has no values")]
    EmptySlot(String),
    /// A slot's values name the slot itself.
    #[error("slot {{{0}}} contains itself")]
    RecursiveSlot(String),
    /// A weight that is not a positive number.
    #[error("the weight of {0:?} is not a positive number")]
    BadWeight(String),
    /// Slots inside slots span too many words.
    #[error("the templates span more than {0} words; nest fewer slots")]
    TooLarge(usize),
    /// A line that is not a word with how often it is said, and the words that follow it.
    #[error("{line:?} is no line of a background; see Background::parse for how to write one")]
    NotABackground {
        /// The line.
        line: String,
    },
    /// There is no sentence.
    #[error("there are no sentences")]
    NoSentences,
}

/// Sentence templates with weights, and the values of their slots.
///
/// A language model may hold names of patients, so the debug output shows sizes only.
#[derive(Clone, Default)]
pub struct LmSource {
    sentences: Vec<(String, f64)>,
    slots: BTreeMap<String, Vec<(String, f64)>>,
    mixed: Vec<(LmSource, f64)>,
    background: Option<(Arc<Background>, f64)>,
    worth: Option<f64>,
}

impl LmSource {
    /// A source with no sentences.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a template of weight 1. Words are separated by spaces; `(a|b c)` is a choice with equal
    /// chances, `[a]` is said half of the time, `{name}` stands for the values of a slot. All may
    /// be nested. Words are spelled as in CMUdict, numbers in words.
    #[must_use]
    pub fn sentence(self, template: impl Into<String>) -> Self {
        self.weighted_sentence(template, 1.0)
    }

    /// Adds a template that is said `weight` times as often as one of weight 1.
    #[must_use]
    pub fn weighted_sentence(mut self, template: impl Into<String>, weight: f64) -> Self {
        self.sentences.push((template.into(), weight));
        self
    }

    /// Adds templates of weight 1.
    #[must_use]
    pub fn sentences<T: Into<String>>(self, templates: impl IntoIterator<Item = T>) -> Self {
        templates.into_iter().fold(self, Self::sentence)
    }

    /// Gives a slot values of the same weight, in addition to those that it has. A value is a
    /// template itself.
    #[must_use]
    pub fn slot<T: Into<String>>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        self.weighted_slot(name, values.into_iter().map(|value| (value, 1.0)))
    }

    /// Gives a slot values with weights, in addition to those that it has.
    #[must_use]
    pub fn weighted_slot<T: Into<String>>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = (T, f64)>,
    ) -> Self {
        let slot = self.slots.entry(name.to_owned()).or_default();
        slot.extend(values.into_iter().map(|(value, weight)| (value.into(), weight)));
        self
    }

    /// Lets `share` (0 to 1) of all that is said come from another source: what can be said at any
    /// time ("help", "say that again") mixed into what a question expects.
    #[must_use]
    pub fn mix(mut self, other: Self, share: f64) -> Self {
        self.mixed.push((other, share));
        self
    }

    /// Lets `share` (0 to 1) of all words come from a language at large: what is said in words that
    /// no template has would be heard as words that mean something else.
    #[must_use]
    pub fn background(mut self, background: Arc<Background>, share: f64) -> Self {
        self.background = Some((background, share));
        self
    }

    /// How many templates' worth of evidence the source is, where a few nested ones stand for many.
    #[must_use]
    pub const fn worth(mut self, templates: f64) -> Self {
        self.worth = Some(templates);
        self
    }

    /// Builds the trigram model.
    ///
    /// # Errors
    /// [`LmError`] for what is wrong with a template, a slot or a weight.
    pub fn build(&self) -> Result<NgramModel, LmError> {
        let mut counts = ngram::Counts::default();
        self.count_into(&mut counts, 1.0, self.size())?;
        if let Some((background, share)) = &self.background {
            if !(*share > 0.0 && *share < 1.0) {
                return Err(LmError::BadWeight("the background".to_owned()));
            }
            counts.add_background(background, *share);
        }
        Ok(NgramModel::from_counts(counts))
    }

    /// The same for sources of the same content.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_into(&mut hasher);
        hasher.finish()
    }

    fn hash_into(&self, hasher: &mut DefaultHasher) {
        let list = |entries: &[(String, f64)], hasher: &mut DefaultHasher| {
            entries.len().hash(hasher);
            for (text, weight) in entries {
                (text, weight.to_bits()).hash(hasher);
            }
        };
        list(&self.sentences, hasher);
        for (name, values) in &self.slots {
            name.hash(hasher);
            list(values, hasher);
        }
        self.worth.map(f64::to_bits).hash(hasher);
        let background =
            self.background.as_ref().map(|(all, share)| (all.sizes(), share.to_bits()));
        background.hash(hasher);
        for (other, share) in &self.mixed {
            share.to_bits().hash(hasher);
            other.hash_into(hasher);
        }
    }

    fn size(&self) -> f64 {
        if let Some(worth) = self.worth {
            return worth;
        }
        self.sentences.len() as f64 + self.mixed.iter().map(|(other, _)| other.size()).sum::<f64>()
    }

    fn count_into(&self, counts: &mut ngram::Counts, share: f64, size: f64) -> Result<(), LmError> {
        let mut own = share;
        for (other, part) in &self.mixed {
            if !(*part > 0.0 && *part < 1.0) {
                return Err(LmError::BadWeight("a mixed source".to_owned()));
            }
            other.count_into(counts, share * part, size)?;
            own -= share * part;
        }
        if self.sentences.is_empty() || own <= 0.0 {
            return Err(LmError::NoSentences);
        }
        let network = network::Network::build(&self.sentences, &self.slots, counts)?;
        network.count(counts, own, size);
        Ok(())
    }
}

impl std::fmt::Debug for LmSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LmSource({} sentences, {} slots)", self.sentences.len(), self.slots.len())
    }
}

impl<T: Into<String>> FromIterator<T> for LmSource {
    fn from_iter<I: IntoIterator<Item = T>>(templates: I) -> Self {
        Self::new().sentences(templates)
    }
}
