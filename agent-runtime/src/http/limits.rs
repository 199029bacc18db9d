//! How often somebody may do something: GCRA (generic cell rate algorithm), time as an argument.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use frontdesk_types::Mono;
use parking_lot::Mutex;

/// Most keys that are remembered: some 2 MB. What is forgotten too early is let in too often.
const MAX_KEYS: usize = 16_384;

/// Counts what each key does; a key that does nothing for long enough is as good as new.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    /// Time that one use takes.
    interval: Duration,
    /// How far ahead of the clock a key may be before it has to wait.
    tolerance: Duration,
    /// When the uses so far will have been worked off (the theoretical arrival time).
    until: Mutex<HashMap<K, Mono>>,
}

impl<K: Eq + Hash + Clone> Limiter<K> {
    /// `uses` in each `period`, all of them at once if need be; at least one.
    pub(super) fn new(uses: u32, period: Duration) -> Self {
        let uses = uses.max(1);
        let interval = period / uses;
        Self { interval, tolerance: interval * (uses - 1), until: Mutex::default() }
    }

    /// Counts a use, or says how long it is until there may be another one.
    pub(super) fn take(&self, key: K, now: Mono) -> Result<(), Duration> {
        self.take_one(key, now).map(|_| ())
    }

    /// As [`Limiter::take`], and tells how many uses are left, and how long it is until all are.
    pub(super) fn take_one(&self, key: K, now: Mono) -> Result<(u32, Duration), Duration> {
        let mut all = self.until.lock();
        let until = all.get(&key).map_or(now, |until| (*until).max(now));
        let ahead = until.since(now);
        if ahead > self.tolerance {
            return Err(ahead - self.tolerance);
        }
        if !all.contains_key(&key) && all.len() >= MAX_KEYS {
            make_room(&mut all, now);
        }
        let until = until + self.interval;
        all.insert(key, until);
        let ahead = until.since(now);
        let free = self.tolerance.checked_sub(ahead).map_or(0, |free| {
            let more = free.as_micros() / self.interval.as_micros().max(1);
            u32::try_from(more).unwrap_or(u32::MAX - 1) + 1
        });
        Ok((free, ahead))
    }
}

/// Forgets keys that are as good as new; if there are too few of them, the eighth that will be next.
fn make_room<K: Eq + Hash>(all: &mut HashMap<K, Mono>, now: Mono) {
    all.retain(|_, until| *until > now);
    if all.len() < MAX_KEYS {
        return;
    }
    let mut times: Vec<Mono> = all.values().copied().collect();
    let (_, last, _) = times.select_nth_unstable(MAX_KEYS / 8);
    let last = *last;
    all.retain(|_, until| *until > last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_millis(1_000_000 + seconds * 1000)
    }

    #[test]
    fn as_many_at_once_as_in_a_minute_and_then_one_after_another() {
        let limiter = Limiter::new(10, Duration::from_secs(60));
        for _ in 0..10 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
        }
        assert_eq!(limiter.take("a", at(0)), Err(Duration::from_secs(6)));
        assert_eq!(
            limiter.take("a", at(5)),
            Err(Duration::from_secs(1)),
            "a refusal costs nothing"
        );
        assert_eq!(limiter.take("a", at(6)), Ok(()));
        assert_eq!(limiter.take("a", at(6)), Err(Duration::from_secs(6)));
        assert_eq!(limiter.take("b", at(6)), Ok(()), "another one is not held up");
    }

    #[test]
    fn what_is_left_is_told_and_comes_back() {
        let limiter = Limiter::new(3, Duration::from_secs(60));
        let left = |seconds| limiter.take_one("a", at(seconds));
        assert_eq!(left(0), Ok((2, Duration::from_secs(20))));
        assert_eq!(left(0), Ok((1, Duration::from_secs(40))));
        assert_eq!(left(0), Ok((0, Duration::from_secs(60))));
        assert_eq!(left(0), Err(Duration::from_secs(20)));
        assert_eq!(left(60), Ok((2, Duration::from_secs(20))));
    }

    #[test]
    fn who_waited_long_enough_is_as_good_as_new() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        assert!(limiter.take("a", at(0)).is_ok() && limiter.take("a", at(0)).is_ok());
        assert!(limiter.take("a", at(100)).is_ok() && limiter.take("a", at(100)).is_ok());
        assert!(limiter.take("a", at(100)).is_err());
    }

    #[test]
    fn memory_is_bounded_and_the_busiest_are_kept() {
        let limiter = Limiter::new(2, Duration::from_secs(60));
        assert!(limiter.take(0, at(0)).is_ok() && limiter.take(0, at(0)).is_ok());
        for key in 1..3 * MAX_KEYS {
            assert_eq!(limiter.take(key, at(0)), Ok(()));
        }
        assert!(limiter.until.lock().len() <= MAX_KEYS);
        assert!(limiter.take(0, at(1)).is_err(), "the one that is over its limit is still known");
        limiter.take(usize::MAX, at(3600)).expect("a new one");
        let keys = limiter.until.lock().len();
        for key in 0..MAX_KEYS {
            limiter.take(key, at(7200)).expect("all are as good as new");
        }
        assert!(limiter.until.lock().len() <= MAX_KEYS, "{keys} before");
    }
}
