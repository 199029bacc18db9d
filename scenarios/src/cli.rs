//! `frontdesk call`: one scenario, several, or a folder of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::deployment::Deployment;
use super::format::{Medium, Scenario};
use super::host::{Host, HostError};
use super::outcome::{Exit, Failure, Output};
use super::place::{Manner, Outside, place};
use super::report::Report;
use super::speech::Carrier;
use super::suite::{Fault, Suite};

/// Options of `call`.
#[derive(Debug, Clone, Args)]
pub struct CallArgs {
    /// Scenario file, or a folder of them; may be given several times.
    #[arg(long = "scenario", value_name = "FILE", required = true, num_args = 1..)]
    pub scenarios: Vec<PathBuf>,
    /// How the patient calls, whatever the file says.
    #[arg(long, value_name = "text|web", value_parser = medium)]
    pub channel: Option<Medium>,
    /// The patient's flite voice (slt, rms, awb, kal16, kal), whatever the file says.
    #[arg(long, value_name = "NAME")]
    pub voice: Option<String>,
    /// Pink noise so many decibels below the patient's voice.
    #[arg(long, value_name = "DB")]
    pub noise: Option<f32>,
    /// Send the patient's voice in the band of a telephone: 300 to 3400 Hz, 8 kHz µ-law.
    #[arg(long)]
    pub phone: bool,
    /// Stop for so many milliseconds in the middle of every sentence of four words or more: at the
    /// comma next to its middle, or else between two words.
    #[arg(long, value_name = "MS")]
    pub hesitate: Option<u32>,
    /// Record the one spoken call to this WAV file: patient left, agent right.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write the report to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Calls at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Print every conversation, also of several calls.
    #[arg(long)]
    pub verbose: bool,
}

fn medium(text: &str) -> Result<Medium, String> {
    match text {
        "text" => Ok(Medium::Text),
        "web" => Ok(Medium::Web),
        _ => Err("expected text or web".to_owned()),
    }
}

impl CallArgs {
    /// How the calls are placed, whatever their files say.
    fn manner(&self) -> Manner {
        Manner {
            medium: self.channel,
            voice: self.voice.clone(),
            hesitation_ms: self.hesitate.unwrap_or(0),
            carrier: Carrier { noise_db: self.noise, telephone: self.phone },
            record: self.record.clone(),
        }
    }
}

/// A scenario and the file that it is from.
type Loaded = (String, Scenario);

/// Places the calls and prints their reports, until `interrupted`.
///
/// # Errors
/// [`Failure`] if a file is not a scenario, or there is no runtime to call.
pub async fn call(
    deployment: &impl Deployment,
    args: &CallArgs,
    interrupted: CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    // All files first: a mistake in the last one starts nothing.
    let scenarios = load(&args.scenarios)?;
    if args.record.is_some() && scenarios.len() > 1 {
        let message = "--record takes one call: name one scenario, not several";
        return Err(Failure::new(Exit::Usage, message));
    }
    let pinned = scenarios.iter().any(|(_, scenario)| scenario.now.is_some());
    let host = Host::find_or_start(deployment, pinned, &interrupted).await?;
    let result = tokio::select! {
        result = run(deployment, args, scenarios, out) => result,
        () = interrupted.cancelled() => Err(HostError::Interrupted.into()),
    };
    host.stop().await;
    result
}

async fn run(
    deployment: &impl Deployment,
    args: &CallArgs,
    scenarios: Vec<Loaded>,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let outside = Outside::of(deployment).await?;
    let single = scenarios.len() == 1;
    let clock = Arc::clone(&outside.clock);
    let started = clock.mono();
    let (calls, faults) = place_all(&outside, args, scenarios, |report| {
        if single || args.verbose {
            out.line(report);
            out.line("");
        }
    })
    .await;
    outside.database.close().await;
    let suite = Suite::of(calls, faults, clock.mono().since(started).as_secs_f64());
    if let Some(path) = &args.json {
        write_json(path, &suite, single)?;
    }
    if single {
        // A call that could not be placed is a fault of the outside, told in one line.
        if let Some(fault) = suite.faults.first() {
            return Err(Failure::new(Exit::Unavailable, &fault.reason));
        }
    } else {
        out.line(&suite);
    }
    Ok(if suite.passed { Exit::Done } else { Exit::Failed })
}

