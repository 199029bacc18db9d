//! The offline models, as they are used: real voices, the real recognizer.

mod embeddings;
mod fakes;
mod hearing;
mod language_model;
mod neural;
mod openai;
mod speaking;
mod support;
mod voice_activity;
mod weights;
#[cfg(feature = "whisper")]
mod whisper;
