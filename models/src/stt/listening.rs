//! What is listened for in one utterance.

use std::sync::Arc;

use super::lm::LmSource;

/// The name of a context and the sentences that are expected in it. Cheap to clone, and made in
/// no time: providers build their models when they are first needed and keep them by content.
///
/// It may hold names of patients, so the debug output shows sizes only.
#[derive(Debug, Clone)]
pub struct Listening {
    context: &'static str,
    source: Arc<LmSource>,
    fingerprint: u64,
    private: bool,
    hints: Option<Arc<str>>,
}

impl Listening {
    /// Listens for the sentences of `source`; `context` is their name in messages.
    #[must_use]
    pub fn new(context: &'static str, source: LmSource) -> Self {
        let fingerprint = source.fingerprint();
        Self { context, source: Arc::new(source), fingerprint, private: false, hints: None }
    }

    /// Listens for sentences in which patients are named: no word of them is logged.
    #[must_use]
    pub fn private(context: &'static str, source: LmSource) -> Self {
        Self { private: true, ..Self::new(context, source) }
    }

    /// Listens for nothing in particular.
    #[must_use]
    pub fn unspecific(context: &'static str) -> Self {
        Self::new(context, LmSource::new())
    }

    /// The same, with words that are likely to be said, for recognizers that know all words and
    /// would rather write another one that sounds alike. A recognizer of that kind puts a hint in
    /// place of what was said, also where it was not: **never a patient's name**.
    #[must_use]
    pub fn hinted(self, hints: Option<Arc<str>>) -> Self {
        Self { hints, ..self }
    }

    /// Words that are likely to be said, if there are any.
    #[must_use]
    pub const fn hints(&self) -> Option<&Arc<str>> {
        self.hints.as_ref()
    }

    /// The name.
    #[must_use]
    pub const fn context(&self) -> &'static str {
        self.context
    }

    /// The sentences.
    #[must_use]
    pub fn source(&self) -> &LmSource {
        &self.source
    }

    /// Whether patients are named.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.private
    }

    /// The same for the same sentences.
    pub(super) const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}
