//! When somebody can be booked: free slots, within the clinic's lead time and booking window.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use frontdesk_tenants::booking::{Search, find_free_slots};
use frontdesk_tenants::page::{After, Page};
use frontdesk_tenants::permissions::Permission;
use frontdesk_types::{DoctorId, Offer, SlotId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::access::Ask;
use super::answer::Listed;
use super::fault::fault;
use super::input::query;
use super::pages::Pages;
use super::values::{Limit, Text, VisitType, limit};
use crate::http::Problem;

/// Doctors whose slots may begin at the same moment: as many more rows are read, so that a page ends
/// between them.
const AT_ONCE: u32 = 200;

/// A slot that can be booked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FreeSlot {
    /// To be booked by this id.
    #[schema(value_type = Uuid)]
    slot: SlotId,
    #[schema(value_type = Uuid)]
    doctor: DoctorId,
    doctor_name: String,
    specialty: String,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The clinic's time zone.
    time_zone: String,
}

impl From<Offer> for FreeSlot {
    fn from(offer: Offer) -> Self {
        Self {
            slot: offer.slot,
            doctor: offer.doctor,
            doctor_name: offer.doctor_name,
            specialty: offer.specialty,
            starts_at: offer.starts_at,
            ends_at: offer.ends_at,
            time_zone: offer.time_zone,
        }
    }
}

query! {
    /// Which free slots are asked for.
    struct AvailabilityFilter {
        /// Only this doctor's.
        #[param(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        /// Only doctors of this specialty.
        #[param(value_type = Option<String>)]
        specialty: Option<Text<100>>,
        /// Start not before.
        #[param(value_type = Option<String>, format = DateTime)]
        from: Option<Timestamp>,
        /// Start not after.
        #[param(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        #[param(value_type = Option<VisitType>, inline)]
        visit_type: Option<VisitType>,
        /// `next` of the page before.
        #[serde(skip)]
        cursor: Option<String>,
        /// Rows of a page, 1 to 200; 50 where nothing is said.
        #[serde(skip)]
        #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
        limit: Limit,
    }
}

/// Lists free slots, earliest first.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/availability", tag = "availability",
    operation_id = "list_availability", params(AvailabilityFilter),
    responses((status = 200, body = Listed<FreeSlot>)),
    extensions(("x-permission" = json!("availability:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AvailabilityRead).await?;
    let filter: AvailabilityFilter = ask.query()?;
    let pages = Pages::of(&at, "availability", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let after = rows.after.and_then(|after| Some((after.sort.parse().ok()?, after.id)));
    let after: Option<(Timestamp, Uuid)> = after;
    let search = Search {
        doctor: filter.doctor,
        specialty: filter.specialty.as_ref().map(ToString::to_string),
        from: after.map(|(from, _)| from).or(filter.from),
        until: filter.until,
        visit_type: filter.visit_type.map(|kind| kind.as_str().to_owned()),
        holder: Some(at.by.principal),
        ..Search::default()
    };
    let wanted = limit(filter.limit);
    let found = find_free_slots(at.db(), &at.tenant, &search, at.now, wanted + AT_ONCE, at.ids());
    let mut items = found.await.map_err(fault)?;
    let key = |offer: &Offer| (offer.starts_at, offer.doctor.uuid());
    items.retain(|offer| after.is_none_or(|after| key(offer) > after));
    let more = items.len() > wanted as usize;
    items.truncate(wanted as usize);
    let next = items.last().filter(|_| more).map(key);
    let next = next.map(|(starts_at, id)| After { sort: starts_at.to_string(), id });
    Ok(pages.answer(Page { items, next }, FreeSlot::from))
}
