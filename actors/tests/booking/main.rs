//! The booking core under contention, on a real PostgreSQL, through every door.

mod house;
mod races;
mod schedule_races;
