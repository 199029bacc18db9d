//! Searches for free times. What "nearest" means is not decided here: the finder says what to search
//! for.

use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult};
use frontdesk_pipelines::offers::{Finder, Query, Step};
use frontdesk_tenants::Principal;
use frontdesk_tenants::booking::{self, Search};
use frontdesk_types::Offer;

use super::{BuiltIn, Ran, ToolCx};
use crate::booking::SlotError;

pub(super) struct FindSlots;

impl BuiltIn for FindSlots {
    fn name(&self) -> &'static str {
        "find_slots"
    }

    fn run<'a>(&'a self, cx: &'a ToolCx, call: &'a ToolCall) -> Ran<'a> {
        Box::pin(async move {
            let ToolCall::FindSlots(wish) = call else {
                return Ok(ToolResult::Unavailable);
            };
            let (mut finder, mut query) = Finder::new(wish.clone(), cx.facts.clinic.zone());
            loop {
                match finder.found(search(cx, query).await?) {
                    Step::Search(next) => query = next,
                    Step::Done { offers, exact } => return Ok(ToolResult::Slots { offers, exact }),
                }
            }
        })
    }
}

async fn search(cx: &ToolCx, query: Query) -> Result<Vec<Offer>, SlotError> {
    let search = Search {
        doctor: query.doctor,
        specialty: query.specialty,
        from: query.from,
        until: query.until,
        local_from: query.local_from,
        local_until: query.local_until,
        visit_type: query.remote.then(|| "teleconsultation".to_owned()),
        holder: Some(Principal::Call(cx.call)),
    };
    let (now, ids) = (cx.now(), cx.ids.as_ref());
    let found =
        booking::find_free_slots(&cx.database, &cx.tenant, &search, now, query.limit, ids).await;
    Ok(found?)
}
