//! A language model with a tool of the agent's, and the front desk behind it. In the simulator a
//! scripted model stands in for it; served, it is the endpoint of `FRONTDESK_LLM_URL`.
//!
//! ```sh
//! cargo run -p frontdesk-agent --example language_model -- \
//!     --say "Can I park at your place?" --say "Thank you, goodbye"
//! ```

use std::process::ExitCode;

use frontdesk_agent::{
    Agent, Message, ModelRequest, ScriptedModel, Step, ToolCx, ToolFailure, agent, tool,
};
use serde_json::json;

/// Tells how many parking spaces are free now.
#[tool(read)]
async fn free_parking(cx: ToolCx) -> Result<String, ToolFailure> {
    Ok(format!("12 spaces are free at {}", cx.clinic().address))
}

#[agent(name = "language_model", tools(free_parking), model)]
struct Parking {}

/// What the model does next: looks when it is asked of parking, and tells what it was told.
fn answer(request: &ModelRequest, _: usize) -> Vec<Step> {
    match request.messages.last() {
        Some(Message::Tool { text, .. }) => vec![
            Step::text("I have looked it up. "),
            Step::text(&format!("{}. ", text.expose().trim_matches('"'))),
            Step::text("What else can I do for you?"),
        ],
        Some(Message::User { text }) if text.expose().contains("park") => {
            vec![Step::call("free_parking", &json!({}))]
        }
        _ => vec![Step::text("You are welcome. What else can I do for you?")],
    }
}

impl Agent for Parking {
    fn stand_in() -> Option<ScriptedModel> {
        Some(ScriptedModel::new(answer))
    }
}

fn main() -> ExitCode {
    frontdesk_agent::main::<Parking>()
}
