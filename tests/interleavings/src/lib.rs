//! Model checks: the sources of the hand-made concurrent pieces, compiled against a scheduler that
//! tries interleavings, and beside each the mutants that its checks must find.
//!
//! `build.rs` copies the sources here, `subjects.rs` lists them with their mutants, `checks/` says
//! what must hold in every interleaving. Nothing of it is in any other build.

#![cfg(test)]

mod run;
mod sync;
mod tests;

include!(concat!(env!("OUT_DIR"), "/subjects.rs"));
