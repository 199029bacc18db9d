//! What the language-model policy remembers of a call; all of it is in the snapshot.

use frontdesk_models::llm::CallMade;
use frontdesk_types::{Mono, Phi};
use serde::{Deserialize, Serialize};

use crate::dialogue::settings::Patience;
use crate::dialogue::tools::{AppointmentFacts, ToolCall, ToolCallId, ToolResult};
use crate::dialogue::{RequestId, UtteranceId};

/// A part of the conversation, as the model is told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    /// The caller's words.
    Caller(Phi<String>),
    /// The agent's words: what was said, and once it is known what was heard of it.
    Agent {
        /// The policy's number; none if it was said without the policy.
        utterance: Option<UtteranceId>,
        text: Phi<String>,
        /// Whether the caller cut it off.
        cut: bool,
    },
    /// Tools that the model called in one answer.
    Calls(Vec<Call>),
    /// Something that the model should know, and nobody said.
    Note(Phi<String>),
}

/// A tool that the model called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) made: CallMade,
    /// The policy's number; none if it was no call that could be made.
    pub(super) number: Option<ToolCallId>,
    pub(super) tool: Option<ToolCall>,
    /// The appointment that it would change, as it was.
    pub(super) before: Option<AppointmentFacts>,
    /// What the model is told of it; none while it is waited for.
    pub(super) result: Option<Phi<String>>,
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asking {
    pub(super) request: RequestId,
    /// The utterance that its text becomes.
    pub(super) utterance: UtteranceId,
    /// Whether a piece of it was said.
    pub(super) said: bool,
    /// Text that is no whole clause yet.
    pub(super) text: Phi<String>,
    /// Whether the text is the model's thoughts, which are not said.
    pub(super) hidden: bool,
    /// Whether anything has come.
    pub(super) begun: bool,
    pub(super) calls: Vec<CallMade>,
    /// When nothing is expected of it any more.
    pub(super) deadline: Mono,
}

/// A write that came through and that the caller has not been told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::dialogue) struct Written {
    pub(in crate::dialogue) tool: ToolCall,
    pub(in crate::dialogue) result: ToolResult,
    /// The appointment that it changed, as it was.
    pub(in crate::dialogue) before: Option<AppointmentFacts>,
}

/// The caller's words that are being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::dialogue) struct Words {
    pub(in crate::dialogue) text: Phi<String>,
    pub(in crate::dialogue) typed: bool,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) entries: Vec<Entry>,
    pub(super) asking: Option<Asking>,
    /// Requests since the caller spoke.
    pub(super) rounds: u32,
    /// Number of the first utterance since.
    pub(super) turn_begins: u64,
    /// Words that are not answered yet.
    pub(super) words: Option<Words>,
    /// Words that came while tools ran.
    pub(super) queued: Option<Words>,
    pub(super) untold: Vec<Written>,
    pub(super) misunderstood: u32,
    pub(super) patience: Patience,
    /// What the caller is asked again if they are silent.
    pub(super) prompt: String,
    pub(super) over: bool,
    /// Given up: somebody else goes on.
    pub(super) failed: bool,
    pub(super) next_utterance: u64,
    pub(super) next_call: u64,
    pub(super) next_request: u64,
}

impl State {
    /// Whether a tool is waited for.
    pub(super) fn waits_for_tools(&self) -> bool {
        let calls = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Calls(calls) => Some(calls),
            _ => None,
        });
        calls.is_some_and(|calls| calls.iter().any(|call| call.result.is_none()))
    }

    /// The call of that number.
    pub(super) fn call(&mut self, number: ToolCallId) -> Option<&mut Call> {
        let calls = self.entries.iter_mut().rev().filter_map(|entry| match entry {
            Entry::Calls(calls) => Some(calls),
            _ => None,
        });
        calls.flatten().find(|call| call.number == Some(number))
    }

    /// Tools were called when they had returned: what was said meanwhile (a read-back, and the
    /// caller's yes) comes before them.
    pub(super) fn settle_calls(&mut self) {
        let done = self.entries.iter().rposition(|entry| match entry {
            Entry::Calls(calls) => calls.iter().all(|call| call.result.is_some()),
            _ => false,
        });
        if let Some(at) = done {
            let calls = self.entries.remove(at);
            self.entries.push(calls);
        }
    }

    /// Adds to what is being said.
    pub(super) fn said(&mut self, utterance: UtteranceId, more: &str) {
        if let Some(Entry::Agent { utterance: Some(last), text, .. }) = self.entries.last_mut()
            && *last == utterance
        {
            let so_far = std::mem::take(text).into_exposed();
            *text = Phi::new(format!("{so_far} {more}"));
            return;
        }
        let text = Phi::new(more.to_owned());
        self.entries.push(Entry::Agent { utterance: Some(utterance), text, cut: false });
    }

    /// What was heard of an utterance.
    pub(super) fn heard(&mut self, utterance: UtteranceId, heard: &str, complete: bool) {
        let entry = self.entries.iter_mut().rev().find_map(|entry| match entry {
            Entry::Agent { utterance: Some(known), text, cut } if *known == utterance => {
                Some((text, cut))
            }
            _ => None,
        });
        if let Some((text, cut)) = entry {
            *text = Phi::new(heard.to_owned());
            *cut = !complete;
        }
    }
}
