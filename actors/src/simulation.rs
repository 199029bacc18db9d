//! Calls whose time is moved by hand: everything in them is real but the clock.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, FRAME_MS, ManualClock, SystemClock};
use tokio::sync::oneshot;

use crate::{Pacer, Switchboard};

/// Rounds of the runtime in which nobody has anything to do before time passes.
const QUIET_ROUNDS: usize = 4;

/// Lets time pass for the calls of a switchboard, in steps that are made once no call has anything
/// left to do; where one hangs or the machine is slow, no faster than real time. Belongs on a
/// runtime of one thread whose time is paused.
pub struct Steps {
    switchboard: Switchboard,
    clock: Arc<ManualClock>,
    real: SystemClock,
    pacer: Pacer,
    /// While a blocking task runs, tokio's paused clock stands still unless it is moved.
    _standing: oneshot::Sender<()>,
}

impl Steps {
    /// Time that passes in one step: a frame of sound.
    pub const STEP: Duration = Duration::from_millis(FRAME_MS as u64);

    /// For the calls of `switchboard`, whose clock and pacer these are. A runtime is not over before
    /// this is dropped.
    #[must_use]
    pub fn new(switchboard: Switchboard, clock: Arc<ManualClock>, pacer: Pacer) -> Self {
        let (standing, over) = oneshot::channel();
        drop(tokio::task::spawn_blocking(move || over.blocking_recv()));
        Self { switchboard, clock, real: SystemClock::new(), pacer, _standing: standing }
    }

    /// Lets [`Steps::STEP`] pass.
    pub async fn step(&self) {
        let begun = self.real.mono();
        let mut quiet = 0;
        while quiet < QUIET_ROUNDS && self.real.mono().since(begun) < Self::STEP {
            tokio::task::yield_now().await;
            quiet = if self.switchboard.is_quiet() { quiet + 1 } else { 0 };
        }
        self.clock.advance(Self::STEP);
        self.pacer.turn();
        tokio::time::advance(Self::STEP).await;
    }
}
