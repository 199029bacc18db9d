//! The offline engines of speech, loaded once for all calls, and the language model if there is one.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use frontdesk_models::llm::ChatModel;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{SpeechToText, SttError};
use frontdesk_models::tts::flite::Flite;
use frontdesk_models::tts::voices::Voices;
use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;
use frontdesk_models::vad::steady::WithoutTones;

use crate::config::ModelConfig;
use crate::free_speech::{self, FreeSpeech};
use crate::weights::{self, FetchError};

/// The recognizer listens for what each call's clinic is asked for, nothing besides.
const NO_CONTEXTS: [(&str, Context); 0] = [];

/// Why the engines cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The voice.
    #[error("FRONTDESK_VOICE cannot be used: {0}")]
    Voice(#[from] TtsError),
    /// The recognizer.
    #[error("speech cannot be recognized: {0}")]
    Recognizer(#[from] SttError),
    /// The language model.
    #[error("FRONTDESK_LLM_URL cannot be used: {0}")]
    Model(String),
}

/// Voice, recognition, and what tells speech from silence.
#[derive(Clone)]
pub struct Engines {
    /// Text to speech.
    pub tts: Arc<dyn TextToSpeech>,
    /// Speech to text.
    pub stt: Arc<dyn SpeechToText>,
    /// Speech to text for free speech, where there is one.
    pub free: Option<FreeSpeech>,
    /// Voice activity.
    pub vad: Arc<dyn VoiceActivity>,
    /// The name of the voice that speaks.
    pub voice: Arc<str>,
}

impl Engines {
    /// Loads the offline engines for at most `calls` callers at a time, and those whose files are in
    /// the folder of weights. Blocks: it reads models and computes.
    ///
    /// # Errors
    /// [`EngineError`] if the voice is unknown or a model is missing.
    pub fn load(voice: &str, weights: &Path, calls: usize) -> Result<Self, EngineError> {
        let (tts, voice) = load_voice(voice, weights)?;
        // One more than can be lent at a time: a restarted stage asks before the old one gave back.
        let options = Options { max_decoders: calls + 1, ..Options::default() };
        let stt = PocketSphinx::open(&options, NO_CONTEXTS)?;
        // By flite's voice, so that an idle process has not loaded the neural one for it.
        let free = free_speech::find(weights, tts.as_ref(), voice_of_callers(&voice));
        let vad = Arc::new(WithoutTones(Earshot));
        Ok(Self { tts, stt: Arc::new(stt), free, vad, voice })
    }
}

/// The voice that speaks where nothing else is set or can be used.
const USUAL: &str = "slt";

/// Stands for the best voice that can be used.
const AUTO: &str = "auto";

/// The voices, and the name of the one that is to speak: the neural voice only if its weights are
/// what they should be, else one of flite's in its place, with a line in the log where that is not
/// what was asked for. flite's first words are spoken to nobody: registering its voices takes time,
/// and an unknown one shows now. The neural voice is loaded when it first speaks.
///
/// # Errors
/// [`TtsError`] if the voice is unknown or the engine fails.
pub fn load_voice(
    wanted: &str,
    weights: &Path,
) -> Result<(Arc<dyn TextToSpeech>, Arc<str>), TtsError> {
    let flite: Arc<dyn TextToSpeech> = Arc::new(Flite::new());
    let mut providers = Vec::new();
    let mut name = if wanted == AUTO { USUAL } else { wanted };
    match neural(weights) {
        Ok((neural, own)) => {
            providers.push(neural);
            if wanted == AUTO {
                name = own;
            }
        }
        Err(reason) if wanted == NEURAL => {
            tracing::warn!(%reason, instead = USUAL, "the voice cannot be used");
            name = USUAL;
        }
        Err(Unusable::Weights(FetchError::Absent { .. }) | Unusable::NotBuilt) => {}
        Err(reason) => tracing::warn!(%reason, instead = name, "the voice cannot be used"),
    }
    let spoken = if name == NEURAL { USUAL } else { name };
    flite.synthesize("hello", spoken, &mut |_| ControlFlow::Continue(()))?;
    providers.push(flite);
    Ok((Arc::new(Voices::new(providers, USUAL)), name.into()))
}

/// The voice in which callers of a load speak: one of flite's.
#[must_use]
pub fn voice_of_callers(wanted: &str) -> &str {
    if wanted == AUTO || wanted == NEURAL { USUAL } else { wanted }
}

/// Name of the neural voice and of its weights.
const NEURAL: &str = "heart";

/// Why there is no neural voice.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Weights(#[from] FetchError),
    #[error("this program was built without it: build it with the feature neural")]
    NotBuilt,
}

