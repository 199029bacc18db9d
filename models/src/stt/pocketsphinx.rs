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

use std::collections::BTreeSet;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

use self::decoder::{Decoder, Session};
use super::lexicon::{self, Corrections, Guess, Lexicon};
use super::lm::LmSource;
use super::memfile::MemFile;
use super::{Recognizer, SpeechToText, SttError};
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
    acoustic_model: CString,
    dictionary: ModelFile,
    contexts: Vec<(CString, ModelFile)>,
    dither_rms: f32,
    limit: usize,
    pool: Mutex<Pool>,
    /// Numbers the recognizers, from 1: no decoder was theirs before.
    next_session: AtomicU64,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Decoder>,
    made: usize,
}

enum ModelFile {
    Memory(MemFile),
    Disk(CString),
}

impl ModelFile {
    fn memory(content: &str) -> Result<Self, SttError> {
        MemFile::new(content).map(Self::Memory).map_err(|error| {
            SttError::Engine(format!("cannot make a file in memory for a model: {error}"))
        })
    }

    fn path(&self) -> CString {
        match self {
            Self::Memory(file) => file.path(),
            Self::Disk(path) => path.clone(),
        }
    }
}

impl PocketSphinx {
    /// Builds the language models of `contexts`, finds a pronunciation for each word (see
    /// [`PocketSphinx::guesses`]) and makes the first decoder, so that what is wrong shows now.
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
        let mut files = Vec::new();
        let mut vocabulary = BTreeSet::new();
        let mut whole_dictionary = false;
        for (name, context) in contexts {
            let name: String = name.into();
            let bad = |reason: String| SttError::BadContext { context: name.clone(), reason };
            let file = match context.into() {
                Context::Expected(source) => {
                    let model = source.build().map_err(|error| bad(error.to_string()))?;
                    vocabulary.extend(model.vocabulary().map(str::to_owned));
                    ModelFile::memory(&model.to_arpa())?
                }
                Context::General(path) => {
                    present("language model", &path)?;
                    whole_dictionary = true;
                    ModelFile::Disk(c_path(&path)?)
                }
            };
            let c_name = CString::new(name.as_str())
                .map_err(|_| bad("its name holds a null character".to_owned()))?;
            files.push((c_name, file));
        }
        let (dictionary, guesses) = dictionary(options, &vocabulary, whole_dictionary)?;
        let shared = Arc::new(Shared {
            acoustic_model: c_path(&options.acoustic_model)?,
            dictionary,
            contexts: files,
            dither_rms: options.dither_rms,
            limit: options.max_decoders.max(1),
            pool: Mutex::default(),
            next_session: AtomicU64::new(1),
        });
        let first = shared.take(0)?;
        shared.give_back(first);
        Ok(Self { shared, guesses })
    }

    /// Words that the dictionary lacks and no correction covers, with the pronunciation that was
    /// made for them by rule: to be looked over once, and corrected in [`Options`].
    #[must_use]
    pub fn guesses(&self) -> &[Guess] {
        &self.guesses
    }

    /// How many decoders there are.
    #[must_use]
    pub fn decoders(&self) -> Decoders {
        let pool = self.shared.pool.lock();
        Decoders { made: pool.made, idle: pool.idle.len(), limit: self.shared.limit }
    }
}

impl SpeechToText for PocketSphinx {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        Ok(Box::new(Session::new(Arc::clone(&self.shared))))
    }
}

impl Shared {
    /// An idle decoder, the one that this session had before if it can be, or a new one if the
    /// limit allows.
    fn take(&self, session: u64) -> Result<Decoder, SttError> {
        {
            let mut pool = self.pool.lock();
            let own = pool.idle.iter().position(|decoder| decoder.user == session);
            if let Some(decoder) = own.map(|at| pool.idle.remove(at)) {
                return Ok(decoder);
            }
            // The one that lay idle longest: its last caller is least likely to want it back.
            if !pool.idle.is_empty() {
                return Ok(pool.idle.remove(0));
            }
            if pool.made >= self.limit {
                return Err(SttError::Busy { limit: self.limit });
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

fn dictionary(
    options: &Options,
    vocabulary: &BTreeSet<String>,
    whole: bool,
) -> Result<(ModelFile, Vec<Guess>), SttError> {
    let lexicon = Lexicon::load(
        &options.dictionary,
        vocabulary,
        whole,
        &options.pronunciations,
        &flite::pronounce,
    )?;
    if !lexicon.guesses().is_empty() {
        // Not the words: they may be names.
        tracing::debug!(words = lexicon.guesses().len(), "pronunciations made by rule");
    }
    Ok((ModelFile::memory(lexicon.text())?, lexicon.guesses().to_vec()))
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
