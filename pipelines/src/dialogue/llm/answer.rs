//! What a model's answer brings: text that is spoken as it comes, then tools that are called.

use frontdesk_models::llm::CallMade;
use frontdesk_types::Phi;
use serde_json::Value;

use super::state::{Asking, Call, Entry};
use super::{
    END_CALL, Expectation, Ledger, Llm, ModelEvent, ModelFailure, Now, Output, ToolCall,
    ToolCallId, ToolResult, Written,
};
use crate::speak::take_ready;

/// Tools that a model may call in one answer.
const MAX_CALLS: usize = 8;

/// How thoughts are marked that are not to be said.
const THOUGHTS: (&str, &str) = ("<think>", "</think>");

impl Llm {
    pub(super) fn on_event(&mut self, now: Now, ledger: &Ledger, event: ModelEvent) {
        match event {
            ModelEvent::Text(piece) => self.on_text(now, piece.expose()),
            ModelEvent::Call(call) => {
                if let Some(asking) = &mut self.state.asking {
                    asking.begun = true;
                    if asking.calls.len() < MAX_CALLS {
                        asking.calls.push(call);
                    }
                }
            }
            ModelEvent::Done(_) => self.on_done(now, ledger),
            ModelEvent::Failed(ModelFailure::Cancelled) => {
                // The guard took the floor; it has ended what was being said.
                self.state.asking = None;
                self.wait(now);
            }
            ModelEvent::Failed(_) => {
                let asking = self.state.asking.take();
                if let Some(asking) = asking {
                    self.close(&asking);
                }
                self.fail();
            }
        }
    }

    fn on_text(&mut self, now: Now, piece: &str) {
        let language = self.facts.clinic.language().clone();
        let Some(asking) = &mut self.state.asking else { return };
        asking.begun = true;
        // What it says with a call of a tool is said before the tool has answered, so not at all.
        if !asking.calls.is_empty() {
            return;
        }
        let mut text = std::mem::take(&mut asking.text).into_exposed();
        push_plain(&mut text, piece);
        if !asking.said {
            asking.hidden = hide_thoughts(&mut text, asking.hidden);
        }
        let ready = if asking.hidden || (!asking.said && may_become_thoughts(&text)) {
            None
        } else {
            take_ready(&mut text, !asking.said, &language)
        };
        asking.text = Phi::new(text);
        if let Some(ready) = ready {
            self.say_piece(now, ready);
        }
    }

    fn say_piece(&mut self, now: Now, text: String) {
        let Some(asking) = &mut self.state.asking else { return };
        let utterance = asking.utterance;
        if std::mem::replace(&mut asking.said, true) {
            self.state.prompt.push(' ');
            self.state.prompt.push_str(&text);
        } else {
            self.state.patience.said(now.mono, &text, self.settings.silence);
            self.state.prompt.clone_from(&text);
        }
        self.state.said(utterance, &text);
        let length = self.state.prompt.len();
        self.state.patience.said_so_far(now.mono, length, self.settings.silence);
        self.outputs.push_back(Output::Say { utterance, text, more: true });
    }

    fn on_done(&mut self, now: Now, ledger: &Ledger) {
        let Some(asking) = &mut self.state.asking else { return };
        let rest = std::mem::take(&mut asking.text).into_exposed();
        let rest = if asking.hidden { "" } else { rest.trim() };
        let calls = std::mem::take(&mut asking.calls);
        if !rest.is_empty() {
            self.say_piece(now, rest.to_owned());
        }
        let Some(asking) = self.state.asking.take() else { return };
        self.close(&asking);
        if calls.is_empty() {
            if asking.said {
                self.answered();
            } else {
                // Nothing at all: whoever asks again gets the same, most likely.
                self.fail();
            }
            return;
        }
        // A model repeats what it is asked to: the question is what it said last.
        self.state.patience.stop();
        self.call(now, ledger, calls, &asking);
    }

    /// The caller has their answer.
    fn answered(&mut self) {
        self.state.words = None;
        self.state.untold.clear();
        self.state.prompt = last_question(&self.state.prompt);
        self.outputs.push_back(Output::Expect(Expectation::Request));
    }

    fn call(&mut self, now: Now, ledger: &Ledger, made: Vec<CallMade>, asking: &Asking) {
        let ends = made.iter().any(|call| call.name == END_CALL);
        if ends && made.len() == 1 {
            if !asking.said {
                let goodbye = self.facts.clinic.language().phrases.goodbye.clone();
                self.say(now, &goodbye);
            }
            self.end();
            return;
        }
        let mut calls = Vec::with_capacity(made.len());
        let mut tools = Vec::new();
        for made in made {
            let (mut number, mut tool, mut before, mut result) = (None, None, None, None);
            match self.parsed(&made) {
                Ok(parsed) => {
                    let id = ToolCallId(self.state.next_call);
                    self.state.next_call += 1;
                    before = changed_by(&parsed, ledger);
                    tools.push((id, parsed.clone()));
                    (number, tool) = (Some(id), Some(parsed));
                }
                Err(problem) => result = Some(Phi::new(error(&problem))),
            }
            calls.push(Call { made, number, tool, before, result });
        }
        self.state.entries.push(Entry::Calls(calls));
        if tools.is_empty() {
            self.go_on(now);
            return;
        }
        for (call, tool) in tools {
            self.outputs.push_back(Output::Tool { call, tool, checked: Box::default() });
        }
    }

