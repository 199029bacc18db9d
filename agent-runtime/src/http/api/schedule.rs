//! What slots are made from: the clinic's shifts, each doctor's templates, absences; with what a change
//! would do before it is done.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::schedule::{
    self, Absence, Change, Impact, KnownAbsence, NewTemplate, Order, Rebooked, Withdrawn,
};
use frontdesk_tenants::{Refusal, TenantTx};
use frontdesk_types::{AbsenceId, DoctorId, SlotId, TemplateId};
use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At, not_here};
use super::answer::{Listed, json, replayed, versioned};
use super::appointments::Appointment;
use super::fault::fault;
use super::input::{query, request};
use super::pages::Pages;
use super::values::{Limit, Text, VisitType, Within};
use crate::http::Problem;

/// A clinic's named shift, by its clock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimeSlot {
    /// What templates call it.
    name: String,
    #[schema(value_type = String, example = "09:00:00")]
    from: Time,
    /// Not after the start means on the next day.
    #[schema(value_type = String, example = "13:00:00")]
    until: Time,
}

request! {
    /// A shift to add.
    struct NewTimeSlot {
        /// Unique in the clinic.
        #[schema(value_type = String, max_length = 100)]
        name: Text<100>,
        #[schema(value_type = String, example = "09:00:00")]
        from: Time,
        /// Not after the start means on the next day.
        #[schema(value_type = String, example = "13:00:00")]
        until: Time,
    }
}

/// On this weekday the doctor works this shift.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Template {
    #[schema(value_type = Uuid)]
    id: TemplateId,
    /// 1 Monday … 7 Sunday.
    weekday: i16,
    /// Name of the clinic's shift.
    time_slot: String,
    slot_minutes: i32,
    /// Pause after each visit.
    buffer_minutes: i32,
    visit_type: String,
}

/// A template to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateFields {
    /// 1 Monday … 7 Sunday.
    #[schema(value_type = i32, minimum = 1, maximum = 7)]
    weekday: Within<1, 7>,
    /// Name of the clinic's shift.
    #[schema(value_type = String, max_length = 100)]
    time_slot: Text<100>,
    #[schema(value_type = i32, minimum = 1, maximum = 1440)]
    slot_minutes: Within<1, 1440>,
    /// Pause after each visit.
    #[schema(value_type = i32, minimum = 0, maximum = 1440)]
    buffer_minutes: Within<0, 1440>,
    visit_type: VisitType,
}

request! {
    /// The templates that a doctor is to have in place of those there are.
    struct NewTemplates {
        templates: Vec<TemplateFields>,
        /// Why; audited.
        #[schema(value_type = String, max_length = 500)]
        reason: Text<500>,
        /// Whether appointments in the way are cancelled and alternatives named; else nothing is done.
        rebook: Option<bool>,
    }
}

request! {
    /// A doctor is away, or without one the clinic is closed.
    struct NewAbsence {
        #[schema(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        #[schema(value_type = String, format = DateTime)]
        from: Timestamp,
        /// Slots that touch the range are lost.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        /// Why, for the staff; audited.
        #[schema(value_type = String, max_length = 500)]
        reason: Text<500>,
        /// Whether appointments in the way are cancelled and alternatives named; else nothing is done.
        rebook: Option<bool>,
    }
}

/// An absence of a doctor, or a closure of the clinic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AbsenceShown {
    #[schema(value_type = Uuid)]
    id: AbsenceId,
    /// Null is the whole clinic.
    #[schema(value_type = Option<Uuid>)]
    doctor: Option<DoctorId>,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    reason: String,
}

impl From<KnownAbsence> for AbsenceShown {
    fn from(row: KnownAbsence) -> Self {
        let KnownAbsence { id, doctor, from, until, reason } = row;
        Self { id, doctor, from, until, reason }
    }
}

query! {
    /// Which absences are asked for.
    struct AbsenceFilter {
        /// Only those of this doctor and of the clinic.
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

/// What a change would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// Slots without an appointment that would be lost.
    lost: usize,
    /// Appointments that would lose their slot.
    orphaned: Vec<Appointment>,
}

impl From<Impact> for Preview {
    fn from(impact: Impact) -> Self {
        let orphaned = impact.orphaned.into_iter().map(Appointment::from).collect();
        Self { lost: impact.lost, orphaned }
    }
}

/// A free slot to go to instead.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlternativeSlot {
    #[schema(value_type = Uuid)]
    slot: SlotId,
    #[schema(value_type = Uuid)]
    doctor: DoctorId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
}

/// An appointment that was cancelled by a change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cancelled {
    appointment: Appointment,
    /// Nearest in time first.
    alternatives: Vec<AlternativeSlot>,
}

/// What a change did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Changed {
    /// Of an absence: its id.
    #[schema(value_type = Option<Uuid>)]
    absence: Option<AbsenceId>,
    /// Slots without an appointment that were lost.
    lost: usize,
    /// Appointments that were cancelled.
    rebooked: Vec<Cancelled>,
}

