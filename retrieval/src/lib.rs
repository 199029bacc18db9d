//! What is found by meaning, and what of it: nothing is stored, searched or deleted without the
//! [`Scope`] that it belongs to, one clinic's documents or one patient's record there.
//!
//! - [`files`]: the text of a document's file, and its passages.
//! - [`index`]: the trait [`VectorIndex`](index::VectorIndex); exact search in this process, and
//!   Qdrant behind the same trait (feature `qdrant`).
//! - [`meaning`]: an embedding model and its indexes, as whoever answers a question uses them.
//! - [`fuse`]: what is found by words and by meaning as one list.
//!
//! Texts stay with whoever owns them: an index holds ids and vectors alone.

pub mod files;
mod fuse;
pub mod index;
pub mod meaning;
mod scope;

pub use fuse::fuse;
pub use scope::Scope;
