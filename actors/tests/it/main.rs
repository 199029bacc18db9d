//! The call tree on a real livekit-server and a real PostgreSQL.

mod admission;
mod faults;
mod leaks;
mod rig;
