//! The waitlist: who waits for a doctor or a specialty, and what is offered to them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::booking::Booked;
use frontdesk_tenants::patient::{VerifiedPatient, audit_reading, named_by_staff};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::waitlist::{self, EntryStatus, Hours, Waiting, Wish};
use frontdesk_tenants::{Refusal, TenantTx};
use frontdesk_types::{AppointmentId, DoctorId, PatientId, SlotId, WaitlistEntryId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At, not_here};
use super::answer::{Listed, replayed, versioned};
use super::appointments::Appointment;
use super::fault::fault;
use super::input::{query, request};
use super::pages::Pages;
use super::values::{Limit, Text};
use crate::http::Problem;

names!(entry_statuses, EntryStatus);

/// Somebody who waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WaitlistEntry {
    #[schema(value_type = Uuid)]
    id: WaitlistEntryId,
    #[schema(schema_with = entry_statuses)]
    status: EntryStatus,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    /// For this doctor.
    #[schema(value_type = Option<Uuid>)]
    doctor: Option<DoctorId>,
    /// For this specialty.
    specialty: Option<String>,
    /// Start not before.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// Start before.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    /// The slot that is kept for them.
    #[schema(value_type = Option<Uuid>)]
    offered_slot: Option<SlotId>,
    /// Until when it is kept.
    #[schema(value_type = Option<String>, format = DateTime)]
    offered_until: Option<Timestamp>,
    /// What came of it.
    #[schema(value_type = Option<Uuid>)]
    appointment: Option<AppointmentId>,
}

impl From<Waiting> for WaitlistEntry {
    fn from(row: Waiting) -> Self {
        let (offered_slot, offered_until) = row.offered.unzip();
        Self {
            id: row.id,
            status: row.status,
            patient: row.patient,
            doctor: row.doctor,
            specialty: row.specialty,
            from: row.from,
            until: row.until,
            joined_at: row.joined_at,
            offered_slot,
            offered_until,
            appointment: row.appointment,
        }
    }
}

query! {
    /// Which entries are asked for.
    struct WaitlistFilter {
        /// Only of this status; where nothing is said, those who wait or are offered something.
        #[param(schema_with = entry_statuses, required = false)]
        status: Option<EntryStatus>,
        /// Only for this doctor.
        #[param(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
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
    /// Somebody who is to wait for a doctor, a specialty, or both.
    struct NewWaitlistEntry {
        #[schema(value_type = Uuid)]
        patient: PatientId,
        #[schema(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        #[schema(value_type = Option<String>, max_length = 100)]
        specialty: Option<Text<100>>,
        /// Start not before.
        #[schema(value_type = String, format = DateTime)]
        from: Timestamp,
        /// Start before.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    }
}

/// Lists who waits, in the order in which they joined.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/waitlist", tag = "waitlist",
    operation_id = "list_waitlist", params(WaitlistFilter),
    responses((status = 200, body = Listed<WaitlistEntry>)),
    extensions(("x-permission" = json!("waitlist:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::WaitlistRead).await?;
    let filter: WaitlistFilter = ask.query()?;
    let pages = Pages::of(&at, "waitlist", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let mut tx = at.begin().await?;
    let page = waitlist::list(&mut tx, filter.status, filter.doctor, &rows).await.map_err(fault)?;
    let patients: Vec<_> = page.items.iter().map(|row| row.patient).collect();
    shown(&at, &mut tx, &patients).await?;
    tx.commit().await.map_err(fault)?;
    Ok(pages.answer(page, WaitlistEntry::from))
}

/// Puts a patient on the waitlist, once for a doctor and specialty: who joins again keeps the place, with
/// the later wish.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/waitlist", tag = "waitlist",
    operation_id = "join_waitlist", request_body = NewWaitlistEntry,
    responses((status = 201, body = WaitlistEntry),
              (status = 200, description = "They waited for that already", body = WaitlistEntry)),
    extensions(("x-permission" = json!("waitlist:write"))))]
pub(super) async fn join(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::WaitlistWrite).await?;
    let new: NewWaitlistEntry = ask.body(body)?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, new.patient).await?;
    drop(tx);
    let wish = Wish {
        doctor: new.doctor,
        specialty: new.specialty.map(Text::into_string),
        from: new.from,
        until: new.until,
        hours: Hours::default(),
    };
    let joined = waitlist::join(at.db(), &at.tenant, &who, &wish, &at.by, at.now, at.ids()).await;
    let joined = joined.map_err(fault)?;
    let status = if joined.known { StatusCode::OK } else { StatusCode::CREATED };
    let mut tx = at.begin().await?;
    let (version, entry) = found(&at, &mut tx, joined.entry).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(status, version, WaitlistEntry::from(entry)))
}

