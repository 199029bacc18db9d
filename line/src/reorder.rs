//! Puts the packets of one stream in order, for lines that are made of RTP.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a missing packet is waited for before the ones after it go on.
const PATIENCE: Duration = Duration::from_millis(60);

/// Packets that wait for a missing one at most: as many as come in that time.
const MAX_HELD: usize = 4;

/// A packet that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered<T> {
    /// Its sequence number.
    pub seq: u64,
    /// The packet.
    pub packet: T,
}

/// The packets of one stream, in the order in which they were sent. Sequence numbers are extended by
/// whoever pushes: they never begin anew.
#[derive(Debug)]
pub struct Reorder<T> {
    /// The sequence number that comes next.
    next: Option<u64>,
    held: BTreeMap<u64, (Instant, T)>,
    /// Packets that never came, or too late.
    pub lost: u64,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Reorder<T> {
    /// Of a stream of which nothing has come.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: None, held: BTreeMap::new(), lost: 0 }
    }

    /// Takes a packet; those that can go on are added to `out`.
    pub fn push(&mut self, now: Instant, seq: u64, packet: T, out: &mut Vec<Ordered<T>>) {
        let next = *self.next.get_or_insert(seq);
        if seq < next {
            return;
        }
        self.held.entry(seq).or_insert((now, packet));
        self.release(now, out);
    }

    /// When [`Reorder::release`] has something to do, should no packet come.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.held.values().map(|(at, _)| *at + PATIENCE).min()
    }

    /// Lets go what is in order, or has waited long enough.
    pub fn release(&mut self, now: Instant, out: &mut Vec<Ordered<T>>) {
        while let (Some(next), Some(first)) = (self.next, self.held.first_entry()) {
            let gap = first.key().saturating_sub(next);
            let due = self.deadline().is_some_and(|at| at <= now);
            if gap > 0 && self.held.len() < MAX_HELD && !due {
                return;
            }
            let Some((seq, (_, packet))) = self.held.pop_first() else { return };
            self.lost += gap;
            self.next = Some(seq + 1);
            out.push(Ordered { seq, packet });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any moment will do, and it has no other maker")]
    fn now() -> Instant {
        Instant::now()
    }

    fn run(seqs: &[u64]) -> (Vec<u64>, u64) {
        let now = now();
        let mut reorder = Reorder::new();
        let mut out = Vec::new();
        for &seq in seqs {
            reorder.push(now, seq, (), &mut out);
        }
        reorder.release(now + PATIENCE, &mut out);
        assert!(reorder.deadline().is_none(), "something is held for ever");
        (out.iter().map(|o| o.seq).collect(), reorder.lost)
    }

    #[test]
    fn swapped_packets_are_put_in_order_and_repeated_ones_dropped() {
        assert_eq!(run(&[10, 12, 11, 12, 13]), (vec![10, 11, 12, 13], 0));
    }

    #[test]
    fn a_lost_packet_holds_the_others_up_only_for_a_while() {
        assert_eq!(run(&[1, 3, 4, 5, 6, 2, 7]), (vec![1, 3, 4, 5, 6, 7], 1));
        assert_eq!(run(&[1, 3]), (vec![1, 3], 1));
    }

    proptest! {
        #[test]
        fn whatever_comes_goes_on_in_order_and_nothing_is_kept(
            seqs in prop::collection::vec(0_u64..50, 0..100),
        ) {
            let (out, _) = run(&seqs);
            prop_assert!(out.is_sorted_by(|a, b| a < b));
        }
    }
}
