//! The booking core under contention, on a real PostgreSQL, through every door.

mod races;
mod rig;
mod schedule_races;
