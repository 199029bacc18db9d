//! Native threads that run jobs of models, and what happens when one hangs.
//!
//! A thread inside a foreign library cannot be stopped. One that computes or sleeps for too long
//! over one turn is abandoned: it is counted, never joined, and another takes its place. If it ever
//! returns it finds its number gone and ends. Of a thread that only waits for a processor nothing is
//! believed (see [`thread_time`](super::thread_time)).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, Mono};

use super::thread_time::{Kernel, ThreadTimes, Used, hangs};
use crate::sync::{Condvar, Mutex, thread};

/// For how long an abandoned thread counts against the process.
const COUNTS_FOR: Duration = Duration::from_secs(10 * 60);

/// What a job wants after a turn on a thread.
pub(crate) enum After<J> {
    /// Nothing more.
    Done,
    /// Another turn, behind those that wait.
    Again(J),
}

/// Runs jobs of one kind.
pub(crate) trait Work: Send + Sync + 'static {
    type Job: Clone + Send + 'static;

    /// One turn of a job. May panic; may hang.
    fn run(&self, job: Self::Job) -> After<Self::Job>;

    /// The job's thread panicked or hung in it.
    fn lost(&self, job: Self::Job);
}

struct Busy<J> {
    thread: u64,
    /// The system's number of the thread.
    id: Option<u64>,
    /// When it was first seen on this turn, and what it had had then.
    seen: Option<(Mono, Option<Used>)>,
    job: J,
}

struct State<J> {
    queue: VecDeque<J>,
    busy: Vec<Busy<J>>,
    next_thread: u64,
    live: Vec<u64>,
    abandoned: u64,
    /// When those were that still count.
    lately: VecDeque<Mono>,
    closed: bool,
}

struct Shared<W: Work> {
    name: &'static str,
    work: W,
    clock: Arc<dyn Clock>,
    times: Arc<dyn ThreadTimes>,
    state: Mutex<State<W::Job>>,
    wake: Condvar,
}

/// A fixed number of threads that share a queue.
pub(crate) struct Threads<W: Work> {
    shared: Arc<Shared<W>>,
}

impl<W: Work> Clone for Threads<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<W: Work> Threads<W> {
    /// Starts `count` threads named `name`.
    pub(crate) fn start(
        name: &'static str,
        count: usize,
        clock: Arc<dyn Clock>,
        work: W,
    ) -> std::io::Result<Self> {
        Self::start_with(name, count, clock, Arc::new(Kernel), work)
    }

    /// The same, whose threads' times somebody else tells.
    pub(crate) fn start_with(
        name: &'static str,
        count: usize,
        clock: Arc<dyn Clock>,
        times: Arc<dyn ThreadTimes>,
        work: W,
    ) -> std::io::Result<Self> {
        let state = State {
            queue: VecDeque::new(),
            busy: Vec::new(),
            next_thread: 0,
            live: Vec::new(),
            abandoned: 0,
            lately: VecDeque::new(),
            closed: false,
        };
        let (state, wake) = (Mutex::new(state), Condvar::new());
        let shared = Arc::new(Shared { name, work, clock, times, state, wake });
        for _ in 0..count.max(1) {
            Shared::spawn(&shared)?;
        }
        Ok(Self { shared })
    }

    pub(crate) fn work(&self) -> &W {
        &self.shared.work
    }

    pub(crate) fn submit(&self, job: W::Job) {
        let mut state = self.shared.state.lock();
        if !state.closed {
            state.queue.push_back(job);
            drop(state);
            self.shared.wake.notify_one();
        }
    }

    /// Replaces threads that have computed or slept for longer than `limit` since they were first
    /// seen on their turn. Returns how many.
    pub(crate) fn replace_hung(&self, limit: Duration) -> usize {
        let now = self.shared.clock.mono();
        let mut lost = Vec::new();
        {
            let mut state = self.shared.state.lock();
            let (mut hung, mut busy) = (Vec::new(), Vec::new());
            for mut one in std::mem::take(&mut state.busy) {
                let given_up = self.shared.hangs(&mut one, now, limit);
                if given_up { hung.push(one) } else { busy.push(one) }
            }
            state.busy = busy;
            for busy in hung {
                state.live.retain(|&thread| thread != busy.thread);
                state.abandoned += 1;
                state.lately.push_back(now);
                lost.push(busy.job);
            }
        }
        let count = lost.len();
        for job in lost {
            tracing::error!(pool = self.shared.name, "native thread hangs and is abandoned");
            if let Err(error) = Shared::spawn(&self.shared) {
                tracing::error!(pool = self.shared.name, %error, "cannot start a thread");
            }
            self.shared.work.lost(job);
        }
        count
    }

