//! From packets to sound and keys: order, gaps, decoding. No socket and no clock.

use std::time::Instant;

use frontdesk_line::{Gap, GapTracker, Ordered, Reorder};
use frontdesk_types::SAMPLES_PER_FRAME;

use super::conceal::Concealer;
use super::g711::Law;
use super::keys::Keys;
use super::resample::Upsampler;
use super::rtp::{Extender, Packet};

/// Samples of G.711 in a millisecond; its RTP clock counts them.
const SAMPLES_PER_MS: usize = 8;
const CLOCK_HZ: u32 = 8000;

/// Silence for the longest gap that is filled, 100 ms.
static SILENCE: [i16; 800] = [0; 800];

/// What was heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Sound, 16 kHz, in frames of 20 ms.
    pub(crate) frames: Vec<[i16; SAMPLES_PER_FRAME]>,
    pub(crate) keys: Vec<char>,
    /// Sound that was made up, in milliseconds.
    pub(crate) concealed_ms: u32,
}

/// What is in a packet that waits for an earlier one.
struct Waiting {
    payload_type: u8,
    timestamp: u32,
    time: u64,
    payload: Vec<u8>,
}

/// One sender's stream.
struct Stream {
    ssrc: u32,
    extender: Extender,
    reorder: Reorder<Waiting>,
}

/// See the module's documentation.
pub(crate) struct Hearing {
    law: Law,
    /// Payload types that were agreed on, of sound and of keys.
    sound_type: u8,
    key_type: Option<u8>,
    stream: Option<Stream>,
    /// Counts streams: their times are not comparable.
    epoch: u32,
    gaps: GapTracker,
    concealer: Concealer,
    upsampler: Upsampler,
    keys: Keys,
    ordered: Vec<Ordered<Waiting>>,
    decoded: Vec<i16>,
    /// Upsampled, and not yet a frame.
    rest: Vec<i16>,
}

impl Hearing {
    pub(crate) fn new(law: Law, sound_type: u8, key_type: Option<u8>) -> Self {
        Self {
            law,
            sound_type,
            key_type,
            stream: None,
            epoch: 0,
            gaps: GapTracker::new(CLOCK_HZ),
            concealer: Concealer::new(),
            upsampler: Upsampler::new(),
            keys: Keys::default(),
            ordered: Vec::new(),
            decoded: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// What was agreed on has changed.
    pub(crate) fn agree(&mut self, law: Law, sound_type: u8, key_type: Option<u8>) {
        (self.law, self.sound_type, self.key_type) = (law, sound_type, key_type);
    }

    /// Whether the packet is of a kind that was agreed on. The static types of both laws count: some
    /// telephones answer with one and send the other.
    pub(crate) fn expects(&self, packet: &Packet<'_>) -> bool {
        self.law_of(packet.payload_type).is_some() || self.is_key(packet.payload_type)
    }

    fn is_key(&self, payload_type: u8) -> bool {
        self.key_type == Some(payload_type)
    }

    fn law_of(&self, payload_type: u8) -> Option<Law> {
        if self.is_key(payload_type) {
            return None;
        }
        if payload_type == self.sound_type {
            return Some(self.law);
        }
        [Law::Mu, Law::A].into_iter().find(|law| law.payload_type() == payload_type)
    }

    /// Takes a packet.
    pub(crate) fn push(&mut self, now: Instant, packet: &Packet<'_>, heard: &mut Heard) {
        let known = self.stream.as_ref().is_some_and(|stream| stream.ssrc == packet.ssrc);
        if !known && self.is_key(packet.payload_type) {
            // Keys from a source of their own do not end the voice's stream.
            let key = self.keys.hear(packet.ssrc, packet.timestamp, packet.payload);
            heard.keys.extend(key);
            return;
        }
        if !known && self.law_of(packet.payload_type).is_none() {
            return;
        }
        let extended = self
            .stream
            .as_mut()
            .filter(|_| known)
            .and_then(|stream| stream.extender.extend(packet));
        let (seq, time) = match extended {
            Some(extended) => extended,
            None => {
                self.begin(packet, heard);
                let Some(stream) = &mut self.stream else { return };
                let Some(first) = stream.extender.extend(packet) else { return };
                first
            }
        };
        let waiting = Waiting {
            payload_type: packet.payload_type,
            timestamp: packet.timestamp,
            time,
            payload: packet.payload.to_vec(),
        };
        if let Some(stream) = &mut self.stream {
            stream.reorder.push(now, seq, waiting, &mut self.ordered);
        }
        self.hear(heard);
    }

    /// Goes on without packets that were waited for long enough.
    pub(crate) fn release(&mut self, now: Instant, heard: &mut Heard) {
        if let Some(stream) = &mut self.stream {
            stream.reorder.release(now, &mut self.ordered);
            self.hear(heard);
        }
    }

    fn begin(&mut self, packet: &Packet<'_>, heard: &mut Heard) {
        self.hear(heard);
        self.epoch += 1;
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            extender: Extender::new(packet),
            reorder: Reorder::new(),
        });
    }

    fn hear(&mut self, heard: &mut Heard) {
        let mut ordered = std::mem::take(&mut self.ordered);
        for Ordered { packet, .. } in ordered.drain(..) {
            if self.is_key(packet.payload_type) {
                let ssrc = self.stream.as_ref().map_or(0, |stream| stream.ssrc);
                heard.keys.extend(self.keys.hear(ssrc, packet.timestamp, &packet.payload));
            } else if let Some(law) = self.law_of(packet.payload_type) {
                self.decode(law, &packet, heard);
            }
            // Anything else, such as comfort noise, only has its number.
        }
        self.ordered = ordered;
    }

