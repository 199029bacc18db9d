//! Books an offer, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall};
use frontdesk_tenants::booking::{self, Double};

use super::visits::{booked, booked_double};
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
            if let Some(second) = offer.second {
                let holds = [hold, cx.tokens.held(second)];
                let request = Double { slots: [offer.slot, second], patient, holds };
                // Not by the slots' actors, which know one slot each: what they remember for a
                // moment may only make them refuse, and this makes nothing free.
                let (database, ids) = (&cx.database, cx.ids.as_ref());
                let by = cx.by();
                let made = booking::book_double(database, &cx.tenant, &request, &by, cx.now(), ids)
                    .await?;
                return Ok(booked_double(cx, &made.0, &made.1));
            }
            let request = booking::Book { slot: offer.slot, patient, hold, staff: None };
            let made = cx.slots.book(&cx.tenant, request, &cx.by(), cx.now()).await?;
            Ok(booked(cx, &made))
        })
    }
}
