//! Cancels an appointment, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};
use frontdesk_tenants::booking::{self, CancelDouble, CancelReason};

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
            if let Some(second) = appointment.second {
                let appointments = [appointment.id, second];
                let request = CancelDouble { appointments, patient };
                let (database, by) = (&cx.database, cx.by());
                let (first, second) =
                    booking::cancel_double(database, &cx.tenant, &request, &by, cx.now()).await?;
                cx.slots.forget(&cx.tenant, first.appointment.slot);
                cx.slots.forget(&cx.tenant, second.slot);
                return Ok(ToolResult::Cancelled);
            }
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
