//! Both sides of the call on one time line: patient left, agent right.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use frontdesk_rtc::Packet;
use frontdesk_rtc::codec::{OpusDecoder, TICKS_PER_SAMPLE};
use frontdesk_types::SAMPLE_RATE_HZ;
use tokio::time::Instant;

/// Who is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Left.
    Patient,
    /// Right.
    Agent,
}

/// A recording that several tasks write to.
#[derive(Clone)]
pub struct Recording {
    started: Instant,
    sides: Arc<Mutex<[Vec<i16>; 2]>>,
}

impl Recording {
    /// An empty recording whose time begins now.
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), sides: Arc::default() }
    }

    /// Adds `samples` at the present moment, or right after what that side has already.
    pub(super) fn put_now(&self, side: Side, samples: &[i16]) {
        let at = self.now();
        let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let track = &mut sides[side as usize];
        // A jitter of a frame or two is no gap.
        let slack = SAMPLE_RATE_HZ as usize / 20;
        if track.len() + slack < at {
            track.resize(at, 0);
        }
        track.extend_from_slice(samples);
    }

    fn put_at(&self, side: Side, at: usize, samples: &[i16]) {
        let mut sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let track = &mut sides[side as usize];
        if track.len() < at + samples.len() {
            track.resize(at + samples.len(), 0);
        }
        track[at..at + samples.len()].copy_from_slice(samples);
    }

    fn now(&self) -> usize {
        usize::try_from(self.started.elapsed().as_millis()).unwrap_or(usize::MAX)
            * (SAMPLE_RATE_HZ as usize / 1000)
    }

    /// A writer of what arrives of the agent's voice.
    pub(super) fn decoder(&self) -> Option<Decoder> {
        let decoder = OpusDecoder::new().ok()?;
        Some(Decoder { recording: self.clone(), decoder, origin: None })
    }

    /// What the patient heard of the agent.
    #[must_use]
    pub fn agent(&self) -> Vec<i16> {
        self.sides.lock().unwrap_or_else(PoisonError::into_inner)[Side::Agent as usize].clone()
    }

    /// Writes the file: 16 kHz stereo.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), hound::Error> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE_HZ,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let sides = self.sides.lock().unwrap_or_else(PoisonError::into_inner);
        let [patient, agent] = &*sides;
        let mut file = hound::WavWriter::create(path, spec)?;
        for i in 0..patient.len().max(agent.len()) {
            for side in [patient, agent] {
                file.write_sample(side.get(i).copied().unwrap_or(0))?;
            }
        }
        file.finalize()
    }
}

/// Decodes one track into the recording. Packets stand where their RTP time says, counted from the
/// arrival of the first one.
pub(super) struct Decoder {
    recording: Recording,
    decoder: OpusDecoder,
    /// Epoch, RTP time and place of the first packet.
    origin: Option<(u32, u64, usize)>,
}

impl Decoder {
    /// Records the packet and gives its samples.
    pub(super) fn hear(&mut self, packet: &Packet) -> &[i16] {
        let (_, first, at) = match self.origin {
            Some(origin) if origin.0 == packet.epoch => origin,
            _ => *self.origin.insert((packet.epoch, packet.rtp_time, self.recording.now())),
        };
        let offset = packet.rtp_time.saturating_sub(first) / TICKS_PER_SAMPLE;
        let Ok(samples) = self.decoder.decode(&packet.payload) else { return &[] };
        if let Ok(offset) = usize::try_from(offset) {
            self.recording.put_at(Side::Agent, at + offset, samples);
        }
        samples
    }
}
