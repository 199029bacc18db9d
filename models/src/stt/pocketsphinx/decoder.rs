//! A decoder, and the recognizer that borrows one for each utterance.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::{Recognizer, SttError, Transcript};
use super::Shared;
use super::ffi::{CepstralMean, Engine, Failed};

/// Samples between two looks at the words so far: 100 ms.
const PARTIAL_EVERY: usize = 1600;

/// Most samples that the library is given at once, so that one call never takes long.
const CHUNK: usize = 3200;

impl From<Failed> for SttError {
    fn from(Failed(call): Failed) -> Self {
        Self::Engine(format!("{call} refused"))
    }
}

/// An engine with all language models of its provider.
pub(super) struct Decoder {
    engine: Engine,
    fresh: Option<CepstralMean>,
    /// Number of the session that had it last.
    pub(super) user: u64,
}

impl Decoder {
    pub(super) fn open(shared: &Shared) -> Result<Self, SttError> {
        let mut engine = Engine::open(&shared.acoustic_model, &shared.dictionary.path())?;
        for (name, file) in &shared.contexts {
            engine.load_model(name, &file.path()).map_err(|Failed(call)| SttError::BadContext {
                context: name.to_string_lossy().into_owned(),
                reason: format!("{call} refused it"),
            })?;
        }
        let fresh = engine.cepstral_mean();
        Ok(Self { engine, fresh, user: 0 })
    }
}

/// The recognizer of one call.
pub(super) struct Session {
    shared: Arc<Shared>,
    number: u64,
    /// Present from the start of an utterance to its end.
    decoder: Option<Decoder>,
    /// What was learned of the caller's voice in the utterances before.
    voice: Option<CepstralMean>,
    noise: Noise,
    noisy: Vec<i16>,
    since_partial: usize,
    partial: String,
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let noise = Noise::new(shared.dither_rms);
        let number = shared.next_session.fetch_add(1, Ordering::Relaxed);
        Self {
            shared,
            number,
            decoder: None,
            voice: None,
            noise,
            noisy: Vec::new(),
            since_partial: 0,
            partial: String::new(),
        }
    }

    /// Hands the decoder back, or drops it if it failed.
    fn release(&mut self, healthy: bool) {
        let Some(decoder) = self.decoder.take() else { return };
        if healthy {
            self.shared.give_back(decoder);
        } else {
            drop(decoder);
            self.shared.forget();
        }
    }

    fn checked<T>(&mut self, result: Result<T, Failed>) -> Result<T, SttError> {
        result.map_err(|failed| {
            self.release(false);
            failed.into()
        })
    }

    fn engine(&mut self) -> Result<&mut Engine, SttError> {
        match &mut self.decoder {
            Some(decoder) => Ok(&mut decoder.engine),
            None => Err(SttError::Engine("there is no utterance; call start first".to_owned())),
        }
    }
}

impl Recognizer for Session {
    fn start(&mut self, context: &str) -> Result<(), SttError> {
        if self.decoder.is_some() {
            self.finish()?;
        }
        let unknown = || SttError::UnknownContext(context.to_owned());
        let name = CString::new(context).map_err(|_| unknown())?;
        if !self.shared.contexts.iter().any(|(known, _)| *known == name) {
            return Err(unknown());
        }
        let mut decoder = self.shared.take(self.number)?;
        let mut ready = Ok(());
        if std::mem::replace(&mut decoder.user, self.number) != self.number {
            // Another caller had it: nothing of them stays. What the library knows of the noise on
            // a line cannot be saved; it is learned anew in the first tenths of a second.
            if let Some(voice) = self.voice.as_ref().or(decoder.fresh.as_ref()) {
                decoder.engine.set_cepstral_mean(voice);
            }
            ready = decoder.engine.forget_noise();
        }
        let started =
            ready.and_then(|()| decoder.engine.select(&name)).and_then(|()| decoder.engine.start());
        self.decoder = Some(decoder);
        self.checked(started)?;
        self.since_partial = 0;
        self.partial.clear();
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        let mut changed = None;
        for chunk in samples.chunks(CHUNK) {
            let mut noisy = std::mem::take(&mut self.noisy);
            noisy.clear();
            noisy.extend(chunk.iter().map(|&sample| self.noise.add_to(sample)));
            let processed = self.engine()?.process(&noisy);
            self.noisy = noisy;
            self.checked(processed)?;
            self.since_partial += chunk.len();
            if self.since_partial < PARTIAL_EVERY {
                continue;
            }
            self.since_partial = 0;
            let words = self.engine()?.hypothesis().unwrap_or_default();
            if words != self.partial {
                self.partial.clone_from(&words);
                // The posterior needs the whole utterance; a partial is believed by its stability.
                changed = Some(Transcript { text: words, confidence: 0.0 });
            }
        }
        Ok(changed)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        let ended = self.engine()?.end();
        self.checked(ended)?;
        let engine = self.engine()?;
        let text = engine.hypothesis().unwrap_or_default();
        // The posterior is of all words together; its root compares short answers with long ones.
        let words = text.split(' ').count() as f64;
        let sure = engine.posterior().clamp(0.0, 1.0).powf(1.0 / words) as f32;
        let confidence = if text.is_empty() { 0.0 } else { sure };
        self.voice = engine.cepstral_mean();
        self.release(true);
        Ok(Transcript { text, confidence })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A caller may hang up in the middle of a word.
        if let Some(decoder) = &mut self.decoder {
            let healthy = decoder.engine.end().is_ok();
            self.release(healthy);
        }
    }
}

/// White noise that repeats with each recognizer, so that the same audio gives the same words.
struct Noise {
    state: u32,
    /// Half the width of the uniform distribution.
    amplitude: f32,
}

impl Noise {
    fn new(rms: f32) -> Self {
        // The RMS of a uniform distribution over ±a is a / √3.
        Self { state: 0x9E37_79B9, amplitude: rms.max(0.0) * 3.0_f32.sqrt() }
    }

    fn add_to(&mut self, sample: i16) -> i16 {
        if self.amplitude == 0.0 {
            return sample;
        }
        // Xorshift (Marsaglia 2003): even enough for noise.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        let uniform = self.state as f32 / u32::MAX as f32 * 2.0 - 1.0;
        (f32::from(sample) + uniform * self.amplitude).round() as i16
    }
}
