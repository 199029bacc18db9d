//! BookingTool: the dialogue's tools, against the database.
//!
//! Supervised by the CallSupervisor. A call of a tool lies in the mail until its result is in the
//! dialogue's, so a BookingTool that dies in between runs it again. A tool runs in a task of its
//! own, so neither a timeout nor a killed stage cuts it off half-way; a write carries the number
//! that the dialogue gave it, and who asks for the same number again waits for the same answer. In
//! another process the number and the call's id are its idempotency key. What the call has
//! established lies in the guard's ledger and comes with each call of a tool; here stay only what
//! the database gave for it: the proof of an identification, and holds.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::tools::{ToolCallId, ToolResult, WriteNumber};
use frontdesk_tenants::booking::Hold;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_types::SlotId;
use ractor::ActorProcessingErr;

use super::Call;
use super::card::Card;
use super::tasks::{self, Answer};
use super::tools::{self, ToolInput};
use crate::stage::Stage;

/// What the database gave this call.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) holds: HashMap<SlotId, Hold>,
    /// Who was identified last, and by which tool call.
    patient: Option<(ToolCallId, VerifiedPatient)>,
    /// Writes that were begun.
    writes: HashMap<WriteNumber, Answer<ToolResult>>,
}

/// What a successor in another process needs, beside the patient, who is read from the call's row.
pub(crate) fn snapshot(memory: &Memory) -> serde_json::Value {
    let holds: Vec<&Hold> = memory.holds.values().collect();
    let by = memory.patient.map(|(by, _)| by);
    serde_json::json!({ "holds": holds, "identified_by": by })
}

impl Memory {
    /// Keeps the proof of an identification.
    pub(crate) const fn proven(&mut self, by: ToolCallId, who: VerifiedPatient) {
        self.patient = Some((by, who));
    }

    /// The same proof, where a repeated registration was answered with the first one's answer.
    fn proven_again(&mut self, by: ToolCallId) {
        self.patient = self.patient.map(|(_, who)| (by, who));
    }

    /// The proof that this tool call brought, if no later one superseded it.
    pub(crate) fn proof(&self, by: ToolCallId) -> Option<VerifiedPatient> {
        self.patient.filter(|(latest, _)| *latest == by).map(|(_, who)| who)
    }

    /// Whoever was identified last.
    pub(crate) fn patient(&self) -> Option<VerifiedPatient> {
        self.patient.map(|(_, who)| who)
    }

    /// The answer of a write that was begun; none if it is to run (again).
    fn begun(&self, write: WriteNumber) -> Option<Answer<ToolResult>> {
        let answer = self.writes.get(&write)?;
        let died = answer.has_changed().is_err() && answer.borrow().is_none();
        let unknown = *answer.borrow() == Some(ToolResult::Unavailable);
        (!died && !unknown).then(|| answer.clone())
    }
}

pub(crate) struct BookingTool {
    call: Arc<Call>,
}

impl BookingTool {
    pub(crate) const fn build(call: Arc<Call>) -> Self {
        Self { call }
    }

    /// Tells the dialogue what came of a write that took too long, whenever it comes.
    fn tell_late(&self, id: ToolCallId, answer: Answer<ToolResult>) {
        let dialogue = Arc::clone(&self.call.mails.dialogue);
        self.call.tasks.spawn(async move {
            let result = tasks::told(answer).await.unwrap_or(ToolResult::Unavailable);
            dialogue.post(Input::ToolDone { call: id, result });
        });
    }
}

/// Begins a tool, or finds the write of that number that was begun before.
pub(crate) fn begin(call: &Arc<Call>, input: ToolInput) -> Answer<ToolResult> {
    let write = input.checked.write;
    let mut memory = call.offers.lock();
    if let Some(answer) = write.and_then(|write| memory.begun(write)) {
        return answer;
    }
    let own = Arc::clone(call);
    let card = Card::of(&input.tool, input.checked.appointment.as_ref());
    let answer = call.tasks.start(async move {
        let result = tools::run(&own, input).await;
        if let Some(card) = card {
            card.show(&own, &result);
        }
        result
    });
    if let Some(write) = write {
        memory.writes.insert(write, answer.clone());
    }
    answer
}

impl Stage for BookingTool {
    type Input = ToolInput;

    async fn handle(&mut self, input: ToolInput, attempt: u32) -> Result<(), ActorProcessingErr> {
        let (id, write) = (input.call, input.checked.write);
        let answer = begin(&self.call, input);
        let result = tasks::within_patience(answer.clone()).await;
        if result == Some(ToolResult::Registered) {
            self.call.offers.lock().proven_again(id);
        }
        crate::faults::point(self.call.id, "booking_tool.answered").await;
        if write.is_some() || attempt > 0 {
            let refused = !matches!(
                result,
                Some(ref result)
                    if !matches!(result, ToolResult::Refused { .. } | ToolResult::Unavailable)
            );
            tracing::info!(tool_call = id.0, write = ?write.map(|w| w.0), refused, "tool ran");
        }
        match result {
            Some(result) => self.call.mails.dialogue.post(Input::ToolDone { call: id, result }),
            None if write.is_some() => self.tell_late(id, answer),
            None => {
                tracing::error!("tool timed out");
                let result = ToolResult::Unavailable;
                self.call.mails.dialogue.post(Input::ToolDone { call: id, result });
            }
        }
        Ok(())
    }
}
