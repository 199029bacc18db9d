//! A bounded ring of PCM frames, for lines that are given their sound decoded.

use std::collections::VecDeque;

use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;

use crate::{AudioCounts, AudioIn, Doorbell};

struct Inner {
    frames: VecDeque<[i16; SAMPLES_PER_FRAME]>,
    bell: Option<Doorbell>,
    /// The bell rang and nothing was read since.
    rung: bool,
    counts: AudioCounts,
}

/// See the module's documentation.
pub struct PcmRing {
    capacity: usize,
    inner: Mutex<Inner>,
}

impl PcmRing {
    /// A ring of at most `capacity` frames of 20 ms.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let inner = Inner {
            frames: VecDeque::new(),
            bell: None,
            rung: false,
            counts: AudioCounts::default(),
        };
        Self { capacity: capacity.max(1), inner: Mutex::new(inner) }
    }

    /// Adds 20 ms of the caller's sound; a full ring drops the oldest.
    pub fn push(&self, frame: [i16; SAMPLES_PER_FRAME]) {
        let bell = {
            let mut inner = self.inner.lock();
            if inner.frames.len() >= self.capacity {
                inner.frames.pop_front();
                inner.counts.dropped += 1;
            }
            inner.frames.push_back(frame);
            inner.ring()
        };
        // With no lock held: the reader may read at once.
        bell.iter().for_each(|bell| bell());
    }
}

impl Inner {
    /// The bell, if it is to be rung now.
    fn ring(&mut self) -> Option<Doorbell> {
        if self.rung || self.frames.is_empty() {
            return None;
        }
        let bell = self.bell.clone();
        self.rung = bell.is_some();
        bell
    }
}

impl AudioIn for PcmRing {
    fn set_doorbell(&self, bell: Doorbell) {
        let bell = {
            let mut inner = self.inner.lock();
            inner.bell = Some(bell);
            inner.rung = false;
            inner.ring()
        };
        bell.iter().for_each(|bell| bell());
    }

    fn read(&self, max: usize, take: &mut dyn FnMut(&[i16])) {
        self.inner.lock().rung = false;
        for _ in 0..max {
            let frame = {
                let mut inner = self.inner.lock();
                let frame = inner.frames.pop_front();
                inner.counts.packets += u64::from(frame.is_some());
                frame
            };
            match frame {
                Some(frame) => take(&frame),
                None => return,
            }
        }
        let bell = self.inner.lock().ring();
        bell.iter().for_each(|bell| bell());
    }

    fn counts(&self) -> AudioCounts {
        self.inner.lock().counts
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn read(ring: &PcmRing, max: usize) -> Vec<i16> {
        let mut first = Vec::new();
        ring.read(max, &mut |piece| first.extend(piece.first()));
        first
    }

    #[test]
    fn a_full_ring_drops_the_oldest_and_counts_it() {
        let ring = PcmRing::new(3);
        (0..5).for_each(|n| ring.push([n; SAMPLES_PER_FRAME]));
        assert_eq!(read(&ring, 10), [2, 3, 4]);
        let counts = ring.counts();
        assert_eq!((counts.packets, counts.dropped), (3, 2));
    }

    #[test]
    fn the_bell_rings_once_until_the_ring_is_read() {
        let ring = PcmRing::new(8);
        ring.push([0; SAMPLES_PER_FRAME]);
        let rings = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&rings);
        ring.set_doorbell(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        assert_eq!(rings.load(Ordering::SeqCst), 1, "sound was waiting");
        (1..4).for_each(|n| ring.push([n; SAMPLES_PER_FRAME]));
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        assert_eq!(read(&ring, 2), [0, 1]);
        assert_eq!(rings.load(Ordering::SeqCst), 2, "two frames were left behind");
        assert_eq!(read(&ring, 8), [2, 3]);
        ring.push([4; SAMPLES_PER_FRAME]);
        assert_eq!(rings.load(Ordering::SeqCst), 3);
    }
}
