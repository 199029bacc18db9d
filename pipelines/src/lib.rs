//! The pure logic of a call: state machines that are fed input and time, and return outputs.
//!
//! Nothing here spawns, sleeps, reads a clock or opens a socket, so a whole conversation runs in a
//! test in milliseconds. Actors own time, tasks and sockets; they feed these machines and act on
//! what comes out.

pub mod dialogue;
pub mod floor;
pub mod language;
pub mod lead;
pub mod offers;
pub mod playout;
mod region;
pub mod speak;
pub mod turn;
pub mod wish;
