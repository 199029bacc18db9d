//! pocketsphinx, offline: Debian's library and its US English acoustic model, with one small
//! language model per context.
//!
//! A [`Recognizer`] is light: it keeps what was learned of one caller's voice. A *decoder* is heavy
//! (its searches, its language models) and is lent to a recognizer from the start of an utterance
//! to its end, so that there need be only as many decoders as callers who speak at the same time.
//!
//! Language models and the dictionary are given to the library as files in memory: they may hold
//! patients' names.

mod decoder;
mod ffi;
mod model;

use std::collections::BTreeSet;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

use self::decoder::{Decoder, Session};
use self::model::{Built, Model, ModelFile};
use super::lexicon::{self, Corrections, Guess, Lexicon};
use super::lm::LmSource;
use super::{Listening, Recognizer, SpeechToText, SttError};
use crate::tts::flite;

/// Where Debian's package `pocketsphinx-en-us` puts its files.
const DEBIAN_MODEL: &str = "/usr/share/pocketsphinx/model/en-us";

/// Files of the acoustic model without which nothing works.
const ACOUSTIC_FILES: [&str; 5] = ["mdef", "means", "variances", "transition_matrices", "sendump"];

/// Where the models are, and how to listen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the acoustic model.
    pub acoustic_model: PathBuf,
    /// Pronouncing dictionary in CMUdict's format.
    pub dictionary: PathBuf,
    /// Pronunciations that replace the dictionary's, or stand in for words that it lacks and that
    /// letter-to-sound rules get wrong.
    pub pronunciations: Corrections,
    /// RMS of the white noise that is added to what is heard, 0 to 32768. A little of it keeps
    /// the digital silence of a clean line, or the empty bands of a telephone, from looking like
    /// nothing the model was trained on; much of it costs digits.
    pub dither_rms: f32,
    /// Most decoders at a time; one more than there are callers speaking at once is enough.
    pub max_decoders: usize,
}

impl Default for Options {
    /// Debian's files, dither of 10, 16 decoders.
    fn default() -> Self {
        Self {
            acoustic_model: Path::new(DEBIAN_MODEL).join("en-us"),
            dictionary: Path::new(DEBIAN_MODEL).join("cmudict-en-us.dict"),
            pronunciations: lexicon::corrections(),
            dither_rms: 10.0,
            max_decoders: 16,
        }
    }
}

/// What to listen for in one context.
#[derive(Debug, Clone)]
pub enum Context {
    /// Sentences that callers are expected to say.
    Expected(LmSource),
    /// Any English, by a large general model (`en-us.lm.bin`, or ARPA text). It needs the whole
    /// dictionary, 100 MB more in each decoder, and much more time: give it a provider of its own.
    General(PathBuf),
}

impl Context {
    /// Any English, by the model of Debian's package.
    #[must_use]
    pub fn general() -> Self {
        Self::General(Path::new(DEBIAN_MODEL).join("en-us.lm.bin"))
    }
}

impl From<LmSource> for Context {
    fn from(source: LmSource) -> Self {
        Self::Expected(source)
    }
}

/// Numbers of a provider, for the console and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoders {
    /// Decoders that exist.
    pub made: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// Most that may exist.
    pub limit: usize,
}

/// A provider of pocketsphinx recognizers.
pub struct PocketSphinx {
    shared: Arc<Shared>,
    guesses: Vec<Guess>,
}

/// What decoders are made from, and those that are idle.
struct Shared {
    options: Options,
    acoustic_model: CString,
    /// The dictionary that every decoder starts with, and its words.
    dictionary: ModelFile,
    known: BTreeSet<CString>,
    contexts: Vec<Arc<Model>>,
    built: Mutex<Built>,
    pool: Mutex<Pool>,
    /// Numbers the callers, from 1: no decoder has listened to them before.
    next_caller: AtomicU64,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Decoder>,
    made: usize,
}

