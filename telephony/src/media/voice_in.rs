//! The caller's sound as a call reads it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use frontdesk_line::{AudioCounts, AudioIn, OnReadable, PcmRing};
use frontdesk_types::SAMPLES_PER_FRAME;

/// Frames that wait to be read: two seconds.
const RING_FRAMES: usize = 100;

/// Decoded where it arrives: G.711 costs next to nothing.
pub(crate) struct VoiceIn {
    ring: PcmRing,
    concealed_ms: AtomicU64,
    strange: AtomicU64,
}

impl VoiceIn {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            ring: PcmRing::new(RING_FRAMES),
            concealed_ms: AtomicU64::new(0),
            strange: AtomicU64::new(0),
        })
    }

    pub(crate) fn push(&self, frame: [i16; SAMPLES_PER_FRAME]) {
        self.ring.push(frame);
    }

    pub(crate) fn concealed(&self, ms: u32) {
        self.concealed_ms.fetch_add(u64::from(ms), Ordering::Relaxed);
    }

    /// A datagram that was no packet of this call.
    pub(crate) fn strange(&self) {
        self.strange.fetch_add(1, Ordering::Relaxed);
    }
}

impl AudioIn for VoiceIn {
    fn set_on_readable(&self, on_readable: OnReadable) {
        self.ring.set_on_readable(on_readable);
    }

    fn read(&self, max: usize, take: &mut dyn FnMut(&[i16])) {
        self.ring.read(max, take);
    }

    fn counts(&self) -> AudioCounts {
        AudioCounts {
            concealed_ms: self.concealed_ms.load(Ordering::Relaxed),
            undecodable: self.strange.load(Ordering::Relaxed),
            ..self.ring.counts()
        }
    }
}
