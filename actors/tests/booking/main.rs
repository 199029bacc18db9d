//! The booking core under contention, on a real PostgreSQL, by every way in.

mod races;
mod rig;
mod schedule_races;