    /// Threads abandoned since the start.
    pub(crate) fn abandoned(&self) -> u64 {
        self.shared.state.lock().abandoned
    }

    /// Threads abandoned lately.
    pub(crate) fn abandoned_lately(&self) -> usize {
        let now = self.shared.clock.mono();
        let mut state = self.shared.state.lock();
        while state.lately.front().is_some_and(|at| now.since(*at) > COUNTS_FOR) {
            state.lately.pop_front();
        }
        state.lately.len()
    }

    /// The process stood still for a while: what its threads did with that time means nothing.
    pub(crate) fn stood_still(&self) {
        for busy in &mut self.shared.state.lock().busy {
            busy.seen = None;
        }
    }

    /// Whether no job waits or runs.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.shared.state.lock();
        state.queue.is_empty() && state.busy.is_empty()
    }

    /// Whether a thread has nothing to do.
    pub(crate) fn has_free(&self) -> bool {
        let state = self.shared.state.lock();
        state.queue.len() + state.busy.len() < state.live.len()
    }

    /// Jobs that wait for a thread.
    pub(crate) fn queued(&self) -> usize {
        self.shared.state.lock().queue.len()
    }
}

impl<W: Work> Threads<W> {
    /// Lets the threads end once they are idle; queued jobs are dropped.
    pub(crate) fn close(&self) {
        let mut state = self.shared.state.lock();
        state.closed = true;
        state.queue.clear();
        drop(state);
        self.shared.wake.notify_all();
    }
}

impl<W: Work> Shared<W> {
    /// Looks at a thread on its turn, and whether it hangs. That a turn begins costs nothing: its time
    /// is measured from the first look on.
    fn hangs(&self, busy: &mut Busy<W::Job>, now: Mono, limit: Duration) -> bool {
        let used = busy.id.and_then(|id| self.times.of(id));
        let (since, before) = *busy.seen.get_or_insert((now, used));
        hangs(now.since(since), before.zip(used), limit)
    }

    fn spawn(shared: &Arc<Self>) -> std::io::Result<()> {
        let number = {
            let mut state = shared.state.lock();
            state.next_thread += 1;
            let number = state.next_thread;
            state.live.push(number);
            number
        };
        let shared = Arc::clone(shared);
        thread::Builder::new()
            .name(format!("{}-{number}", shared.name))
            .spawn(move || shared.thread(number))
            .map(|_| ())
    }

    fn thread(&self, number: u64) {
        let id = self.times.this();
        while let Some(job) = self.take(number, id) {
            let turn = catch_unwind(AssertUnwindSafe(|| self.work.run(job.clone())));
            let panicked = turn.is_err();
            {
                // At once, so that a job that goes on is never in neither place.
                let mut state = self.state.lock();
                state.busy.retain(|busy| busy.thread != number);
                if !state.live.contains(&number) {
                    // Taken for hung meanwhile: the job was given to another.
                    return;
                }
                // After the close nobody would take it, and it would keep its call alive.
                if let Ok(After::Again(job)) = turn
                    && !state.closed
                {
                    state.queue.push_back(job);
                    self.wake.notify_one();
                }
            }
            if panicked {
                tracing::error!(pool = self.name, "job panicked");
                self.work.lost(job);
            }
        }
    }

    fn take(&self, thread: u64, id: Option<u64>) -> Option<W::Job> {
        let mut state = self.state.lock();
        loop {
            if state.closed || !state.live.contains(&thread) {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                state.busy.push(Busy { thread, id, seen: None, job: job.clone() });
                return Some(job);
            }
            self.wake.wait(&mut state);
        }
    }
}

#[cfg(test)]
#[path = "threads_tests.rs"]
mod tests;
