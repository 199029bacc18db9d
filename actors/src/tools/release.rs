//! Lets a held offer go.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};

use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Release;

impl BuiltIn for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(offer) = &cx.checked.offer else {
                return Ok(refused(Refusal::UnknownReference));
            };
            for slot in [Some(offer.slot), offer.second].into_iter().flatten() {
                if let Some(hold) = cx.tokens.take_hold(slot) {
                    cx.slots.release(&cx.tenant, hold, &cx.reader(), cx.now()).await?;
                }
            }
            Ok(ToolResult::Released)
        })
    }
}
