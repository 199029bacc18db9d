//! Books an offer, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall};
use frontdesk_tenants::booking;

use super::visits::booked;
use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Book;

impl BuiltIn for Book {
    fn name(&self) -> &'static str {
        "book"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(patient) = cx.proof() else {
                return Ok(refused(Refusal::NotIdentified));
            };
            let Some(offer) = &cx.checked.offer else {
                return Ok(refused(Refusal::UnknownReference));
            };
            let hold = cx.tokens.held(offer.slot);
            let request = booking::Book { slot: offer.slot, patient, hold, staff: None };
            let made = cx.slots.book(&cx.tenant, request, &cx.by(), cx.now()).await?;
            Ok(booked(cx, &made))
        })
    }
}
