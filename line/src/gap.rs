//! Gaps in received audio: what to put where packets are missing.
//!
//! RTP time tells how much audio lies between two packets. A short gap is loss and is concealed by
//! the decoder; a long one is a mute or discontinuous transmission, and a little silence stands for
//! it, since the listener's clock (not its sample count) measures pauses.

/// Loss up to this long is concealed, in milliseconds: beyond it any concealment has faded out.
const CONCEAL_LIMIT_MS: u32 = 100;

/// Silence that stands for any longer gap, in milliseconds: enough for a voice detector to fall.
const SILENCE_MS: u32 = 100;

/// What to do before decoding a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The packet follows the one before: decode it.
    None,
    /// Let the decoder conceal this many milliseconds, then decode the packet.
    Conceal(u32),
    /// Insert this many milliseconds of silence, then decode the packet.
    Silence(u32),
    /// The packet is older than what was already decoded, or a duplicate: drop it.
    Stale,
}

/// Tracks RTP time from packet to packet.
#[derive(Debug, Clone)]
pub struct GapTracker {
    ticks_per_ms: u64,
    epoch: u32,
    next_rtp_time: Option<u64>,
}

impl GapTracker {
    /// A tracker that has seen nothing of a stream whose RTP clock runs at `clock_hz`, a multiple of
    /// 1000: 48,000 for Opus whatever it is decoded at (RFC 7587, section 4.1), 8,000 for G.711.
    #[must_use]
    pub const fn new(clock_hz: u32) -> Self {
        Self { ticks_per_ms: clock_hz as u64 / 1000, epoch: 0, next_rtp_time: None }
    }

    /// Judges a packet that starts at `rtp_time` (ticks of the RTP clock, extended to 64 bit) and lasts `duration_ms`. Times are comparable within one `epoch` of the stream only.
    pub fn judge(&mut self, epoch: u32, rtp_time: u64, duration_ms: u32) -> Gap {
        let ticks_per_ms = self.ticks_per_ms;
        let gap = match self.next_rtp_time {
            None => Gap::None,
            Some(_) if epoch != self.epoch => Gap::Silence(SILENCE_MS),
            Some(expected) => match rtp_time.checked_sub(expected) {
                None => return Gap::Stale,
                Some(ahead) => match u32::try_from(ahead / ticks_per_ms).unwrap_or(u32::MAX) {
                    0 => Gap::None,
                    ms if ms <= CONCEAL_LIMIT_MS => Gap::Conceal(ms),
                    _ => Gap::Silence(SILENCE_MS),
                },
            },
        };
        self.epoch = epoch;
        self.next_rtp_time = Some(rtp_time + u64::from(duration_ms) * ticks_per_ms);
        gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_packets_leave_no_gap() {
        let mut tracker = GapTracker::new(48_000);
        for n in 0..10 {
            assert_eq!(tracker.judge(0, 7 + n * 960, 20), Gap::None);
        }
    }

    #[test]
    fn one_lost_packet_is_concealed_and_a_mute_becomes_a_little_silence() {
        let mut tracker = GapTracker::new(48_000);
        tracker.judge(0, 0, 20);
        assert_eq!(tracker.judge(0, 1920, 20), Gap::Conceal(20));
        assert_eq!(tracker.judge(0, 48_000 * 60, 20), Gap::Silence(SILENCE_MS));
    }

    #[test]
    fn a_late_or_doubled_packet_is_dropped_and_a_new_stream_is_not() {
        let mut tracker = GapTracker::new(48_000);
        tracker.judge(0, 48_000 * 60, 20);
        assert_eq!(tracker.judge(0, 48_000 * 60, 20), Gap::Stale);
        assert_eq!(tracker.judge(0, 48_000 * 59, 20), Gap::Stale);
        assert_eq!(tracker.judge(1, 0, 20), Gap::Silence(SILENCE_MS));
        assert_eq!(tracker.judge(1, 960, 20), Gap::None);
    }
}
