//! Keeps an offer for this caller until they have said yes or no.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall, ToolResult};
use frontdesk_tenants::booking::{HOLD_CALL, HOLD_WEB, HoldRequest};
use frontdesk_types::Channel;

use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Hold;

impl BuiltIn for Hold {
    fn name(&self) -> &'static str {
        "hold"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(offer) = &cx.checked.offer else {
                return Ok(refused(Refusal::UnknownReference));
            };
            let lasting = if cx.channel() == Channel::Phone { HOLD_CALL } else { HOLD_WEB };
            let request = HoldRequest { slot: offer.slot, lasting, release: None };
            let hold = cx.slots.hold(&cx.tenant, request, &cx.reader(), cx.now()).await?;
            cx.tokens.hold(offer.slot, hold);
            if let Some(slot) = offer.second {
                let request = HoldRequest { slot, lasting, release: None };
                match cx.slots.hold(&cx.tenant, request, &cx.reader(), cx.now()).await {
                    Ok(hold) => cx.tokens.hold(slot, hold),
                    Err(error) => {
                        // Half of a double visit is none.
                        if let Some(hold) = cx.tokens.take_hold(offer.slot) {
                            cx.slots.release(&cx.tenant, hold, &cx.reader(), cx.now()).await?;
                        }
                        return Err(error);
                    }
                }
            }
            Ok(ToolResult::Held)
        })
    }
}
