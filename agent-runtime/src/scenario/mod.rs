//! Scenarios: calls that are placed by rule and judged by what is in the database afterwards.
//!
//! The runner is a patient, not a part of the agent: a process of its own that joins the room with
//! a token like any front end, types or speaks, reads the transcript that every front end gets, and
//! looks into the database when the call is over. It shares no state with the agent.
//!
//! `cli` is the command: [`host`] finds or starts the runtime, [`world`] makes the clinic's copy
//! and reads the database, [`mod@line`] is the room, [`speech`] the patient's voice and ears,
//! [`place`] holds one call and `course` notes what happens in it. The rest has no IO:
//! [`mod@format`] is the file, [`patient`] the rules as a state machine without IO, [`offered`] finds
//! the slot that an agent's sentence offers, [`judge`] compares what was expected with what came,
//! [`report`] is what is printed of a call, [`suite`] of several. `docs/scenarios.md` is for those who write scenarios.

mod cli;
mod course;
pub mod decided;
pub mod format;
pub mod host;
pub mod judge;
pub mod line;
pub mod offered;
pub mod patient;
pub mod place;
pub mod report;
pub mod speech;
pub mod suite;
pub mod world;

pub use cli::{CallArgs, call};

#[cfg(test)]
mod library_tests;
