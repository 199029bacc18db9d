//! The clinic domain on PostgreSQL: tenancy, booking rules, patients, idempotency, outbox, audit,
//! call records. SQL text lives here and nowhere else; no actors, no HTTP, no models.
//!
//! The database is the last line of defence: every rule of `docs/invariants.md` that says so is a
//! constraint. Reads and small writes run in a [`TenantTx`]; each path to an appointment is one SQL
//! function in one round trip ([`booking`]). The time is an argument everywhere.

pub mod api_keys;
pub mod audit;
#[cfg(feature = "testing")]
pub mod bench;
pub mod booking;
pub mod calls;
pub mod catalogue;
pub mod clinic;
pub mod crypt;
mod db;
pub mod decisions;
pub mod demo;
pub mod directory;
pub mod doctors;
pub mod documents;
pub mod due;
mod error;
pub mod holidays;
pub mod inspection;
pub mod jobs;
pub mod notifications;
pub mod once;
pub mod outbox;
pub mod overview;
pub mod page;
pub mod passwords;
pub mod patient;
pub mod permissions;
pub mod reference;
pub mod ring_check;
pub mod schedule;
mod scope;
pub mod sign_in;
pub mod staff;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tidy;
pub mod waitlist;
pub mod workers;
pub mod zones;

pub use db::{
    Database, Provision, is_private, migrate, migrator, provision, reach, schema_version,
};
pub use error::{Error, Refusal, Result, SetupError};
pub use reference::Reference;
pub use scope::{ApiKeyId, By, Principal, StaffOverride, Tenant, TenantTx};
