//! The front desk with two tools of its own: one looks, one writes after the caller's yes.
//!
//! ```sh
//! cargo run -p frontdesk-agent --example custom_tool -- \
//!     --say "How long is the wait?" --say "refill aspirin" --say "yes"
//! ```
//!
//! With real calls: `cargo run -p frontdesk-agent --features room --example custom_tool -- serve`.

use std::process::ExitCode;

use frontdesk_agent::{Agent, Next, ToolAnswer, ToolCx, ToolFailure, Turn, agent, tool};
use serde_json::json;

/// Tells how many minutes patients wait now.
#[tool(read)]
async fn waiting_time(cx: ToolCx) -> Result<u32, ToolFailure> {
    let open = cx.clinic().hours.len();
    Ok(if open > 0 { 15 } else { 0 })
}

/// Orders a refill of a medicine that the patient takes.
#[tool(write, confirm = "I will order a refill of {medicine}. Shall I order it?")]
async fn order_refill(cx: ToolCx, medicine: String) -> Result<String, ToolFailure> {
    // A real one would give this key to the pharmacy, so that it is ordered once.
    let key = cx.idempotency_key().ok_or(ToolFailure::Unavailable("no key".to_owned()))?;
    Ok(format!("{medicine} ({} characters of key)", key.len()))
}

#[agent(name = "custom_tool", tools(waiting_time, order_refill))]
struct Pharmacy {}

impl Agent for Pharmacy {
    fn heard(&mut self, turn: &mut Turn<'_>, words: &str) -> Next {
        let words = words.to_lowercase();
        let called = if words.contains("wait") {
            turn.call("waiting_time", json!({}))
        } else if let Some((_, medicine)) = words.split_once("refill ") {
            turn.call("order_refill", json!({ "medicine": medicine }))
        } else {
            return Next::FrontDesk;
        };
        if let Err(error) = called {
            turn.say(format!("That does not work: {error}"));
        }
        Next::Done
    }

    fn tool_done(&mut self, turn: &mut Turn<'_>, answer: &ToolAnswer<'_>) {
        turn.say(match (answer.tool, answer.failed) {
            ("waiting_time", true) => "I cannot tell that now. What else?".to_owned(),
            // The caller did not say yes, or it could not be ordered.
            (_, true) => "All right, nothing was ordered. What else can I do for you?".to_owned(),
            ("waiting_time", _) => format!("About {} minutes. What else?", answer.value),
            _ => "It is ordered. What else can I do for you?".to_owned(),
        });
    }
}

fn main() -> ExitCode {
    frontdesk_agent::main::<Pharmacy>()
}
