//! The call tree, slot actors, supervision and admission.
//!
//! Actors own time, tasks and mailboxes; what they decide is decided by the pure machines of
//! `frontdesk-pipelines`. [`Switchboard`] is the root: it admits calls and keeps their trees alive.

pub mod booking;
mod call;
#[cfg(feature = "fault-injection")]
pub mod faults;
#[cfg(not(feature = "fault-injection"))]
mod faults;
pub mod jobs;
mod lease;
mod mail;
mod media;
#[cfg(feature = "simulation")]
pub mod simulation;
mod stage;
mod switchboard;
mod sync;
mod tools;
pub mod watch;
mod writes;

pub use call::{
    CallEnd, CallRequest, CallSettings, DialogueFactory, Moved, Records, Services, SupervisionError,
};
pub use frontdesk_pipelines::floor::{FloorError, PATIENCE as SUPERVISOR_PATIENCE, Supervisor};
pub use lease::{Lease, LeaseKeeper};
pub use media::{Pacer, RecognitionPool, RecognitionSettings, SecondPool, SpeechPool};
pub use switchboard::{Counters, NoPlace, Refused, Reservation, Switchboard, Waiting};
pub use tools::{ClinicTools, Tool, ToolCx, ToolFailure, ToolFuture, Tools};
pub use writes::Writes;
