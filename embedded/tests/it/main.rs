//! The embedded servers, with the real programs. The expected state of the machine after each
//! test: no process of it is left.

mod livekit;
mod postgres;
mod shared;
mod support;
