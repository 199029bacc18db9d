//! Whisper, offline, by whisper.cpp: hears free speech of people well, and writes it as people do.
//! Only with the feature `whisper`.
//!
//! One model serves all calls. An utterance is kept until it ends and is recognized then, on the
//! thread that ends it and no other: threads of whisper.cpp that wait for one another spin, which
//! on a busy machine costs many times what it brings. As many are recognized at once as there are
//! places ([`Options::at_once`]); the others wait in the order in which they came.
//!
//! What comes of it is checked (`checks`): a model like this one invents sentences where nothing is
//! said, and repeats itself without end where its window is short. Silence must not reach it.

mod checks;
mod stop;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use super::{Listening, Recognizer, SpeechToText, SttError, Transcript};
use crate::weights::ggml;

/// What whisper is asked with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The weights, in whisper.cpp's format.
    pub weights: PathBuf,
    /// Language that is spoken, as a code of two letters; models of English know no other.
    pub language: String,
    /// Utterances that are recognized at the same time, one thread each: the cores, at most.
    pub at_once: usize,
}

impl Options {
    /// That language, as many at once as the machine has cores.
    #[must_use]
    pub fn new(weights: impl Into<PathBuf>, language: impl Into<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { weights: weights.into(), language: language.into(), at_once: cores }
    }
}

/// A provider of whisper recognizers.
pub struct Whisper(Arc<Shared>);

struct Shared {
    model: WhisperContext,
    language: String,
    places: Mutex<Places>,
    freed: Condvar,
}

/// Who computes, and who waits for it.
struct Places {
    free: usize,
    /// Buffers of those who are done, for the next ones.
    idle: Vec<WhisperState>,
    /// Numbers of those who wait, the first to come at the front.
    waiting: VecDeque<u64>,
    next: u64,
}

impl Whisper {
    /// Checks the file, then loads it. Takes a second, and blocks.
    ///
    /// # Errors
    /// [`SttError::Engine`] if the file is not there or none of whisper's, or this processor lacks
    /// instructions.
    pub fn open(options: &Options) -> Result<Self, SttError> {
        let path = &options.weights;
        usable(path)?;
        // Messages of the library would go to standard error.
        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false);
        // Attention in one kernel is slower on a processor: 0.72 s against 0.53 s an utterance.
        parameters.flash_attn(false);
        let model = load(path, parameters)?;
        let places = Places {
            free: options.at_once.max(1),
            idle: Vec::new(),
            waiting: VecDeque::new(),
            next: 0,
        };
        let language = options.language.clone();
        let freed = Condvar::new();
        Ok(Self(Arc::new(Shared { model, language, places: Mutex::new(places), freed })))
    }

    /// Utterances that wait for a place.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.places.lock().waiting.len()
    }
}

impl std::fmt::Debug for Whisper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Whisper")
    }
}

/// Whether this processor and these weights can be used. Reads the file's structure, and blocks for
/// some milliseconds.
///
/// # Errors
/// As [`Whisper::open`].
pub fn usable(weights: &Path) -> Result<(), SttError> {
    if !weights.is_file() {
        return Err(SttError::Engine(format!(
            "whisper's weights are not at {}; fetch them: frontdesk models get",
            weights.display()
        )));
    }
    able()?;
    ggml::inspect(weights).map(drop).map_err(|error| SttError::Engine(error.to_string()))
}

fn load(path: &Path, parameters: WhisperContextParameters<'_>) -> Result<WhisperContext, SttError> {
    let failed = |what: &dyn std::fmt::Display| {
        SttError::Engine(format!("{} cannot be loaded: {what}", path.display()))
    };
    let text = path.to_str().ok_or_else(|| failed(&"its path is not UTF-8"))?;
    WhisperContext::new_with_params(text, parameters).map_err(|error| failed(&error))
}

/// Whether the processor has what the library was built for (`.cargo/config.toml`).
fn able() -> Result<(), SttError> {
    #[cfg(target_arch = "x86_64")]
    {
        let lacks = [
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("f16c", is_x86_feature_detected!("f16c")),
            ("bmi2", is_x86_feature_detected!("bmi2")),
        ];
        if let Some((name, _)) = lacks.into_iter().find(|(_, has)| !has) {
            return Err(SttError::Engine(format!(
                "whisper needs the instructions {name}, which this processor lacks; \
                 use the other recognizer"
            )));
        }
    }
    Ok(())
}

impl SpeechToText for Whisper {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        let stop = Arc::default();
        Ok(Box::new(Session { shared: Arc::clone(&self.0), heard: Vec::new(), hints: None, stop }))
    }
}

/// One caller's recognizer. It holds no buffers of the model, only what was said so far.
struct Session {
    shared: Arc<Shared>,
    heard: Vec<f32>,
    hints: Option<Arc<str>>,
    stop: Arc<AtomicBool>,
}

/// Samples that are kept of an utterance: 28 s, of the 30 that the model can look at. Who speaks
/// for longer is heard from there on only in the next piece.
const MOST_SAMPLES: usize = 28 * 16_000;

