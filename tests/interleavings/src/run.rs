//! Runs a check in many interleavings.

use std::panic::catch_unwind;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// Interleavings that each check is run in by each scheduler.
const TRIES: usize = 1500;

/// Points at which priorities change: deeper bugs need more.
const DEPTH: usize = 3;

const SEED: u64 = 0x5EED;

fn try_all(check: fn()) {
    // Draws priorities and a few points at which they change: finds what needs a long run of one
    // thread and a switch at the wrong moment.
    run(PctScheduler::new_from_seed(SEED, DEPTH, TRIES), check);
    // Draws a thread at each step: finds what needs several to move on together.
    run(RandomScheduler::new_from_seed(SEED, TRIES), check);
}

fn run(scheduler: impl Scheduler + 'static, check: fn()) {
    let mut config = Config::new();
    config.silence_warnings = true;
    // A check takes some hundred steps; one that goes on does not end.
    config.max_steps = MaxSteps::FailAfter(50_000);
    Runner::new(scheduler, config).run(check);
}

/// The check holds in all interleavings that were tried.
pub(crate) fn holds(check: fn()) {
    try_all(check);
}

/// The check finds the mutant in one of them.
pub(crate) fn finds(check: fn()) {
    assert!(catch_unwind(|| try_all(check)).is_err(), "the mutant was not found");
}
