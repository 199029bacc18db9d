//! The program of an agent: a call in the terminal, without servers; with the feature `room`, also
//! the runtime that answers real ones.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use crate::{Agent, Sim};

const USAGE: &str = "\
Usage: the agent's program [--say TEXT]... [serve]

  without arguments   a call in the terminal: type what the caller says, end with an empty line
  --say TEXT          the same with these lines of the caller, then the call is over
  serve               Frontdesk's runtime with this agent (needs the feature `room`)";

/// What the arguments ask for.
enum Asked {
    Terminal,
    Lines(Vec<String>),
    Serve,
}

fn asked(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut lines = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--say" => match arguments.next() {
                Some(line) => lines.push(line),
                None => return Err("--say needs what the caller says".to_owned()),
            },
            "serve" if lines.is_empty() => return Ok(Asked::Serve),
            other => return Err(format!("{other:?} is not known\n\n{USAGE}")),
        }
    }
    Ok(if lines.is_empty() { Asked::Terminal } else { Asked::Lines(lines) })
}

/// Runs an agent as the arguments of the process ask; `--help` and what is wrong go to standard
/// error.
#[must_use]
pub fn main<A: Agent>() -> ExitCode {
    let result = asked(std::env::args().skip(1)).and_then(|asked| match asked {
        #[cfg(feature = "room")]
        Asked::Serve => crate::room::serve::<A>(),
        #[cfg(not(feature = "room"))]
        Asked::Serve => serve(),
        Asked::Terminal => {
            let lines = std::io::stdin().lock().lines();
            call::<A>(lines.map_while(Result::ok).take_while(|line| !line.is_empty()), false)
        }
        Asked::Lines(lines) => call::<A>(lines.into_iter(), true),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may read it any more.
            let _ = writeln!(std::io::stderr(), "{}: {error}", A::NAME);
            ExitCode::FAILURE
        }
    }
}

fn call<A: Agent>(lines: impl Iterator<Item = String>, echo: bool) -> Result<(), String> {
    let mut sim = Sim::new::<A>().map_err(|error| error.to_string())?;
    let mut out = std::io::stdout();
    let mut show = |who: &str, text: &str| {
        writeln!(out, "{who}: {text}").map_err(|error| format!("nothing can be shown: {error}"))
    };
    show("agent ", &sim.call())?;
    for line in lines {
        if echo {
            show("caller", &line)?;
        }
        let answer = sim.says(&line);
        if !answer.is_empty() {
            show("agent ", &answer)?;
        }
        if sim.outcome().is_some() {
            break;
        }
    }
    sim.hangs_up();
    for (patient, doctor, start) in sim.clinic().appointments() {
        show("booked", &format!("{patient} with {doctor}, {start}"))?;
    }
    let outcome = sim.outcome().map_or("not told", |outcome| outcome.as_str());
    show("ended ", outcome)
}

#[cfg(not(feature = "room"))]
fn serve() -> Result<(), String> {
    Err("to serve, build with `--features room`".to_owned())
}
