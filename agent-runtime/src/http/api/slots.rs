//! Booking slots: what was made of the schedule, one row a start. No row means not available.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::booking::{HOLD_WEB, HoldRequest};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::schedule::{self, Change, SlotFilter, SlotStatus};
use frontdesk_tenants::{Refusal, TenantTx};
use frontdesk_types::{DoctorId, HoldId, SlotId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At};
use super::answer::{Listed, json, versioned};
use super::fault::{fault, slot_fault};
use super::input::{query, request};
use super::pages::Pages;
use super::schedule::{Changed, Preview, of_the_clinic, order};
use super::values::{Limit, Text};
use crate::http::Problem;

names!(slot_statuses, SlotStatus);

/// A booking slot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BookingSlot {
    #[schema(value_type = Uuid)]
    id: SlotId,
    #[schema(value_type = Uuid)]
    doctor: DoctorId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Without the pause after it.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    visit_type: String,
    #[schema(schema_with = slot_statuses)]
    status: SlotStatus,
}

impl From<schedule::Slot> for BookingSlot {
    fn from(row: schedule::Slot) -> Self {
        let schedule::Slot { id, doctor, starts_at, ends_at, visit_type, status, .. } = row;
        Self { id, doctor, starts_at, ends_at, visit_type, status }
    }
}

query! {
    /// Which slots are asked for.
    struct BookingSlotFilter {
        /// Only this doctor's.
        #[param(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        /// Only of this status; those that are removed only where that is asked for.
        #[param(schema_with = slot_statuses, required = false)]
        status: Option<SlotStatus>,
        /// Start not before; now where nothing is said.
        #[param(value_type = Option<String>, format = DateTime)]
        from: Option<Timestamp>,
        /// Start before.
        #[param(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// `next` of the page before.
        #[serde(skip)]
        cursor: Option<String>,
        /// Rows of a page, 1 to 200; 50 where nothing is said.
        #[serde(skip)]
        #[param(value_type = Option<i32>, minimum = 1, maximum = 200)]
        limit: Limit,
    }
}

