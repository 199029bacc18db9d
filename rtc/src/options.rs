//! How to join a room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, SystemClock};
use rand::Rng;

/// How to join a room. Build with [`RoomOptions::new`] and change what differs.
#[derive(Clone)]
pub struct RoomOptions {
    /// The server: `ws://`, `wss://`, `http://` or `https://`.
    pub url: String,
    /// The join token. The server refreshes it while the session lasts.
    pub token: String,
    /// When to try again after the signalling connection or the session is lost.
    pub retry: RetryPolicy,
    /// What peers may make this participant hold.
    pub limits: Limits,
    /// Subscribe every audio track as it appears, up to [`Limits::subscriptions`]; off by default,
    /// then [`crate::Room::subscribe`] chooses by sid. Video is never subscribed.
    pub subscribe_audio: bool,
    /// The runtime that the session's task and sockets live on; the current one if `None`.
    pub runtime: Option<tokio::runtime::Handle>,
    /// Time stamps of outgoing streams.
    pub clock: Arc<dyn Clock>,
    /// How long connecting the media path may take before the session is made anew.
    pub media_timeout: Duration,
}

impl RoomOptions {
    /// Joins `url` with `token`; everything else as documented on the fields.
    #[must_use]
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: token.into(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            subscribe_audio: false,
            runtime: None,
            clock: Arc::new(SystemClock::new()),
            media_timeout: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for RoomOptions {
    // The token is a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomOptions")
            .field("url", &self.url)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .field("subscribe_audio", &self.subscribe_audio)
            .field("media_timeout", &self.media_timeout)
            .finish_non_exhaustive()
    }
}

/// Waits between attempts to reconnect: exponential with a cap and jitter. The default is what
/// LiveKit's own SDKs do: 10 attempts, 300 ms doubling up to 7 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Attempts before giving up.
    pub attempts: u32,
    /// Wait before the second attempt; the first is made at once.
    pub base: Duration,
    /// The wait's growth from one attempt to the next.
    pub factor: f64,
    /// The longest wait.
    pub cap: Duration,
    /// Share of the wait that is random, 0 to 1, so that many sessions do not come back at once.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 10,
            base: Duration::from_millis(300),
            factor: 2.0,
            cap: Duration::from_secs(7),
            jitter: 0.3,
        }
    }
}

impl RetryPolicy {
    /// The wait before attempt `attempt` (0 is the first); `random` is uniform in 0..1.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let Some(step) = attempt.checked_sub(1) else { return Duration::ZERO };
        let full = self.base.as_secs_f64() * self.factor.powi(i32::try_from(step).unwrap_or(64));
        let capped = full.min(self.cap.as_secs_f64());
        let jitter = self.jitter.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(capped * (1.0 - jitter * random.clamp(0.0, 1.0)))
            .unwrap_or(self.cap)
    }

    pub(crate) fn jittered(&self, attempt: u32) -> Duration {
        self.delay(attempt, rand::rng().random::<f64>())
    }
}

/// What peers may make this participant hold: everything beyond is dropped and counted in
/// [`crate::RoomStats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Audio tracks subscribed at once.
    pub subscriptions: usize,
    /// Packets kept in each remote track's ring (20 ms each).
    pub ring_packets: usize,
    /// Events waiting for the holder of [`crate::RoomEvents`].
    pub events: usize,
    /// Bytes in one received data packet's payload.
    pub data_packet: usize,
    /// Received streams open at once, per sender.
    pub streams_per_sender: usize,
    /// Received streams open at once, in the room.
    pub streams: usize,
    /// Bytes in one received text stream.
    pub text_stream: usize,
    /// Bytes in one received byte stream.
    pub byte_stream: usize,
    /// Bytes of all received streams that nobody has read yet.
    pub stream_buffer: usize,
    /// A received stream without a chunk for so long is given up.
    pub stream_idle: Duration,
    /// Bytes of data waiting to be sent before senders have to wait.
    pub send_buffer: usize,
    /// Remote participants remembered.
    pub participants: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: 8,
            ring_packets: 500,
            events: 512,
            data_packet: 64 * 1024,
            streams_per_sender: 16,
            streams: 64,
            text_stream: 256 * 1024,
            byte_stream: 4 * 1024 * 1024,
            stream_buffer: 8 * 1024 * 1024,
            stream_idle: Duration::from_secs(60),
            send_buffer: 256 * 1024,
            participants: 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_attempt_is_immediate_and_waits_double_up_to_the_cap() {
        let policy = RetryPolicy { jitter: 0.0, ..RetryPolicy::default() };
        let waits: Vec<u128> = (0..8).map(|n| policy.delay(n, 0.5).as_millis()).collect();
        assert_eq!(waits, [0, 300, 600, 1200, 2400, 4800, 7000, 7000]);
    }

    #[test]
    fn jitter_shortens_a_wait_by_at_most_its_share() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, 0.0).as_millis(), 300);
        assert_eq!(policy.delay(1, 1.0).as_millis(), 210);
    }
}
