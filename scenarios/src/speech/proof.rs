//! The proof that the agent was heard: its recorded voice, recognized by somebody else's model.
//!
//! The transcript that front ends get says what the agent meant to say. Whether that could be heard
//! is another question, so what arrived is recognized after the call, with the large general
//! English model, which knows nothing of clinics, in this process, which is not the agent's. Both
//! voice and recognizer are offline engines: the share of words says that the sound was whole, not
//! how well a person understands the voice.

use std::sync::{Arc, OnceLock};

use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{SpeechToText as _, SttError};
use frontdesk_types::SAMPLE_RATE_HZ;
use serde::Serialize;

use super::first_voiced;
use super::words::{as_spoken, sounds_of, understood};

/// Name of the one context of the recognizer.
const GENERAL: &str = "general";
/// Silence that parts what the agent said: half a second.
const PAUSE: usize = SAMPLE_RATE_HZ as usize / 2;
/// Silence kept around each part.
const MARGIN: usize = SAMPLE_RATE_HZ as usize / 5;
/// Samples looked at together: 10 ms.
const WINDOW: usize = SAMPLE_RATE_HZ as usize / 100;

/// Share of the agent's words that must be recognized.
pub(crate) const NEEDED: f64 = 0.8;

/// How much of what the agent said could be heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intelligible {
    /// Words of the agent's transcript, as they are spoken.
    pub words: usize,
    /// Those of them that were recognized in the recording.
    pub recognized_words: usize,
    /// All that was recognized.
    pub recognized: String,
}

impl Intelligible {
    /// Share of the words that were recognized; 1 if none were said.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.words == 0 { 1.0 } else { self.recognized_words as f64 / self.words as f64 }
    }
}

/// Who listens to recordings; loads its model when it is first asked.
#[derive(Clone, Default)]
pub struct Listener {
    loaded: Arc<OnceLock<Result<PocketSphinx, String>>>,
}

impl Listener {
    /// Compares the agent's recorded voice with what its transcript says. Blocks: it computes for a
    /// fifth of the recording's length.
    ///
    /// # Errors
    /// One line, if the model is missing or the engine fails.
    pub fn compare(&self, agent: &[i16], transcript: &[String]) -> Result<Intelligible, String> {
        let loaded = self.loaded.get_or_init(|| {
            let context = [(GENERAL, Context::general())];
            PocketSphinx::open(&Options::default(), context).map_err(|error| error.to_string())
        });
        let engine = loaded.as_ref().map_err(Clone::clone)?;
        let recognized = recognize(engine, agent).map_err(|error| error.to_string())?;
        let said: Vec<String> = transcript.iter().flat_map(|text| as_spoken(text)).collect();
        let heard: Vec<String> = recognized.iter().flat_map(|text| as_spoken(text)).collect();
        let dictionary = Options::default().dictionary;
        let sounds = sounds_of(&dictionary, said.iter().chain(&heard));
        let sounds = sounds.map_err(|error| error.to_string())?;
        let alignment = understood(&said, &heard, &sounds);
        Ok(Intelligible {
            words: alignment.said,
            recognized_words: alignment.matched,
            recognized: recognized.join(" / "),
        })
    }
}

fn recognize(engine: &PocketSphinx, samples: &[i16]) -> Result<Vec<String>, SttError> {
    let mut recognizer = engine.recognizer()?;
    let mut hear = |(from, to): (usize, usize)| {
        recognizer.start(GENERAL)?;
        recognizer.push(&samples[from..to])?;
        Ok(recognizer.finish()?.text)
    };
    let parts = parts(samples);
    // The first seconds are heard twice: a recognizer has to get used to a voice, as people do.
    if let Some(first) = parts.first() {
        hear(*first)?;
    }
    parts.into_iter().map(hear).collect()
}

/// Where the parts of a recording are that are not silence.
fn parts(samples: &[i16]) -> Vec<(usize, usize)> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for (number, window) in samples.chunks(WINDOW).enumerate() {
        if first_voiced(window).is_none() {
            continue;
        }
        let at = number * WINDOW;
        let to = (at + window.len() + MARGIN).min(samples.len());
        match parts.last_mut() {
            Some(part) if at < part.1 + PAUSE - MARGIN => part.1 = to,
            _ => parts.push((at.saturating_sub(MARGIN), to)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_cut_where_nobody_speaks() {
        let voice = |ms: usize| vec![2000; ms * 16];
        let silence = |ms: usize| vec![0; ms * 16];
        let samples =
            [silence(1000), voice(300), silence(300), voice(300), silence(900), voice(50)];
        let parts = parts(&samples.concat());
        let ms: Vec<(usize, usize)> = parts.iter().map(|(a, b)| (a / 16, b / 16)).collect();
        assert_eq!(ms, [(800, 2100), (2600, 2850)]);
    }
}
