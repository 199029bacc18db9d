//! Child processes of the embedded default: PostgreSQL and livekit-server.
//!
//! [`Postgres::start`] and [`LiveKit::start`] each take a data folder, find the installed program,
//! and come back when it answers. Both listen on this machine only. What they leave in the data
//! folder survives restarts: the database, LiveKit's keys and ports, the logs.
//!
//! One runtime at a time uses a data folder (a lock that the kernel drops with the process). A
//! server that a killed runtime left behind is recognized by its process id *and* start time: it
//! is adopted if it runs as this runtime would run it and answers, else it is stopped.
//!
//! The environment is not read, except `PATH` to find programs; the children get an environment
//! of their own, so that a stray `PGDATA` or `LIVEKIT_KEYS` changes nothing.

mod error;
mod folder;
mod listening;
mod livekit;
mod logfile;
mod postgres;
mod process;
mod program;
mod server;
#[cfg(feature = "testing")]
pub mod testing;
mod user;

pub use error::EmbeddedError;
pub use livekit::{LiveKit, LiveKitOptions, Ports};
pub use postgres::{Postgres, PostgresOptions};
pub use server::Server;
