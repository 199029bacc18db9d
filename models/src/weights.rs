//! Files of weights: whether one is what it should be, before any engine reads it, and the same
//! weights in another format.
//!
//! whisper.cpp trusts what it loads: a file that is cut off or of another kind can end the process.
//! So [`ggml::inspect`] reads the whole structure of a file first, and a hash is compared by who
//! knows it.

pub mod convert;
pub mod ctranslate2;
mod filters;
mod float16;
pub mod ggml;
pub mod voice;

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not of the format, cut off, or of another model.
    #[error("{path} holds no weights that can be used: {what}; fetch it again")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

impl WeightsError {
    pub(crate) fn malformed(path: &std::path::Path, what: impl Into<String>) -> Self {
        Self::Malformed { path: path.display().to_string(), what: what.into() }
    }

    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }
}
