//! Language models as decoders load them, built once for each content and kept for a while.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::lexicon::{Guess, Lexicon};
use super::super::lm::LmSource;
use super::super::memfile::MemFile;
use super::super::{Listening, SttError};
use super::{Options, c_path};
use crate::tts::flite;

/// Bytes of built models that are kept at most.
const KEPT_BYTES: usize = 24 << 20;

/// A file that the library reads a model from.
pub(super) enum ModelFile {
    Memory(MemFile),
    Disk(CString),
}

impl ModelFile {
    pub(super) fn memory(content: &str) -> Result<Self, SttError> {
        MemFile::new(content).map(Self::Memory).map_err(|error| {
            SttError::Engine(format!("cannot make a file in memory for a model: {error}"))
        })
    }

    pub(super) fn disk(path: &std::path::Path) -> Result<Self, SttError> {
        c_path(path).map(Self::Disk)
    }

    pub(super) fn path(&self) -> CString {
        match self {
            Self::Memory(file) => file.path(),
            Self::Disk(path) => path.clone(),
        }
    }
}

/// A built language model.
pub(super) struct Model {
    /// Unique in the process: what decoders know it by.
    pub(super) id: CString,
    /// Its name in messages.
    pub(super) context: String,
    pub(super) file: ModelFile,
    /// Words with their pronunciations, as lines of a dictionary.
    pub(super) words: Vec<(CString, CString)>,
    size: usize,
}

impl Model {
    /// A model from a file, whose words are in the decoders' dictionary.
    pub(super) fn general(context: &str, file: ModelFile) -> Self {
        Self { id: next_id(), context: context.to_owned(), file, words: Vec::new(), size: 0 }
    }

    /// Builds the model of `source`. Returns the pronunciations that were made by rule too.
    pub(super) fn build(
        options: &Options,
        context: &str,
        source: &LmSource,
    ) -> Result<(Self, Vec<Guess>), SttError> {
        let model = source.build().map_err(|error| SttError::BadContext {
            context: context.to_owned(),
            reason: error.to_string(),
        })?;
        let vocabulary: BTreeSet<String> = model.vocabulary().map(str::to_owned).collect();
        let lexicon = Lexicon::load(
            &options.dictionary,
            &vocabulary,
            false,
            &options.pronunciations,
            &flite::pronounce,
        )?;
        let arpa = model.to_arpa();
        let built = Self {
            id: next_id(),
            context: context.to_owned(),
            file: ModelFile::memory(&arpa)?,
            words: entries(&lexicon).collect(),
            size: arpa.len() + lexicon.text().len(),
        };
        Ok((built, lexicon.guesses().to_vec()))
    }
}

/// The words of a dictionary and their phones; `word(2)` follows `word`.
pub(super) fn entries(lexicon: &Lexicon) -> impl Iterator<Item = (CString, CString)> {
    lexicon.text().lines().filter_map(|line| {
        let (word, phones) = line.split_once(char::is_whitespace)?;
        Some((CString::new(word).ok()?, CString::new(phones.trim()).ok()?))
    })
}

fn next_id() -> CString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    CString::new(format!("model-{}", NEXT.fetch_add(1, Ordering::Relaxed))).unwrap_or_default()
}

/// Built models by the content that they were built of, the one used last at the end.
#[derive(Default)]
pub(super) struct Built(Vec<(u64, Arc<Model>)>);

impl Built {
    /// The model of what is listened for, if it is kept.
    pub(super) fn get(&mut self, listening: &Listening) -> Option<Arc<Model>> {
        let at = self.0.iter().position(|(key, _)| *key == listening.fingerprint())?;
        let found = self.0.remove(at);
        let model = Arc::clone(&found.1);
        self.0.push(found);
        Some(model)
    }

    /// Keeps a model, and lets go of those that were not used for longest.
    pub(super) fn keep(&mut self, listening: &Listening, model: &Arc<Model>) {
        self.0.push((listening.fingerprint(), Arc::clone(model)));
        while self.0.len() > 1 && self.0.iter().map(|(_, m)| m.size).sum::<usize>() > KEPT_BYTES {
            self.0.remove(0);
        }
    }
}
