//! A decoder, and the recognizer that borrows one for each utterance.

use std::collections::HashSet;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::{Adaptation, Listening, Recognizer, SttError, Transcript};
use super::Shared;
use super::ffi::{CepstralMean, Engine, Failed};
use super::model::Model;

/// Samples between two looks at the words so far: 100 ms.
const PARTIAL_EVERY: usize = 1600;

/// Most samples that the library is given at once, so that one call never takes long.
const CHUNK: usize = 3200;

impl From<Failed> for SttError {
    fn from(Failed(call): Failed) -> Self {
        Self::Engine(format!("{call} refused"))
    }
}

/// Language models that a decoder holds at most. Each costs it some five megabytes, and to load
/// one takes tens of milliseconds; decoders are many, and one that holds a model is preferred.
const MAX_LOADED: usize = 3;

/// Words that are added to a decoder's dictionary at most before it is made anew: the library
/// cannot forget one, and callers' names come and go.
const MAX_ADDED: usize = 20_000;

/// An engine with the language models that it needed lately.
pub(super) struct Decoder {
    engine: Engine,
    fresh: Option<CepstralMean>,
    /// The models that it holds, the one used last at the end.
    loaded: Vec<Arc<Model>>,
    /// Words that its dictionary has beyond the one that it started with.
    added: HashSet<CString>,
    /// Number of the caller that it listened to last.
    pub(super) user: u64,
}

impl Decoder {
    pub(super) fn open(shared: &Shared) -> Result<Self, SttError> {
        let engine = Engine::open(&shared.acoustic_model, &shared.dictionary.path())?;
        let fresh = engine.cepstral_mean();
        Ok(Self { engine, fresh, loaded: Vec::new(), added: HashSet::new(), user: 0 })
    }

    /// Whether it holds a model.
    pub(super) fn holds(&self, model: &Model) -> bool {
        self.loaded.iter().any(|held| held.id == model.id)
    }

    /// Holds a model from now on.
    pub(super) fn load(&mut self, shared: &Shared, model: &Arc<Model>) -> Result<(), SttError> {
        if let Some(at) = self.loaded.iter().position(|held| held.id == model.id) {
            let held = self.loaded.remove(at);
            self.loaded.push(held);
            return Ok(());
        }
        let new = |(word, _): &&(CString, CString)| {
            !shared.known.contains(word) && !self.added.contains(word)
        };
        let words: Vec<_> = model.words.iter().filter(new).collect();
        if self.added.len() + words.len() > MAX_ADDED && !self.added.is_empty() {
            let voice = self.engine.cepstral_mean();
            *self = Self { user: self.user, ..Self::open(shared)? };
            if let Some(voice) = voice {
                self.engine.set_cepstral_mean(&voice);
            }
            return self.load(shared, model);
        }
        if !words.is_empty() {
            for held in self.loaded.drain(..) {
                self.engine.unload_model(&held.id)?;
            }
            for (word, phones) in words {
                self.engine.add_word(word, phones)?;
                self.added.insert(word.clone());
            }
        }
        if self.loaded.len() >= MAX_LOADED {
            let oldest = self.loaded.remove(0);
            self.engine.unload_model(&oldest.id)?;
        }
        let refused = |Failed(call)| SttError::BadContext {
            context: model.context.clone(),
            reason: format!("{call} refused it"),
        };
        self.engine.load_model(&model.id, &model.file.path()).map_err(refused)?;
        self.loaded.push(Arc::clone(model));
        Ok(())
    }
}

/// A caller, and what was learned of their voice in the utterances before.
#[derive(Clone)]
struct Caller {
    number: u64,
    voice: Option<CepstralMean>,
}

/// A recognizer: it borrows a decoder from the start of an utterance to its end.
pub(super) struct Session {
    shared: Arc<Shared>,
    caller: Caller,
    /// Present from the start of an utterance to its end.
    decoder: Option<Decoder>,
    noise: Noise,
    noisy: Vec<i16>,
    since_partial: usize,
    partial: String,
}

impl Caller {
    fn new(shared: &Shared) -> Self {
        Self { number: shared.next_caller.fetch_add(1, Ordering::Relaxed), voice: None }
    }
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let noise = Noise::new(shared.options.dither_rms);
        let caller = Caller::new(&shared);
        Self {
            shared,
            caller,
            decoder: None,
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

    fn begin(&mut self, model: &Arc<Model>) -> Result<(), SttError> {
        if self.decoder.is_some() {
            self.finish()?;
        }
        let mut decoder = self.shared.take(self.caller.number, model)?;
        if let Err(error) = decoder.load(&self.shared, model) {
            drop(decoder);
            self.shared.forget();
            return Err(error);
        }
        // Noise that was thrown away, or another caller, may have changed it since.
        if let Some(voice) = self.caller.voice.as_ref().or(decoder.fresh.as_ref()) {
            decoder.engine.set_cepstral_mean(voice);
        }
        let mut ready = Ok(());
        if std::mem::replace(&mut decoder.user, self.caller.number) != self.caller.number {
            // What the library knows of the noise on a line cannot be saved; it is learned anew in
            // the first tenths of a second.
            ready = decoder.engine.forget_noise();
        }
        let started = ready
            .and_then(|()| decoder.engine.select(&model.id))
            .and_then(|()| decoder.engine.start());
        self.decoder = Some(decoder);
        self.checked(started)?;
        self.since_partial = 0;
        self.partial.clear();
        Ok(())
    }

    fn engine(&mut self) -> Result<&mut Engine, SttError> {
        match &mut self.decoder {
            Some(decoder) => Ok(&mut decoder.engine),
            None => Err(SttError::Engine("there is no utterance; call start first".to_owned())),
        }
    }
}

impl Recognizer for Session {
    fn adapt(&mut self, learned: Option<&Adaptation>) {
        let known = learned.and_then(Adaptation::learned::<Caller>);
        self.caller = known.cloned().unwrap_or_else(|| Caller::new(&self.shared));
    }

    fn adaptation(&self) -> Option<Adaptation> {
        Some(Adaptation::new(self.caller.clone()))
    }

    fn start(&mut self, context: &str) -> Result<(), SttError> {
        let known = self.shared.contexts.iter().find(|model| model.context == context);
        let model = known.ok_or_else(|| SttError::UnknownContext(context.to_owned()))?;
        let model = Arc::clone(model);
        self.begin(&model)
    }

    fn listen(&mut self, listening: &Listening) -> Result<(), SttError> {
        let model = self.shared.build(listening)?.0;
        self.begin(&model)
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        for chunk in samples.chunks(CHUNK) {
            let mut noisy = std::mem::take(&mut self.noisy);
            noisy.clear();
            noisy.extend(chunk.iter().map(|&sample| self.noise.add_to(sample)));
            let processed = self.engine()?.process(&noisy);
            self.noisy = noisy;
            self.checked(processed)?;
        }
        // Who is late gets more samples at a time, and fewer partials: they go first.
        self.since_partial += samples.len();
        if self.since_partial < PARTIAL_EVERY {
            return Ok(None);
        }
        self.since_partial = 0;
        let words = self.engine()?.hypothesis().unwrap_or_default();
        if words == self.partial {
            return Ok(None);
        }
        self.partial.clone_from(&words);
        // The posterior needs the whole utterance; a partial is believed by its stability.
        Ok(Some(Transcript { text: words, confidence: 0.0 }))
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
        self.caller.voice = engine.cepstral_mean();
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
