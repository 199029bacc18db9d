//! Several rankings as one.

use std::cmp::Ordering;
use std::hash::Hash;

/// Damps the first places, so that being found twice counts for more than being first once. The
/// value of Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion" (SIGIR 2009).
const DAMPING: f64 = 60.0;

/// Fuses rankings, each best first, by the sum of their reciprocal ranks: best first, each item
/// once. What is equal stays in the order in which it was first seen.
pub fn fuse<T: Copy + Eq + Hash>(rankings: &[&[T]]) -> Vec<T> {
    let mut scores: Vec<(T, f64)> = Vec::new();
    for ranking in rankings {
        for (&item, rank) in ranking.iter().zip(1_u32..) {
            let score = 1.0 / (DAMPING + f64::from(rank));
            match scores.iter_mut().find(|(known, _)| *known == item) {
                Some((_, sum)) => *sum += score,
                None => scores.push((item, score)),
            }
        }
    }
    scores.sort_by(|(_, a), (_, b)| b.partial_cmp(a).unwrap_or(Ordering::Equal));
    scores.into_iter().map(|(item, _)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_find_comes_before_what_one_finds_first() {
        assert_eq!(fuse(&[&["words", "both"], &["meaning", "both"]]), ["both", "words", "meaning"]);
        assert_eq!(fuse(&[&["a", "b"], &[]]), ["a", "b"]);
        assert!(fuse::<u8>(&[]).is_empty());
    }
}
