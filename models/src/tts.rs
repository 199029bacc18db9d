//! Text to speech.

pub mod flite;
#[cfg(feature = "neural")]
pub mod neural;
pub mod voices;

use std::borrow::Cow;
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
    /// `voice`. A word may have its phones behind it, in ARPAbet and braces ("Shalaby{SH AH0 L AA1
    /// B IY0}"): a provider that cannot use them says the word ([`without_phones`]). Samples are handed to `sink` as soon as they exist; when it breaks, synthesis
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

/// A text without the phones that stand behind words.
#[must_use]
pub fn without_phones(text: &str) -> Cow<'_, str> {
    let Some(begin) = text.find('{') else { return Cow::Borrowed(text) };
    let (mut plain, mut rest) = (text[..begin].to_owned(), &text[begin..]);
    while let Some((word, behind)) = rest.split_once('{') {
        plain.push_str(word);
        rest = behind.split_once('}').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_left_out_and_the_words_stay() {
        let text = "Doctor Shalaby{SH AH0 L AA1 B IY0} and Okafor{OW1}, at nine";
        assert_eq!(without_phones(text), "Doctor Shalaby and Okafor, at nine");
        assert_eq!(without_phones("at nine"), "at nine");
        assert_eq!(without_phones("at {nine"), "at ");
    }
}
