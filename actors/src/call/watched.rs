//! What the stages of a call tell the feed of live calls.
//!
//! Each of them tells it once for each input, whatever died in between: LineLink when it begins with
//! an input for the first time, the Dialogue when an input leaves its mail.

use std::collections::VecDeque;

use frontdesk_line::{AgentState, CallerKind, Line, LineEvent, Shown};
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_pipelines::dialogue::{CallFacts, Input, Output};
use frontdesk_types::{CallId, Channel};
use jiff::Timestamp;
use serde_json::json;

use super::Call;
use super::link::typed;
use crate::watch::{LiveCall, Said, Speaker, What};

/// A call that begins, for the feed.
pub(super) fn beginning(
    call: CallId,
    began_at: Timestamp,
    room: &str,
    facts: &CallFacts,
    line: &dyn Line,
) -> LiveCall {
    let abilities = line.abilities();
    let channel = facts.channel;
    LiveCall {
        call,
        began_at,
        channel,
        caller_kind: match channel {
            Channel::Phone => CallerKind::Phone,
            Channel::Web | Channel::Text => CallerKind::App,
        },
        room: room.to_owned(),
        language: facts.language.clone(),
        caller_here: false,
        caller_identity: None,
        can_speak: abilities.supervisor,
        can_type: abilities.text && abilities.captions,
        patient: None,
        agent: AgentState::Initializing,
        speaking: Vec::new(),
        words: VecDeque::new(),
        tools: VecDeque::new(),
        red_flags: Vec::new(),
        taken_over: None,
    }
}

/// What kind of result it is; nothing of what is in it.
fn kind(result: &ToolResult) -> String {
    let json = json!(result);
    json.get("result").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

impl Call {
    /// What LineLink begins to show.
    pub(super) fn tell_shown(&self, shown: &Shown) {
        match shown {
            Shown::State(state) => self.feed.tell(What::Agent { state: *state }),
            Shown::AgentText { utterance, text } => {
                self.feed.said(Speaker::Agent, *utterance, Said::Piece(text.clone()));
            }
            Shown::AgentDone { utterance, heard, complete } => {
                self.feed.said(Speaker::Agent, *utterance, Said::All(heard.clone(), *complete));
            }
            Shown::CallerText { number, text, is_final } => {
                let text = text.clone();
                let said = if *is_final { Said::All(text, true) } else { Said::SoFar(text) };
                self.feed.said(Speaker::Caller, *number, said);
            }
            Shown::StaffText { number, text, is_final, .. } => {
                let text = text.clone();
                let said = if *is_final { Said::All(text, true) } else { Said::SoFar(text) };
                self.feed.said(Speaker::Supervisor, *number, said);
            }
            // Its tool call is told; what was read is for the caller's end alone.
            Shown::Appointment { .. } | Shown::Refused(_) | Shown::Read(_) => {}
        }
    }

    /// What LineLink is told of the line.
    pub(super) fn tell_event(&self, event: &LineEvent) {
        match event {
            LineEvent::CallerHere(facts) => {
                let identity = facts.identity.clone();
                self.feed.tell(What::Caller { here: true, identity });
            }
            LineEvent::CallerGone(_) => {
                self.feed.tell(What::Caller { here: false, identity: None });
            }
            LineEvent::Typed(text) => {
                if let Some(text) = typed(text) {
                    self.feed.wrote(Speaker::Caller, text);
                }
            }
            _ => {}
        }
    }

    /// An input that the dialogue has handled, and what came of it; `keyed` says that its words are
    /// keys that were pressed.
    pub(super) fn tell_handled(&self, input: &Input, outputs: &[Output], keyed: bool) {
        match input {
            Input::Heard { text, .. } if keyed => {
                self.feed.wrote(Speaker::Caller, text.clone());
            }
            Input::ToolDone { call, result } => {
                self.feed.answered(call.0, kind(result));
                if matches!(result, ToolResult::Identified | ToolResult::Registered)
                    && let Some(who) = self.tokens.proof(*call)
                {
                    self.feed.tell(What::Identified { patient: Some(who.patient()) });
                }
            }
            Input::CallerReplaced => self.feed.tell(What::Identified { patient: None }),
            _ => {}
        }
        for output in outputs {
            match output {
                Output::Tool { call, tool, .. } => {
                    self.feed.called(call.0, tool.name());
                    // Until it succeeds nobody is identified.
                    if matches!(tool, ToolCall::IdentifyPatient(_) | ToolCall::RegisterPatient(_)) {
                        self.feed.tell(What::Identified { patient: None });
                    }
                }
                Output::Alert { flag } => self.feed.tell(What::RedFlag { flag: flag.clone() }),
                _ => {}
            }
        }
    }
}
