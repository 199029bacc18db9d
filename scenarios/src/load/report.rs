//! What came of a load, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::caller::Course;
use super::{Counted, Held, LoadArgs};

/// What the processes used while all calls were held.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    /// Most proportional memory of the agent, bytes.
    pub(super) memory: u64,
    /// How long was measured.
    pub(super) seconds: f64,
    /// Processor seconds.
    pub(super) agent_cpu: f64,
    pub(super) caller_cpu: f64,
}

impl Used {
    /// With those of another round.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            seconds: self.seconds + other.seconds,
            agent_cpu: self.agent_cpu + other.agent_cpu,
            caller_cpu: self.caller_cpu + other.caller_cpu,
        }
    }
}

/// What was measured of the processes.
pub(super) struct Measured {
    /// Proportional memory of the agent after one call, and after all, bytes.
    pub(super) before: u64,
    pub(super) after: u64,
    /// What else it held then.
    pub(super) held: (Held, Held),
    pub(super) used: Used,
    /// What the agent counted, if it does.
    pub(super) counted: Option<Counted>,
}

/// Milliseconds of a measured delay.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Delay {
    count: usize,
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

impl Delay {
    fn of(samples: impl Iterator<Item = Duration>) -> Option<Self> {
        let mut ms: Vec<f64> = samples.map(|sample| sample.as_secs_f64() * 1000.0).collect();
        ms.sort_by(f64::total_cmp);
        let max = *ms.last()?;
        // Nearest rank.
        let at = |percent: usize| ms[(ms.len() * percent).div_ceil(100).max(1) - 1];
        Some(Self { count: ms.len(), p50: at(50), p95: at(95), p99: at(99), max })
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    calls: u16,
    turns: u32,
    speaking: f64,
    seconds: u64,
    /// Why calls failed, one line each.
    pub(super) failures: Vec<String>,
    join_ms: Option<Delay>,
    greeting_ms: Option<Delay>,
    response_ms: Option<Delay>,
    interruption_ms: Option<Delay>,
    /// Packets that the callers sent since somebody listened.
    packets_sent: u64,
    /// Packets that the agent decoded, if it counts them.
    packets_decoded: Option<f64>,
    /// Utterances that the agent recognized to their end, if it counts them.
    finals: Option<f64>,
    /// Those of them whose words came more than 300 ms after the turn was over.
    finals_late: Option<f64>,
    /// Mean wait from the end of a turn to its words.
    finals_wait_ms: Option<f64>,
    /// Packets of the agent's voice.
    voice_packets: u64,
    /// Pauses of 60 to 200 ms inside the agent's utterances.
    gaps: u64,
    rounds: u32,
    agent_mib_before: f64,
    agent_mib: f64,
    agent_mib_after: f64,
    agent_held_before: Held,
    agent_held_after: Held,
    agent_mib_per_call: f64,
    agent_cores: f64,
    agent_cores_per_call: f64,
    caller_cores: f64,
}

#[expect(clippy::cast_precision_loss, reason = "memory in MiB with two decimals")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl Report {
    pub(super) fn of(args: &LoadArgs, courses: &[Course], measured: &Measured) -> Self {
        let calls = f64::from(args.calls);
        let used = measured.used;
        let (before, during) = (mib(measured.before), mib(used.memory));
        let seconds = used.seconds.max(f64::EPSILON);
        Self {
            calls: args.calls,
            turns: args.turns,
            speaking: args.speaking,
            seconds: args.seconds,
            failures: courses.iter().filter_map(|c| c.fault.clone()).collect(),
            join_ms: Delay::of(courses.iter().map(|c| c.joined)),
            greeting_ms: Delay::of(courses.iter().filter_map(|c| c.greeting)),
            response_ms: Delay::of(courses.iter().flat_map(|c| c.responses.iter().copied())),
            interruption_ms: Delay::of(
                courses.iter().flat_map(|c| c.interruptions.iter().copied()),
            ),
            packets_decoded: measured.counted.map(|c| c.decoded),
            finals: measured.counted.map(|c| c.finals),
            finals_late: measured.counted.map(|c| c.finals_late),
            finals_wait_ms: measured.counted.map(|c| c.finals_wait_ms / c.finals.max(1.0)),
            packets_sent: courses.iter().map(|c| c.sent).sum(),
            voice_packets: courses.iter().map(|c| c.heard).sum(),
            gaps: courses.iter().map(|c| c.gaps).sum(),
            rounds: args.rounds,
            agent_mib_before: before,
            agent_mib: during,
            agent_mib_after: mib(measured.after),
            agent_held_before: measured.held.0,
            agent_held_after: measured.held.1,
            agent_mib_per_call: (during - before) / calls,
            agent_cores: used.agent_cpu / seconds,
            agent_cores_per_call: used.agent_cpu / seconds / calls,
            caller_cores: used.caller_cpu / seconds,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rounds, calls, turns) = (self.rounds, self.calls, self.turns);
        writeln!(f, "{rounds} × {calls} calls of {turns} turns, held for {} s", self.seconds)?;
        let delays = [
            ("join", self.join_ms),
            ("joined → greeting", self.greeting_ms),
            ("end of speech → answer", self.response_ms),
            ("interruption → silence", self.interruption_ms),
        ];
        writeln!(f, "{:<24}{:>6}{:>9}{:>9}{:>9}{:>9}", "ms", "n", "p50", "p95", "p99", "max")?;
        for (name, delay) in delays {
            let Some(d) = delay else { continue };
            let (n, p50, p95, p99, max) = (d.count, d.p50, d.p95, d.p99, d.max);
            writeln!(f, "{name:<24}{n:>6}{p50:>9.0}{p95:>9.0}{p99:>9.0}{max:>9.0}")?;
        }
        write!(f, "packets sent {}", self.packets_sent)?;
        if let Some(decoded) = self.packets_decoded {
            write!(f, ", decoded by the agent {decoded:.0}")?;
        }
        writeln!(f, "; of the agent's voice {}, gaps {}", self.voice_packets, self.gaps)?;
        if let (Some(n), Some(late), Some(ms)) =
            (self.finals, self.finals_late, self.finals_wait_ms)
        {
            let told = "end of turn → final words";
            writeln!(f, "{told}: {n:.0} times, {ms:.0} ms at the mean, {late:.0} over 300 ms")?;
        }
        writeln!(
            f,
            "agent: {:.1} MiB after one call, {:.1} MiB with all: {:.2} MiB per call; {:.1} MiB after",
            self.agent_mib_before, self.agent_mib, self.agent_mib_per_call, self.agent_mib_after
        )?;
        for (when, held) in [("one call", self.agent_held_before), ("all", self.agent_held_after)] {
            let Held { files, threads, tasks } = held;
            write!(f, "agent after {when}: {files} open files, {threads} threads")?;
            match tasks {
                Some(tasks) => writeln!(f, ", {tasks:.0} tasks")?,
                None => writeln!(f)?,
            }
        }
        writeln!(
            f,
            "agent: {:.2} cores, {:.2} % of a core per call; callers: {:.2} cores",
            self.agent_cores,
            self.agent_cores_per_call * 100.0,
            self.caller_cores
        )?;
        write!(f, "failed: {}", self.failures.len())?;
        for failure in self.failures.iter().take(5) {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let delay = Delay::of((1..=100).map(Duration::from_millis)).expect("samples");
        assert!((delay.p50 - 50.0).abs() < 1e-9 && (delay.p99 - 99.0).abs() < 1e-9, "{delay:?}");
        let one = Delay::of([Duration::from_millis(7)].into_iter()).expect("a sample");
        assert!((one.p50 - 7.0).abs() < 1e-9 && (one.max - 7.0).abs() < 1e-9, "{one:?}");
        assert!(Delay::of(std::iter::empty()).is_none());
    }
}
