//! The offline engines of speech, loaded once for all calls, and the language model if there is one.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use frontdesk_models::llm::ChatModel;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{SpeechToText, SttError};
use frontdesk_models::tts::flite::Flite;
use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;

use crate::config::ModelConfig;
use crate::free_speech::{self, FreeSpeech};

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
}

impl Engines {
    /// Loads the offline engines for at most `calls` callers at a time, and those whose weights
    /// are in the data folder. Blocks: it reads models and computes.
    ///
    /// # Errors
    /// [`EngineError`] if the voice is unknown or a model is missing.
    pub fn load(voice: &str, calls: usize, data_dir: &Path) -> Result<Self, EngineError> {
        let tts = load_voice(voice)?;
        // One more than can be lent at a time: a restarted stage asks before the old one gave back.
        let options = Options { max_decoders: calls + 1, ..Options::default() };
        let stt = PocketSphinx::open(&options, NO_CONTEXTS)?;
        let free = free_speech::find(data_dir, tts.as_ref(), voice);
        Ok(Self { tts, stt: Arc::new(stt), free, vad: Arc::new(Earshot) })
    }
}

/// The voice alone. The first words are spoken to nobody: registering the voices takes time, and
/// an unknown one shows now.
///
/// # Errors
/// [`TtsError`] if the voice is unknown or the engine fails.
pub fn load_voice(voice: &str) -> Result<Arc<dyn TextToSpeech>, TtsError> {
    let tts = Flite::new();
    tts.synthesize("hello", voice, &mut |_| ControlFlow::Continue(()))?;
    Ok(Arc::new(tts))
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
