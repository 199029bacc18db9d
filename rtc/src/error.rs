//! What can go wrong for the holder of a room.

use crate::DisconnectReason;

/// An operation on a room failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RtcError {
    /// The server's address is not usable.
    #[error("the LiveKit url is not valid ({reason}): use ws://host:port or wss://host")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused the token, or the token is not one.
    #[error("the LiveKit server refused the token ({status}): check the API key, secret and room")]
    Unauthorized {
        /// What the server answered.
        status: String,
    },
    /// The server cannot be reached, or did not answer in time.
    #[error("cannot reach the LiveKit server: {reason}")]
    Unreachable {
        /// What was seen.
        reason: String,
    },
    /// No socket for media could be opened.
    #[error("cannot open a UDP socket for media: {reason}")]
    Socket {
        /// What the operating system said.
        reason: String,
    },
    /// The session has ended; nothing more can be done with it.
    #[error("the session has ended ({0:?}): join the room again")]
    Closed(DisconnectReason),
    /// The server (or the media path) did not confirm in time.
    #[error("{what} was not confirmed within {seconds} s")]
    Timeout {
        /// What was waited for.
        what: &'static str,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The server refused a request of this participant.
    #[error("the LiveKit server refused {what}: {reason}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The server's reason.
        reason: String,
    },
    /// No such remote track is published in the room.
    #[error("no published track {sid} in this room")]
    NoSuchTrack {
        /// The track's sid.
        sid: String,
    },
    /// The track is video, which this participant never receives.
    #[error("track {sid} is not audio: only audio can be subscribed")]
    NotAudio {
        /// The track's sid.
        sid: String,
    },
    /// A limit of [`crate::Limits`] would be passed.
    #[error("too many {what}: at most {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A payload is larger than one packet may be.
    #[error("the payload has {size} bytes, at most {limit} fit: send it as a byte stream")]
    TooLarge {
        /// Bytes in the payload.
        size: usize,
        /// The most that fit.
        limit: usize,
    },
}

/// A received stream did not arrive whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The sender left, or the session ended, before the trailer.
    #[error("the stream's sender left before its end")]
    SenderGone,
    /// No chunk came for [`crate::Limits::stream_idle`].
    #[error("the stream stalled")]
    Stalled,
    /// More bytes than a limit, or than the header announced.
    #[error("the stream is too large")]
    TooLarge,
    /// Chunks are missing or fewer bytes came than announced.
    #[error("the stream is incomplete")]
    Incomplete,
    /// The sender ended the stream with a reason ("error", "interrupted").
    #[error("the stream was aborted by its sender")]
    Aborted,
}

/// A packet that is not Opus, or a setting that libopus does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The packet is empty, longer than an Opus packet can be, or its framing is broken.
    #[error("not an Opus packet of at most 120 ms")]
    InvalidPacket,
    /// The frame to encode has not the length of 20 ms.
    #[error("a frame to encode needs {expected} samples, got {got}")]
    FrameLength {
        /// Samples in 20 ms.
        expected: usize,
        /// Samples given.
        got: usize,
    },
    /// libopus refused a setting or failed inside.
    #[error("libopus failed: {0}")]
    Opus(&'static str),
}
