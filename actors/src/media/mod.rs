//! Media off the async workers: playout and its pacing, synthesis and recognition on threads.
//!
//! What lives here outlives the actors of a call: a restarted Speaker finds the voice still
//! playing, a restarted Transcriber finds its utterance still being recognized.

mod fair;
mod lease;
mod outlet;
mod pacer;
mod recognition;
mod rendered;
mod second;
mod speech;
mod thread_time;
mod threads;
mod utterance;

pub(crate) use outlet::Outlet;
pub use pacer::Pacer;
pub use recognition::{RecognitionPool, RecognitionSettings};
pub use second::SecondPool;
pub(crate) use second::{SecondCounts, SecondHearing};
pub use speech::SpeechPool;
pub(crate) use speech::SpokenClause;
pub(crate) use utterance::{Learned, RecognitionEvent, Utterance};
