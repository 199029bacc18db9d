//! Provider traits for speech, voice activity, language models and embeddings, and their implementations.
//!
//! One module per kind of model: the trait, its error, then adapters. A call to any of these may
//! compute for milliseconds to seconds: never call one on an async worker, give it a thread.
//!
//! | trait | offline default | for tests and the bench profile |
//! |---|---|---|
//! | [`tts::TextToSpeech`] | [`tts::flite::Flite`] | [`fake::ToneTts`] |
//! | [`stt::SpeechToText`] | [`stt::pocketsphinx::PocketSphinx`] | [`fake::FixedStt`] |
//! | [`vad::VoiceActivity`] | [`vad::earshot::Earshot`] | [`fake::EnergyVad`] |
//!
//! The offline engines are Debian's shared libraries: `flite1-dev`, `libpocketsphinx-dev` and
//! `pocketsphinx-en-us` must be installed to build and to run.

pub mod embed;
pub mod fake;
mod fft;
pub mod llm;
#[cfg(feature = "openai")]
pub mod openai;
pub mod stt;
pub mod telephone;
pub mod tts;
pub mod vad;
pub mod weights;
