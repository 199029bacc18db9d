//! The Frontdesk runtime: wiring, HTTP, and the embedded default.
//!
//! Everything that decides lives in the crates below; this one reads the configuration, starts the
//! parts in order, connects them, and stops them in reverse. The command line is the program's
//! (`main.rs`, `cli`), and only there are the tools that call a runtime.

pub mod access_token;
pub mod announce;
mod clinic_settings;
pub mod clinics;
pub mod config;
mod contexts;
pub mod counters;
pub mod data_keys;
pub mod demo_supervisor;
#[cfg(test)]
mod docs;
pub mod documents;
pub mod engines;
pub mod http;
pub mod intake;
pub mod job_metadata;
pub mod jobs;
pub mod join_token;
pub mod livekit_worker;
pub mod mail;
pub mod own_agent;
pub mod phone;
pub mod profile;
pub mod runtime;
pub mod servers;
pub mod signals;
pub mod supervision;
pub mod telemetry;
pub mod tls;
