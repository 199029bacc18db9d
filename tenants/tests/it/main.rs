//! Behaviour of the booking core on a real PostgreSQL, as `frontdesk_app`.

mod audit;
mod beside_the_calls;
mod booking;
mod calls;
mod cancellation;
mod constraints;
mod crash;
mod crash_paths;
mod doctors;
mod documents;
mod double_visits;
mod facts_version;
mod lost_workers;
mod merge;
mod migration;
mod patients;
mod property;
mod registered_once;
mod schedule;
mod sign_in;
mod staff;
mod tenancy;
mod waitlist;
mod world;
