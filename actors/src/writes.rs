//! Whether what calls write reaches the database: for whoever asks if more calls may come.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk_types::Mono;
use parking_lot::Mutex;

/// For how long a write that failed says that the next one would too. Shorter than a call's record
/// waits for the next word, so that a database that is back is not distrusted for long.
const COUNTS_FOR: Duration = Duration::from_secs(8);

/// What of a call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// What a tool changes.
    Tool,
    /// What was said.
    Record,
}

/// The writes of all calls of a process.
#[derive(Debug, Default)]
pub struct Writes {
    /// When the last write failed, if none has succeeded since.
    failed_at: Mutex<Option<Mono>>,
    tools: AtomicU64,
    records: AtomicU64,
}

impl Writes {
    /// Notes how a write ended.
    pub(crate) fn ended(&self, written: Written, well: bool, now: Mono) {
        *self.failed_at.lock() = (!well).then_some(now);
        if !well {
            let failures = match written {
                Written::Tool => &self.tools,
                Written::Record => &self.records,
            };
            failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the last write failed, and lately.
    #[must_use]
    pub fn are_failing(&self, now: Mono) -> bool {
        self.failed_at.lock().is_some_and(|at| now.since(at) < COUNTS_FOR)
    }

    /// Tools whose write failed, and writes of records that did.
    pub(crate) fn failures(&self) -> (u64, u64) {
        (self.tools.load(Ordering::Relaxed), self.records.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_types::{Clock as _, ManualClock};

    use super::*;

    #[test]
    fn a_write_that_failed_counts_until_one_succeeds_or_some_seconds_are_over() {
        let clock = ManualClock::new("2026-11-21T12:00:00Z".parse().expect("a moment"));
        let writes = Writes::default();
        assert!(!writes.are_failing(clock.mono()), "nothing was written yet");
        writes.ended(Written::Tool, false, clock.mono());
        assert!(writes.are_failing(clock.mono()));
        writes.ended(Written::Record, true, clock.mono());
        assert!(!writes.are_failing(clock.mono()), "one has succeeded");
        writes.ended(Written::Record, false, clock.mono());
        clock.advance(Duration::from_secs(7));
        assert!(writes.are_failing(clock.mono()));
        clock.advance(Duration::from_secs(1));
        assert!(!writes.are_failing(clock.mono()), "nobody has tried since");
        assert_eq!(writes.failures(), (1, 1));
    }
}
