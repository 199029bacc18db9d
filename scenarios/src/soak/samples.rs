//! Memory and descriptors of the runtime over time, and whether they grow.

use std::time::Duration;

use frontdesk_tenants::inspection::Violation;
use serde::Serialize;

/// What a runtime holds at a moment.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Sample {
    /// Seconds since this process of the runtime took calls.
    pub seconds: f64,
    /// Proportional memory, MiB.
    pub mib: f64,
    /// Open files.
    pub files: usize,
    /// Threads.
    pub threads: usize,
    /// Calls that go on.
    pub calls: f64,
}

/// One process of the runtime, from its start to its end.
#[derive(Debug, Default, Serialize)]
pub(super) struct Life {
    /// Stages of each call that died in it, as in `KILL_STAGES`.
    pub stages: String,
    /// Oldest first.
    pub samples: Vec<Sample>,
}

/// What is made once (models, pools, kept phrases) is made by then.
const WARM_UP: f64 = 45.0;
/// Fewer samples than these tell nothing.
const ENOUGH: usize = 9;
/// What may be there more in the end than in the beginning: memory that the allocator keeps and caches
/// that fill, in MiB, and pools of connections, in files.
const SLACK_MIB: f64 = 32.0;
const SLACK_FILES: f64 = 24.0;
/// What may be added to that, for each hour.
const MIB_PER_HOUR: f64 = 8.0;
const FILES_PER_HOUR: f64 = 4.0;

/// How much is held more in the last third of a life than in the first, after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Growth {
    /// Between the middles of the two thirds, seconds.
    pub seconds: f64,
    /// MiB.
    pub mib: f64,
    /// Open files.
    pub files: f64,
}

impl Life {
    /// Its growth: by the least of each third, which calls that go on do not disturb. `None` if it was
    /// too short.
    pub(super) fn growth(&self) -> Option<Growth> {
        let warm: Vec<&Sample> =
            self.samples.iter().filter(|sample| sample.seconds >= WARM_UP).collect();
        if warm.len() < ENOUGH {
            return None;
        }
        let third = warm.len() / 3;
        let (first, last) = (&warm[..third], &warm[warm.len() - third..]);
        let least = |of: &[&Sample], what: fn(&Sample) -> f64| {
            of.iter().map(|sample| what(sample)).fold(f64::INFINITY, f64::min)
        };
        let grown = |what: fn(&Sample) -> f64| least(last, what) - least(first, what);
        Some(Growth {
            seconds: last[third / 2].seconds - first[third / 2].seconds,
            mib: grown(|sample| sample.mib),
            files: grown(|sample| sample.files as f64),
        })
    }

    /// What grew more than it may.
    pub(super) fn violations(&self, number: usize) -> Vec<Violation> {
        let Some(growth) = self.growth() else { return Vec::new() };
        let hours = growth.seconds / Duration::from_hours(1).as_secs_f64();
        let mut found = Vec::new();
        let mut judge = |rule, grown: f64, allowed: f64, unit| {
            if grown > allowed {
                let seconds = growth.seconds;
                let row = format!(
                    "process {number} grew by {grown:.1} {unit} in {seconds:.0} s; allowed are \
                     {allowed:.1}"
                );
                found.push(Violation { rule, row });
            }
        };
        judge("MEMORY", growth.mib, SLACK_MIB + MIB_PER_HOUR * hours, "MiB");
        judge("DESCRIPTORS", growth.files, SLACK_FILES + FILES_PER_HOUR * hours, "open files");
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten hours, a sample a minute, with calls coming and going.
    fn life(mib: impl Fn(f64) -> f64, files: impl Fn(f64) -> f64) -> Life {
        let sample = |minute: u32| {
            let (hours, calls) = (f64::from(minute) / 60.0, f64::from(minute % 7));
            Sample {
                seconds: f64::from(minute) * 60.0,
                mib: mib(hours) + 3.0 * calls,
                files: (files(hours) + 6.0 * calls) as usize,
                threads: 40,
                calls,
            }
        };
        Life { stages: String::new(), samples: (0..600).map(sample).collect() }
    }

    fn rules(life: &Life) -> Vec<&'static str> {
        life.violations(1).iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn calls_that_come_and_go_are_no_growth() {
        assert_eq!(rules(&life(|_| 120.0, |_| 90.0)), Vec::<&str>::new());
        // A cache that fills in the first hours.
        assert_eq!(
            rules(&life(|hours| 120.0 + 25.0 * hours.min(1.0), |_| 90.0)),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_leak_is_found_among_calls_that_come_and_go() {
        assert_eq!(rules(&life(|hours| 120.0 + 20.0 * hours, |_| 90.0)), ["MEMORY"]);
        assert_eq!(rules(&life(|_| 120.0, |hours| 90.0 + 10.0 * hours)), ["DESCRIPTORS"]);
    }

    #[test]
    fn a_short_life_tells_nothing() {
        let mut short = life(|hours| 1000.0 * hours, |_| 90.0);
        short.samples.truncate(5);
        assert_eq!(short.growth(), None);
    }
}
