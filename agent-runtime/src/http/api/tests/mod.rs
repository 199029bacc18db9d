//! The API over a socket, on a database of its own, with the clock of the seeded clinics.

mod access;
mod answers;
mod anything;
mod booking;
mod document;
mod people;
mod races;
mod rig;
mod schema;
