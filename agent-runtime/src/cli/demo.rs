//! The demo calls, one spoken and one typed: a scenario that comes with the program, placed by a
//! patient like any other, printed as it happens, and judged by the row in the database.

use std::time::Duration;

use clap::Args;
use frontdesk::config::Config;
use frontdesk::signals::Asked;
use frontdesk_scenarios::format::{Medium, Scenario};
use frontdesk_scenarios::judge::INTELLIGIBLE;
use frontdesk_scenarios::place::{Manner, Outside, Told, place};
use frontdesk_scenarios::report::Report;
use frontdesk_tenants::demo::demo_file;

use super::deployment::Configured;
use super::serve::{on_runtimes, start};
use super::{Exit, Failure, Out};

/// The file's name in messages.
const FILE: &str = "demo.yaml";

/// Options of the demo call.
#[derive(Debug, Clone, Args)]
pub(super) struct DemoArgs {
    /// Record the call to this WAV file: caller left, agent right.
    #[arg(long, value_name = "FILE")]
    record: Option<std::path::PathBuf>,
    /// The clinic that is called.
    #[arg(long, value_name = "SLUG", default_value = "nile-heart")]
    clinic: String,
}

/// Serves, places the calls, and keeps serving.
pub(super) fn run(config: &Config, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    on_runtimes(async |media| {
        let (runtime, signals) = start(config, media, out).await?;
        let demo = call(config, args, out);
        let mut stop = signals.clone();
        let result = tokio::select! {
            result = demo => Some(result),
            () = stop.wait_for(Asked::Drain) => None,
        };
        match result {
            Some(Ok(_)) => {
                out.line(format_args!("\nServing on http://{}/ until Ctrl-C.", runtime.address()));
            }
            // The runtime serves all the same: the newcomer can try by hand.
            Some(Err(failure)) => Out::error(&failure.message),
            None => {}
        }
        Ok(runtime.serve(signals).await?.into())
    })
}

/// Serves, places the calls, and ends with their result.
pub(super) fn demo(config: &Config, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    on_runtimes(async |media| {
        let (runtime, signals) = start(config, media, out).await?;
        let mut stop = signals.clone();
        let result = tokio::select! {
            result = call(config, args, out) => result,
            () = stop.wait_for(Asked::Drain) => {
                Err(Failure::new(Exit::Failed, "the demo call was interrupted"))
            }
        };
        runtime.stop(signals, config.drain_timeout).await;
        result
    })
}

/// Holds the calls and prints each with the booked row.
async fn call(config: &Config, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    let scenario = script(&args.clinic)?;
    let outside = Outside::of(&Configured(config)).await?;
    let result = both(&outside, &scenario, args, out).await;
    outside.database.close().await;
    result
}

async fn both(
    outside: &Outside,
    scenario: &Scenario,
    args: &DemoArgs,
    out: &mut Out,
) -> Result<Exit, Failure> {
    for medium in [Medium::Web, Medium::Text] {
        let spoken = medium == Medium::Web;
        let who = if spoken { "A caller speaks" } else { "Somebody types" };
        out.line(format_args!("\n{who} to a copy of {}:\n", args.clinic));
        let record = args.record.clone().filter(|_| spoken);
        let manner = Manner { medium: Some(medium), record, ..Manner::default() };
        let report = place(outside, scenario, FILE, &manner, |at, line| print(out, at, &line));
        let report = report.await.map_err(|error| Failure::new(Exit::Failed, error))?;
        tell(&report, out);
        if let Some(path) = manner.record {
            out.line(format_args!("Recorded to {}.", path.display()));
        }
        // How much of the voice was recognized is told above: it says something of the voice and the
        // ear, and nothing of the call.
        let failed = report.checks.iter().find(|check| !check.ok && check.name != INTELLIGIBLE);
        if let Some(check) = failed {
            let how = if spoken { "spoken" } else { "typed" };
            return Err(Failure::new(
                Exit::Failed,
                format!(
                    "the {how} demo call is not as expected: {}: expected {}; got {}",
                    check.name, check.expected, check.actual
                ),
            ));
        }
    }
    Ok(Exit::Done)
}

/// What the caller says, for the clinic's first patient.
fn script(clinic: &str) -> Result<Scenario, Failure> {
    let nobody = || {
        let message = format!(
            "{clinic:?} is not a demo clinic with patients, so that the demo has nobody to call for"
        );
        Failure::new(Exit::Usage, message)
    };
    let clinics = demo_file().map_err(|error| Failure::new(Exit::Failed, error))?.clinics;
    let demo = clinics.into_iter().find(|demo| demo.slug == clinic).ok_or_else(nobody)?;
    let patient = demo.patients.first().ok_or_else(nobody)?;
    let born = patient.date_of_birth.expose().strftime("%B %-d, %Y").to_string();
    let rules = include_str!("demo.yaml")
        .replace("CLINIC", clinic)
        .replace("NAME", patient.name.expose())
        .replace("BORN", &born);
    Scenario::parse(FILE, &rules).map_err(|error| Failure::new(Exit::Failed, error))
}

fn print(out: &mut Out, at: Duration, line: &Told) {
    let at = at.as_secs_f64();
    match line {
        Told::Agent(text) => out.line(format_args!("{at:6.1} s  agent   {text}")),
        Told::Patient(text) => out.line(format_args!("{at:6.1} s  caller  {text}")),
        Told::Understood(text) => out.line(format_args!("{at:6.1} s   heard  {text}")),
    }
}

/// What came of the call.
fn tell(report: &Report, out: &mut Out) {
    let greeting = report.turns.first().filter(|turn| turn.patient.is_none());
    let began = greeting.and_then(|turn| turn.speech.as_ref()?.first_audio_ms);
    out.line("");
    if let Some(began) = began {
        out.line(format_args!(
            "The greeting began {began:.0} ms after joining; the call took {:.1} s.",
            report.seconds
        ));
    }
    let times: Vec<String> = report.audio_times().map(|ms| format!("{ms:.0}")).collect();
    if !times.is_empty() {
        out.line(format_args!(
            "From the caller's last voiced frame to the first sound of each answer: {} ms.",
            times.join(", ")
        ));
    }
    if let Some(heard) = &report.intelligible {
        out.line(format_args!(
            "Of the agent's {} words {} were recognized in its recorded voice.",
            heard.words, heard.recognized_words
        ));
    }
    out.line("In the database:");
    for row in &report.appointments {
        out.line(format_args!("  {row}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_clinics_have_somebody_to_call_for() {
        for clinic in ["nile-heart", "harbor-family"] {
            let script = script(clinic).expect("a script");
            assert_eq!(script.clinic, clinic);
        }
        assert_eq!(script("elsewhere").expect_err("nobody there").exit, Exit::Usage);
    }
}
