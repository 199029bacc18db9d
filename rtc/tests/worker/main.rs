//! The worker protocol against a real livekit-server; where a server has to misbehave, against a
//! scripted one.

mod connection;
mod draining;
mod jobs;
mod offers;
mod scripted;
mod support;
