//! Measures the offline models on this machine and prints the tables of docs/speech.md:
//! `cargo run --release -p frontdesk-models --example speech_figures`
//!
//! Times are processor time of one thread. The patient's voice is flite's, near to what the
//! acoustic model was trained on: the recognition figures are an upper bound for clear speech on the subject, and say nothing of real callers.

#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

mod hearing;
mod sentences;
mod sound;
mod sounds;
mod speaking;
mod telephone;
mod tones;

use std::time::Duration;

use anyhow::{Context, Result};
fn main() -> Result<()> {
    let stage = std::env::args().nth(1);
    let wanted = |name: &str| stage.as_deref().is_none_or(|stage| stage == name);
    if wanted("memory") {
        hearing::memory()?;
    }
    if wanted("speaking") {
        speaking::figures()?;
    }
    if wanted("hearing") {
        hearing::figures()?;
    }
    if wanted("voice") {
        hearing::voice_activity();
    }
    if wanted("tones") {
        tones::figures(std::env::args().nth(2).as_deref())?;
    }
    Ok(())
}

/// How much processor time `work` takes on this thread: other programs do not count.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = processor_time();
    let result = work();
    (result, processor_time().saturating_sub(before))
}

/// Processor time of this thread so far.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = statistics.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// The value below which `percent` of them lie.
fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent / 100).min(values.len() - 1)).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn resident_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
