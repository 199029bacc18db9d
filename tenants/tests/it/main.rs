//! Behaviour of the booking core on a real PostgreSQL, as `frontdesk_app`.

mod booking;
mod calls;
mod cancellation;
mod crash;
mod documents;
mod migration;
mod patients;
mod property;
mod schedule;
mod tenancy;
mod waitlist;
