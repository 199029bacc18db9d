//! From the chunks of a streamed answer to what it says and calls.

use frontdesk_types::Phi;
use serde_json::Value;

use crate::llm::{CallMade, ModelEvent, ModelFailure, Usage};

/// Code of an error: the messages are longer than the model can read.
pub(super) const TOO_LONG: &str = "context_length_exceeded";

/// A call of which pieces come.
#[derive(Debug, Default)]
struct Pending {
    index: Option<u64>,
    id: String,
    name: String,
    args: String,
}

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    calls: Vec<Pending>,
    usage: Usage,
    finished: bool,
}

impl Assembly {
    /// Whether the answer has said why it ends.
    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) const fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes a chunk; gives what it brings. Whatever is not known is passed over.
    pub(super) fn take(&mut self, chunk: &Value) -> Result<Vec<ModelEvent>, ModelFailure> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(of_error(error));
        }
        self.take_usage(chunk);
        let mut events = Vec::new();
        let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) else {
            return Ok(events);
        };
        // Some servers send a whole message where nothing was streamed.
        let delta = choice.get("delta").or_else(|| choice.get("message"));
        if let Some(delta) = delta {
            let text = delta.get("content").and_then(Value::as_str).unwrap_or_default();
            if !text.is_empty() {
                events.push(ModelEvent::Text(Phi::new(text.to_owned())));
            }
            let calls = delta.get("tool_calls").and_then(Value::as_array);
            for call in calls.into_iter().flatten() {
                self.take_call(call);
            }
        }
        if choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) {
            self.finished = true;
            events.extend(std::mem::take(&mut self.calls).into_iter().enumerate().map(made));
        }
        Ok(events)
    }

    pub(super) fn take_usage(&mut self, chunk: &Value) {
        let Some(usage) = chunk.get("usage") else { return };
        let count = |name: &str| {
            let count = usage.get(name).and_then(Value::as_u64);
            count.map(|count| u32::try_from(count).unwrap_or(u32::MAX))
        };
        self.usage.prompt = count("prompt_tokens").unwrap_or(self.usage.prompt);
        self.usage.answer = count("completion_tokens").unwrap_or(self.usage.answer);
    }

    fn take_call(&mut self, piece: &Value) {
        let index = piece.get("index").and_then(Value::as_u64);
        let id = piece.get("id").and_then(Value::as_str).unwrap_or_default();
        let known = match index {
            Some(_) => self.calls.iter().position(|call| call.index == index),
            // Without numbers a new id is a new call, and none goes on with the last.
            None if id.is_empty() => self.calls.len().checked_sub(1),
            None => self.calls.iter().position(|call| call.id == id),
        };
        let at = known.unwrap_or_else(|| {
            self.calls.push(Pending { index, ..Pending::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        let Some(function) = piece.get("function") else { return };
        if let Some(name) = function.get("name").and_then(Value::as_str) {
            // Most send it once; some send it with each piece.
            if call.name.is_empty() {
                name.clone_into(&mut call.name);
            }
        }
        match function.get("arguments") {
            Some(Value::String(piece)) => call.args.push_str(piece),
            // Written as an object, it is all there.
            Some(args @ Value::Object(_)) => call.args = args.to_string(),
            _ => {}
        }
    }
}

fn made((number, call): (usize, Pending)) -> ModelEvent {
    let id = if call.id.is_empty() { format!("call-{number}") } else { call.id };
    ModelEvent::Call(CallMade { id, name: call.name, args: Phi::new(call.args) })
}

/// What an error in the middle of a stream means.
fn of_error(error: &Value) -> ModelFailure {
    let has = |name: &str, wanted: &[&str]| {
        let code = error.get(name).and_then(Value::as_str);
        code.is_some_and(|code| wanted.contains(&code))
    };
    if has("code", &[TOO_LONG]) {
        ModelFailure::TooLong
    } else if has("type", &["rate_limit_error"]) || has("code", &["rate_limit_exceeded"]) {
        ModelFailure::RateLimited
    } else {
        ModelFailure::Broken
    }
}
