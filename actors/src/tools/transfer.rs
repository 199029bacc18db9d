//! Hands the call to a person: while none can be reached, notes that one is to call back.

use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_tenants::calls::{self, CallbackReason};
use frontdesk_types::TransferReason;

use super::{BuiltIn, Ran, ToolCx};

pub(super) struct Transfer;

impl BuiltIn for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::Transfer { reason, phone } = call else {
                return Ok(ToolResult::Unavailable);
            };
            let reason = match reason {
                TransferReason::Asked => CallbackReason::Asked,
                TransferReason::Emergency => CallbackReason::Emergency,
                TransferReason::NotIdentified => CallbackReason::Unidentified,
                TransferReason::Misunderstood | TransferReason::Failed => CallbackReason::Failure,
            };
            // Without a row of the call, the callback is what counts.
            let row = cx.record.is_some().then_some(cx.call);
            let phone = phone.as_ref().and_then(|said| cx.e164(said));
            let mut tx = cx.tx().await?;
            let (by, now, ids) = (cx.by(), cx.now(), cx.ids.as_ref());
            calls::add_callback(&mut tx, row, phone.as_ref(), reason, &by, now, ids).await?;
            tx.commit().await?;
            Ok(ToolResult::CallbackNoted)
        })
    }
}
