//! RTP packets (RFC 3550, section 5.1).

const VERSION: u8 = 2;
/// Bytes of a header without contributing sources or an extension.
pub(crate) const HEADER: usize = 12;

/// A jump in sequence numbers that is loss or disorder at most (RFC 3550, appendix A.1); beyond it
/// the sender has begun anew.
const MAX_DROPOUT: i16 = 3000;
const MAX_MISORDER: i16 = -100;

/// A packet as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) payload_type: u8,
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram; `None` if it is not RTP.
    pub(crate) fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (header, mut rest) = datagram.split_first_chunk::<HEADER>()?;
        let [flags, payload_type, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *header;
        if flags >> 6 != VERSION {
            return None;
        }
        rest = rest.get(usize::from(flags & 0x0F) * 4..)?;
        if flags & 0x10 != 0 {
            let (extension, after) = rest.split_first_chunk::<4>()?;
            let words = u16::from_be_bytes([extension[2], extension[3]]);
            rest = after.get(usize::from(words) * 4..)?;
        }
        if flags & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding.max(1))?)?;
        }
        Some(Self {
            payload_type: payload_type & 0x7F,
            seq: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
            payload: rest,
        })
    }

    /// Writes the packet behind what is in `out`. `marker`: a talkspurt begins.
    pub(crate) fn write(&self, marker: bool, out: &mut Vec<u8>) {
        out.push(VERSION << 6);
        out.push(self.payload_type | if marker { 0x80 } else { 0 });
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

/// Sequence numbers and times of one stream without their turn-over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extender {
    seq: u64,
    time: u64,
}

impl Extender {
    /// Of a stream that begins with this packet. In the middle of the numbers, so that what was sent
    /// before it has one too.
    pub(crate) fn new(packet: &Packet<'_>) -> Self {
        let middle = 1_u64 << 40;
        Self { seq: middle + u64::from(packet.seq), time: middle + u64::from(packet.timestamp) }
    }

    /// Number and time of a packet; `None` if the sender has begun anew.
    pub(crate) fn extend(&mut self, packet: &Packet<'_>) -> Option<(u64, u64)> {
        let ahead = packet.seq.wrapping_sub(self.seq as u16).cast_signed();
        if !(MAX_MISORDER..=MAX_DROPOUT).contains(&ahead) {
            return None;
        }
        let seq = self.seq.checked_add_signed(i64::from(ahead))?;
        let ahead = packet.timestamp.wrapping_sub(self.time as u32).cast_signed();
        let time = self.time.checked_add_signed(i64::from(ahead))?;
        if seq > self.seq {
            (self.seq, self.time) = (seq, time);
        }
        Some((seq, time))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Packet<'static> =
        Packet { payload_type: 0, seq: 7, timestamp: 160, ssrc: 9, payload: b"sound" };

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        PLAIN.write(true, &mut bytes);
        assert_eq!(bytes[1], 0x80);
        assert_eq!(Packet::parse(&bytes), Some(PLAIN));
    }

    #[test]
    fn sources_extension_and_padding_are_not_sound() {
        let mut bytes = Vec::new();
        PLAIN.write(false, &mut bytes);
        bytes[0] |= 0x20 | 0x10 | 1;
        let mut between = vec![1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 9, 9, 9, 9];
        between.extend_from_slice(&bytes.split_off(HEADER));
        bytes.extend_from_slice(&between);
        bytes.extend_from_slice(&[0, 0, 3]);
        assert_eq!(Packet::parse(&bytes), Some(PLAIN));
    }

    #[test]
    fn numbers_go_on_over_their_turn_over_and_a_new_beginning_is_noticed() {
        let at = |seq, timestamp| Packet { seq, timestamp, ..PLAIN };
        let mut extender = Extender::new(&at(65_535, u32::MAX - 159));
        let first = extender.extend(&at(65_535, u32::MAX - 159)).expect("the same stream");
        assert_eq!(extender.extend(&at(1, 160)), Some((first.0 + 2, first.1 + 320)));
        assert_eq!(extender.extend(&at(0, 0)), Some((first.0 + 1, first.1 + 160)));
        assert_eq!(extender.extend(&at(30_000, 0)), None);
    }

    proptest! {
        #[test]
        fn no_datagram_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER <= bytes.len());
            }
        }
    }
}
