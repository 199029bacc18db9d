//! What the hand-made concurrent pieces (mail, threads, recognition) are made of, named in one
//! place so that `tests/interleavings` can run them on a scheduler of its own.

pub(crate) use std::thread;

pub(crate) use parking_lot::{Condvar, Mutex};
