//! Moves an appointment to an offer, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall};
use frontdesk_tenants::booking::Move;

use super::visits::booked;
use super::{BuiltIn, Ran, ToolCx, refused};

pub(super) struct Reschedule;

impl BuiltIn for Reschedule {
    fn name(&self) -> &'static str {
        "reschedule"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, _call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let Some(patient) = cx.proof() else {
                return Ok(refused(Refusal::NotIdentified));
            };
            let (Some(appointment), Some(offer)) = (&cx.checked.appointment, &cx.checked.offer)
            else {
                return Ok(refused(Refusal::UnknownReference));
            };
            let request = Move {
                appointment: appointment.id,
                patient: Some(patient),
                version: None,
                slot: offer.slot,
                hold: cx.tokens.held(offer.slot),
                staff: None,
            };
            let moved = cx.slots.reschedule(&cx.tenant, request, &cx.by(), cx.now()).await?;
            Ok(booked(cx, &moved))
        })
    }
}
