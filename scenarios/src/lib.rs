//! Scenarios: calls that are placed by rule and judged by what is in the database afterwards.
//!
//! The runner is a patient, not a part of the agent: a process of its own that joins the room with
//! a token like any front end, types or speaks, reads the transcript that every front end gets, and
//! looks into the database when the call is over. It shares no state with the agent.
//!
//! Five commands are made of it: [`call`] places scenarios, [`chat`] is a call that a person types,
//! [`load`] places many calls at once, [`soak`] breaks what they need, [`replay`] explains turn taking. The program that has them
//! says what it knows of the runtime as a [`Deployment`]; nothing here reads its configuration.
//!
//! `cli` is the command `call`: `host` finds or starts the runtime, `world` makes the clinic's copy
//! and reads the database, [`mod@line`] is the room, `speech` the patient's voice and hearing,
//! [`place`] holds one call and `course` notes what happens in it. The rest has no IO:
//! [`mod@format`] is the file, `patient` the rules as a state machine without IO, `offered` finds
//! the slot that an agent's sentence offers, [`judge`] compares what was expected with what came,
//! [`report`] is what is printed of a call, `suite` of several. `docs/scenarios.md`
//! is for those who write scenarios.

pub mod chat;
mod cli;
mod course;
mod decided;
pub mod deployment;
pub mod format;
mod heard;
mod host;
pub mod judge;
pub mod line;
pub mod load;
mod offered;
pub mod outcome;
mod patient;
pub mod place;
pub mod replay;
pub mod report;
pub mod soak;
mod speech;
mod suite;
mod world;

pub use cli::{CallArgs, call};
pub use deployment::Deployment;
pub use outcome::{Exit, Failure, Output};

#[cfg(test)]
mod library_tests;
