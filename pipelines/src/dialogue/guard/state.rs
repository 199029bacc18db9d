//! What the guards remember of a call; all of it is in the snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use frontdesk_types::{CallOutcome, Mono, Phi, TransferReason};
use serde::{Deserialize, Serialize};

use crate::dialogue::history::{ToolRecord, Turn};
use crate::dialogue::ledger::Ledger;
use crate::dialogue::settings::Patience;
use crate::dialogue::tools::{ToolCall, ToolCallId, ToolResult, WriteNumber};
use crate::dialogue::{Expectation, Input, UtteranceId};

use super::stream::Stream;

/// An utterance that has not been reported as played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Spoken {
    /// The policy's number of it; none if the guard spoke.
    pub(super) policy: Option<UtteranceId>,
    /// Letters at its beginning that are the guard's.
    pub(super) preface_chars: usize,
}

/// A tool that runs, or did not answer in time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) policy: Option<ToolCallId>,
    pub(super) tool: ToolCall,
    /// Its number, if it is a write.
    pub(super) write: Option<WriteNumber>,
    /// When the caller is asked for patience.
    pub(super) notice: Option<Mono>,
    /// When it counts as unavailable; none once it did.
    pub(super) deadline: Option<Mono>,
}

/// A read-back under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReadBack {
    /// The policy's number of the call that waits.
    pub(super) call: ToolCallId,
    pub(super) tool: ToolCall,
    pub(super) utterance: UtteranceId,
    /// Letters that must have been played for a yes to count.
    pub(super) needed: usize,
    /// Whether they have been.
    pub(super) heard: bool,
    /// Whether a yes came before.
    pub(super) early: bool,
    pub(super) asks: u32,
    /// Answers that were a yes beside other words.
    #[serde(default)]
    pub(super) unclear: u32,
}

/// A person is to call back, and nobody knows yet on which number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Callback {
    /// The policy's number of the call that waits; none if the guard calls the person.
    pub(super) call: Option<ToolCallId>,
    pub(super) tool: ToolCall,
    /// The number that was read back and not yet confirmed.
    pub(super) phone: Option<Phi<String>>,
    /// Times that a number was asked for.
    pub(super) asks: u32,
    /// Times that a number was read back.
    pub(super) reads: u32,
}

/// Who has the floor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Mode {
    #[default]
    Policy,
    ReadBack(Box<ReadBack>),
    Emergency {
        asks: u32,
        resume: Option<Box<ReadBack>>,
        /// Whether the caller is asked if it happens now; the number has not been told then.
        #[serde(default)]
        doubtful: bool,
    },
    /// The number to call back is asked for.
    Callback(Box<Callback>),
    Handover {
        call: ToolCallId,
        reason: TransferReason,
        tries: u32,
    },
    Over,
}