/// Shows an entry.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/waitlist/{entry}", tag = "waitlist",
    operation_id = "get_waitlist_entry", responses((status = 200, body = WaitlistEntry)),
    extensions(("x-permission" = json!("waitlist:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::WaitlistRead).await?;
    let mut tx = at.begin().await?;
    let (version, entry) = found(&at, &mut tx, ask.id("entry")?).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, WaitlistEntry::from(entry)))
}

/// Takes the slot that is offered to somebody who waits.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/waitlist/{entry}/accept", tag = "waitlist",
    operation_id = "accept_waitlist_offer", responses((status = 201, body = Appointment)),
    extensions(("x-permission" = json!("waitlist:write"))))]
pub(super) async fn accept(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::WaitlistWrite).await?;
    let mut tx = at.begin().await?;
    let (_, entry) = found(&at, &mut tx, ask.id("entry")?).await?;
    let who = named(&mut tx, entry.patient).await?;
    tx.commit().await.map_err(fault)?;
    let (db, id) = (at.db(), entry.id);
    let made = waitlist::accept(db, &at.tenant, id, &who, &at.by, at.now, at.ids()).await;
    let Booked { appointment, replayed: again } = made.map_err(fault)?;
    api.options.slots.forget(&at.tenant, appointment.slot);
    let version = appointment.version;
    let answer = versioned(StatusCode::CREATED, version, Appointment::from(appointment));
    Ok(replayed(answer, again))
}

/// Takes somebody off the waitlist; what was offered to them goes to the next.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/waitlist/{entry}", tag = "waitlist",
    operation_id = "leave_waitlist",
    responses((status = 204, description = "They wait no more")),
    extensions(("x-permission" = json!("waitlist:write"))))]
pub(super) async fn leave(State(api): State<Arc<Api>>, ask: Ask) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::WaitlistWrite).await?;
    let version = ask.version()?;
    let mut tx = at.begin().await?;
    let (stands, entry) = found(&at, &mut tx, ask.id("entry")?).await?;
    let who = named(&mut tx, entry.patient).await?;
    tx.commit().await.map_err(fault)?;
    if version.is_some_and(|version| version != stands) {
        return Err(fault(Refusal::VersionMismatch.into()));
    }
    let left = waitlist::leave(at.db(), &at.tenant, entry.id, &who, &at.by, at.now).await;
    if let Some((slot, _)) = entry.offered {
        api.options.slots.forget(&at.tenant, slot);
    }
    if left.map_err(fault)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(fault(Refusal::WrongStatus.into()))
    }
}

async fn named(tx: &mut TenantTx, patient: PatientId) -> Result<VerifiedPatient, Problem> {
    let who = named_by_staff(tx, patient).await.map_err(fault)?;
    who.ok_or_else(|| fault(Refusal::PatientUnknown.into()))
}

async fn found(
    at: &At<'_>,
    tx: &mut TenantTx,
    id: WaitlistEntryId,
) -> Result<(i64, Waiting), Problem> {
    let row = waitlist::entry(tx, id).await.map_err(fault)?;
    let row = row.ok_or_else(|| not_here("waitlist entry"))?;
    shown(at, tx, &[row.patient]).await?;
    Ok((row.version, row))
}

async fn shown(at: &At<'_>, tx: &mut TenantTx, patients: &[PatientId]) -> Result<(), Problem> {
    let done = audit_reading(tx, patients, "patient.waitlist_read", &at.by, at.now).await;
    done.map_err(fault)
}
