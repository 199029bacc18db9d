//! What was said and done in a call, as far as it was heard: the material of the transcript and of
//! a language model's context.

use frontdesk_types::Phi;
use serde::{Deserialize, Serialize};

use super::UtteranceId;
use super::tools::{ToolCall, ToolCallId, ToolResult};

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
    /// A person of the clinic who had taken the call over.
    Staff,
}

/// A tool call and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRecord {
    /// Number of the call.
    pub call: ToolCallId,
    /// The tool and its arguments.
    pub tool: ToolCall,
    /// Its result; `None` while it runs.
    pub result: Option<ToolResult>,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Who spoke.
    pub role: Role,
    /// The words; of the agent's, those that were played.
    pub text: Phi<String>,
    /// The agent's utterance.
    pub utterance: Option<UtteranceId>,
    /// Whether all of the utterance was played; true for the caller.
    pub complete: bool,
    /// Tools that were called after it, before the next turn.
    pub tools: Vec<ToolRecord>,
}

impl Turn {
    pub(super) const fn caller(text: String) -> Self {
        Self {
            role: Role::Caller,
            text: Phi::new(text),
            utterance: None,
            complete: true,
            tools: Vec::new(),
        }
    }

    pub(super) fn staff(text: String) -> Self {
        let mut turn = Self::caller(text);
        turn.role = Role::Staff;
        turn
    }

    pub(super) const fn agent(utterance: UtteranceId, heard: String, complete: bool) -> Self {
        Self {
            role: Role::Agent,
            text: Phi::new(heard),
            utterance: Some(utterance),
            complete,
            tools: Vec::new(),
        }
    }
}