/// What decides how the call ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) emergency: bool,
    pub(super) transferred: bool,
    pub(super) last_write: Option<CallOutcome>,
    #[serde(default)]
    pub(super) message: bool,
    #[serde(default)]
    pub(super) waitlisted: bool,
    pub(super) answered: bool,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    /// Grows with each input that may have changed anything.
    #[serde(default)]
    pub(super) revision: u64,
    pub(super) mode: Mode,
    pub(super) next_utterance: u64,
    pub(super) next_call: u64,
    pub(super) spoken: BTreeMap<u64, Spoken>,
    pub(super) running: BTreeMap<u64, Running>,
    /// What the call has established; the policy has a view of it.
    pub(super) ledger: Arc<Ledger>,
    pub(super) deferred: Vec<Input>,
    /// Requests to models, and the utterance that comes in pieces.
    #[serde(default)]
    pub(super) stream: Stream,
    pub(super) preface: Option<String>,
    #[serde(default)]
    pub(super) last_said: String,
    pub(super) last_prompt: Option<(String, Expectation)>,
    /// How often in a row the policy has said that.
    #[serde(default)]
    pub(super) same_prompts: u32,
    pub(super) expect: Expectation,
    pub(super) patience: Patience,
    /// Whether the guard asked the policy's question again, so that its patience begins anew.
    pub(super) asked_for_policy: bool,
    /// Whether the caller has said that the patient is somebody else.
    #[serde(default)]
    pub(super) for_other: bool,
    /// The number that the caller confirmed to be called back on.
    #[serde(default)]
    pub(super) callback_phone: Option<Phi<String>>,
    /// The number that the caller gave.
    pub(super) phone: Option<Phi<String>>,
    pub(super) alerted: BTreeSet<String>,
    pub(super) warned: BTreeSet<String>,
    /// Dangers about which the caller was asked whether they happen now.
    #[serde(default)]
    pub(super) asked_about: BTreeSet<String>,
    /// Until when the caller may have the call on hold, while they have.
    #[serde(default)]
    pub(super) held_until: Option<Mono>,
    /// Whether a supervisor has the call.
    #[serde(default)]
    pub(super) supervised: bool,
    /// Whether a write that waited for a yes was withdrawn when they took it.
    #[serde(default)]
    pub(super) withdrawn: bool,
    /// Whether the call should come to its end soon.
    #[serde(default)]
    pub(super) brief: bool,
    /// The words that raised the flag: what the caller wanted is taken up again after a no.
    pub(super) interrupted: Option<Phi<String>>,
    pub(super) outcome: Outcome,
    pub(super) turns: u32,
    pub(super) calls_in_turn: u32,
    pub(super) history: Vec<Turn>,
}

impl State {
    pub(super) fn is_ending(&self) -> bool {
        match &self.mode {
            Mode::Handover { .. } | Mode::Over => true,
            Mode::Callback(callback) => callback.call.is_none(),
            _ => false,
        }
    }

    /// Whether the caller has the call on hold.
    pub(super) const fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    /// Changes the ledger; whoever still looks at it as it was keeps that.
    pub(super) fn ledger(&mut self) -> &mut Ledger {
        Arc::make_mut(&mut self.ledger)
    }

    /// A tool is about to run.
    pub(super) fn before_run(&mut self, call: ToolCallId, tool: &ToolCall) {
        self.calls_in_turn += 1;
        self.ledger().begin(call, tool);
        if let ToolCall::IdentifyPatient(identity) | ToolCall::RegisterPatient(identity) = tool
            && identity.phone.is_some()
        {
            self.phone.clone_from(&identity.phone);
        }
    }

    /// Adds a tool call to the turn that it follows.
    pub(super) fn record(&mut self, record: ToolRecord) {
        if let Some(turn) = self.history.last_mut() {
            turn.tools.push(record);
        } else {
            let mut turn = Turn::caller(String::new());
            turn.tools.push(record);
            self.history.push(turn);
        }
    }

    /// Takes note of a tool's result.
    pub(super) fn observe(&mut self, call: ToolCallId, running: &Running, result: &ToolResult) {
        let tool = &running.tool;
        let records = self.history.iter_mut().rev().flat_map(|turn| turn.tools.iter_mut());
        if let Some(record) = records.into_iter().find(|record| record.call == call) {
            record.result = Some(result.clone());
        }
        self.ledger().observe(call, tool, result, running.write);
        match result {
            ToolResult::Booked { .. } => {
                let moved = matches!(tool, ToolCall::Reschedule { .. });
                let outcome = if moved { CallOutcome::Rescheduled } else { CallOutcome::Booked };
                self.outcome.last_write = Some(outcome);
            }
            ToolResult::Cancelled => self.outcome.last_write = Some(CallOutcome::Cancelled),
            ToolResult::Answer { .. } => self.outcome.answered = true,
            ToolResult::WaitlistJoined { .. } => self.outcome.waitlisted = true,
            ToolResult::MessageTaken => self.outcome.message = true,
            ToolResult::CallbackNoted => self.outcome.transferred = true,
            _ => {}
        }
    }
}
