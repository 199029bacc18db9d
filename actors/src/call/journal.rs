//! The journal of a call: what was heard, played and done, noted by the Dialogue when the input that
//! it came of leaves the mail, and sent to the CallRecorder.

use std::collections::BTreeMap;
use std::time::Duration;

use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_pipelines::dialogue::{Input, Output};
use frontdesk_tenants::calls::{Speaker, Turn};
use frontdesk_types::{CallOutcome, Mono, Phi};
use jiff::Timestamp;
use serde_json::{Value, json};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Number of the next turn.
    next: i32,
    /// Turns that the CallRecorder has not been told.
    pending: Vec<Turn>,
    /// Tools that have not answered, by the number of their call.
    running: BTreeMap<u64, (ToolCall, Mono)>,
    /// When the caller's last words came, until they are answered.
    heard_at: Option<Mono>,
    /// From the caller's words to the agent's, of the answer that is being said.
    reply: Option<Duration>,
    /// How the call would end now.
    outcome: Option<CallOutcome>,
}

impl Journal {
    /// One whose first turn has this number.
    pub(crate) fn from(next: u32) -> Self {
        Self { next: i32::try_from(next).unwrap_or_default(), ..Self::default() }
    }

    /// Notes an input that was handled and what came of it.
    pub(crate) fn note(
        &mut self,
        input: &Input,
        outputs: &[Output],
        outcome: CallOutcome,
        now: (Mono, Timestamp),
    ) {
        let (mono, wall) = now;
        self.outcome = Some(outcome);
        match input {
            Input::Heard { text, confidence } => {
                self.heard_at = Some(mono);
                if !text.trim().is_empty() {
                    let metrics = json!({ "confidence": confidence });
                    self.push(Speaker::Caller, text.clone(), metrics, wall);
                }
            }
            Input::Played { heard, complete, .. } if !heard.trim().is_empty() => {
                let mut metrics = json!({ "complete": complete });
                if let Some(reply) = self.reply.take() {
                    metrics["reply_us"] = json!(micros(reply));
                }
                self.push(Speaker::Agent, heard.clone(), metrics, wall);
            }
            Input::Staff { text } => {
                self.push(Speaker::Staff, text.clone(), json!({}), wall);
            }
            // What was said to somebody else is not answered.
            Input::HandedBack => self.heard_at = None,
            Input::ToolDone { call, result } => {
                if let Some((tool, since)) = self.running.remove(&call.0) {
                    self.push_tool(&tool, Some(result), mono.since(since), wall);
                }
            }
            _ => {}
        }
        for output in outputs {
            match output {
                Output::Tool { call, tool, .. } => {
                    self.running.insert(call.0, (tool.clone(), mono));
                }
                Output::Say { .. } => {
                    if let Some(heard) = self.heard_at.take() {
                        self.reply = Some(mono.since(heard));
                    }
                }
                _ => {}
            }
        }
    }

    fn push(&mut self, speaker: Speaker, text: String, metrics: Value, spoken_at: Timestamp) {
        let (number, text) = (self.next, Phi::new(text));
        self.next += 1;
        self.pending.push(Turn { number, speaker, text, metrics, spoken_at });
    }

    /// The whole call of a tool is sealed; beside it only its name, result and time.
    fn push_tool(
        &mut self,
        tool: &ToolCall,
        result: Option<&ToolResult>,
        took: Duration,
        at: Timestamp,
    ) {
        let name = tool.name();
        let (tool, result) = (json!(tool), json!(result));
        let metrics = json!({
            "tool": name, "result": result.get("result"), "took_us": micros(took),
        });
        let body = json!({ "call": tool, "result": result }).to_string();
        self.push(Speaker::Tool, body, metrics, at);
    }

    /// The call is over: tools that never answered are noted as such. Gives how the dialogue would
    /// have ended it.
    pub(crate) fn close(&mut self, now: (Mono, Timestamp)) -> Option<CallOutcome> {
        for (tool, since) in std::mem::take(&mut self.running).into_values() {
            self.push_tool(&tool, None, now.0.since(since), now.1);
        }
        self.outcome
    }

    /// How the call would end now, as far as it is known.
    pub(crate) const fn outcome(&self) -> Option<CallOutcome> {
        self.outcome
    }

    /// How the call would end that another process began.
    pub(crate) fn stands(&mut self, outcome: CallOutcome) {
        self.outcome.get_or_insert(outcome);
    }

    /// The turns that the CallRecorder has not been told.
    pub(crate) fn take(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.pending)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
