//! A language model with a tool of the agent's, and the front desk behind it. In the simulator a
//! scripted model stands in for it (`answer` below).
//!
//! ```sh
//! cargo run -p frontdesk-agent --example language_model -- \
//!     --say "Can I park at your place?" --say "Thank you, goodbye"
//! ```
//!
//! With real calls, the model is the one at an endpoint (`docs/language-model.md`):
//!
//! ```sh
//! FRONTDESK_LLM_URL=http://127.0.0.1:8081/v1 FRONTDESK_LLM_MODEL=name-of-the-model \
//!     cargo run -p frontdesk-agent --features room --example language_model -- serve
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
