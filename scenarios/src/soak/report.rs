//! What came of a soak, for people and as JSON. Ids and figures; nobody's words.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use frontdesk_tenants::inspection::Violation;
use serde::Serialize;

use super::breaker::Broken;
use super::day::{Finished, Way};
use super::samples::{Growth, Life};

/// Calls of one way.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Count {
    pub calls: usize,
    pub finished: usize,
    /// Did not come to their end, beside something broken.
    pub explained: usize,
    /// The same with nothing broken from 20 s before them on.
    pub unexplained: usize,
}

/// See the module's documentation.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub passed: bool,
    pub seconds: f64,
    /// What does not hold, found at any time.
    pub violations: Vec<Violation>,
    pub ways: BTreeMap<Way, Count>,
    pub broken: Vec<Broken>,
    /// What was not broken, and why.
    pub left_out: Vec<String>,
    /// Seconds from the end of the last call until nothing waited any more; `None` if something did.
    pub settled: Option<f64>,
    /// What people know in the end.
    pub people: BTreeMap<&'static str, usize>,
    /// Rows of the audit log's chains that were verified.
    pub audited: u64,
    pub growth: Vec<Option<Growth>>,
    pub lives: Vec<Life>,
    /// Error lines of the runtime's log, without their values.
    pub errors: BTreeMap<String, usize>,
    pub faults: Vec<Finished>,
}

/// How long after something was mended calls may still fail for it.
const AFTERMATH: f64 = 20.0;

/// Whether a call went on while that was broken.
fn meets(call: &Finished, broken: &Broken) -> bool {
    let over = broken.ready.unwrap_or(f64::INFINITY).max(broken.mended) + AFTERMATH;
    call.began <= over && call.ended >= broken.at
}

impl Report {
    /// Counts the calls, by way and by what was broken in them.
    pub(super) fn count(&mut self, calls: &[Finished]) {
        for call in calls {
            let count = self.ways.entry(call.way).or_default();
            count.calls += 1;
            let met = self.broken.iter().any(|broken| meets(call, broken));
            match (&call.fault, met) {
                (None, _) => count.finished += 1,
                (Some(_), true) => count.explained += 1,
                (Some(_), false) => count.unexplained += 1,
            }
            if let (Some(fault), false, true) = (&call.fault, met, call.way != Way::Spoken) {
                let row = format!("call {} at {:.0} s: {fault}", call.number, call.began);
                self.violations.push(Violation { rule: "UNEXPLAINED", row });
            }
            self.violations.extend(call.found.iter().cloned());
            for broken in &mut self.broken {
                if call.began <= broken.at && call.ended >= broken.at {
                    broken.calls += 1;
                    broken.finished += usize::from(call.fault.is_none());
                }
            }
        }
        self.faults = calls.iter().filter(|call| call.fault.is_some()).cloned().collect();
    }

    /// Adds what is held, and by whom it grew.
    pub(super) fn weigh(&mut self, lives: Vec<Life>) {
        for (number, life) in lives.iter().enumerate() {
            self.growth.push(life.growth());
            self.violations.extend(life.violations(number));
        }
        self.lives = lives;
    }
}

/// Markdown, which is also what is printed.
impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed { "passed" } else { "FAILED" };
        writeln!(f, "# Soak: {verdict}\n")?;
        let calls: usize = self.ways.values().map(|count| count.calls).sum();
        writeln!(f, "{calls} calls in {:.0} s.\n", self.seconds)?;
        writeln!(f, "| calls | begun | to their end | cut beside a fault | failed without one |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for (way, count) in &self.ways {
            let Count { calls, finished, explained, unexplained } = count;
            let way = format!("{way:?}").to_lowercase();
            writeln!(f, "| {way} | {calls} | {finished} | {explained} | {unexplained} |")?;
        }
        writeln!(
            f,
            "\n| broken | at s | mended after s | ready after s | calls then | went on | |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for broken in &self.broken {
            let Broken { fault, at, mended, ready, note, calls, finished } = broken;
            let ready =
                ready.map_or_else(|| "never".to_owned(), |ready| format!("{:.1}", ready - at));
            let (fault, mended) = (format!("{fault:?}").to_lowercase(), mended - at);
            writeln!(
                f,
                "| {fault} | {at:.0} | {mended:.1} | {ready} | {calls} | {finished} | {note} |"
            )?;
        }
        for left_out in &self.left_out {
            writeln!(f, "\nNot broken: {left_out}.")?;
        }
        writeln!(f, "\n| process | killed stages | seconds | MiB | open files | growth |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for (number, (life, growth)) in self.lives.iter().zip(&self.growth).enumerate() {
            let (first, last) = (life.samples.first(), life.samples.last());
            let (Some(first), Some(last)) = (first, last) else { continue };
            let growth = growth.map_or_else(
                || "too short".to_owned(),
                |g| format!("{:+.1} MiB, {:+.0} files in {:.0} s", g.mib, g.files, g.seconds),
            );
            let stages = if life.stages.is_empty() { "none" } else { &life.stages };
            writeln!(
                f,
                "| {number} | {stages} | {:.0} | {:.0} to {:.0} | {} to {} | {growth} |",
                last.seconds, first.mib, last.mib, first.files, last.files
            )?;
        }
        let settled = match self.settled {
            Some(seconds) => format!("{seconds:.0} s after the last call nothing waited any more"),
            None => "not all had settled".to_owned(),
        };
        writeln!(
            f,
            "\n{settled}; {} rows of the audit log verified; people: {:?}.",
            self.audited, self.people
        )?;
        if !self.errors.is_empty() {
            writeln!(f, "\n| errors in the log | lines |\n|---|---|")?;
            for (line, count) in &self.errors {
                writeln!(f, "| {line} | {count} |")?;
            }
        }
        if self.violations.is_empty() {
            return write!(f, "\nNothing doubled, nothing lost.");
        }
        writeln!(f, "\n| rule | what breaks it |\n|---|---|")?;
        for Violation { rule, row } in &self.violations {
            writeln!(f, "| {rule} | {row} |")?;
        }
        Ok(())
    }
}
