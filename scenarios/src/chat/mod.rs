//! `frontdesk chat`: a call that is typed in the terminal.
//!
//! Lines of standard input go out on `lk.chat`, what the agent says is printed. It ends with the
//! input, with Ctrl-C, or when the agent hangs up; then the room is left in order.

mod explain;

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use clap::{Args, ValueEnum};
use frontdesk_pipelines::dialogue::reading::Reading;
use frontdesk_tenants::directory::is_slug;
use frontdesk_types::SystemIds;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use crate::deployment::Deployment;
use crate::format::Medium;
use crate::host::Host;
use crate::line::{Dial, Exchange, Heard, Line};
use crate::outcome::{Exit, Failure, Output};

/// How long the agent may take to say its first word.
const ANSWER: Duration = Duration::from_secs(20);
/// After the end of the input, how long the agent may take to answer what was typed last.
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// Options of `chat`.
#[derive(Debug, Clone, Args)]
pub struct ChatArgs {
    /// The clinic that is called.
    #[arg(long, value_name = "SLUG")]
    pub clinic: String,
    /// Prints what was read into each line: what its parts do, the wish, who is meant, and what is
    /// left over.
    #[arg(
        long,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    pub explain: Option<ExplainForm>,
}

/// How what was read is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainForm {
    /// In lines, for people.
    Text,
    /// As one line of JSON.
    Json,
}

/// Holds the call until one side ends it, or it is `interrupted`.
///
/// # Errors
/// [`Failure`] if there is no runtime to call, or no agent answers.
pub async fn chat(
    deployment: &impl Deployment,
    args: &ChatArgs,
    interrupted: CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    if !is_slug(&args.clinic) {
        let clinic = &args.clinic;
        let message = format!("{clinic:?} is not a clinic's slug: expected one like nile-heart");
        return Err(Failure::new(Exit::Usage, message));
    }
    let host = Host::find_or_start(deployment, false, &interrupted).await?;
    let result = talk(host.exchange(deployment), args, &interrupted, out).await;
    host.stop().await;
    result
}

async fn talk(
    exchange: Result<Exchange, Failure>,
    args: &ChatArgs,
    interrupted: &CancellationToken,
    out: &mut impl Output,
) -> Result<Exit, Failure> {
    let unavailable = |why: &dyn std::fmt::Display| Failure::new(Exit::Unavailable, why);
    let exchange = exchange?;
    let dial = Dial {
        clinic: args.clinic.clone(),
        medium: Medium::Text,
        now: None,
        explain: args.explain.is_some(),
    };
    let line = Line::open(&exchange, &dial, None, &SystemIds).await;
    let mut line = line.map_err(|error| unavailable(&error))?;
    let mut conversation = Conversation::default();
    let mut typed = BufReader::new(tokio::io::stdin()).lines();
    // The agent's first word, then after the end of the input its last.
    let mut until = Some(tokio::time::Instant::now() + ANSWER);
    let mut open = true;
    // A person types when they like; a script's lines are said one after the other's answer.
    let person = std::io::stdin().is_terminal();
    let end = loop {
        tokio::select! {
            heard = line.next() => match heard {
                Heard::Gone => {
                    out.line("(the agent has hung up)");
                    break Ok(Exit::Done);
                }
                Heard::Read(json) => explain(&json, args.explain, out),
                heard => {
                    let spoke = conversation.take(heard, out);
                    if spoke && !open {
                        break Ok(Exit::Done);
                    }
                    if spoke {
                        until = None;
                    }
                }
            },
            text = typed.next_line(), if open && conversation.hears(person) => match text {
                Ok(Some(text)) if text.trim().is_empty() => {}
                Ok(Some(text)) => {
                    conversation.unanswered = true;
                    if let Err(error) = line.say(&text).await {
                        break Err(unavailable(&error));
                    }
                }
                Ok(None) | Err(_) if conversation.unanswered => {
                    open = false;
                    until = Some(tokio::time::Instant::now() + LAST_ANSWER);
                }
                Ok(None) | Err(_) => break Ok(Exit::Done),
            },
            () = interrupted.cancelled() => break Ok(Exit::Done),
            () = at(until) => {
                if !open {
                    break Ok(Exit::Done);
                }
                let why = "no agent answers; the runtime's log says why the call was refused";
                break Err(unavailable(&why));
            }
        }
    };
    line.close().await;
    end
}

/// Prints what was read into a line.
fn explain(json: &str, form: Option<ExplainForm>, out: &mut impl Output) {
    match (form, serde_json::from_str::<Reading>(json)) {
        (None, _) => {}
        (Some(ExplainForm::Text), Ok(reading)) => {
            explain::lines(&reading).iter().for_each(|line| out.line(line));
        }
        // Of another version of the program.
        (Some(_), _) => out.line(json),
    }
}

async fn at(until: Option<tokio::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// What was printed of the agent's segments.
#[derive(Debug, Default)]
struct Conversation {
    printed: HashMap<String, String>,
    /// Whether something was typed that the agent has not answered.
    unanswered: bool,
}

impl Conversation {
    /// Whether what is typed now reaches the agent: it has greeted and, where no person waits for
    /// the answers, has answered what was typed before.
    fn hears(&self, person: bool) -> bool {
        !self.printed.is_empty() && (person || !self.unanswered)
    }

    /// Prints a final segment, once; returns whether the agent said something.
    fn take(&mut self, heard: Heard, out: &mut impl Output) -> bool {
        let Heard::Agent { segment, text, is_final: true } = heard else { return false };
        if text.trim().is_empty() || self.printed.get(&segment) == Some(&text) {
            return false;
        }
        out.line(format_args!("agent: {text}"));
        self.printed.insert(segment, text);
        self.unanswered = false;
        true
    }
}
