//! What a script sees of a call and wants done in one turn.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::dialogue::ledger::Ledger;
use crate::dialogue::toolbox::ToolError;
use crate::dialogue::tools::ToolCall;
use crate::dialogue::{CallFacts, Expectation, Now};

/// What a script wants done, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wish {
    Say(String),
    Expect(Expectation),
    Call(ToolCall),
    End,
}

/// One turn of a script: what it may look at, and where it says what is to be done. Whatever it
/// wants passes the guard: a write is read back to the caller first, and a patient's data is out of
/// reach until the patient is identified.
#[derive(Debug)]
pub struct ScriptTurn<'a> {
    now: Now,
    facts: &'a CallFacts,
    ledger: &'a Arc<Ledger>,
    pub(super) wishes: Vec<Wish>,
}

impl<'a> ScriptTurn<'a> {
    pub(super) const fn new(now: Now, facts: &'a CallFacts, ledger: &'a Arc<Ledger>) -> Self {
        Self { now, facts, ledger, wishes: Vec::new() }
    }

    /// Says something, after what is still being said.
    pub fn say(&mut self, text: impl Into<String>) {
        self.wishes.push(Wish::Say(text.into()));
    }

    /// Says what the caller is expected to answer: what is listened for, and what keys mean.
    pub fn expect(&mut self, expectation: Expectation) {
        self.wishes.push(Wish::Expect(expectation));
    }

    /// Calls a tool by its name. What comes of it is told to the script in a later turn; a write
    /// runs only after the caller's yes to its read-back.
    ///
    /// # Errors
    /// If there is no such tool, or the arguments do not fit its schema: the message says which.
    pub fn call(&mut self, tool: &str, args: impl Serialize) -> Result<(), ToolError> {
        let args = serde_json::to_value(args).map_err(|error| ToolError::BadArgs {
            tool: tool.to_owned(),
            field: "arguments".to_owned(),
            problem: format!("cannot be written as JSON: {error}"),
        })?;
        let call = self.facts.tools().parse(tool, &args, &self.facts.clinic)?;
        self.wishes.push(Wish::Call(call));
        Ok(())
    }

    /// Ends the call once everything was said.
    pub fn end(&mut self) {
        self.wishes.push(Wish::End);
    }

    /// The time of the call.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// The clinic, the channel and the language of the call.
    #[must_use]
    pub const fn facts(&self) -> &CallFacts {
        self.facts
    }

    /// What the call has established: who is identified, what was offered.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.ledger
    }
}

/// What a script's tool gave back.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolAnswer<'a> {
    /// Name of the tool.
    pub tool: &'a str,
    /// The result as a language model would be told; `result` names its kind for built-in tools and
    /// for what was refused or could not be done.
    pub value: Value,
    /// Whether it was refused, by the caller, the guard or the clinic, or could not be done.
    pub failed: bool,
}
