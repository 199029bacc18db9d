//! The caller's voice: packets of their track → PCM, gaps concealed.

use std::sync::Arc;

use frontdesk_line::{AudioCounts, AudioIn, Gap, GapTracker, OnReadable};
use frontdesk_types::{FRAME_MS, SAMPLE_RATE_HZ};
use parking_lot::Mutex;

use crate::codec::{MAX_PACKET_SAMPLES, OpusDecoder};
use crate::{CodecError, Packet, PacketReader, PacketRing};

/// RTP clock of Opus, in Hz, whatever rate it is decoded at (RFC 7587, section 4.1).
const RTP_CLOCK_HZ: u32 = 48_000;

const SAMPLES_PER_MS: u32 = SAMPLE_RATE_HZ / 1000;

/// Silence for the longest gap that is filled.
static SILENCE: [i16; MAX_PACKET_SAMPLES] = [0; MAX_PACKET_SAMPLES];

/// Decodes; held by the reader while it reads, and by nobody else for long.
struct Reader {
    source: Option<PacketReader>,
    decoder: OpusDecoder,
    gaps: GapTracker,
    counts: AudioCounts,
    /// Keeps its allocation.
    packets: Vec<Packet>,
}

/// See the module's documentation.
pub(super) struct VoiceIn {
    reader: Mutex<Reader>,
    /// A lock of its own: counters are read while the reader computes.
    seen: Mutex<AudioCounts>,
    on_readable: Mutex<Option<OnReadable>>,
}

impl VoiceIn {
    pub(super) fn new() -> Result<Self, CodecError> {
        let reader = Reader {
            source: None,
            decoder: OpusDecoder::new()?,
            gaps: GapTracker::new(RTP_CLOCK_HZ),
            counts: AudioCounts::default(),
            packets: Vec::new(),
        };
        Ok(Self {
            reader: Mutex::new(reader),
            seen: Mutex::default(),
            on_readable: Mutex::default(),
        })
    }

    /// The caller's sound comes from this ring from now on.
    pub(super) fn set_source(&self, ring: &Arc<PacketRing>) {
        {
            let mut reader = self.reader.lock();
            if reader.source.as_ref().is_some_and(|source| Arc::ptr_eq(source.ring(), ring)) {
                return;
            }
            reader.source = Some(ring.reader_from_now());
            // Another stream: its times do not continue the former's.
            reader.gaps = GapTracker::new(RTP_CLOCK_HZ);
            if let Err(error) = reader.decoder.reset() {
                tracing::warn!(%error, "decoder not reset");
            }
        }
        if let Some(on_readable) = self.on_readable.lock().clone() {
            ring.set_on_readable(move || on_readable());
        }
    }
}

impl AudioIn for VoiceIn {
    fn set_on_readable(&self, on_readable: OnReadable) {
        *self.on_readable.lock() = Some(Arc::clone(&on_readable));
        let ring = self.reader.lock().source.as_ref().map(|source| Arc::clone(source.ring()));
        if let Some(ring) = ring {
            ring.set_on_readable(move || on_readable());
        }
    }

    fn read(&self, max: usize, take: &mut dyn FnMut(&[i16])) {
        let mut reader = self.reader.lock();
        let mut packets = std::mem::take(&mut reader.packets);
        if let Some(source) = &mut reader.source {
            source.drain(max, &mut packets);
            reader.counts.dropped = source.missed();
        }
        for packet in packets.drain(..) {
            reader.hear(&packet, take);
        }
        reader.packets = packets;
        *self.seen.lock() = reader.counts;
    }

    fn counts(&self) -> AudioCounts {
        *self.seen.lock()
    }
}

impl Reader {
    fn hear(&mut self, packet: &Packet, take: &mut dyn FnMut(&[i16])) {
        let duration_ms = OpusDecoder::samples_in(&packet.payload)
            .map_or(FRAME_MS, |samples| samples as u32 / SAMPLES_PER_MS);
        match self.gaps.judge(packet.epoch, packet.rtp_time, duration_ms) {
            Gap::Stale => return,
            Gap::None => {}
            Gap::Conceal(ms) => {
                self.counts.concealed_ms += u64::from(ms);
                // The packet at hand may carry a copy of the lost one (in-band FEC).
                let samples = (ms * SAMPLES_PER_MS) as usize;
                if let Ok(samples) = self.decoder.recover(&packet.payload, samples) {
                    take(samples);
                }
            }
            Gap::Silence(ms) => {
                let samples = (ms * SAMPLES_PER_MS) as usize;
                take(&SILENCE[..samples.min(SILENCE.len())]);
            }
        }
        match self.decoder.decode(&packet.payload) {
            Ok(samples) => {
                self.counts.packets += 1;
                take(samples);
            }
            Err(error) => {
                self.counts.undecodable += 1;
                tracing::debug!(%error, "packet not decoded");
            }
        }
    }
}
