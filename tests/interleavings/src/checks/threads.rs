// What must hold of the threads of models. Included once per variant of
// `actors/src/media/threads.rs`.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::ManualClock;
use shuttle::thread;

use super::threads::{After, Threads, Work};
use crate::sync::{Condvar, Mutex};

const LIMIT: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Job {
    /// Done after so many turns.
    Turns(u32),
    /// Wants a turn for ever, and shows by the count of its token where it still is.
    Forever(Arc<()>),
    /// Hangs until it is freed, then wants another turn.
    Hang,
    Panic,
}

#[derive(Default)]
struct State {
    done: Vec<Job>,
    lost: Vec<Job>,
    hanging: u32,
    freed: bool,
}

#[derive(Clone, Default)]
struct Recorder(Arc<(Mutex<State>, Condvar)>);

impl Recorder {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock());
        self.0.1.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) {
        let mut state = self.0.0.lock();
        while !until(&state) {
            self.0.1.wait(&mut state);
        }
    }
}

impl Work for Recorder {
    type Job = Job;

    fn run(&self, job: Job) -> After<Job> {
        match job {
            Job::Turns(0 | 1) => {
                self.change(|state| state.done.push(job));
                After::Done
            }
            Job::Turns(more) => After::Again(Job::Turns(more - 1)),
            Job::Forever(_) => {
                thread::yield_now();
                After::Again(job)
            }
            Job::Hang => {
                self.change(|state| state.hanging += 1);
                self.wait(|state| state.freed);
                After::Again(Job::Turns(1))
            }
            Job::Panic => std::panic::resume_unwind(Box::new("the engine breaks")),
        }
    }

    fn lost(&self, job: Job) {
        self.change(|state| state.lost.push(job));
    }
}

fn threads(count: usize) -> (Threads<Recorder>, Recorder, Arc<ManualClock>) {
    let (work, clock) = (Recorder::default(), Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH)));
    let threads = Threads::start("checked", count, clock.clone(), work.clone());
    (threads.expect("threads start"), work, clock)
}

/// Jobs of several senders on two threads: each is run to its end once, one that panics is told to
/// be lost once, and after the close all threads end (one that does not is a deadlock here).
pub(crate) fn each_job_is_run_once_and_the_close_ends_all() {
    let (threads, work, _) = threads(2);
    let senders = [Job::Turns(2), Job::Panic].map(|job| {
        let threads = threads.clone();
        thread::spawn(move || {
            threads.submit(job);
            threads.submit(Job::Turns(1));
        })
    });
    work.wait(|state| state.done.len() == 3 && state.lost.len() == 1);
    senders.map(|sender| sender.join().expect("submitted"));
    threads.close();
    assert_eq!(work.0.0.lock().lost, [Job::Panic]);
    assert_eq!((threads.queued(), threads.abandoned()), (0, 0));
}

/// A thread that hangs is abandoned once and its job told to be lost once, although two look for
/// hung threads; the others' jobs go on; and when it comes back it changes nothing.
pub(crate) fn a_hung_thread_is_abandoned_once() {
    let (threads, work, clock) = threads(1);
    threads.submit(Job::Hang);
    threads.submit(Job::Turns(1));
    work.wait(|state| state.hanging == 1);
    assert_eq!(threads.replace_hung(LIMIT), 0, "it has not worked for long");
    clock.advance(LIMIT * 2);
    let other = thread::spawn({
        let threads = threads.clone();
        move || threads.replace_hung(LIMIT)
    });
    let found = threads.replace_hung(LIMIT) + other.join().expect("looked");
    assert_eq!(found, 1);
    // On the thread that took its place.
    work.wait(|state| state.done.len() == 1 && state.lost.len() == 1);
    work.change(|state| state.freed = true);
    threads.submit(Job::Turns(1));
    work.wait(|state| state.done.len() == 2);
    assert_eq!((threads.replace_hung(LIMIT), threads.abandoned()), (0, 1));
    threads.close();
    let state = work.0.0.lock();
    assert_eq!((state.done.len(), &state.lost[..]), (2, &[Job::Hang][..]));
}

/// A job comes while the threads are closed, and wants another turn each time: it is dropped, and
/// with it the call that it would keep alive.
pub(crate) fn nothing_is_queued_after_the_close() {
    let (threads, _, _) = threads(1);
    let token = Arc::new(());
    let sender = thread::spawn({
        let (threads, token) = (threads.clone(), token.clone());
        move || threads.submit(Job::Forever(token))
    });
    threads.close();
    sender.join().expect("submitted");
    while Arc::strong_count(&token) > 1 {
        thread::yield_now();
    }
    assert_eq!(threads.queued(), 0);
}
