//! Appointments: booked, moved, cancelled and taken through the visit, by the same actors and SQL
//! functions as in a call.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::booking::{
    self, Assign, Book, Booked, Cancel, CancelReason, Filter, Move, Status, Step,
};
use frontdesk_tenants::patient::{VerifiedPatient, audit_reading, named_by_staff};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::{Refusal, StaffOverride, TenantTx, schedule};
use frontdesk_types::{AppointmentId, DoctorId, PatientId, SlotId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At, not_here};
use super::answer::{Listed, replayed, versioned};
use super::fault::{fault, slot_fault};
use super::input::{query, request};
use super::pages::Pages;
use super::values::{Limit, Text, VisitType};
use crate::http::Problem;

names!(statuses, Status);
names!(cancel_reasons, CancelReason);

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Appointment {
    #[schema(value_type = Uuid)]
    id: AppointmentId,
    /// Its booking slot.
    #[schema(value_type = Uuid)]
    slot: SlotId,
    #[schema(value_type = Uuid)]
    doctor: DoctorId,
    #[schema(value_type = Uuid)]
    patient: PatientId,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Without the pause after it.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    visit_type: String,
    #[schema(schema_with = statuses)]
    status: Status,
    /// What the patient is told: two letters and six digits, the last of which is a check digit.
    reference: String,
    /// Until when it must be paid, if it waits for that.
    #[schema(value_type = Option<String>, format = DateTime)]
    payment_deadline: Option<Timestamp>,
    /// The first appointment of the double visit that it was booked as a half of.
    #[schema(value_type = Option<Uuid>)]
    double_visit: Option<AppointmentId>,
}

impl From<booking::Appointment> for Appointment {
    fn from(made: booking::Appointment) -> Self {
        Self {
            id: made.id,
            slot: made.slot,
            doctor: made.doctor,
            patient: made.patient,
            starts_at: made.starts_at,
            ends_at: made.ends_at,
            visit_type: made.visit_type,
            status: made.status,
            reference: made.reference.as_str().to_owned(),
            payment_deadline: made.payment_deadline,
            double_visit: made.double_visit,
        }
    }
}