/// Places the calls, `jobs` at a time; the reports come in the order of the scenarios.
async fn place_all(
    outside: &Outside,
    args: &CallArgs,
    scenarios: Vec<Loaded>,
    mut told: impl FnMut(&Report),
) -> (Vec<Report>, Vec<Fault>) {
    let mut waiting = scenarios.into_iter().enumerate();
    let mut running = JoinSet::new();
    let (mut reports, mut faults) = (Vec::new(), Vec::new());
    loop {
        while running.len() < usize::from(args.jobs) {
            let Some((number, (file, scenario))) = waiting.next() else { break };
            let (outside, manner) = (outside.clone(), args.manner());
            running.spawn(async move {
                let result = place(&outside, &scenario, &file, &manner, |_, _| ()).await;
                (number, result.map_err(|error| Fault { file, reason: error.to_string() }))
            });
        }
        match running.join_next().await {
            Some(Ok((number, Ok(report)))) => {
                told(&report);
                reports.push((number, report));
            }
            Some(Ok((_, Err(fault)))) => faults.push(fault),
            Some(Err(error)) => {
                faults.push(Fault { file: String::new(), reason: error.to_string() });
            }
            None => break,
        }
    }
    reports.sort_by_key(|(number, _)| *number);
    (reports.into_iter().map(|(_, report)| report).collect(), faults)
}

fn write_json(path: &Path, suite: &Suite, single: bool) -> Result<(), Failure> {
    let json = match (single, suite.calls.first()) {
        (true, Some(report)) => serde_json::to_string_pretty(report),
        _ => serde_json::to_string_pretty(suite),
    };
    let written = json
        .map_err(|error| error.to_string())
        .and_then(|json| std::fs::write(path, json + "\n").map_err(|error| error.to_string()));
    written.map_err(|reason| {
        let path = path.display();
        Failure::new(Exit::Failed, format!("the report {path} cannot be written: {reason}"))
    })
}

/// Reads all files; those of a folder in the order of their names.
fn load(paths: &[PathBuf]) -> Result<Vec<Loaded>, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let mut loaded = Vec::new();
    for path in paths {
        for file in files(path).map_err(usage)? {
            let scenario = Scenario::load(&file).map_err(|error| usage(error.to_string()))?;
            loaded.push((file.display().to_string(), scenario));
        }
    }
    Ok(loaded)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let shown = path.display();
    let entries =
        std::fs::read_dir(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let is_yaml =
        |file: &PathBuf| file.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_yaml).collect();
    if files.is_empty() {
        return Err(format!("{shown} has no scenario files (*.yaml)"));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name: NAME\nclinic: nile-heart\nrules: []\nexpect: {}\n";

    #[test]
    fn a_folder_stands_for_its_files_by_name() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["b", "a"] {
            let text = TEXT.replace("NAME", name);
            std::fs::write(dir.path().join(format!("{name}.yaml")), text).expect("written");
        }
        std::fs::write(dir.path().join("notes.txt"), "not a scenario").expect("written");
        let loaded = load(&[dir.path().to_owned()]).expect("valid");
        let names: Vec<&str> = loaded.iter().map(|(_, scenario)| scenario.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_file_that_is_no_scenario_ends_everything_before_it_starts() {
        let dir = tempfile::tempdir().expect("a folder");
        let empty = load(&[dir.path().to_owned()]).expect_err("no files");
        assert_eq!(empty.exit, Exit::Usage);
        std::fs::write(dir.path().join("x.yaml"), "name: [").expect("written");
        let broken = load(&[dir.path().to_owned()]).expect_err("not YAML");
        assert_eq!(broken.exit, Exit::Usage);
        assert!(!broken.message.contains('\n'), "{}", broken.message);
        let missing = load(&[dir.path().join("no.yaml")]).expect_err("not there");
        assert!(missing.message.contains("no.yaml"), "{}", missing.message);
    }
}
