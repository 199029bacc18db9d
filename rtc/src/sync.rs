//! What the packet ring is made of, named in one place so that `tests/interleavings` can run it on
//! a scheduler of its own.

pub(crate) use std::sync::atomic;

pub(crate) use parking_lot::Mutex;
pub(crate) use tokio::sync::Notify;