query! {
    /// Which appointments are asked for.
    struct AppointmentFilter {
        /// Only this doctor's.
        #[param(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        /// Only this patient's.
        #[param(value_type = Option<Uuid>)]
        patient: Option<PatientId>,
        /// Only of this status.
        #[param(schema_with = statuses, required = false)]
        status: Option<Status>,
        /// Start not before.
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
    /// An appointment to book in a slot.
    struct NewAppointment {
        /// The booking slot.
        #[schema(value_type = Uuid)]
        slot: SlotId,
        /// For whom.
        #[schema(value_type = Uuid)]
        patient: PatientId,
        /// Why the clinic's rules of booking are passed over, for those who may; audited.
        #[schema(value_type = Option<String>, max_length = 500)]
        override_reason: Option<Text<500>>,
    }
}

request! {
    /// An appointment whose slot and doctor the system chooses: the earliest that is free, and of several
    /// doctors the one with the fewest appointments on that day.
    struct AssignedAppointment {
        /// For whom.
        #[schema(value_type = Uuid)]
        patient: PatientId,
        /// Only this doctor.
        #[schema(value_type = Option<Uuid>)]
        doctor: Option<DoctorId>,
        /// Only this specialty.
        #[schema(value_type = Option<String>, max_length = 100)]
        specialty: Option<Text<100>>,
        /// Start not before.
        #[schema(value_type = String, format = DateTime)]
        from: Timestamp,
        /// Start not after.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
        visit_type: Option<VisitType>,
    }
}

request! {
    /// Where an appointment is moved to.
    struct AppointmentChange {
        /// The new booking slot.
        #[schema(value_type = Uuid)]
        slot: SlotId,
        /// Why the clinic's rules of booking are passed over, for those who may; audited.
        #[schema(value_type = Option<String>, max_length = 500)]
        override_reason: Option<Text<500>>,
    }
}

request! {
    /// Why an appointment is cancelled.
    struct Cancellation {
        /// `staff` where nothing is said.
        #[schema(schema_with = cancel_reasons, required = false)]
        reason: Option<CancelReason>,
        /// Why the clinic's notice is passed over, for those who may; audited.
        #[schema(value_type = Option<String>, max_length = 500)]
        override_reason: Option<Text<500>>,
    }
}

/// Lists the clinic's appointments by start.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/appointments", tag = "appointments",
    operation_id = "list_appointments",
    params(AppointmentFilter),
    responses((status = 200, body = Listed<Appointment>)),
    extensions(("x-permission" = json!("appointment:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentRead).await?;
    let filter: AppointmentFilter = ask.query()?;
    let pages = Pages::of(&at, "appointments", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let mut tx = at.begin().await?;
    let own = at.only(&mut tx).await?;
    if let (Some(own), Some(asked)) = (own, filter.doctor)
        && own != asked
    {
        at.reaches(&mut tx, asked).await?;
    }
    let wanted = Filter {
        doctor: own.or(filter.doctor),
        patient: filter.patient,
        status: filter.status,
        from: filter.from,
        until: filter.until,
    };
    let page = booking::appointments(&mut tx, &wanted, &rows).await.map_err(fault)?;
    let patients: Vec<_> = page.items.iter().map(|row| row.patient).collect();
    shown(&at, &mut tx, &patients).await?;
    tx.commit().await.map_err(fault)?;
    Ok(pages.answer(page, Appointment::from))
}

/// Books a slot for a patient.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/appointments", tag = "appointments",
    operation_id = "book_appointment",
    request_body = NewAppointment,
    responses((status = 201, body = Appointment)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn book(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let wanted: NewAppointment = ask.body(body)?;
    let staff = overriding(&at, wanted.override_reason)?;
    let patient = patient_and_slot(&at, wanted.patient, Some(wanted.slot)).await?;
    let request = Book { slot: wanted.slot, patient, hold: None, staff };
    let made = api.options.slots.book(&at.tenant, request, &at.by, at.now).await;
    Ok(answered(StatusCode::CREATED, made.map_err(slot_fault)?))
}

/// Books the earliest free slot of a doctor or a specialty for a patient.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/appointments/assigned", tag = "appointments",
    operation_id = "assign_appointment",
    request_body = AssignedAppointment,
    responses((status = 201, body = Appointment)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn assign(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let wanted: AssignedAppointment = ask.body(body)?;
    let mut tx = at.begin().await?;
    let own = at.only(&mut tx).await?;
    if let (Some(_), Some(asked)) = (own, wanted.doctor) {
        at.reaches(&mut tx, asked).await?;
    }
    drop(tx);
    let request = Assign {
        patient: patient_and_slot(&at, wanted.patient, None).await?,
        doctor: own.or(wanted.doctor),
        specialty: wanted.specialty.map(Text::into_string),
        from: wanted.from,
        until: wanted.until,
        visit_type: wanted.visit_type.map(|kind| kind.as_str().to_owned()),
    };
    let made = api.options.slots.book_assigned(&at.tenant, &request, &at.by, at.now).await;
    Ok(answered(StatusCode::CREATED, made.map_err(slot_fault)?))
}

/// Shows an appointment.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/appointments/{appointment}", tag = "appointments",
    operation_id = "get_appointment",
    responses((status = 200, body = Appointment)),
    extensions(("x-permission" = json!("appointment:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentRead).await?;
    let mut tx = at.begin().await?;
    let found = found(&at, &mut tx, &ask).await?;
    shown(&at, &mut tx, &[found.patient]).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, found.version, Appointment::from(found)))
}

/// Moves an appointment to another slot: the new slot is taken and the old one freed, or nothing happens.
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/appointments/{appointment}", tag = "appointments",
    operation_id = "move_appointment",
    request_body = AppointmentChange,
    responses((status = 200, body = Appointment)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let version = ask.version()?;
    let wanted: AppointmentChange = ask.body(body)?;
    let staff = overriding(&at, wanted.override_reason)?;
    let mut tx = at.begin().await?;
    let found = found(&at, &mut tx, &ask).await?;
    slot_within_reach(&at, &mut tx, wanted.slot).await?;
    drop(tx);
    let request = Move {
        appointment: found.id,
        patient: None,
        version,
        slot: wanted.slot,
        hold: None,
        staff,
    };
    let moved = api.options.slots.reschedule(&at.tenant, request, &at.by, at.now).await;
    let moved = moved.map_err(slot_fault)?;
    api.options.slots.forget(&at.tenant, found.slot);
    Ok(answered(StatusCode::OK, moved))
}

/// Cancels an appointment, on behalf of the staff and within the clinic's notice.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/appointments/{appointment}", tag = "appointments",
    operation_id = "delete_appointment",
    responses((status = 200, body = Appointment)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn delete(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let version = ask.version()?;
    cancelled(&at, &ask, version, CancelReason::Staff, None).await
}

/// Cancels an appointment: its slot is free again or goes to the first on the waitlist; the row stays.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/appointments/{appointment}/cancel", tag = "appointments",
    operation_id = "cancel_appointment",
    request_body = Cancellation,
    responses((status = 200, body = Appointment)),
    extensions(("x-permission" = json!("appointment:write"))))]
pub(super) async fn cancel(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::AppointmentWrite).await?;
    let why: Cancellation = ask.body(body)?;
    let staff = overriding(&at, why.override_reason)?;
    cancelled(&at, &ask, None, why.reason.unwrap_or(CancelReason::Staff), staff).await
}

async fn cancelled(
    at: &At<'_>,
    ask: &Ask,
    version: Option<i64>,
    reason: CancelReason,
    staff: Option<StaffOverride>,
) -> Result<Response, Problem> {
    let mut tx = at.begin().await?;
    let appointment = found(at, &mut tx, ask).await?.id;
    drop(tx);
    let request = Cancel { appointment, patient: None, version, reason, staff };
    let done = at.api.options.slots.cancel(&at.tenant, &request, &at.by, at.now).await;
    Ok(answered(StatusCode::OK, done.map_err(slot_fault)?))
}

/// Declares the handler of a step of the visit.
macro_rules! step {
    ($(#[$doc:meta])* $name:ident, $step:expr, $path:literal, $id:literal) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "appointments", operation_id = $id,
                    responses((status = 200, body = Appointment)),
            extensions(("x-permission" = json!("appointment:write"))))]
        pub(super) async fn $name(
            State(api): State<Arc<Api>>,
            ask: Ask,
        ) -> Result<Response, Problem> {
            stepped(&api, &ask, $step).await
        }
    };
}

step!(
    /// The payment has come: `scheduled` becomes `confirmed`.
    confirm, Step::Paid,
    "/api/v1/clinics/{clinic}/appointments/{appointment}/confirm", "confirm_appointment"
);
step!(
    /// The patient has arrived: `confirmed` becomes `checked_in`.
    check_in, Step::Arrived,
    "/api/v1/clinics/{clinic}/appointments/{appointment}/check-in", "check_in_appointment"
);
step!(
    /// The visit is over: `checked_in` becomes `completed`.
    complete, Step::Over,
    "/api/v1/clinics/{clinic}/appointments/{appointment}/complete", "complete_appointment"
);
step!(
    /// The patient did not come: `confirmed` becomes `no_show`, once the visit should have begun.
    no_show, Step::Missed,
    "/api/v1/clinics/{clinic}/appointments/{appointment}/no-show", "no_show_appointment"
);

async fn stepped(api: &Api, ask: &Ask, step: Step) -> Result<Response, Problem> {
    let at = ask.enter(api, Permission::AppointmentWrite).await?;
    let mut tx = at.begin().await?;
    let found = found(&at, &mut tx, ask).await?;
    drop(tx);
    let done = booking::advance(at.db(), &at.tenant, found.id, step, &at.by, at.now).await;
    let done = done.map_err(fault)?;
    api.options.slots.forget(&at.tenant, found.slot);
    Ok(answered(StatusCode::OK, done))
}

fn answered(status: StatusCode, made: Booked) -> Response {
    let Booked { appointment, replayed: before } = made;
    let response = versioned(status, appointment.version, Appointment::from(appointment));
    replayed(response, before)
}

/// The appointment that the path names, if it is within reach.
async fn found(at: &At<'_>, tx: &mut TenantTx, ask: &Ask) -> Result<booking::Appointment, Problem> {
    let id: AppointmentId = ask.id("appointment")?;
    let found = booking::appointment(tx, id).await.map_err(fault)?;
    let found = found.ok_or_else(|| fault(Refusal::AppointmentUnknown.into()))?;
    at.reaches(tx, found.doctor).await?;
    Ok(found)
}

/// The patient whom a request names; the slot that it names is within reach.
async fn patient_and_slot(
    at: &At<'_>,
    patient: PatientId,
    slot: Option<SlotId>,
) -> Result<VerifiedPatient, Problem> {
    let mut tx = at.begin().await?;
    if let Some(slot) = slot {
        slot_within_reach(at, &mut tx, slot).await?;
    }
    let patient = named_by_staff(&mut tx, patient).await.map_err(fault)?;
    patient.ok_or_else(|| fault(Refusal::PatientUnknown.into()))
}

async fn slot_within_reach(at: &At<'_>, tx: &mut TenantTx, slot: SlotId) -> Result<(), Problem> {
    if at.only(tx).await?.is_none() {
        return Ok(());
    }
    let found = schedule::slot(tx, slot).await.map_err(fault)?;
    at.reaches(tx, found.ok_or_else(|| not_here("slot"))?.doctor).await
}

fn overriding(at: &At<'_>, reason: Option<Text<500>>) -> Result<Option<StaffOverride>, Problem> {
    let Some(reason) = reason else { return Ok(None) };
    at.may_also(Permission::AppointmentOverride)?;
    StaffOverride::because(reason.as_ref()).map(Some).map_err(fault)
}

async fn shown(at: &At<'_>, tx: &mut TenantTx, patients: &[PatientId]) -> Result<(), Problem> {
    let done = audit_reading(tx, patients, "patient.appointments_read", &at.by, at.now).await;
    done.map_err(fault)
}