    fn decode(&mut self, law: Law, packet: &Waiting, heard: &mut Heard) {
        let duration_ms = (packet.payload.len() / SAMPLES_PER_MS) as u32;
        if duration_ms == 0 {
            return;
        }
        match self.gaps.judge(self.epoch, packet.time, duration_ms) {
            // In order and yet older: the sender's clock was set back.
            Gap::Stale => {
                self.epoch += 1;
                self.gaps.judge(self.epoch, packet.time, duration_ms);
            }
            Gap::None => {}
            Gap::Conceal(ms) => {
                heard.concealed_ms += ms;
                let made_up = self.concealer.conceal(ms as usize * SAMPLES_PER_MS);
                self.deliver(&made_up, heard);
            }
            Gap::Silence(ms) => {
                self.concealer.reset();
                let samples = (ms as usize * SAMPLES_PER_MS).min(SILENCE.len());
                self.deliver(&SILENCE[..samples], heard);
            }
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        decoded.extend(packet.payload.iter().map(|byte| law.decode(*byte)));
        self.concealer.heard(&mut decoded);
        self.deliver(&decoded, heard);
        self.decoded = decoded;
    }

    fn deliver(&mut self, samples: &[i16], heard: &mut Heard) {
        self.upsampler.push(samples, &mut self.rest);
        let (frames, rest) = self.rest.as_chunks::<SAMPLES_PER_FRAME>();
        heard.frames.extend_from_slice(frames);
        let whole = self.rest.len() - rest.len();
        self.rest.drain(..whole);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sound(ssrc: u32, seq: u16, payload: &[u8]) -> Packet<'_> {
        Packet { payload_type: 0, seq, timestamp: u32::from(seq) * 160, ssrc, payload }
    }

    fn key(ssrc: u32, seq: u16, timestamp: u32) -> Packet<'static> {
        Packet { payload_type: 101, seq, timestamp, ssrc, payload: &[5, 10, 0, 160] }
    }

    fn hearing() -> Hearing {
        Hearing::new(Law::Mu, 0, Some(101))
    }

    #[test]
    fn packets_out_of_order_are_as_much_sound_as_in_order() {
        let (mut hearing, mut heard) = (hearing(), Heard::default());
        for seq in [1, 3, 2, 4] {
            hearing.push(now(), &sound(7, seq, &[0xFF; 160]), &mut heard);
        }
        assert_eq!((heard.frames.len(), heard.concealed_ms), (4, 0));
    }

    #[test]
    fn a_lost_packet_is_made_up_and_any_packet_time_makes_frames_of_20_ms() {
        let (mut hearing, mut heard) = (hearing(), Heard::default());
        hearing.push(now(), &sound(7, 1, &[0x80; 160]), &mut heard);
        hearing.push(now(), &sound(7, 3, &[0x80; 160]), &mut heard);
        hearing.release(now() + Duration::from_secs(1), &mut heard);
        assert_eq!((heard.frames.len(), heard.concealed_ms), (3, 20));
        let (mut hearing, mut heard) = (super::Hearing::new(Law::A, 8, None), Heard::default());
        for (seq, timestamp) in [(1, 0), (2, 240), (3, 480)] {
            let packet = Packet { payload_type: 8, seq, timestamp, ssrc: 1, payload: &[0xD5; 240] };
            hearing.push(now(), &packet, &mut heard);
        }
        assert_eq!((heard.frames.len(), heard.concealed_ms), (4, 0), "90 ms");
    }

    #[test]
    fn keys_are_heard_among_the_sound_and_from_a_source_of_their_own() {
        let (mut hearing, mut heard) = (hearing(), Heard::default());
        hearing.push(now(), &sound(7, 1, &[0xFF; 160]), &mut heard);
        hearing.push(now(), &key(7, 2, 320), &mut heard);
        hearing.push(now(), &key(7, 3, 320), &mut heard);
        hearing.push(now(), &sound(7, 4, &[0xFF; 160]), &mut heard);
        hearing.push(now(), &key(9, 1000, 77), &mut heard);
        hearing.push(now(), &sound(7, 5, &[0xFF; 160]), &mut heard);
        assert_eq!(heard.keys, ['5', '5']);
        assert_eq!(heard.frames.len(), 5, "40 ms of keys count as lost, and are made up");
    }

    #[test]
    fn a_sender_that_begins_anew_is_heard_at_once() {
        let (mut hearing, mut heard) = (hearing(), Heard::default());
        hearing.push(now(), &sound(7, 30_000, &[0xFF; 160]), &mut heard);
        hearing.push(now(), &sound(7, 2, &[0xFF; 160]), &mut heard);
        hearing.push(now(), &sound(8, 60_000, &[0xFF; 160]), &mut heard);
        // The same numbers, and the time set back.
        let set_back = Packet { timestamp: 5, ..sound(8, 60_001, &[0xFF; 160]) };
        hearing.push(now(), &set_back, &mut heard);
        assert!(heard.frames.len() >= 4, "{}", heard.frames.len());
    }

    proptest! {
        #[test]
        fn whatever_comes_makes_no_more_sound_than_it_stands_for(
            packets in prop::collection::vec(
                (0..3_u32, any::<u16>(), any::<u32>(), 0..4_usize, 0..400_usize), 0..60),
        ) {
            let (mut hearing, mut heard) = (hearing(), Heard::default());
            let count = packets.len();
            for (ssrc, seq, timestamp, kind, length) in packets {
                let payload = vec![0x55; length];
                let payload_type = [0, 8, 101, 13][kind];
                let packet = Packet { payload_type, seq, timestamp, ssrc, payload: &payload };
                hearing.push(now(), &packet, &mut heard);
            }
            hearing.release(now() + Duration::from_secs(1), &mut heard);
            prop_assert!(heard.frames.len() <= count * 8);
        }
    }
}
