//! A participant of a real livekit-server, one module per behaviour.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its scene has failed")]

mod audio;
mod codec;
mod data;
mod density;
mod hostile;
mod join;
mod line;
mod line_private;
mod reconnect;
mod streams;
mod support;
mod transfer;
