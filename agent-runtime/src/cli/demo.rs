//! The demo calls, one spoken and one typed: placed by a second participant, printed as they happen,
//! proven by the row.

use std::time::Duration;

use super::{DemoArgs, Exit, Failure, Out};
use crate::caller::typed::{TypedCall, Who, patient_of};
use crate::caller::{CallError, DemoCall, Line};
use crate::http::Service as _;
use crate::runtime::Runtime;
use crate::token::TokenRequest;

/// Holds the calls and prints each with the booked row.
pub(super) async fn call(
    runtime: &Runtime,
    args: &DemoArgs,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::new(Exit::Failed, why);
    let shared = runtime.shared();
    let request = TokenRequest { clinic: Some(args.clinic.clone()), ..TokenRequest::default() };
    let join = shared.join(&request).map_err(|e| Failure::new(Exit::Usage, e))?;
    let voice = shared.tts();
    let room = join.room.clone();
    out.line(format_args!("\nA caller calls {}:\n", args.clinic));
    let patient = patient_of(&args.clinic, Who::Last);
    let (name, born) = patient.map_err(|error| Failure::new(Exit::Usage, error))?;
    let call = DemoCall { join, name, born, voice, record: args.record.clone() };
    let report = call.hold(|at, line| print(out, at, &line)).await;
    let report = report.map_err(|error: CallError| failed(&error))?;
    if let Some(greeting) = report.greeting {
        out.line(format_args!(
            "\nThe greeting began {} ms after joining; the call took {:.1} s.",
            greeting.as_millis(),
            report.length.as_secs_f64()
        ));
    }
    if let Some(path) = &args.record {
        out.line(format_args!("Recorded to {}.", path.display()));
    }
    booked(runtime, &room, out).await?;
    typed(runtime, args, out).await
}

/// The same clinic once more, typed.
async fn typed(runtime: &Runtime, args: &DemoArgs, out: &mut Out) -> Result<Exit, Failure> {
    let shared = runtime.shared();
    let (clock, ids) = shared.sources();
    out.line(format_args!("\nSomebody types to {}:\n", args.clinic));
    let call = TypedCall { exchange: shared.exchange(), clinic: &args.clinic, clock, ids };
    let room = call.hold(|at, line| print(out, at, &line)).await;
    let room = room.map_err(|error| Failure::new(Exit::Failed, error))?;
    out.line("");
    booked(runtime, &room, out).await?;
    Ok(Exit::Done)
}

/// Prints what the call in `room` booked; a call without an appointment is a failure.
async fn booked(runtime: &Runtime, room: &str, out: &mut Out) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::new(Exit::Failed, why);
    let rows = runtime.shared().booked_in(room).await.map_err(|error| failed(&error))?;
    if rows.is_empty() {
        return Err(failed(&"the call ended without an appointment in the database"));
    }
    out.line("In the database:");
    for row in rows {
        out.line(format_args!("  {row}"));
    }
    Ok(())
}

fn print(out: &mut Out, at: Duration, line: &Line) {
    let at = at.as_secs_f64();
    match line {
        Line::Agent(text) => out.line(format_args!("{at:6.1} s  agent   {text}")),
        Line::Caller(text) => out.line(format_args!("{at:6.1} s  caller  {text}")),
        Line::Understood(text) => out.line(format_args!("{at:6.1} s   heard  {text}")),
    }
}
