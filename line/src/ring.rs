//! A bounded ring of PCM frames, for lines that are given their sound decoded.

use std::collections::VecDeque;

use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;

use crate::{AudioCounts, AudioIn, OnReadable};

struct Inner {
    frames: VecDeque<[i16; SAMPLES_PER_FRAME]>,
    on_readable: Option<OnReadable>,
    /// The reader was notified and has read nothing since.
    notified: bool,
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
            on_readable: None,
            notified: false,
            counts: AudioCounts::default(),
        };
        Self { capacity: capacity.max(1), inner: Mutex::new(inner) }
    }

    /// Adds 20 ms of the caller's sound; a full ring drops the oldest.
    pub fn push(&self, frame: [i16; SAMPLES_PER_FRAME]) {
        let on_readable = {
            let mut inner = self.inner.lock();
            if inner.frames.len() >= self.capacity {
                inner.frames.pop_front();
                inner.counts.dropped += 1;
            }
            inner.frames.push_back(frame);
            inner.notify()
        };
        // With no lock held: the reader may read at once.
        on_readable.iter().for_each(|on_readable| on_readable());
    }
}

impl Inner {
    /// What is to be called now, if the reader is to be notified.
    fn notify(&mut self) -> Option<OnReadable> {
        if self.notified || self.frames.is_empty() {
            return None;
        }
        let on_readable = self.on_readable.clone();
        self.notified = on_readable.is_some();
        on_readable
    }
}

impl AudioIn for PcmRing {
    fn set_on_readable(&self, on_readable: OnReadable) {
        let on_readable = {
            let mut inner = self.inner.lock();
            inner.on_readable = Some(on_readable);
            inner.notified = false;
            inner.notify()
        };
        on_readable.iter().for_each(|on_readable| on_readable());
    }

    fn read(&self, max: usize, take: &mut dyn FnMut(&[i16])) {
        self.inner.lock().notified = false;
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
        let on_readable = self.inner.lock().notify();
        on_readable.iter().for_each(|on_readable| on_readable());
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
    fn the_reader_is_notified_once_until_it_reads() {
        let ring = PcmRing::new(8);
        ring.push([0; SAMPLES_PER_FRAME]);
        let rings = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&rings);
        ring.set_on_readable(Arc::new(move || {
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
