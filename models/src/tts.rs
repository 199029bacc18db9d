//! Text to speech.

pub mod flite;

use std::ops::ControlFlow;

/// Why a text could not be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TtsError {
    /// The voice is not one of this provider's.
    #[error("voice {voice:?} is not available; known voices: {known}")]
    UnknownVoice {
        /// The voice asked for.
        voice: String,
        /// Comma-separated names that would work.
        known: String,
    },
    /// The engine failed; the text is not part of the message, it may be personal.
    #[error("speech synthesis failed: {0}")]
    Engine(String),
}

/// Turns text into speech at [`frontdesk_types::SAMPLE_RATE_HZ`], mono.
pub trait TextToSpeech: Send + Sync + 'static {
    /// Speaks `text`, which is already in words (numbers, dates and times spelled out), with
    /// `voice`. Samples are handed to `sink` as soon as they exist; when it breaks, synthesis
    /// stops and the call returns `Ok`. Blocks the thread for as long as it computes.
    ///
    /// # Errors
    /// [`TtsError`] if the voice is unknown or the engine fails.
    fn synthesize(
        &self,
        text: &str,
        voice: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), TtsError>;

    /// Whether there is a voice of this name.
    fn has_voice(&self, name: &str) -> bool;
}
