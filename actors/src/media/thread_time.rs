//! Whether a native thread hangs, by what it did with its time. On a busy machine a thread may be
//! without a processor for seconds, and is not to blame.

use std::time::Duration;

/// A thread of which the system tells no times gets so many times the limit.
const UNMEASURED: u32 = 4;

/// What a thread has had since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Used {
    /// Processor time.
    pub(crate) ran: Duration,
    /// Time in which it could have run and had no processor.
    pub(crate) waited: Duration,
}

/// Who tells the times of threads.
pub(crate) trait ThreadTimes: Send + Sync {
    /// The thread that asks, if threads can be told apart.
    fn this(&self) -> Option<u64>;

    /// What a thread has had so far, if that is known.
    fn of(&self, thread: u64) -> Option<Used>;
}

/// Linux, which counts both for each thread.
pub(crate) struct Kernel;

impl ThreadTimes for Kernel {
    fn this(&self) -> Option<u64> {
        // `<process>/task/<thread>`
        std::fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
    }

    fn of(&self, thread: u64) -> Option<Used> {
        used(&std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?)
    }
}

/// Nanoseconds on a processor, nanoseconds in the queue for one, and how often it came to one.
fn used(schedstat: &str) -> Option<Used> {
    let mut numbers = schedstat.split_ascii_whitespace();
    let mut time = || numbers.next()?.parse().ok().map(Duration::from_nanos);
    Some(Used { ran: time()?, waited: time()? })
}

/// Whether a thread that has been on one turn for `wall` hangs: it has used the limit's processor
/// time without coming to the end, or was away of its own accord for as long, asleep or locked.
/// `used`: what it had had at the beginning and has now, if that is known.
pub(crate) fn hangs(wall: Duration, used: Option<(Used, Used)>, limit: Duration) -> bool {
    let Some((before, now)) = used else { return wall > limit * UNMEASURED };
    let ran = now.ran.saturating_sub(before.ran);
    let waited = now.waited.saturating_sub(before.waited);
    ran > limit || wall.saturating_sub(ran).saturating_sub(waited) > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    fn after(wall_s: u64, ran_s: u64, waited_s: u64) -> bool {
        let before = Used { ran: Duration::from_secs(50), waited: Duration::from_secs(7) };
        let ran = before.ran + Duration::from_secs(ran_s);
        let waited = before.waited + Duration::from_secs(waited_s);
        hangs(Duration::from_secs(wall_s), Some((before, Used { ran, waited })), LIMIT)
    }

    #[test]
    fn only_who_computes_or_sleeps_without_an_end_hangs() {
        assert!(after(60, 2, 58), "it computes, though slowly");
        assert!(after(2, 0, 0), "it sleeps");
        assert!(after(60, 0, 58), "it sleeps beside the wait");
        assert!(!after(60, 1, 59), "it had a second in a minute");
        assert!(!after(60, 0, 60), "it was not let run at all");
        assert!(!after(1, 1, 0));
    }

    #[test]
    fn without_a_measure_more_time_is_given() {
        assert!(!hangs(LIMIT * 4, None, LIMIT));
        assert!(hangs(LIMIT * 5, None, LIMIT));
    }

    #[test]
    fn the_kernel_tells_of_a_thread_that_computes_and_of_one_that_sleeps() {
        assert_eq!(
            used("1500000 20 3\n"),
            Some(Used { ran: Duration::from_micros(1500), waited: Duration::from_nanos(20) })
        );
        assert_eq!(used(""), None);
        let this = Kernel.this().expect("a thread has a number");
        let before = Kernel.of(this).expect("its times");
        while Kernel.of(this).expect("its times").ran - before.ran < Duration::from_millis(20) {
            std::hint::black_box((0..10_000_u64).sum::<u64>());
        }
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::Builder::new().spawn(move || {
            tell.send(Kernel.this()).expect("told");
            ended.recv()
        });
        let asleep = told.recv().expect("it runs").expect("a thread has a number");
        assert_ne!(asleep, this);
        assert!(Kernel.of(asleep).expect("its times").ran < Duration::from_secs(5));
        drop(end);
        assert!(sleeper.expect("started").join().expect("ends").is_err());
        assert_eq!(Kernel.of(asleep), None, "it is gone");
    }
}
