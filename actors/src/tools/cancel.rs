//! Cancels an appointment, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};
use frontdesk_tenants::booking::{self, CancelReason};

use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Cancel;

impl BuiltIn for Cancel {
    fn name(&self) -> &'static str {
        "cancel"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(patient) = cx.proof() else {
                return Ok(refused(Refusal::NotIdentified));
            };
            let Some(appointment) = &cx.checked.appointment else {
                return Ok(refused(Refusal::UnknownReference));
            };
            let request = booking::Cancel {
                appointment: appointment.id,
                patient: Some(patient),
                version: None,
                reason: CancelReason::Patient,
                staff: None,
            };
            cx.slots.cancel(&cx.tenant, &request, &cx.by(), cx.now()).await?;
            Ok(ToolResult::Cancelled)
        })
    }
}
