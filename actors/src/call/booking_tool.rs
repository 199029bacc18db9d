//! BookingTool: the dialogue's tools, against the database.
//!
//! Supervised by the CallSupervisor. A call of a tool lies in the mail until its result is in the
//! dialogue's, so a BookingTool that dies in between runs it again. A tool runs in a task of its
//! own, so neither a timeout nor a killed stage cuts it off half-way; a write carries the number
//! that the dialogue gave it, and who asks for the same number again waits for the same answer. In
//! another process the number and the call's id are its idempotency key. What the caller was
//! offered and who they are is kept for the successor.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolCallId, ToolResult, WriteNumber};
use frontdesk_tenants::booking::Hold;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_types::{AppointmentId, Offer, OfferId, SlotId};
use ractor::ActorProcessingErr;

use super::tasks::{self, Answer};
use super::{Call, tools};
use crate::stage::Stage;

/// A tool call of the dialogue.
#[derive(Debug, Clone)]
pub(crate) struct ToolInput {
    pub(crate) call: ToolCallId,
    pub(crate) tool: ToolCall,
}

/// What this call's tools know: only of these offers and appointments may it write.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) offers: HashMap<OfferId, Offer>,
    pub(crate) holds: HashMap<SlotId, Hold>,
    /// Appointments that were listed to, or made by, the caller; true if made in this call.
    pub(crate) appointments: HashMap<AppointmentId, bool>,
    pub(crate) patient: Option<VerifiedPatient>,
    /// Writes that were begun.
    writes: HashMap<WriteNumber, Answer<ToolResult>>,
}

/// What a successor in another process needs, beside the patient, who is read from the call's row.
pub(crate) fn snapshot(memory: &Memory) -> serde_json::Value {
    let offers: Vec<&Offer> = memory.offers.values().collect();
    let holds: Vec<&Hold> = memory.holds.values().collect();
    let appointments: Vec<(&AppointmentId, &bool)> = memory.appointments.iter().collect();
    serde_json::json!({ "offers": offers, "holds": holds, "appointments": appointments })
}

impl Memory {
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
pub(crate) fn begin(call: &Arc<Call>, tool: ToolCall) -> Answer<ToolResult> {
    let write = tool.write_number();
    let mut memory = call.offers.lock();
    if let Some(answer) = write.and_then(|write| memory.begun(write)) {
        return answer;
    }
    let own = Arc::clone(call);
    let answer = call.tasks.start(async move { tools::run(&own, tool).await });
    if let Some(write) = write {
        memory.writes.insert(write, answer.clone());
    }
    answer
}

impl Stage for BookingTool {
    type Input = ToolInput;

    async fn handle(&mut self, input: ToolInput, attempt: u32) -> Result<(), ActorProcessingErr> {
        let (id, tool) = (input.call, input.tool);
        let write = tool.write_number();
        let answer = begin(&self.call, tool);
        let result = tasks::within_patience(answer.clone()).await;
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
