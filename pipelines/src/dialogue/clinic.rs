//! What all calls of a clinic share, made once and never changed.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use frontdesk_types::Channel;
use serde::{Deserialize, Serialize};

use super::ClinicFacts;
use super::fixed::FixedClauses;
use super::settings::Settings;
use super::spoken::Spoken;
use super::toolbox::Toolbox;
use crate::language::{Language, PhraseError, Pronunciations};

/// What holds a clinic's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DialogueKind {
    /// The built-in forms.
    #[default]
    Forms,
    /// A language model, and the forms where it fails.
    Model,
}

/// What a clinic may set for its calls; what it leaves out is as for all clinics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClinicSettings {
    /// The clinic's own wording of phrases, by their names in the language's `phrases.toml`.
    pub phrases: BTreeMap<String, String>,
    /// How its names are said.
    pub pronunciations: Pronunciations,
    /// What holds its calls.
    pub dialogue: Option<DialogueKind>,
    /// Name of the language model at the runtime's provider.
    pub model: Option<Arc<str>>,
    /// Name of the agent's voice.
    pub voice: Option<Arc<str>>,
    /// Patience and limits of typed calls.
    pub typed: Option<Settings>,
    /// Patience and limits of spoken calls.
    pub spoken: Option<Settings>,
}

impl ClinicSettings {
    /// Patience and limits of a channel's calls.
    #[must_use]
    pub fn of(&self, channel: Channel) -> Settings {
        let own = match channel {
            Channel::Text => self.typed,
            Channel::Web | Channel::Phone => self.spoken,
        };
        own.unwrap_or_else(|| Settings::of(channel))
    }
}

/// One clinic in one language, as its calls know it. Immutable: a change makes another one, of
/// another version. It can be read as the [`ClinicFacts`] that it holds.
#[derive(Debug)]
pub struct ClinicContext {
    facts: Arc<ClinicFacts>,
    language: Language,
    spoken: Spoken,
    fixed: FixedClauses,
    settings: ClinicSettings,
    tools: Arc<Toolbox>,
    version: u64,
}

impl ClinicContext {
    /// For a clinic's calls in `language`; `version` tells it from one of other facts or settings.
    ///
    /// # Errors
    /// If the clinic's own phrases do not fit the language's; the message names the phrase.
    pub fn new(
        facts: ClinicFacts,
        language: &Language,
        settings: ClinicSettings,
        version: u64,
    ) -> Result<Self, PhraseError> {
        let facts = Arc::new(facts);
        let language = language.with_phrases(&settings.phrases)?;
        let language = language.with_pronunciations(settings.pronunciations.clone());
        let spoken = Spoken::new(&language, &facts);
        let fixed = FixedClauses::of(&language, &facts);
        let tools = Arc::default();
        Ok(Self { facts, language, spoken, fixed, settings, tools, version })
    }

    /// The same with these tools instead of the built-in ones alone.
    #[must_use]
    pub fn with_tools(mut self, tools: Arc<Toolbox>) -> Self {
        self.tools = tools;
        self
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &Arc<ClinicFacts> {
        &self.facts
    }

    /// The language, with the clinic's own wording of phrases.
    #[must_use]
    pub const fn language(&self) -> &Language {
        &self.language
    }

    /// What its callers are expected to say.
    #[must_use]
    pub const fn spoken(&self) -> &Spoken {
        &self.spoken
    }

    /// The clauses that its calls have in common.
    #[must_use]
    pub const fn fixed(&self) -> &FixedClauses {
        &self.fixed
    }

    /// What the clinic has set.
    #[must_use]
    pub const fn settings(&self) -> &ClinicSettings {
        &self.settings
    }

    /// The tools of its calls.
    #[must_use]
    pub fn tools(&self) -> &Toolbox {
        &self.tools
    }

    /// The version of facts and settings.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}

impl Deref for ClinicContext {
    type Target = ClinicFacts;

    fn deref(&self) -> &ClinicFacts {
        &self.facts
    }
}