impl Changed {
    pub(super) fn of(absence: Option<AbsenceId>, done: Withdrawn) -> Self {
        let rebooked = done.rebooked.into_iter().map(|Rebooked { appointment, alternatives }| {
            let alternatives = alternatives.into_iter().map(|to| AlternativeSlot {
                slot: to.slot,
                doctor: to.doctor,
                starts_at: to.starts_at,
            });
            Cancelled { appointment: appointment.into(), alternatives: alternatives.collect() }
        });
        Self { absence, lost: done.lost, rebooked: rebooked.collect() }
    }
}

/// Lists the clinic's shifts by name.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/time-slots", tag = "templates",
    operation_id = "list_time_slots", responses((status = 200, body = Listed<TimeSlot>)),
    extensions(("x-permission" = json!("schedule:read"))))]
pub(super) async fn time_slots(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleRead).await?;
    let mut tx = at.begin().await?;
    let rows = schedule::time_slots(&mut tx).await.map_err(fault)?;
    let shown =
        |row: schedule::TimeSlot| TimeSlot { name: row.name, from: row.from, until: row.until };
    let items = rows.into_iter().map(shown).collect();
    Ok(json(StatusCode::OK, Listed { items, next: None }))
}

/// Adds a shift.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/time-slots", tag = "templates",
    operation_id = "add_time_slot", request_body = NewTimeSlot,
    responses((status = 201, body = TimeSlot)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn add_time_slot(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let new: NewTimeSlot = ask.body(body)?;
    let mut tx = at.begin().await?;
    of_the_clinic(&at, &mut tx).await?;
    let first = at.answered(&mut tx, "api:time_slot", &new).await?;
    let again = first.is_some();
    let name = new.name.to_string();
    if !again {
        let (from, until) = (new.from, new.until);
        schedule::add_time_slot(&mut tx, &name, from, until, &at.by, at.now, at.ids())
            .await
            .map_err(fault)?;
        at.keep(&mut tx, "api:time_slot", &new, &json!({})).await?;
    }
    tx.commit().await.map_err(fault)?;
    let made = TimeSlot { name, from: new.from, until: new.until };
    Ok(replayed(json(StatusCode::CREATED, made), again))
}

/// Lists the templates of a doctor that are in force.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/doctors/{doctor}/templates", tag = "templates",
    operation_id = "list_templates", responses((status = 200, body = Listed<Template>)),
    extensions(("x-permission" = json!("schedule:read"))))]
pub(super) async fn templates(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleRead).await?;
    let doctor = ask.id("doctor")?;
    let mut tx = at.begin().await?;
    at.reaches(&mut tx, doctor).await?;
    listed_templates(&mut tx, doctor).await
}

async fn listed_templates(tx: &mut TenantTx, doctor: DoctorId) -> Result<Response, Problem> {
    let found = schedule::templates(tx, doctor).await.map_err(fault)?;
    let (rows, version) = found.ok_or_else(|| not_here("doctor"))?;
    let items = rows.into_iter().map(|row| Template {
        id: row.id,
        weekday: row.weekday,
        time_slot: row.time_slot,
        slot_minutes: row.slot_minutes,
        buffer_minutes: row.buffer_minutes,
        visit_type: row.visit_type,
    });
    Ok(versioned(StatusCode::OK, version, Listed { items: items.collect(), next: None }))
}

fn wanted(new: &NewTemplates) -> Vec<NewTemplate> {
    let template = |fields: &TemplateFields| NewTemplate {
        // From 1 to 7, as it was read.
        weekday: i8::try_from(fields.weekday.0)
            .ok()
            .and_then(|day| Weekday::from_monday_one_offset(day).ok())
            .unwrap_or(Weekday::Monday),
        time_slot: fields.time_slot.to_string(),
        slot_minutes: fields.slot_minutes.0,
        buffer_minutes: fields.buffer_minutes.0,
        visit_type: fields.visit_type.as_str().to_owned(),
    };
    new.templates.iter().map(template).collect()
}

