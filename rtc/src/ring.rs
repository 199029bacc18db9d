//! A remote track's encoded packets: a bounded ring between the session and whoever decodes.
//!
//! The ring belongs to the session, not to its reader, so a reader that dies loses nothing but its
//! cursor: another one attaches and reads on from where the first stopped, or from the oldest
//! packet kept. When the reader is too slow the oldest packets are overwritten and counted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, Notify};

/// One encoded audio packet as it arrived, after reordering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The Opus packet. Chosen by a peer: decode with [`crate::codec::OpusDecoder`], which checks.
    pub payload: Bytes,
    /// RTP time in ticks of 48 kHz, extended to 64 bit. A jump of more than the packet's own
    /// length is a gap (loss, mute, discontinuous transmission).
    pub rtp_time: u64,
    /// RTP sequence number, extended to 64 bit; a jump of more than one is loss.
    pub seq: u64,
    /// When it arrived.
    pub received: Instant,
    /// Counts up whenever the stream starts anew (first subscription 0, each rejoin or
    /// resubscription one more): times and sequence numbers are comparable only within one epoch.
    pub epoch: u32,
    /// Counts up by one per packet for the life of the ring, whatever the epoch.
    pub index: u64,
}

/// What wakes the reader. It must not block, and it is called with no lock held.
pub type OnReadable = Arc<dyn Fn() + Send + Sync>;

struct Inner {
    packets: VecDeque<Packet>,
    next_index: u64,
    epoch: u32,
    fresh: bool,
    on_readable: Option<OnReadable>,
    /// The reader was notified and has read nothing since: one notice is outstanding at most. It
    /// changes with the callback and the packets under one lock: else a packet that comes while a
    /// callback is set could count as notified and have notified nobody, and no later one would.
    notified: bool,
}

/// The last packets of one remote audio track; see the module's text.
pub struct PacketRing {
    capacity: usize,
    inner: Mutex<Inner>,
    notify: Notify,
    overwritten: AtomicU64,
}

impl PacketRing {
    /// A ring of at most `capacity` packets.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            inner: Mutex::new(Inner {
                packets: VecDeque::new(),
                next_index: 0,
                epoch: 0,
                fresh: true,
                on_readable: None,
                notified: false,
            }),
            notify: Notify::new(),
            overwritten: AtomicU64::new(0),
        }
    }

    /// Sets what is called when a packet arrives, replacing what was set before. It is called at
    /// most once until the reader has read (see [`PacketReader::drain`]), at once if packets are
    /// already waiting: an actor that sends itself a message gets at most one outstanding.
    pub fn set_on_readable(&self, on_readable: impl Fn() + Send + Sync + 'static) {
        let on_readable: OnReadable = Arc::new(on_readable);
        let waiting = {
            let mut inner = self.inner.lock();
            inner.on_readable = Some(on_readable.clone());
            inner.notified = !inner.packets.is_empty();
            inner.notified
        };
        if waiting {
            on_readable();
        }
    }

    /// A reader that starts at the packet with `index`, or at the oldest kept if that one is gone.
    /// `reader(0)` reads everything kept; [`PacketRing::reader_from_now`] nothing of it.
    #[must_use]
    pub fn reader(self: &Arc<Self>, index: u64) -> PacketReader {
        PacketReader { ring: self.clone(), next: index, missed: 0 }
    }

    /// A reader of what arrives from now on.
    #[must_use]
    pub fn reader_from_now(self: &Arc<Self>) -> PacketReader {
        self.reader(self.next_index())
    }

    /// The index that the next packet to arrive will have; equals how many arrived.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.inner.lock().next_index
    }

    /// Packets kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().packets.len()
    }

    /// Whether no packet is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Packets that were overwritten by newer ones, read or not.
    #[must_use]
    pub fn overwritten(&self) -> u64 {
        self.overwritten.load(Ordering::Relaxed)
    }

    /// Says that the packets to come do not continue the ones before.
    pub(crate) fn begin_epoch(&self) {
        let mut inner = self.inner.lock();
        if inner.fresh {
            return;
        }
        inner.epoch += 1;
        inner.fresh = true;
    }

    pub(crate) fn push(&self, payload: Bytes, rtp_time: u64, seq: u64, received: Instant) {
        let (first, on_readable) = {
            let mut inner = self.inner.lock();
            if inner.packets.len() >= self.capacity {
                inner.packets.pop_front();
                self.overwritten.fetch_add(1, Ordering::Relaxed);
            }
            let (index, epoch) = (inner.next_index, inner.epoch);
            inner.packets.push_back(Packet { payload, rtp_time, seq, received, epoch, index });
            inner.next_index += 1;
            inner.fresh = false;
            let first = !std::mem::replace(&mut inner.notified, true);
            (first, inner.on_readable.clone())
        };
        if first {
            if let Some(on_readable) = on_readable {
                on_readable();
            }
            self.notify.notify_one();
        }
    }
}

