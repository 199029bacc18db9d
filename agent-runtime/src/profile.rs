//! What a runtime is made of: the real engines, or instant ones to measure everything else.
//!
//! The bench profile differs from production in the providers built here and in the settings that
//! it prints; stages, rooms, pools and tree are the same.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::{CallSettings, DialogueFactory};
use frontdesk_models::fake::{EnergyVad, FixedStt, ToneTts};
use frontdesk_pipelines::dialogue::{
    Dialogue, DialogueKind, Forms, Input, ModelDialogue, ModelSettings, Now, Output, UtteranceId,
};
use frontdesk_pipelines::language::Languages;
use frontdesk_pipelines::speak::clauses;
use frontdesk_pipelines::turn::TurnSettings;
use frontdesk_types::Mono;
use serde::{Deserialize, Serialize};

use crate::engines::Engines;

/// What is answered to every turn of the bench profile.
const ANSWER: &str = "Certainly, which doctor would you like to see?";
/// The language of that answer.
const ANSWER_LANGUAGE: &str = "en";
/// How long that answer sounds.
const ANSWER_LENGTH: Duration = Duration::from_secs(2);
/// Wait from the last voiced frame until the turn is over.
const WAIT: Duration = Duration::from_millis(500);
/// Voice over the answer for this long interrupts it: one frame.
const INTERRUPT: Duration = Duration::from_millis(20);

/// Which providers and settings a runtime is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// The real engines.
    #[default]
    Production,
    /// Instant models, a fixed wait, interruption on voice alone, no greeting: for measuring what
    /// is left, beside the same measurement of other runtimes.
    Bench,
}

impl Profile {
    /// The engines of the bench profile; `None` where the real ones are to be loaded.
    #[must_use]
    pub fn engines(self) -> Option<Engines> {
        // The answer is spoken clause by clause.
        let language = Languages::built_in().get(ANSWER_LANGUAGE);
        let count = language.map_or(1, |language| clauses(ANSWER, language).len());
        (self == Self::Bench).then(|| Engines {
            tts: Arc::new(ToneTts::of(ANSWER_LENGTH / count as u32)),
            stt: Arc::new(FixedStt::new("hello")),
            free: None,
            vad: Arc::new(EnergyVad::default()),
            voice: "slt".into(),
        })
    }

    /// What makes the dialogues: of the kind that the clinic sets, else of the `usual` one; forms
    /// where there is no model (`has_model`).
    #[must_use]
    pub fn dialogue(self, usual: DialogueKind, has_model: bool) -> DialogueFactory {
        match self {
            Self::Bench => Arc::new(|_, snapshot| {
                Ok(match snapshot {
                    Some(snapshot) => Box::new(serde_json::from_value::<Same>(snapshot)?),
                    None => Box::new(Same::default()),
                })
            }),
            Self::Production => Arc::new(move |facts, snapshot| {
                let kind = facts.clinic.settings().dialogue.unwrap_or(usual);
                let model = ModelSettings::default();
                Ok(match (kind, snapshot) {
                    (DialogueKind::Model, None) if has_model => {
                        Box::new(ModelDialogue::new(facts, model))
                    }
                    (DialogueKind::Model, Some(snapshot)) if has_model => {
                        Box::new(ModelDialogue::restore(facts, model, snapshot)?)
                    }
                    (_, Some(snapshot)) => Box::new(Forms::restore(facts, snapshot)?),
                    (_, None) => Box::new(Forms::new(facts)),
                })
            }),
        }
    }

    /// Settings of every call, with the agent's `voice`.
    #[must_use]
    pub fn settings(self, voice: &str) -> CallSettings {
        let settings = CallSettings { voice: voice.into(), ..CallSettings::default() };
        match self {
            Self::Production => settings,
            Self::Bench => CallSettings {
                turn: TurnSettings {
                    min_delay: WAIT,
                    short_answer_delay: WAIT,
                    default_delay: WAIT,
                    incomplete_delay: WAIT,
                    min_speech: INTERRUPT,
                    partials: false,
                    pause_after: INTERRUPT,
                    min_interruption_duration: INTERRUPT,
                    ..TurnSettings::default()
                },
                ..settings
            },
        }
    }

    /// The option of `serve` that asks for it.
    #[must_use]
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Production => "--profile=production",
            Self::Bench => "--profile=bench",
        }
    }

    /// What the operator is told of at the start, where it is not production.
    #[must_use]
    pub fn notice(self) -> Option<String> {
        (self == Self::Bench).then(|| {
            format!(
                "Profile bench: every turn is answered with {} s of a 440 Hz tone at −12 dBFS; no \
                 greeting; a turn ends {} ms after the last voiced frame (over −40 dBFS); {} ms of \
                 voice interrupt.",
                ANSWER_LENGTH.as_secs(),
                WAIT.as_millis(),
                INTERRUPT.as_millis()
            )
        })
    }
}

/// The dialogue of the bench profile: says the same to everything.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Same {
    said: u64,
    #[serde(skip)]
    outputs: VecDeque<Output>,
}

impl Dialogue for Same {
    fn handle_input(&mut self, _now: Now, input: Input) {
        if let Input::Heard { .. } = input {
            let utterance = UtteranceId(self.said);
            self.said += 1;
            self.outputs.push_back(Output::Say { utterance, text: ANSWER.to_owned(), more: false });
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Mono> {
        None
    }

    fn snapshot(&self) -> serde_json::Value {
        serde_json::json!({ "said": self.said })
    }
}
