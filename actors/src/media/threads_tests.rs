use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use frontdesk_types::{ManualClock, SystemClock};

use super::*;

const LIMIT: Duration = Duration::from_secs(1);

/// Threads whose times the test tells.
#[derive(Default)]
struct Told(parking_lot::Mutex<HashMap<u64, Used>>);

impl Told {
    /// All threads have had so much more.
    fn pass(&self, ran: Duration, waited: Duration) {
        for used in self.0.lock().values_mut() {
            used.ran += ran;
            used.waited += waited;
        }
    }
}

impl ThreadTimes for Told {
    fn this(&self) -> Option<u64> {
        let mut threads = self.0.lock();
        let number = u64::try_from(threads.len()).ok()?;
        threads.insert(number, Used::default());
        Some(number)
    }

    fn of(&self, thread: u64) -> Option<Used> {
        self.0.lock().get(&thread).copied()
    }
}

/// What a job does.
#[derive(Clone)]
enum Job {
    /// Stays until the sender is gone.
    Sleep(Arc<parking_lot::Mutex<mpsc::Receiver<()>>>),
    /// Computes until it is told to stop.
    Compute(Arc<AtomicBool>),
}

/// Tells of each job that it has begun, and of each that was lost.
struct Telling {
    begun: mpsc::Sender<()>,
    lost: mpsc::Sender<()>,
}

impl Work for Telling {
    type Job = Job;

    fn run(&self, job: Job) -> After<Job> {
        let _ = self.begun.send(());
        match job {
            Job::Sleep(until) => {
                let _ = until.lock().recv();
            }
            Job::Compute(stop) => {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }
        }
        After::Done
    }

    fn lost(&self, _: Job) {
        let _ = self.lost.send(());
    }
}

struct Rig {
    threads: Threads<Telling>,
    begun: mpsc::Receiver<()>,
    lost: mpsc::Receiver<()>,
}

fn rig(clock: Arc<dyn Clock>, times: Arc<dyn ThreadTimes>) -> Rig {
    let (begin, begun) = mpsc::channel();
    let (lose, lost) = mpsc::channel();
    let work = Telling { begun: begin, lost: lose };
    let threads = Threads::start_with("test", 1, clock, times, work).expect("threads start");
    Rig { threads, begun, lost }
}

/// A job that sleeps until the sender is dropped.
fn sleep() -> (Job, mpsc::Sender<()>) {
    let (wake, woken) = mpsc::channel();
    (Job::Sleep(Arc::new(parking_lot::Mutex::new(woken))), wake)
}

#[test]
fn a_thread_that_gets_no_processor_is_waited_for_and_one_that_uses_it_up_is_not() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let times = Arc::new(Told::default());
    let Rig { threads, begun, lost } =
        rig(Arc::<ManualClock>::clone(&clock), Arc::<Told>::clone(&times));
    let (job, wake) = sleep();
    threads.submit(job);
    begun.recv().expect("begun");
    let pass = |ran: u64, waited: u64| {
        let (ran, waited) = (Duration::from_millis(ran), Duration::from_millis(waited));
        clock.advance(ran + waited);
        times.pass(ran, waited);
        threads.replace_hung(LIMIT)
    };
    assert_eq!(pass(0, 0), 0, "the first look");
    // A machine with fifty others on each processor.
    for _ in 0..100 {
        assert_eq!(pass(9, 491), 0, "it waits for a processor");
    }
    assert_eq!(pass(101, 0), 1, "it has used more than a second");
    lost.recv().expect("told");
    assert_eq!((threads.abandoned(), threads.abandoned_lately()), (1, 1));
    let (other, _wake) = sleep();
    threads.submit(other);
    begun.recv().expect("another thread has taken its place");
    clock.advance(COUNTS_FOR + Duration::from_secs(1));
    assert_eq!((threads.abandoned(), threads.abandoned_lately()), (1, 0), "it is forgotten");
    drop(wake);
    threads.close();
}

#[test]
fn a_thread_that_sleeps_is_given_up_but_not_for_what_the_whole_process_slept() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let Rig { threads, begun, lost } =
        rig(Arc::<ManualClock>::clone(&clock), Arc::new(Told::default()));
    let (job, _wake) = sleep();
    threads.submit(job);
    begun.recv().expect("begun");
    assert_eq!(threads.replace_hung(LIMIT), 0);
    clock.advance(Duration::from_secs(60));
    threads.stood_still();
    assert_eq!(threads.replace_hung(LIMIT), 0, "the machine was asleep");
    clock.advance(LIMIT);
    assert_eq!(threads.replace_hung(LIMIT), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(threads.replace_hung(LIMIT), 1);
    lost.recv().expect("told");
    threads.close();
}

#[test]
fn real_threads_that_compute_or_sleep_without_end_are_given_up() {
    let limit = Duration::from_millis(30);
    let Rig { threads, begun, lost } = rig(Arc::new(SystemClock::new()), Arc::new(Kernel));
    let (job, _wake) = sleep();
    let stop = Arc::new(AtomicBool::new(false));
    for job in [job, Job::Compute(Arc::clone(&stop))] {
        threads.submit(job);
        begun.recv().expect("begun");
        while threads.replace_hung(limit) == 0 {
            std::thread::yield_now();
        }
        lost.recv().expect("told");
    }
    stop.store(true, Ordering::Relaxed);
    assert_eq!(threads.abandoned_lately(), 2);
    threads.close();
}