impl fmt::Debug for PacketRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.lock();
        write!(f, "PacketRing({} of {})", inner.packets.len(), self.capacity)
    }
}

/// Reads a [`PacketRing`] from a position on. Several may read one ring, but whichever
/// reads allows the next notice.
#[derive(Debug)]
pub struct PacketReader {
    ring: Arc<PacketRing>,
    next: u64,
    missed: u64,
}

impl PacketReader {
    /// Moves the packets that arrived since the last call into `out`, at most `max`, and allows
    /// the next notice. If packets remain (`max` was reached) it comes at once.
    pub fn drain(&mut self, max: usize, out: &mut Vec<Packet>) -> usize {
        let (taken, again) = {
            let mut inner = self.ring.inner.lock();
            let oldest = inner.packets.front().map_or(inner.next_index, |p| p.index);
            if self.next < oldest {
                self.missed += oldest - self.next;
                self.next = oldest;
            }
            let skip = usize::try_from(self.next - oldest).unwrap_or(usize::MAX);
            let before = out.len();
            out.extend(inner.packets.iter().skip(skip).take(max).cloned());
            let taken = out.len() - before;
            self.next += taken as u64;
            inner.notified = self.next < inner.next_index;
            (taken, if inner.notified { inner.on_readable.clone() } else { None })
        };
        if let Some(on_readable) = again {
            on_readable();
        }
        taken
    }

    /// Waits until there is a packet to read. Cancel-safe.
    pub async fn ready(&self) {
        loop {
            let notified = self.ring.notify.notified();
            {
                let mut inner = self.ring.inner.lock();
                if self.next < inner.next_index {
                    return;
                }
                inner.notified = false;
            }
            notified.await;
        }
    }

    /// The index of the next packet to read: keep it, and a successor reads on from there.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// Packets that were overwritten before this reader came to them.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// The ring that is read.
    #[must_use]
    pub const fn ring(&self) -> &Arc<PacketRing> {
        &self.ring
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn push(ring: &PacketRing, n: u64) {
        let now = tokio::time::Instant::now().into_std();
        ring.push(Bytes::from(vec![n as u8]), n * 960, n, now);
    }

    #[test]
    fn a_full_ring_overwrites_the_oldest_and_the_reader_knows_how_many_it_missed() {
        let ring = Arc::new(PacketRing::new(3));
        let mut reader = ring.reader(0);
        (0..5).for_each(|n| push(&ring, n));
        let mut out = Vec::new();
        assert_eq!(reader.drain(10, &mut out), 3);
        assert_eq!(out.iter().map(|p| p.seq).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!((reader.missed(), ring.overwritten()), (2, 2));
    }

    #[test]
    fn the_reader_is_notified_once_until_it_drains() {
        let ring = Arc::new(PacketRing::new(8));
        let rings = Arc::new(AtomicUsize::new(0));
        let count = rings.clone();
        ring.set_on_readable(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        (0..4).for_each(|n| push(&ring, n));
        assert_eq!(rings.load(Ordering::SeqCst), 1);
        let mut reader = ring.reader(0);
        let mut out = Vec::new();
        reader.drain(2, &mut out);
        assert_eq!(rings.load(Ordering::SeqCst), 2, "two packets were left behind");
        reader.drain(2, &mut out);
        assert_eq!(rings.load(Ordering::SeqCst), 2);
        push(&ring, 4);
        assert_eq!(rings.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_successor_reads_on_where_a_dead_reader_stopped() {
        let ring = Arc::new(PacketRing::new(8));
        (0..4).for_each(|n| push(&ring, n));
        let mut out = Vec::new();
        let position = {
            let mut first = ring.reader(0);
            first.drain(2, &mut out);
            first.position()
        };
        let rings = Arc::new(AtomicUsize::new(0));
        let count = rings.clone();
        ring.set_on_readable(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(rings.load(Ordering::SeqCst), 1, "packets were waiting for the successor");
        ring.reader(position).drain(8, &mut out);
        assert_eq!(out.iter().map(|p| p.seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn waiting_for_a_packet_ends_when_one_comes() {
        let ring = Arc::new(PacketRing::new(8));
        let mut reader = ring.reader(0);
        for n in 0..3 {
            let pusher = async {
                tokio::task::yield_now().await;
                push(&ring, n);
            };
            tokio::join!(reader.ready(), pusher);
            assert_eq!(reader.drain(8, &mut Vec::new()), 1);
        }
    }

    #[test]
    fn an_epoch_counts_only_streams_that_brought_packets() {
        let ring = Arc::new(PacketRing::new(8));
        ring.begin_epoch();
        push(&ring, 0);
        ring.begin_epoch();
        ring.begin_epoch();
        push(&ring, 1);
        let mut out = Vec::new();
        ring.reader(0).drain(8, &mut out);
        assert_eq!(out.iter().map(|p| p.epoch).collect::<Vec<_>>(), [0, 1]);
    }
}
