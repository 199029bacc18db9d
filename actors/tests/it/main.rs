//! The call tree on a real livekit-server and a real PostgreSQL.

mod admission;
mod early_words;
mod faults;
mod leaks;
mod no_udp;
mod nobody_waits;
mod odd_callers;
mod rig;
mod spoken_crashes;
mod text_bench;
mod text_calls;
