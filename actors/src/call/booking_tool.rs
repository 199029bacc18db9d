//! BookingTool: the dialogue's tools, against the database.
//!
//! Supervised by the CallSupervisor. A call of a tool lies in the mail until its result is in the
//! dialogue's, so a BookingTool that dies in between runs it again; a write carries the number that
//! the dialogue gave it, which with the call's id is its idempotency key: the second run gets the
//! first answer. What the caller was offered and who they are is kept for the successor.

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolCallId, ToolResult};
use frontdesk_tenants::booking::Hold;
use frontdesk_tenants::patient::VerifiedPatient;
use frontdesk_types::{AppointmentId, Offer, OfferId, SlotId};
use ractor::ActorProcessingErr;

use super::Call;
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
}

pub(crate) struct BookingTool {
    call: Arc<Call>,
}

impl BookingTool {
    pub(crate) const fn build(call: Arc<Call>) -> Self {
        Self { call }
    }
}

impl Stage for BookingTool {
    type Input = ToolInput;

    async fn handle(&mut self, input: ToolInput, attempt: u32) -> Result<(), ActorProcessingErr> {
        let (id, tool) = (input.call, input.tool);
        let write = tool.write_number();
        let result = super::tools::run(&self.call, tool).await;
        if write.is_some() || attempt > 0 {
            let refused = matches!(result, ToolResult::Refused { .. } | ToolResult::Unavailable);
            tracing::info!(tool_call = id.0, write = ?write.map(|w| w.0), refused, "tool ran");
        }
        self.call.mails.dialogue.post(Input::ToolDone { call: id, result });
        Ok(())
    }
}
