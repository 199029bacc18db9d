//! Slot actors: one per slot that somebody asks for, so that reservations of a slot queue here and
//! not at its row in the database.
//!
//! ```text
//! SlotRegistry            finds or spawns, bounds, passivates idle ones
//! └─ SlotActor            one slot: one request at a time; remembers for 250 ms what it knows
//! ```
//!
//! An actor may *refuse* from memory, only within 250 ms of its own write or read. It never
//! *accepts* from memory: an acceptance is always the database's. So two registries on one database
//! (two nodes) are as safe as one, and an actor that is killed loses nothing: the request is sent
//! again with the same idempotency key and gets the first answer.

mod error;
mod memory;
mod registry;
mod request;
mod slot;
#[cfg(test)]
mod tests;

pub use error::SlotError;
pub use registry::{SlotCounters, SlotRegistry, SlotSettings};