/// The neural voice, if its weights are there and right.
fn neural(folder: &Path) -> Result<(Arc<dyn TextToSpeech>, &'static str), Unusable> {
    let weights = weights::named(NEURAL).filter(|weights| weights.is_usable());
    let path = weights.ok_or(Unusable::NotBuilt)?.check(folder)?;
    Ok((open(path), NEURAL))
}

#[cfg(feature = "neural")]
fn open(path: std::path::PathBuf) -> Arc<dyn TextToSpeech> {
    Arc::new(frontdesk_models::tts::neural::Neural::new(path))
}

#[cfg(not(feature = "neural"))]
fn open(_path: std::path::PathBuf) -> Arc<dyn TextToSpeech> {
    Arc::new(Flite::new())
}

/// The language model of the configuration. It is asked nothing yet: whether it answers shows in
/// calls, which go on without it.
///
/// # Errors
/// [`EngineError::Model`] if it cannot be asked at all.
#[cfg(feature = "openai")]
pub fn model(config: Option<&ModelConfig>) -> Result<Option<Arc<dyn ChatModel>>, EngineError> {
    use frontdesk_models::llm::openai::OpenAi;
    use frontdesk_models::openai::OpenAiSettings;
    use frontdesk_types::Phi;

    let Some(config) = config else { return Ok(None) };
    let key = config.key.as_ref().map(|key| Phi::new(key.reveal().to_owned()));
    let settings = OpenAiSettings { url: config.url.clone(), model: config.name.clone(), key };
    match OpenAi::new(&settings) {
        Ok(model) => Ok(Some(Arc::new(model))),
        Err(error) => Err(EngineError::Model(error.to_string())),
    }
}

/// The language model of the configuration, which this build cannot ask.
///
/// # Errors
/// [`EngineError::Model`] if there is one.
#[cfg(not(feature = "openai"))]
pub fn model(config: Option<&ModelConfig>) -> Result<Option<Arc<dyn ChatModel>>, EngineError> {
    match config {
        None => Ok(None),
        Some(_) => Err(EngineError::Model(
            "this program was built without language models: build it with the feature openai"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(wanted: &str, folder: &Path) -> Result<String, TtsError> {
        load_voice(wanted, folder).map(|(_, name)| name.to_string())
    }

    #[test]
    fn without_weights_or_with_broken_ones_flite_speaks() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(name("auto", folder.path()).expect("speaks"), "slt");
        assert_eq!(name("heart", folder.path()).expect("speaks"), "slt");
        assert_eq!(name("rms", folder.path()).expect("speaks"), "rms");
        let weights = weights::named(NEURAL).expect("in the table").path(folder.path());
        std::fs::write(weights, b"PK\x03\x04 something else").expect("written");
        for (wanted, speaks) in [("auto", "slt"), ("heart", "slt"), ("rms", "rms")] {
            assert_eq!(name(wanted, folder.path()).expect("speaks"), speaks);
        }
    }

    #[test]
    fn a_voice_that_nobody_has_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(name("siri", folder.path()).is_err());
        assert_eq!(voice_of_callers("auto"), "slt");
        assert_eq!(voice_of_callers("rms"), "rms");
    }
}
