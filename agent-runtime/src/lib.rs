//! The Frontdesk runtime: wiring, HTTP, and the embedded default.
//!
//! Everything that decides lives in the crates below; this one reads the configuration, starts the
//! parts in order, connects them, and stops them in reverse. The command line is the program's
//! (`main.rs`, `cli`), and only there are the tools that call a runtime.

mod access_token;
mod announce;
mod clinic_settings;
pub mod clinics;
pub mod config;
mod contexts;
mod counters;
pub mod data_keys;
mod demo_supervisor;
pub mod descriptors;
#[cfg(test)]
mod docs;
mod documents;
pub mod engines;
pub mod free_speech;
mod http;
mod intake;
mod job_metadata;
pub mod jobs;
pub mod join_token;
mod livekit_worker;
pub mod mail;
pub mod own_agent;
pub mod panics;
mod phone;
pub mod profile;
pub mod readiness;
mod recovery;
mod rejoin_proof;
pub mod runtime;
pub mod servers;
pub mod signals;
mod start_error;
pub mod supervision;
pub mod telemetry;
pub mod tls;
mod unanswered;
pub mod weights;