impl PocketSphinx {
    /// Builds the language models of `contexts`, which every decoder knows by name, finds a
    /// pronunciation for each word (see [`PocketSphinx::guesses`]) and makes the first decoder, so
    /// that what is wrong shows now. What else is listened for ([`Recognizer::listen`]) is built
    /// when it is needed.
    ///
    /// # Errors
    /// [`SttError::MissingModel`] naming the file that is not there, [`SttError::BadContext`] for a
    /// language model that cannot be built, [`SttError::Engine`] if the library refuses.
    pub fn open<N: Into<String>, C: Into<Context>>(
        options: &Options,
        contexts: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Self, SttError> {
        for name in ACOUSTIC_FILES {
            present("acoustic model", &options.acoustic_model.join(name))?;
        }
        let mut models = Vec::new();
        let mut guesses = Vec::new();
        let mut whole_dictionary = false;
        for (name, context) in contexts {
            let name: String = name.into();
            let model = match context.into() {
                Context::Expected(source) => {
                    let (model, guessed) = Model::build(options, &name, &source)?;
                    guesses.extend(guessed);
                    model
                }
                Context::General(path) => {
                    present("language model", &path)?;
                    whole_dictionary = true;
                    Model::general(&name, ModelFile::disk(&path)?)
                }
            };
            models.push(Arc::new(model));
        }
        guesses.sort_by(|a, b| a.word.cmp(&b.word));
        guesses.dedup();
        // Even without models there is a dictionary: the library does not start without one.
        let least = BTreeSet::from(["yes".to_owned(), "no".to_owned()]);
        let pronunciations = &options.pronunciations;
        let lexicon = Lexicon::load(
            &options.dictionary,
            &least,
            whole_dictionary,
            pronunciations,
            &flite::pronounce,
        )?;
        let shared = Arc::new(Shared {
            options: Options { max_decoders: options.max_decoders.max(1), ..options.clone() },
            acoustic_model: c_path(&options.acoustic_model)?,
            dictionary: ModelFile::memory(lexicon.text())?,
            known: model::entries(&lexicon).map(|(word, _)| word).collect(),
            contexts: models,
            built: Mutex::default(),
            pool: Mutex::default(),
            next_caller: AtomicU64::new(1),
        });
        let mut first = Decoder::open(&shared)?;
        shared.pool.lock().made += 1;
        for model in &shared.contexts {
            first.load(&shared, model)?;
        }
        shared.give_back(first);
        Ok(Self { shared, guesses })
    }

    /// Words of the named contexts that the dictionary lacks and no correction covers, with the
    /// pronunciation that was made for them by rule: to be looked over once, and corrected in
    /// [`Options`].
    #[must_use]
    pub fn guesses(&self) -> &[Guess] {
        &self.guesses
    }

    /// Builds what an utterance will listen for, if it is not kept from before; the pronunciations
    /// that were made by rule for it, if it was built now.
    ///
    /// # Errors
    /// [`SttError`] if no model can be made of it.
    pub fn build(&self, listening: &Listening) -> Result<Vec<Guess>, SttError> {
        self.shared.build(listening).map(|(_, guesses)| guesses)
    }

    /// How many decoders there are.
    #[must_use]
    pub fn decoders(&self) -> Decoders {
        let pool = self.shared.pool.lock();
        let limit = self.shared.options.max_decoders;
        Decoders { made: pool.made, idle: pool.idle.len(), limit }
    }
}

impl SpeechToText for PocketSphinx {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        Ok(Box::new(Session::new(Arc::clone(&self.shared))))
    }

    fn prepare(&self, listening: &Listening) -> Result<(), SttError> {
        self.build(listening).map(drop)
    }
}

impl Shared {
    /// The model of what is listened for: kept from before, or built.
    fn build(&self, listening: &Listening) -> Result<(Arc<Model>, Vec<Guess>), SttError> {
        if let Some(model) = self.built.lock().get(listening) {
            return Ok((model, Vec::new()));
        }
        // Out of the lock: it takes tens of milliseconds. Two may build the same; both are right.
        let (model, guesses) =
            Model::build(&self.options, listening.context(), listening.source())?;
        for Guess { word, phones } in guesses.iter().filter(|_| !listening.is_private()) {
            tracing::info!(word, phones, "pronunciation made by rule");
        }
        let model = Arc::new(model);
        self.built.lock().keep(listening, &model);
        Ok((model, guesses))
    }

    /// An idle decoder, or a new one if the limit allows: one that holds the model, rather than one
    /// that listened to this caller before, rather than the one that lay idle longest.
    fn take(&self, caller: u64, model: &Model) -> Result<Decoder, SttError> {
        {
            let mut pool = self.pool.lock();
            let fit = |decoder: &Decoder| (decoder.holds(model), decoder.user == caller);
            // The first of the best: of those that fit alike, the last caller of the one that lay
            // idle longest is least likely to want it back.
            let best = (0..pool.idle.len()).rev().max_by_key(|&at| fit(&pool.idle[at]));
            if let Some(decoder) = best.map(|at| pool.idle.remove(at)) {
                return Ok(decoder);
            }
            let limit = self.options.max_decoders;
            if pool.made >= limit {
                return Err(SttError::Busy { limit });
            }
            pool.made += 1;
        }
        // Out of the lock: it takes tens of milliseconds.
        Decoder::open(self).inspect_err(|_| self.forget())
    }

    fn give_back(&self, decoder: Decoder) {
        self.pool.lock().idle.push(decoder);
    }

    /// A decoder was dropped instead of given back.
    fn forget(&self) {
        self.pool.lock().made -= 1;
    }
}

fn present(what: &'static str, path: &Path) -> Result<(), SttError> {
    if path.is_file() {
        Ok(())
    } else {
        Err(SttError::MissingModel { what, path: path.display().to_string() })
    }
}

fn c_path(path: &Path) -> Result<CString, SttError> {
    CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| SttError::Engine(format!("the path {path:?} holds a null character")))
}