impl Recognizer for Session {
    fn stop_by(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn start(&mut self, _context: &str) -> Result<(), SttError> {
        self.heard.clear();
        self.hints = None;
        Ok(())
    }

    fn listen(&mut self, listening: &Listening) -> Result<(), SttError> {
        self.heard.clear();
        self.hints = listening.hints().cloned();
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        self.heard.extend(samples.iter().map(|sample| f32::from(*sample) / 32_768.0));
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        let heard = std::mem::take(&mut self.heard);
        let mut all = Transcript::default();
        let mut sure = Vec::new();
        for piece in heard.chunks(MOST_SAMPLES) {
            let piece = self.shared.recognize(piece, self.hints.as_deref(), &self.stop)?;
            if piece.text.is_empty() {
                continue;
            }
            if !all.text.is_empty() {
                all.text.push(' ');
            }
            all.text.push_str(&piece.text);
            sure.push(piece.confidence);
        }
        all.confidence = sure.into_iter().reduce(f32::min).unwrap_or_default();
        Ok(all)
    }
}

/// A place among those that compute; given back when dropped.
struct Place<'a> {
    shared: &'a Shared,
    state: Option<WhisperState>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.shared.places.lock();
        places.free += 1;
        places.idle.extend(self.state.take());
        drop(places);
        self.shared.freed.notify_all();
    }
}

/// What was decoded once.
struct Decoded {
    text: String,
    confidence: f32,
    tokens: usize,
}

impl Shared {
    fn recognize(
        &self,
        samples: &[f32],
        hints: Option<&str>,
        stop: &AtomicBool,
    ) -> Result<Transcript, SttError> {
        let Some(window) = checks::window(samples.len()) else { return Ok(Transcript::default()) };
        let mut place = self.place()?;
        let state = place.state.as_mut().ok_or_else(|| failed("whisper's buffers are gone"))?;
        let limit = checks::most_tokens(samples.len());
        let mut decoded = self.decode(state, samples, hints, (window, limit), stop)?;
        if checks::is_invented(&decoded.text, decoded.tokens, limit) {
            // Once more with all that it can look at, and nothing put into its mouth.
            decoded = self.decode(state, samples, None, (checks::WHOLE, limit), stop)?;
            if checks::is_invented(&decoded.text, decoded.tokens, limit) {
                return Ok(Transcript::default());
            }
        }
        let text = checks::words(&decoded.text);
        let confidence = if text.is_empty() { 0.0 } else { decoded.confidence };
        Ok(Transcript { text, confidence })
    }

    /// Waits for a place, in the order of asking.
    fn place(&self) -> Result<Place<'_>, SttError> {
        let mut places = self.places.lock();
        let number = places.next;
        places.next += 1;
        places.waiting.push_back(number);
        while places.free == 0 || places.waiting.front() != Some(&number) {
            self.freed.wait(&mut places);
        }
        places.waiting.pop_front();
        places.free -= 1;
        let idle = places.idle.pop();
        drop(places);
        // Another place may be free for the next one, who could not see it before.
        self.freed.notify_all();
        let mut place = Place { shared: self, state: idle };
        if place.state.is_none() {
            place.state = Some(self.model.create_state().map_err(failed)?);
        }
        Ok(place)
    }

    fn decode(
        &self,
        state: &mut WhisperState,
        samples: &[f32],
        hints: Option<&str>,
        (window, limit): (i32, usize),
        stop: &AtomicBool,
    ) -> Result<Decoded, SttError> {
        if stop.load(Ordering::Relaxed) {
            return Err(failed("it was stopped"));
        }
        let hints = hints.map(|hints| self.model.tokenize(hints, checks::MOST_HINTS));
        let hints = hints.transpose().map_err(failed)?.unwrap_or_default();
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        parameters.set_n_threads(1);
        // The binding leaves these few bytes behind with each utterance.
        parameters.set_language(Some(&self.language));
        parameters.set_translate(false);
        parameters.set_no_context(true);
        parameters.set_single_segment(true);
        parameters.set_no_timestamps(true);
        parameters.set_print_progress(false);
        parameters.set_print_realtime(false);
        parameters.set_print_timestamps(false);
        parameters.set_print_special(false);
        parameters.set_suppress_blank(true);
        // One attempt: what went wrong is decided by `checks`, and tried again once.
        parameters.set_temperature(0.0);
        parameters.set_temperature_inc(0.0);
        parameters.set_audio_ctx(window);
        parameters.set_max_tokens(i32::try_from(limit).unwrap_or(i32::MAX));
        if !hints.is_empty() {
            parameters.set_tokens(&hints);
        }
        stop::stop_by(&mut parameters, stop);
        state.full(parameters, samples).map_err(failed)?;
        let end = self.model.token_eot();
        let (mut text, mut sure) = (String::new(), Vec::new());
        for segment in state.as_iter() {
            text.push_str(&segment.to_str_lossy().map_err(failed)?);
            let tokens = (0..segment.n_tokens()).filter_map(|at| segment.get_token(at));
            // Marks of the model are not what was said.
            let said = tokens.filter(|token| token.token_id() < end);
            sure.extend(said.map(|token| token.token_probability()));
        }
        let confidence = sure.iter().sum::<f32>() / sure.len().max(1) as f32;
        Ok(Decoded { text, confidence, tokens: sure.len() })
    }
}

fn failed(error: impl std::fmt::Display) -> SttError {
    SttError::Engine(format!("whisper: {error}"))
}
