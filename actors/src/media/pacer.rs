//! One thread that paces the playout of all calls.
//!
//! Each call that has something to play is due every 20 ms from the moment it began, so that calls
//! spread over the time between and a first frame never waits for a common tick. A call that plays
//! nothing is not in the heap and costs nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, FRAME_MS, Mono};
use parking_lot::{Condvar, Mutex};

const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);

/// A call that is this late (the machine slept, the process was stopped) skips ahead instead of
/// sending a burst.
const MAX_LATE: Duration = Duration::from_millis(100);

/// What is paced: the playout of a call.
pub(crate) trait Paced: Send + Sync {
    /// Plays the frame that is due at `now`. Returns whether another will be.
    fn tick(&self, now: Mono) -> bool;

    /// After a panic in [`Paced::tick`]: drop what may be damaged and go on.
    fn reset(&self);
}

struct Due {
    at: Mono,
    order: u64,
    outlet: Arc<dyn Paced>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

#[derive(Default)]
struct State {
    heap: BinaryHeap<Reverse<Due>>,
    order: u64,
    closed: bool,
}

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    wake: Condvar,
}

/// Handle of the pacing thread; see the module's documentation.
#[derive(Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
}

impl Pacer {
    /// One without a thread, for a clock that is moved by hand: whoever moves it calls
    /// [`Pacer::turn`] then.
    #[must_use]
    pub fn by_hand(clock: Arc<dyn Clock>) -> Self {
        let (state, wake) = (Mutex::new(State::default()), Condvar::new());
        Self { shared: Arc::new(Shared { clock, state, wake }) }
    }

    /// Plays every frame that is due by now.
    pub fn turn(&self) {
        while let Some((at, outlet)) = self.shared.due() {
            self.shared.play(at, outlet);
        }
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system refuses another thread.
    pub fn start(clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { clock, state: Mutex::new(State::default()), wake: Condvar::new() });
        let thread = Arc::clone(&shared);
        std::thread::Builder::new().name("pacer".to_owned()).spawn(move || thread.run())?;
        Ok(Self { shared })
    }

    /// Ends the thread.
    pub fn close(&self) {
        self.shared.state.lock().closed = true;
        self.shared.wake.notify_all();
    }

    /// Calls [`Paced::tick`] from now on every 20 ms for as long as it wants.
    pub(crate) fn schedule(&self, outlet: Arc<dyn Paced>) {
        let at = self.shared.clock.mono();
        let mut state = self.shared.state.lock();
        state.push(at, outlet);
        drop(state);
        self.shared.wake.notify_one();
    }
}

impl State {
    fn push(&mut self, at: Mono, outlet: Arc<dyn Paced>) {
        self.order += 1;
        let order = self.order;
        self.heap.push(Reverse(Due { at, order, outlet }));
    }
}

impl Shared {
    fn run(&self) {
        while let Some((at, outlet)) = self.next() {
            self.play(at, outlet);
        }
    }

    /// Plays the frame that was due at `at`, and sets when the next one is.
    fn play(&self, at: Mono, outlet: Arc<dyn Paced>) {
        let active = catch_unwind(AssertUnwindSafe(|| outlet.tick(at)));
        match active {
            Ok(true) => {
                let now = self.clock.mono();
                let next = at + FRAME;
                let next = if now.since(next) > MAX_LATE { now } else { next };
                self.state.lock().push(next, outlet);
            }
            Ok(false) => {}
            Err(_) => {
                tracing::error!("playout of a call panicked and is reset");
                outlet.reset();
            }
        }
    }

    /// What is due by now, without waiting.
    fn due(&self) -> Option<(Mono, Arc<dyn Paced>)> {
        let mut state = self.state.lock();
        let now = self.clock.mono();
        let is_due = state.heap.peek().is_some_and(|Reverse(due)| due.at <= now);
        is_due.then(|| state.heap.pop()).flatten().map(|Reverse(due)| (due.at, due.outlet))
    }

    fn next(&self) -> Option<(Mono, Arc<dyn Paced>)> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            let now = self.clock.mono();
            match state.heap.peek() {
                None => self.wake.wait(&mut state),
                Some(Reverse(due)) if due.at > now => {
                    let wait = due.at.since(now);
                    self.wake.wait_for(&mut state, wait);
                }
                Some(_) => return state.heap.pop().map(|Reverse(due)| (due.at, due.outlet)),
            }
        }
    }
}
