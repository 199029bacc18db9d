//! The Frontdesk runtime: wiring, command line, HTTP, and the embedded default.
//!
//! Everything that decides lives in the crates below; this one reads the configuration, starts the
//! parts in order, connects them, and stops them in reverse.

pub mod chat;
pub mod cli;
pub mod clinics;
pub mod config;
pub mod counters;
pub mod desk;
pub mod dispatch;
#[cfg(test)]
mod docs;
pub mod engines;
pub mod http;
pub mod load;
pub mod profile;
pub mod replay;
pub mod runtime;
pub mod scenario;
pub mod servers;
pub mod signals;
pub mod telemetry;
pub mod token;
pub mod worker;
