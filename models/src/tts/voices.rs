//! Several providers as one: each voice is spoken by the one that has it.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{TextToSpeech, TtsError};

/// Providers, asked in their order.
pub struct Voices {
    providers: Vec<Arc<dyn TextToSpeech>>,
    /// The voice that speaks in the place of one that cannot.
    instead: String,
}

impl std::fmt::Debug for Voices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Voices({} providers)", self.providers.len())
    }
}

impl Voices {
    /// These providers, of which one has the voice `instead`: it says what another one fails at.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn TextToSpeech>>, instead: &str) -> Self {
        Self { providers, instead: instead.to_owned() }
    }

    fn of(&self, voice: &str) -> Option<&dyn TextToSpeech> {
        self.providers.iter().find(|provider| provider.has_voice(voice)).map(|p| &**p)
    }
}

impl TextToSpeech for Voices {
    fn synthesize(
        &self,
        text: &str,
        voice: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), TtsError> {
        let Some(provider) = self.of(voice) else {
            // The last one says which voices it has.
            let last = self.providers.last();
            return last.map_or(Ok(()), |last| last.synthesize(text, voice, sink));
        };
        let mut begun = false;
        let result = provider.synthesize(text, voice, &mut |samples| {
            begun = true;
            sink(samples)
        });
        match (result, self.of(&self.instead)) {
            (Err(error), Some(other)) if !begun && voice != self.instead => {
                tracing::error!(%error, voice, instead = self.instead, "another voice speaks");
                other.synthesize(text, &self.instead, sink)
            }
            (result, _) => result,
        }
    }

    fn has_voice(&self, name: &str) -> bool {
        self.of(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has one voice, and fails or says a sample of this value.
    struct One(&'static str, Option<i16>);

    impl TextToSpeech for One {
        fn synthesize(
            &self,
            _text: &str,
            voice: &str,
            sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
        ) -> Result<(), TtsError> {
            if voice != self.0 {
                let (voice, known) = (voice.to_owned(), self.0.to_owned());
                return Err(TtsError::UnknownVoice { voice, known });
            }
            let sample = self.1.ok_or_else(|| TtsError::Engine("broken".to_owned()))?;
            let _ = sink(&[sample]);
            Ok(())
        }

        fn has_voice(&self, name: &str) -> bool {
            name == self.0
        }
    }

    fn said(voices: &Voices, voice: &str) -> Result<Vec<i16>, TtsError> {
        let mut all = Vec::new();
        voices.synthesize("hello", voice, &mut |samples| {
            all.extend_from_slice(samples);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    #[test]
    fn each_voice_is_spoken_by_who_has_it() {
        let voices =
            Voices::new(vec![Arc::new(One("a", Some(1))), Arc::new(One("b", Some(2)))], "b");
        assert_eq!(said(&voices, "a").expect("spoken"), [1]);
        assert_eq!(said(&voices, "b").expect("spoken"), [2]);
        assert!(matches!(said(&voices, "c"), Err(TtsError::UnknownVoice { .. })));
        assert!(voices.has_voice("b") && !voices.has_voice("c"));
    }

    #[test]
    fn what_one_fails_at_another_says() {
        let voices = Voices::new(vec![Arc::new(One("a", None)), Arc::new(One("b", Some(2)))], "b");
        assert_eq!(said(&voices, "a").expect("spoken by b"), [2]);
        let broken = Voices::new(vec![Arc::new(One("b", None))], "b");
        assert!(said(&broken, "b").is_err());
    }
}
