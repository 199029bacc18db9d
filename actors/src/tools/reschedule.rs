//! Moves an appointment to an offer, after read-back and yes.

use frontdesk_pipelines::dialogue::tools::{Refusal, ToolCall};
use frontdesk_tenants::booking::{self, Move, MoveDouble};

use super::visits::{booked, booked_double};
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
            if appointment.second.is_some() || offer.second.is_some() {
                let request = MoveDouble {
                    first: appointment.id,
                    second: appointment.second,
                    patient,
                    slot: offer.slot,
                    second_slot: offer.second,
                    holds: [Some(offer.slot), offer.second]
                        .map(|slot| slot.and_then(|slot| cx.tokens.held(slot))),
                };
                let (database, ids) = (&cx.database, cx.ids.as_ref());
                let by = cx.by();
                let moved =
                    booking::move_double(database, &cx.tenant, &request, &by, cx.now(), ids);
                let (first, second) = moved.await?;
                // Who asks for the old times next is to find them free.
                let old = [Some(appointment.visit.slot), appointment.visit.second];
                old.into_iter().flatten().for_each(|slot| cx.slots.forget(&cx.tenant, slot));
                return Ok(match second {
                    Some(second) => booked_double(cx, &first, &second),
                    None => booked(cx, &first),
                });
            }
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
