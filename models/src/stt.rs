//! Speech to text.

pub mod lexicon;
mod listening;
pub mod lm;
mod memfile;
mod on_demand;
pub mod pocketsphinx;
#[cfg(feature = "whisper")]
pub mod whisper;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use listening::Listening;
pub use on_demand::OnDemand;

/// Why speech could not be recognized.
#[derive(Debug, thiserror::Error)]
pub enum SttError {
    /// A file that the recognizer needs is not there.
    #[error("{what} not found at {path}; run `make setup` to install it")]
    MissingModel {
        /// What is missing: acoustic model, dictionary, …
        what: &'static str,
        /// Where it was looked for.
        path: String,
    },
    /// The recognizer has no language model of that name.
    #[error("no language model is loaded for context {0:?}")]
    UnknownContext(String),
    /// A language model cannot be built from what was given.
    #[error("language model for context {context:?} cannot be built: {reason}")]
    BadContext {
        /// The context.
        context: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All decoders are listening to other callers. The samples are not lost: keep them and start
    /// again when an utterance elsewhere has ended.
    #[error("all {limit} decoders are in use; raise the limit or wait for an utterance to end")]
    Busy {
        /// How many decoders there may be.
        limit: usize,
    },
    /// The engine failed.
    #[error("speech recognition failed: {0}")]
    Engine(String),
}

/// What was heard.
#[derive(Clone, PartialEq, Default)]
pub struct Transcript {
    /// Words, lowercase, separated by single spaces; empty if nothing was understood.
    pub text: String,
    /// 0 (a guess) to 1 (sure). A provider without a measure says 1.
    pub confidence: f32,
}

impl std::fmt::Debug for Transcript {
    // What a caller says is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcript({} bytes, confidence {:.2})", self.text.len(), self.confidence)
    }
}

/// What a recognizer learned of a caller's voice and line: kept with the call, so that recognizers
/// can serve many. It means something only to recognizers of the same provider.
#[derive(Clone)]
pub struct Adaptation(Arc<dyn Any + Send + Sync>);

impl Adaptation {
    /// Keeps what a provider learned.
    pub fn new(learned: impl Any + Send + Sync) -> Self {
        Self(Arc::new(learned))
    }

    /// What was kept, if this provider kept it.
    #[must_use]
    pub fn learned<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl std::fmt::Debug for Adaptation {
    // A voice is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Adaptation")
    }
}

/// A provider of recognizers; shared by all calls.
pub trait SpeechToText: Send + Sync + 'static {
    /// A recognizer. It may share models with others, never state.
    ///
    /// # Errors
    /// [`SttError`] if a model is missing or the engine refuses.
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError>;

    /// Makes ready what an utterance will need, so that it need not wait for it.
    ///
    /// # Errors
    /// [`SttError`] if it cannot be made.
    fn prepare(&self, _listening: &Listening) -> Result<(), SttError> {
        Ok(())
    }
}

/// Recognizes one utterance after the other. Used from one thread at a time; each method may
/// compute.
pub trait Recognizer: Send {
    /// The utterances that follow are of a caller of whom this was learned before; of a new one if
    /// `None`. Nothing that was learned of another stays.
    fn adapt(&mut self, _learned: Option<&Adaptation>) {}

    /// What was learned of the caller by now; `None` from a provider that does not learn.
    fn adaptation(&self) -> Option<Adaptation> {
        None
    }

    /// Once `stop` is set nobody wants the words of the utterances that follow: a provider that
    /// takes long over one may end early, with an error.
    fn stop_by(&mut self, _stop: Arc<AtomicBool>) {}

    /// Begins an utterance; one that was not finished is given up. `context` names what the caller
    /// is likely to say (a dialogue state), so that the provider can choose a language model or a
    /// prompt.
    ///
    /// # Errors
    /// [`SttError`] if the context is unknown to a provider that needs one, all engines are busy,
    /// or the engine fails.
    fn start(&mut self, context: &str) -> Result<(), SttError>;

    /// Begins an utterance of which it is known what is likely to be said. A provider that cannot
    /// use that goes by the name of the context.
    ///
    /// # Errors
    /// As [`Recognizer::start`], and [`SttError::BadContext`] if no model can be made of it.
    fn listen(&mut self, listening: &Listening) -> Result<(), SttError> {
        self.start(listening.context())
    }

    /// Takes the next samples (16 kHz mono, any length). Returns the words so far when they
    /// changed, for display and for turn taking. The last one or two words of a partial change
    /// often, and its confidence means nothing: it is believed when it has stood for 300 ms.
    ///
    /// # Errors
    /// [`SttError`] if the engine fails.
    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError>;

    /// Ends the utterance and returns what was heard.
    ///
    /// # Errors
    /// [`SttError`] if the engine fails.
    fn finish(&mut self) -> Result<Transcript, SttError>;
}
