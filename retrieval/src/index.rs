//! Vector indexes: which passages are near a question.

mod exact;
#[cfg(feature = "qdrant")]
pub mod qdrant;

use futures_util::future::BoxFuture;
use uuid::Uuid;

pub use exact::ExactIndex;

use crate::Scope;

/// A passage as an index holds it: without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectored {
    /// Id of the passage, of its owner.
    pub id: Uuid,
    /// What the embedding model made of its text.
    pub vector: Vec<f32>,
}

/// A passage that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Its id.
    pub id: Uuid,
    /// Cosine of the angle between question and passage, -1 to 1.
    pub similarity: f32,
}

/// What is deleted of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delete {
    /// Everything.
    All,
    /// These passages; others are not there.
    Only(Vec<Uuid>),
    /// All passages but these.
    AllBut(Vec<Uuid>),
}

/// What is wrong with an index: whoever asked goes on without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the vector index: {0}")]
pub struct IndexError(pub String);

/// What an index gives back.
pub type IndexFuture<'a, T> = BoxFuture<'a, Result<T, IndexError>>;

/// Vectors of passages, each in one [`Scope`]. The scope is part of every query: an implementation
/// gives it to the search itself and does not sort out afterwards.
///
/// ```compile_fail
/// # use frontdesk_retrieval::index::VectorIndex;
/// # fn without_a_scope(index: &dyn VectorIndex) {
/// let everything = index.search(vec![1.0], 3);
/// # }
/// ```
///
/// ```
/// # use frontdesk_retrieval::{Scope, index::VectorIndex};
/// # fn with_a_scope(index: &dyn VectorIndex, clinic: frontdesk_types::ClinicId) {
/// let near = index.search(Scope::documents(clinic), vec![1.0], 3);
/// # }
/// ```
pub trait VectorIndex: Send + Sync {
    /// Stores passages; one whose id is there in the scope already is replaced.
    fn upsert(&self, scope: Scope, passages: Vec<Vectored>) -> IndexFuture<'_, ()>;

    /// The passages of the scope that are nearest to `question`, best first, at most `limit`.
    /// Passages of another length of vector are not found.
    fn search(&self, scope: Scope, question: Vec<f32>, limit: usize) -> IndexFuture<'_, Vec<Near>>;

    /// Deletes passages of the scope; what is not there is no error.
    fn delete(&self, scope: Scope, what: Delete) -> IndexFuture<'_, ()>;
}
