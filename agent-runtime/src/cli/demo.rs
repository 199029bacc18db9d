//! The demo calls, one spoken and one typed: a scenario that comes with the program, placed by a
//! patient like any other, printed as it happens, and judged by the row in the database.

use std::time::Duration;

use frontdesk_tenants::demo::demo_file;

use super::{DemoArgs, Exit, Failure, Out};
use crate::config::Config;
use crate::runtime::Runtime;
use crate::scenario::format::{Medium, Scenario};
use crate::scenario::host::Host;
use crate::scenario::judge::INTELLIGIBLE;
use crate::scenario::place::{Manner, Told, place};
use crate::scenario::report::Report;

/// The file's name in messages.
const FILE: &str = "demo.yaml";

/// Holds the calls and prints each with the booked row.
pub(super) async fn call(
    config: &Config,
    runtime: &Runtime,
    args: &DemoArgs,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let scenario = script(&args.clinic)?;
    let keys = Host::keys(config).map_err(|error| Failure::new(Exit::Usage, error))?;
    let outside = runtime.shared().outside(keys);
    for medium in [Medium::Web, Medium::Text] {
        let spoken = medium == Medium::Web;
        let who = if spoken { "A caller speaks" } else { "Somebody types" };
        out.line(format_args!("\n{who} to a copy of {}:\n", args.clinic));
        let record = args.record.clone().filter(|_| spoken);
        let manner = Manner { medium: Some(medium), record, ..Manner::default() };
        let report = place(&outside, &scenario, FILE, &manner, |at, line| print(out, at, &line));
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