    /// The call that a model means; else what is wrong with it.
    fn parsed(&self, made: &CallMade) -> Result<ToolCall, String> {
        if made.name == END_CALL {
            return Err("call it alone, after everything else is done".to_owned());
        }
        let args = made.args.expose().trim();
        let args = match args {
            "" => Value::Null,
            args => serde_json::from_str(args)
                .map_err(|_| "the arguments are no JSON; write them as a JSON object".to_owned())?,
        };
        let clinic = &self.facts.clinic;
        clinic.tools().parse(&made.name, &args, clinic.facts()).map_err(|error| error.to_string())
    }

    /// Calls a tool that no model has called.
    pub(super) fn call_own(&mut self, tool: ToolCall) {
        let call = ToolCallId(self.state.next_call);
        self.state.next_call += 1;
        let id = format!("own-{}", call.0);
        let made = CallMade { id, name: tool.name().to_owned(), args: Phi::new("{}".to_owned()) };
        let (number, before, result) = (Some(call), None, None);
        let record = Call { made, number, tool: Some(tool.clone()), before, result };
        self.state.entries.push(Entry::Calls(vec![record]));
        self.state.patience.stop();
        self.outputs.push_back(Output::Tool { call, tool, checked: Box::default() });
    }

    /// Notes a write that came through, until the caller has been told.
    pub(super) fn note_write(&mut self, number: ToolCallId, result: &ToolResult) {
        if !matches!(result, ToolResult::Booked { .. } | ToolResult::Cancelled) {
            return;
        }
        let Some(call) = self.state.call(number) else { return };
        let (Some(tool), before) = (call.tool.clone(), call.before.clone()) else { return };
        self.state.untold.push(Written { tool, result: result.clone(), before });
    }
}

/// The appointment that a tool would change.
fn changed_by(
    tool: &ToolCall,
    ledger: &Ledger,
) -> Option<crate::dialogue::tools::AppointmentFacts> {
    match tool {
        ToolCall::Cancel { appointment } | ToolCall::Reschedule { appointment, .. } => {
            ledger.appointment(*appointment).cloned()
        }
        _ => None,
    }
}

fn error(problem: &str) -> String {
    serde_json::json!({ "result": "error", "problem": problem }).to_string()
}

/// Adds a piece without the marks of a text that is to be looked at.
fn push_plain(text: &mut String, piece: &str) {
    for c in piece.chars() {
        match c {
            '*' | '`' | '#' | '_' => {}
            c if c.is_whitespace() => text.push(' '),
            c => text.push(c),
        }
    }
}

/// Takes thoughts off the beginning of the text; whether it is still within them.
fn hide_thoughts(text: &mut String, hidden: bool) -> bool {
    let (begin, end) = THOUGHTS;
    if !hidden && !text.trim_start().starts_with(begin) {
        return false;
    }
    if let Some(at) = text.find(end) {
        text.drain(..at + end.len());
        return false;
    }
    // Of all that only the end may be the beginning of the mark.
    let keep = text.len().saturating_sub(end.len());
    let keep = (keep..text.len()).find(|&at| text.is_char_boundary(at));
    text.drain(..keep.unwrap_or_default());
    true
}

/// Whether the mark of thoughts may be about to be written.
fn may_become_thoughts(text: &str) -> bool {
    THOUGHTS.0.starts_with(text.trim_start())
}

/// The last question of what was said, or its last sentence.
fn last_question(said: &str) -> String {
    let said = said.trim();
    let end = said.rfind('?').map_or(said.len(), |at| at + 1);
    let (whole, body) = (&said[..end], &said[..end.saturating_sub(1)]);
    let from = body.rfind(['.', '!', '?']).map_or(0, |at| at + 1);
    whole[from..].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_thoughts_are_not_said() {
        let mut text = String::new();
        push_plain(&mut text, "**Sure**,\nlet's `see`");
        assert_eq!(text, "Sure, let's see");
        let mut text = "<think>they want an appointment".to_owned();
        assert!(hide_thoughts(&mut text, false));
        text.push_str(" soon</think> Hello.");
        assert!(!hide_thoughts(&mut text, true));
        assert_eq!(text, " Hello.");
        assert!(may_become_thoughts(" <thi") && !may_become_thoughts("1 < 2"));
    }

    #[test]
    fn what_is_asked_again_is_the_last_question() {
        assert_eq!(
            last_question("I see. On which day would you like to come?"),
            "On which day would you like to come?"
        );
        assert_eq!(last_question("We are open. See you."), "See you.");
        assert_eq!(last_question(""), "");
    }
}
