//! Embedding models: texts as vectors, near one another where they mean the same. Nothing here
//! knows a clinic.
//!
//! As a language model, an [`Embedder`] computes somewhere else: it may be asked on an async worker.

#[cfg(feature = "openai")]
pub mod openai;

use frontdesk_types::Phi;
use futures_util::future::BoxFuture;

/// Vectors of texts, or why there are none.
pub type Embedded = BoxFuture<'static, Result<Vec<Vec<f32>>, EmbedFailure>>;

/// An embedding model, wherever it runs.
pub trait Embedder: Send + Sync {
    /// The vectors of these texts, in their order, all of the same length. It tries nothing twice,
    /// and keeps no time but that of its connection: whoever asks does both.
    fn embed(&self, texts: Vec<Phi<String>>) -> Embedded;
}

/// Why there are no vectors. It quotes nothing of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EmbedFailure {
    /// The server cannot be reached.
    #[error("its server cannot be reached")]
    Unreachable,
    /// The server is out of order or has too much to do; the same may succeed later.
    #[error("its server is overloaded")]
    Overloaded,
    /// The server accepts neither the request nor the key: it never will.
    #[error("its server refuses the request; look at its address, the model's name and the key")]
    Rejected,
    /// The answer is not what it should be.
    #[error(
        "its answer is not that of an embedding model; look at its address and the model's name"
    )]
    Broken,
}
