//! Runs a check in many interleavings.

use std::panic::catch_unwind;

use shuttle::scheduler::PctScheduler;
use shuttle::{Config, MaxSteps, Runner};

/// Interleavings that each check is run in. PCT draws priorities and a few points at which they
/// change: it finds bugs of small depth with a probability that is known and does not depend on
/// luck with long runs.
const TRIES: usize = 1500;

/// Points at which priorities change: deeper bugs need more.
const DEPTH: usize = 3;

fn try_all(check: fn()) {
    let scheduler = PctScheduler::new_from_seed(0x5EED, DEPTH, TRIES);
    let mut config = Config::new();
    // The failing schedule is of use to whoever runs a check by hand, not to a mutant that is found.
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
