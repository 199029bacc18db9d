//! From the agent's sound to packets: 20 ms each, all the time, silence where nobody speaks. A
//! telephone network takes a line without packets for a broken one. No socket and no clock.

use std::time::{Duration, Instant};

use frontdesk_types::SAMPLES_PER_FRAME;
use rand::Rng as _;

use super::g711::Law;
use super::resample::Downsampler;
use super::rtp::Packet;

const FRAME: Duration = Duration::from_millis(20);
/// Ticks of the RTP clock in a frame; samples of G.711 as well.
const TICKS: u32 = 160;

/// Silence steps in when nothing was played for as long: half a frame late, so that it does not get
/// between two frames of speech.
const LATE: Duration = Duration::from_millis(30);

/// See the module's documentation.
pub(crate) struct Speaking {
    law: Law,
    sound_type: u8,
    ssrc: u32,
    seq: u16,
    first_time: u32,
    began: Instant,
    /// The frame's place since `began`, in units of 20 ms, that was last sent.
    place: u64,
    last: Option<Instant>,
    talking: bool,
    downsampler: Downsampler,
    samples: Vec<i16>,
    payload: Vec<u8>,
}

impl Speaking {
    pub(crate) fn new(law: Law, sound_type: u8, began: Instant) -> Self {
        let mut random = rand::rng();
        Self {
            law,
            sound_type,
            ssrc: random.random(),
            seq: random.random(),
            first_time: random.random(),
            began,
            place: 0,
            last: None,
            talking: false,
            downsampler: Downsampler::new(),
            samples: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// What was agreed on has changed.
    pub(crate) const fn agree(&mut self, law: Law, sound_type: u8) {
        (self.law, self.sound_type) = (law, sound_type);
    }

    /// The packet of a frame of speech, written into `out`.
    pub(crate) fn speak(
        &mut self,
        now: Instant,
        frame: &[i16; SAMPLES_PER_FRAME],
        out: &mut Vec<u8>,
    ) {
        let begins = !std::mem::replace(&mut self.talking, true);
        self.write(now, frame, begins, out);
    }

    /// The packet of a frame of silence, if one is due; whether it is.
    pub(crate) fn pass(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let last = self.last;
        // Once silent, in step with whoever asks every 20 ms.
        let due = if self.talking { LATE } else { FRAME / 2 };
        if last.is_some_and(|last| now.saturating_duration_since(last) < due) {
            return false;
        }
        self.talking = false;
        self.write(now, &[0; SAMPLES_PER_FRAME], false, out);
        true
    }

    fn write(
        &mut self,
        now: Instant,
        frame: &[i16; SAMPLES_PER_FRAME],
        begins: bool,
        out: &mut Vec<u8>,
    ) {
        // Within speech one frame follows the other whatever the thread's delay; between speech and
        // silence, and after a stall, the packet's time is the real one again.
        let elapsed = now.saturating_duration_since(self.began) + FRAME / 2;
        let real = (elapsed.as_millis() / FRAME.as_millis()) as u64;
        let next = self.place + 1;
        self.place =
            if self.talking && !begins && real.abs_diff(next) <= 2 { next } else { real.max(next) };
        self.last = Some(now);
        self.seq = self.seq.wrapping_add(1);
        self.samples.clear();
        self.downsampler.push(frame, &mut self.samples);
        self.payload.clear();
        self.payload.extend(self.samples.iter().map(|sample| self.law.encode(*sample)));
        let packet = Packet {
            payload_type: self.sound_type,
            seq: self.seq,
            timestamp: self.first_time.wrapping_add((self.place as u32).wrapping_mul(TICKS)),
            ssrc: self.ssrc,
            payload: &self.payload,
        };
        out.clear();
        packet.write(begins, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn times(packets: &[Vec<u8>]) -> Vec<u32> {
        let time = |bytes: &Vec<u8>| Packet::parse(bytes).expect("RTP").timestamp;
        packets.iter().map(|bytes| time(bytes).wrapping_sub(time(&packets[0])) / TICKS).collect()
    }

    #[test]
    fn speech_and_silence_are_one_stream_without_holes() {
        let began = start();
        let at = |ms| began + Duration::from_millis(ms);
        let mut speaking = Speaking::new(Law::Mu, 0, began);
        let (mut all, mut out) = (Vec::new(), Vec::new());
        for ms in (0..100).step_by(20) {
            assert!(speaking.pass(at(ms), &mut out));
            all.push(out.clone());
        }
        // Speech comes in between, in a rhythm of its own and with some delay.
        for (n, delay) in [0, 3, 9, 0, 1].into_iter().enumerate() {
            speaking.speak(at(107 + n as u64 * 20 + delay), &[900; SAMPLES_PER_FRAME], &mut out);
            all.push(out.clone());
            assert!(!speaking.pass(at(117 + n as u64 * 20), &mut out), "speech goes on");
        }
        assert!(speaking.pass(at(220), &mut out));
        all.push(out.clone());
        assert_eq!(times(&all), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let begins = all.iter().filter(|bytes| bytes[1] & 0x80 != 0).count();
        assert_eq!(begins, 1);
        assert!(all[0][12..].iter().all(|byte| *byte == 0xFF), "silence");
        let seq = |bytes: &Vec<u8>| Packet::parse(bytes).expect("RTP").seq;
        assert!(all.windows(2).all(|two| seq(&two[1]) == seq(&two[0]).wrapping_add(1)));
    }
}
