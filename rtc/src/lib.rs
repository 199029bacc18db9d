//! A LiveKit participant and the LiveKit Agents worker protocol in pure Rust.
//!
//! [`Room::connect`] joins a room over livekit-server's signalling and two WebRTC connections (one
//! to publish, one to subscribe) on the sans-IO stack `str0m`; no libwebrtc. It publishes Opus,
//! receives the audio tracks that it asked for, and exchanges data packets, text streams and byte
//! streams. Video is declined. [`codec`] wraps Opus for 16 kHz mono.
//!
//! A session is one tokio task that owns both connections' sockets. It outlives those who use it:
//! events wait in a bounded queue and received packets in bounded rings, so that a restarted
//! consumer takes over ([`Room::events`], [`PacketRing::reader`]). When signalling drops, the
//! session resumes while media goes on; when the server asks for it, or the media path is lost, it
//! rejoins with new connections behind the same handles.
//!
//! Peers are not trusted: what they can make this crate hold is bounded by [`Limits`], and what is
//! beyond is dropped and counted in [`RoomStats`].
#![forbid(unsafe_code)]

pub mod codec;
mod data;
pub mod dispatch;
mod error;
mod event;
pub mod line;
mod local;
mod model;
mod options;
mod ring;
mod room;
mod session;
mod signal_socket;
mod stats;
mod stream;
mod sync;
pub mod token;
pub mod worker;

pub use error::{CodecError, RtcError, StreamError};
pub use event::{DataPacket, RemoteAudio, RoomEvent, RoomEvents};
pub use local::{AudioPublish, LocalAudio, MAX_OPUS_PACKET};
pub use model::{
    DisconnectReason, Participant, ParticipantKind, Simulate, Track, TrackKind, TrackSource,
};
pub use options::{Limits, RetryPolicy, RoomOptions};
pub use ring::{OnReadable, Packet, PacketReader, PacketRing};
pub use room::{MAX_DATA_PAYLOAD, Room, TranscriptionSegment};
pub use stats::RoomStats;
pub use stream::{
    ByteStreamOptions, ByteStreamReader, ByteStreamWriter, CHUNK_BYTES, StreamInfo,
    TextStreamOptions, TextStreamReader, TextStreamWriter,
};

/// `prefix` and twelve random characters, as LiveKit's own ids look.
pub(crate) fn random_id(prefix: &str) -> String {
    use rand::Rng;
    let mut rng = rand::rng();
    let random = (0..12).map(|_| char::from(rng.sample(rand::distr::Alphanumeric)));
    prefix.chars().chain(random).collect()
}
