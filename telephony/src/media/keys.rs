//! Keys that the caller presses: named events in RTP (RFC 4733, section 2.5).
//!
//! One press is many packets of one RTP time: its beginning, how long it lasts so far, and its end
//! three times. It counts once, when the first of them comes, whichever that is. A press longer than
//! the duration field holds goes on in another event, whose time follows the former's.

/// Longest duration that a packet can tell; the press then goes on in a new segment.
const LONGEST: u16 = u16::MAX;

/// The event that was last heard of.
#[derive(Debug, Clone, Copy)]
struct Press {
    ssrc: u32,
    time: u32,
    event: u8,
    duration: u16,
    ended: bool,
}

/// Counts presses.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    last: Option<Press>,
}

impl Keys {
    /// The key that a packet is the first of, if it is.
    pub(crate) fn hear(&mut self, ssrc: u32, time: u32, payload: &[u8]) -> Option<char> {
        let [event, flags, d0, d1, ..] = *payload else { return None };
        let key = key(event)?;
        let duration = u16::from_be_bytes([d0, d1]);
        let ended = flags & 0x80 != 0;
        let heard = Press { ssrc, time, event, duration, ended };
        let Some(last) = &mut self.last else {
            self.last = Some(heard);
            return Some(key);
        };
        if last.ssrc == ssrc {
            let ahead = time.wrapping_sub(last.time).cast_signed();
            if ahead == 0 && last.event == event {
                last.duration = last.duration.max(duration);
                last.ended |= ended;
                return None;
            }
            if ahead < 0 {
                // A straggler of an earlier press.
                return None;
            }
            let continued = last.event == event
                && !last.ended
                && last.duration == LONGEST
                && ahead == i32::from(LONGEST);
            if continued {
                *last = heard;
                return None;
            }
        }
        *last = heard;
        Some(key)
    }
}

/// The keys among the events (RFC 4733, table 3).
fn key(event: u8) -> Option<char> {
    b"0123456789*#ABCD".get(usize::from(event)).copied().map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(event: u8, end: bool, duration: u16) -> [u8; 4] {
        let [d0, d1] = duration.to_be_bytes();
        [event, if end { 0x80 | 10 } else { 10 }, d0, d1]
    }

    fn press(keys: &mut Keys, ssrc: u32, time: u32, event: u8) -> Vec<char> {
        let going = (1..6).map(|n| packet(event, false, n * 160));
        let ends = (0..3).map(|_| packet(event, true, 960));
        going.chain(ends).filter_map(|payload| keys.hear(ssrc, time, &payload)).collect()
    }

    #[test]
    fn a_press_counts_once_and_the_same_key_again_counts_again() {
        let mut keys = Keys::default();
        let mut heard = Vec::new();
        for (time, event) in [(100, 1), (3000, 1), (6000, 11), (9000, 12)] {
            heard.extend(press(&mut keys, 5, time, event));
        }
        assert_eq!(heard, ['1', '1', '#', 'A']);
    }

    #[test]
    fn the_end_alone_is_enough_and_a_straggler_is_nothing() {
        let mut keys = Keys::default();
        assert_eq!(keys.hear(5, 100, &packet(7, true, 800)), Some('7'));
        assert_eq!(keys.hear(5, 4000, &packet(8, true, 800)), Some('8'));
        assert_eq!(keys.hear(5, 100, &packet(7, true, 800)), None);
        // Another source, such as a gateway that makes its tones itself, has another clock.
        assert_eq!(keys.hear(6, 100, &packet(8, true, 800)), Some('8'));
    }

    #[test]
    fn a_key_held_for_long_is_one_press() {
        let mut keys = Keys::default();
        assert_eq!(keys.hear(5, 100, &packet(3, false, 400)), Some('3'));
        assert_eq!(keys.hear(5, 100, &packet(3, false, LONGEST)), None);
        let next = 100 + u32::from(LONGEST);
        assert_eq!(keys.hear(5, next, &packet(3, false, 160)), None);
        assert_eq!(keys.hear(5, next, &packet(3, true, 320)), None);
        assert_eq!(keys.hear(5, next + 2000, &packet(3, false, 160)), Some('3'));
    }

    #[test]
    fn what_is_no_key_is_no_press() {
        let mut keys = Keys::default();
        for payload in [&[16, 10, 0, 80][..], &[255, 10, 0, 80], &[1, 10, 0], &[]] {
            assert_eq!(keys.hear(5, 100, payload), None);
        }
    }
}
