// What must hold of a packet ring. Included once per variant of `rtc/src/ring.rs`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use shuttle::thread;

use super::ring::PacketRing;
use crate::sync::{Condvar, Mutex};

fn push(ring: &PacketRing, seq: u64, at: Instant) {
    ring.push(Bytes::new(), seq * 960, seq, at);
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "it is only carried along")]
    Instant::now()
}

/// An actor that is notified: notices that wait, and whether it is told to end.
type Notices = Arc<(Mutex<(u32, bool)>, Condvar)>;

fn notify_by(notices: &Notices) -> impl Fn() + Send + Sync + 'static {
    let notices = notices.clone();
    move || {
        notices.0.lock().0 += 1;
        notices.1.notify_all();
    }
}

/// Waits for a notice; false at the end.
fn notified(notices: &Notices) -> bool {
    let mut state = notices.0.lock();
    while state.0 == 0 && !state.1 {
        notices.1.wait(&mut state);
    }
    state.0 = state.0.saturating_sub(1);
    !state.1
}

/// Packets come while a reader is notified and reads two at a time, beginning before or after the
/// first packet: it comes to the end without a further notice (a lost one is a deadlock here),
/// reads no packet twice and knows how many it missed.
pub(crate) fn a_reader_that_is_notified_comes_to_the_end() {
    let (ring, at) = (Arc::new(PacketRing::new(3)), now());
    let (notices, position) = (Notices::default(), Arc::new((Mutex::new(0), Condvar::new())));
    let reader = thread::spawn({
        let (ring, notices, position) = (ring.clone(), notices.clone(), position.clone());
        move || {
            let mut reader = ring.reader(0);
            ring.set_on_readable(notify_by(&notices));
            let mut read = Vec::new();
            while notified(&notices) {
                reader.drain(2, &mut read);
                *position.0.lock() = reader.position();
                position.1.notify_all();
            }
            let seen: Vec<u64> = read.iter().map(|packet| packet.index).collect();
            assert!(seen.windows(2).all(|two| two[0] < two[1]), "in order, none twice: {seen:?}");
            assert_eq!(seen.len() as u64 + reader.missed(), reader.position());
            reader.missed()
        }
    });
    (0..5).for_each(|seq| push(&ring, seq, at));
    let mut reached = position.0.lock();
    while *reached < 5 {
        position.1.wait(&mut reached);
    }
    drop(reached);
    notices.0.lock().1 = true;
    notices.1.notify_all();
    let missed = reader.join().expect("read");
    assert!(missed <= ring.overwritten() && ring.len() <= 3);
    assert_eq!(ring.overwritten(), 2);
}

/// The same for a reader that waits, and begins when a packet has come that nobody read.
pub(crate) fn a_reader_that_waits_comes_to_the_end() {
    let (ring, at) = (Arc::new(PacketRing::new(8)), now());
    push(&ring, 0, at);
    let reader = thread::spawn({
        let ring = ring.clone();
        move || {
            let (mut reader, mut read) = (ring.reader(1), Vec::new());
            while reader.position() < 3 {
                shuttle::future::block_on(reader.ready());
                reader.drain(8, &mut read);
            }
            read.iter().map(|packet| packet.seq).collect::<Vec<_>>()
        }
    });
    (1..3).for_each(|seq| push(&ring, seq, at));
    assert_eq!(reader.join().expect("read"), [1, 2]);
}

/// A reader dies and its successor, with a callback of its own, reads on from where it stopped.
pub(crate) fn a_successor_reads_on() {
    let (ring, at) = (Arc::new(PacketRing::new(8)), now());
    let sender = thread::spawn({
        let ring = ring.clone();
        move || (0..3).for_each(|seq| push(&ring, seq, at))
    });
    let mut read = Vec::new();
    let mut first = ring.reader(0);
    ring.set_on_readable(|| ());
    first.drain(1, &mut read);
    let notices = Notices::default();
    let mut second = ring.reader(first.position());
    ring.set_on_readable(notify_by(&notices));
    while second.position() < 3 {
        notified(&notices);
        second.drain(8, &mut read);
    }
    sender.join().expect("sent");
    assert_eq!(read.iter().map(|packet| packet.seq).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(second.missed(), 0);
}