/// Gives a doctor other templates: slots that none asks for go, new ones come.
#[utoipa::path(put, path = "/api/v1/clinics/{clinic}/doctors/{doctor}/templates", tag = "templates",
    operation_id = "replace_templates", request_body = NewTemplates,
    responses((status = 200, body = Changed)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn replace_templates(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let tag = ask.tag()?;
    let new: NewTemplates = ask.body(body)?;
    let doctor: DoctorId = ask.id("doctor")?;
    let mut tx = at.begin().await?;
    at.reaches(&mut tx, doctor).await?;
    let found = schedule::templates(&mut tx, doctor).await.map_err(fault)?;
    let (_, version) = found.ok_or_else(|| not_here("doctor"))?;
    drop(tx);
    if tag.is_some_and(|tag| tag != version) {
        return Err(fault(Refusal::VersionMismatch.into()));
    }
    let order = order(&at, &new.reason, new.rebook);
    let (db, ids) = (at.db(), at.ids());
    let templates = wanted(&new);
    let done =
        schedule::replace_templates(db, &at.tenant, doctor, &templates, order, at.now, ids).await;
    Ok(json(StatusCode::OK, Changed::of(None, done.map_err(fault)?)))
}

/// Tells what other templates would do, without doing it.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/doctors/{doctor}/templates/preview",
    tag = "templates", operation_id = "preview_templates", request_body = NewTemplates,
    responses((status = 200, body = Preview)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn preview_templates(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let new: NewTemplates = ask.body(body)?;
    let doctor: DoctorId = ask.id("doctor")?;
    let mut tx = at.begin().await?;
    at.reaches(&mut tx, doctor).await?;
    schedule::templates(&mut tx, doctor).await.map_err(fault)?.ok_or_else(|| not_here("doctor"))?;
    drop(tx);
    previewed(&at, &Change::Templates(doctor, wanted(&new))).await
}

/// Lists the absences that stand and are not over, by their end.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/absences", tag = "templates",
    operation_id = "list_absences", params(AbsenceFilter),
    responses((status = 200, body = Listed<AbsenceShown>)),
    extensions(("x-permission" = json!("schedule:read"))))]
pub(super) async fn absences(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleRead).await?;
    let filter: AbsenceFilter = ask.query()?;
    let pages = Pages::of(&at, "absences", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let mut tx = at.begin().await?;
    let doctor = at.only(&mut tx).await?.or(filter.doctor);
    let page = schedule::absences(&mut tx, doctor, at.now, &rows).await.map_err(fault)?;
    Ok(pages.answer(page, AbsenceShown::from))
}

/// A doctor is away, or the clinic is closed: the slots of that time go.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/absences", tag = "templates",
    operation_id = "add_absence", request_body = NewAbsence,
    responses((status = 201, body = Changed)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn add_absence(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let new: NewAbsence = ask.body(body)?;
    let absence = absence(&at, &new).await?;
    at.once("api:absence", &new, StatusCode::CREATED, async {
        let order = order(&at, &new.reason, new.rebook);
        let (db, ids) = (at.db(), at.ids());
        let done = schedule::add_absence(db, &at.tenant, &absence, order, at.now, ids).await;
        let (id, done) = done.map_err(fault)?;
        Ok(Changed::of(Some(id), done))
    })
    .await
}

/// Tells what an absence would do, without doing it.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/absences/preview", tag = "templates",
    operation_id = "preview_absence", request_body = NewAbsence,
    responses((status = 200, body = Preview)),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn preview_absence(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    let new: NewAbsence = ask.body(body)?;
    let absence = absence(&at, &new).await?;
    previewed(&at, &Change::Absence(absence)).await
}

/// Takes an absence back and brings its slots again; what staff removed stays removed.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/absences/{absence}", tag = "templates",
    operation_id = "revoke_absence",
    responses((status = 204, description = "The slots are there again")),
    extensions(("x-permission" = json!("schedule:write"))))]
pub(super) async fn revoke_absence(
    State(api): State<Arc<Api>>,
    ask: Ask,
) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::ScheduleWrite).await?;
    // It does not change, so any version is the one that stands.
    ask.tag()?;
    let id: AbsenceId = ask.id("absence")?;
    let mut tx = at.begin().await?;
    let found = schedule::absence_of(&mut tx, id).await.map_err(fault)?;
    match found.ok_or_else(|| not_here("absence"))? {
        Some(doctor) => at.reaches(&mut tx, doctor).await?,
        None => of_the_clinic(&at, &mut tx).await?,
    }
    drop(tx);
    let done = schedule::revoke_absence(at.db(), &at.tenant, id, at.now, at.ids()).await;
    done.map_err(fault)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn absence(at: &At<'_>, new: &NewAbsence) -> Result<Absence, Problem> {
    let mut tx = at.begin().await?;
    match new.doctor {
        Some(doctor) => at.reaches(&mut tx, doctor).await?,
        None => of_the_clinic(at, &mut tx).await?,
    }
    Ok(Absence { doctor: new.doctor, from: new.from, until: new.until })
}

async fn previewed(at: &At<'_>, change: &Change) -> Result<Response, Problem> {
    let impact = schedule::preview(at.db(), &at.tenant, change, at.now).await.map_err(fault)?;
    Ok(json(StatusCode::OK, Preview::from(impact)))
}

/// What is the whole clinic's is not a doctor's to change.
pub(super) async fn of_the_clinic(at: &At<'_>, tx: &mut TenantTx) -> Result<(), Problem> {
    match at.only(tx).await? {
        None => Ok(()),
        Some(_) => {
            let detail = "that is the whole clinic's";
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
    }
}

pub(super) fn order<'a>(at: &At<'_>, reason: &'a Text<500>, rebook: Option<bool>) -> Order<'a> {
    let principal = at.by.principal;
    Order { principal, reason: reason.as_ref(), rebook: rebook.unwrap_or(false) }
}
