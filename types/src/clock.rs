//! Time as an argument: wall-clock instants for the domain, a monotonic reading for audio.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A monotonic reading in microseconds since an arbitrary origin; the origin is the same for all
/// readings of one [`Clock`]. Serializable, so that a decision can be logged and replayed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Mono(u64);

impl Mono {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// A reading of `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A reading of `millis` milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1000)
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Milliseconds since the origin, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// Time since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Mono {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Source of time. Everything that needs the time takes one, or takes the reading as an argument.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock.
    fn wall(&self) -> Timestamp;
    /// The monotonic clock.
    fn mono(&self) -> Mono;
}

/// The clock of the operating system. Its monotonic reading begins with the wall clock's when it is
/// made, in microseconds since 1970: a moment that another process kept means the same to this one,
/// as far as their machines' clocks agree.
#[derive(Debug, Clone)]
pub struct SystemClock {
    made: Instant,
    origin: u64,
}

impl SystemClock {
    /// A clock that runs on from now, whatever becomes of the wall clock.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a default that depends on the moment surprises"
    )]
    pub fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let (made, wall) = (Instant::now(), Timestamp::now());
        Self { made, origin: u64::try_from(wall.as_microsecond()).unwrap_or_default() }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        Timestamp::now()
    }

    fn mono(&self) -> Mono {
        let since = u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX);
        Mono(self.origin.saturating_add(since))
    }
}

/// A clock that moves only when told to; wall and monotonic time advance together.
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<(Timestamp, Mono)>,
}

impl ManualClock {
    /// A clock that shows `wall` and the monotonic origin.
    #[must_use]
    pub const fn new(wall: Timestamp) -> Self {
        Self { state: Mutex::new((wall, Mono::ZERO)) }
    }

    /// Moves both clocks on by `step`.
    pub fn advance(&self, step: Duration) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let wall = state.0.checked_add(step).unwrap_or(Timestamp::MAX);
        *state = (wall, state.1 + step);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn mono(&self) -> Mono {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).1
    }
}