request! {
    /// Days whose slots are to be made of the templates; what is there stays, what staff removed too.
    struct SlotRange {
        #[schema(value_type = String, format = Date)]
        from: Date,
        #[schema(value_type = String, format = Date)]
        until: Date,
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SlotsMade {
    /// Slots that came to be free.
    made: usize,
    /// Slots that the templates ask for.
    wanted: usize,
}

/// What the staff makes of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SlotChangeTo {
    /// Open again.
    Free,
    /// Closed until it is opened; only an override books it.
    Blocked,
    /// Gone for good: generation never brings it back.
    Removed,
}

request! {
    /// What is to become of a slot.
    struct SlotChange {
        status: SlotChangeTo,
        /// Why; audited.
        #[schema(value_type = String, max_length = 500)]
        reason: Text<500>,
        /// Whether an appointment in it is cancelled and alternatives are named; else nothing is done.
        rebook: Option<bool>,
    }
}

/// A hold on a slot: whoever placed it may book it, nobody else.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Hold {
    #[schema(value_type = Uuid)]
    id: HoldId,
    #[schema(value_type = Uuid)]
    slot: SlotId,
    /// Until when; asked for again it is renewed, ten minutes in all.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Lists the clinic's slots by start.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/booking-slots", tag = "booking-slots",
    operation_id = "list_booking_slots", params(BookingSlotFilter),
    responses((status = 200, body = Listed<BookingSlot>)),
    extensions(("x-permission" = json!("schedule:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleRead).await?;
    let filter: BookingSlotFilter = ask.query()?;
    let pages = Pages::of(&at, "booking slots", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let mut tx = at.begin().await?;
    let own = at.only(&mut tx).await?;
    if let (Some(_), Some(asked)) = (own, filter.doctor) {
        at.reaches(&mut tx, asked).await?;
    }
    let wanted = SlotFilter {
        doctor: own.or(filter.doctor),
        status: filter.status,
        from: filter.from.unwrap_or(at.now),
        until: filter.until,
    };
    let page = schedule::slots(&mut tx, &wanted, at.now, &rows).await.map_err(fault)?;
    Ok(pages.answer(page, BookingSlot::from))
}

/// Makes the slots of some days from the templates.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/booking-slots", tag = "booking-slots",
    operation_id = "generate_booking_slots", request_body = SlotRange,
    responses((status = 201, body = SlotsMade)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn generate(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let range: SlotRange = ask.body(body)?;
    let mut tx = at.begin().await?;
    of_the_clinic(&at, &mut tx).await?;
    drop(tx);
    at.once("api:booking_slots", &range, StatusCode::CREATED, async {
        let (principal, from, until) = (at.by.principal, range.from, range.until);
        let (db, ids) = (at.db(), at.ids());
        let made =
            schedule::generate_range(db, &at.tenant, principal, from, until, at.now, ids).await;
        let made = made.map_err(fault)?;
        Ok(SlotsMade { made: made.made, wanted: made.wanted })
    })
    .await
}

/// Shows a slot.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/booking-slots/{slot}", tag = "booking-slots",
    operation_id = "get_booking_slot", responses((status = 200, body = BookingSlot)),
    extensions(("x-permission" = json!("schedule:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleRead).await?;
    let mut tx = at.begin().await?;
    let slot = found(&at, &mut tx, &ask, None).await?;
    Ok(versioned(StatusCode::OK, slot.version, BookingSlot::from(slot)))
}

/// Blocks a slot, opens a blocked one, or removes one for good.
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/booking-slots/{slot}", tag = "booking-slots",
    operation_id = "change_booking_slot", request_body = SlotChange,
    responses((status = 200, body = Changed)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let version = ask.version()?;
    let change: SlotChange = ask.body(body)?;
    changed(&at, &ask, version, &change).await
}

/// Removes a free slot for good; one with an appointment is refused.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/booking-slots/{slot}", tag = "booking-slots",
    operation_id = "remove_booking_slot", responses((status = 200, body = Changed)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn delete(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let version = ask.version()?;
    let reason: Text<500> = serde_json::from_value("removed".into())
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no reason"))?;
    let change = SlotChange { status: SlotChangeTo::Removed, reason, rebook: None };
    changed(&at, &ask, version, &change).await
}

/// Tells what taking a slot away would do, without doing it.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/booking-slots/{slot}/preview",
    tag = "booking-slots", operation_id = "preview_booking_slot",
    responses((status = 200, body = Preview)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn preview(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let mut tx = at.begin().await?;
    let slot = found(&at, &mut tx, &ask, None).await?.id;
    drop(tx);
    let impact = schedule::preview(at.db(), &at.tenant, &Change::Slot(slot), at.now).await;
    Ok(json(StatusCode::OK, Preview::from(impact.map_err(fault)?)))
}

/// Holds a slot for whoever asks, for five minutes; asked for again it is renewed.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/booking-slots/{slot}/hold",
    tag = "booking-slots", operation_id = "hold_booking_slot",
    responses((status = 201, body = Hold)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn hold(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let mut tx = at.begin().await?;
    let slot = found(&at, &mut tx, &ask, None).await?.id;
    drop(tx);
    let request = HoldRequest { slot, lasting: HOLD_WEB, release: None };
    let hold = api.options.slots.hold(&at.tenant, request, &at.by, at.now).await;
    let hold = hold.map_err(slot_fault)?;
    let hold = Hold { id: hold.id, slot: hold.slot, until: hold.until };
    Ok(json(StatusCode::CREATED, hold))
}

async fn changed(
    at: &At<'_>,
    ask: &Ask,
    version: Option<i64>,
    change: &SlotChange,
) -> Result<Response, Problem> {
    let mut tx = at.begin().await?;
    let slot = found(at, &mut tx, ask, Some(version)).await?.id;
    drop(tx);
    let (db, tenant, now) = (at.db(), &at.tenant, at.now);
    let order = order(at, &change.reason, change.rebook);
    let done = match change.status {
        SlotChangeTo::Removed => schedule::remove_slot(db, tenant, slot, order, now).await,
        SlotChangeTo::Blocked => schedule::block_slot(db, tenant, slot, order, now).await,
        SlotChangeTo::Free => {
            let opened = schedule::unblock_slot(db, tenant, slot, at.by.principal, now).await;
            match opened {
                Ok(true) => Ok(schedule::Withdrawn { lost: 0, rebooked: Vec::new() }),
                Ok(false) => Err(Refusal::WrongStatus.into()),
                Err(error) => Err(error),
            }
        }
    };
    at.api.options.slots.forget(tenant, slot);
    Ok(json(StatusCode::OK, Changed::of(None, done.map_err(fault)?)))
}

/// The slot that the path names, if it is within reach, and of that version where one is given.
async fn found(
    at: &At<'_>,
    tx: &mut TenantTx,
    ask: &Ask,
    version: Option<Option<i64>>,
) -> Result<schedule::Slot, Problem> {
    let id: SlotId = ask.id("slot")?;
    let slot = schedule::slot_at(tx, id, version.flatten()).await.map_err(fault)?;
    at.reaches(tx, slot.doctor).await?;
    Ok(slot)
}
