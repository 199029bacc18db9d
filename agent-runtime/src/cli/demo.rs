//! The demo call: placed by a second participant, printed as it happens, proven by the row.

use std::time::Duration;

use super::{DemoArgs, Exit, Failure, Out};
use crate::caller::{CallError, DemoCall, Line};
use crate::http::Service as _;
use crate::runtime::Runtime;
use crate::token::TokenRequest;

/// Holds the call and prints it with the booked row.
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
    let call = DemoCall { join, voice, record: args.record.clone() };
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
    let rows = shared.booked_in(&room).await.map_err(|error| failed(&error))?;
    if rows.is_empty() {
        return Err(failed(&"the call ended without an appointment in the database"));
    }
    out.line("In the database:");
    for row in rows {
        out.line(format_args!("  {row}"));
    }
    Ok(Exit::Done)
}

fn print(out: &mut Out, at: Duration, line: &Line) {
    let at = at.as_secs_f64();
    match line {
        Line::Agent(text) => out.line(format_args!("{at:6.1} s  agent   {text}")),
        Line::Caller(text) => out.line(format_args!("{at:6.1} s  caller  {text}")),
        Line::Understood(text) => out.line(format_args!("{at:6.1} s   heard  {text}")),
    }
}
