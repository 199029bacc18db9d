//! Doctors of a clinic. `DELETE` means that one leaves: history stays.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::doctors::{self, DoctorDetails, set_user};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::schedule::deactivate_doctor;
use frontdesk_tenants::{Refusal, TenantTx};
use frontdesk_types::{DoctorId, Gender, UserId};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, not_here};
use super::answer::{Listed, replayed, versioned};
use super::fault::{fault, hangs};
use super::input::{merged, query, request};
use super::pages::Pages;
use super::values::{Limit, Money, Text, Within};
use crate::http::Problem;

names!(genders, Gender);

/// A doctor of the clinic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Doctor {
    #[schema(value_type = Uuid)]
    id: DoctorId,
    active: bool,
    /// As spoken, without a title.
    name: String,
    /// Unique in the clinic.
    license_number: String,
    /// The first one first.
    specialties: Vec<String>,
    /// BCP 47.
    languages: Vec<String>,
    /// Where the doctor wants it known.
    #[schema(value_type = Option<String>)]
    gender: Option<Gender>,
    /// In the clinic's currency.
    fee: Option<String>,
    years_experience: Option<i32>,
    bio: Option<String>,
    /// Where they see patients.
    location: Option<String>,
    /// From 0 to 5.
    rating: Option<String>,
    /// Their login, by which they see and change their own schedule.
    #[schema(value_type = Option<Uuid>)]
    user: Option<UserId>,
}

impl From<doctors::Doctor> for Doctor {
    fn from(row: doctors::Doctor) -> Self {
        let details = row.details;
        Self {
            id: row.id,
            active: row.active,
            name: details.name,
            license_number: details.license_number,
            specialties: details.specialties,
            languages: details.languages,
            gender: details.gender,
            fee: details.fee,
            years_experience: details.years_experience,
            bio: details.bio,
            location: details.location,
            rating: row.rating,
            user: row.user,
        }
    }
}

query! {
    /// Which doctors are asked for.
    struct DoctorFilter {
        /// Only of this specialty.
        #[param(value_type = Option<String>)]
        specialty: Option<Text<100>>,
        /// Those who have left as well.
        #[param(value_type = Option<bool>)]
        all: Option<bool>,
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
    /// What the clinic says of a doctor.
    struct DoctorFields {
        /// As spoken, without a title.
        #[schema(value_type = String, max_length = 200)]
        name: Text<200>,
        /// Unique in the clinic.
        #[schema(value_type = String, max_length = 100)]
        license_number: Text<100>,
        /// The first one first.
        #[schema(value_type = Vec<String>)]
        specialties: Vec<Text<100>>,
        /// BCP 47.
        #[schema(value_type = Option<Vec<String>>)]
        languages: Option<Vec<Text<35>>>,
        /// Where the doctor wants it known.
        #[schema(schema_with = genders, required = false)]
        gender: Option<Gender>,
        /// In the clinic's currency.
        #[schema(value_type = Option<String>, pattern = "^[0-9]{1,10}([.][0-9]{1,2})?$")]
        fee: Option<Money>,
        #[schema(value_type = Option<i32>, minimum = 0, maximum = 90)]
        years_experience: Option<Within<0, 90>>,
        #[schema(value_type = Option<String>, max_length = 5000)]
        bio: Option<Text<5000>>,
        /// Where they see patients.
        #[schema(value_type = Option<String>, max_length = 200)]
        location: Option<Text<200>>,
        /// Their login: that of a member of the clinic.
        #[schema(value_type = Option<Uuid>)]
        user: Option<UserId>,
    }
}

impl DoctorFields {
    fn details(&self) -> DoctorDetails {
        let texts = |texts: &[Text<100>]| texts.iter().map(ToString::to_string).collect();
        DoctorDetails {
            name: self.name.to_string(),
            license_number: self.license_number.to_string(),
            specialties: texts(&self.specialties),
            languages: self.languages.iter().flatten().map(ToString::to_string).collect(),
            gender: self.gender,
            fee: self.fee.clone().map(Money::into_string),
            years_experience: self.years_experience.map(|years| years.0),
            bio: self.bio.as_ref().map(ToString::to_string),
            location: self.location.as_ref().map(ToString::to_string),
        }
    }
}

/// Lists the clinic's doctors by name.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/doctors", tag = "doctors",
    operation_id = "list_doctors", params(DoctorFilter),
    responses((status = 200, body = Listed<Doctor>)),
    extensions(("x-permission" = json!("doctor:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::DoctorRead).await?;
    let filter: DoctorFilter = ask.query()?;
    let pages = Pages::of(&at, "doctors", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let specialty = filter.specialty.as_ref().map(AsRef::as_ref);
    let mut tx = at.begin().await?;
    let page = doctors::list(&mut tx, specialty, filter.all == Some(true), &rows).await;
    Ok(pages.answer(page.map_err(fault)?, Doctor::from))
}

/// Adds a doctor.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/doctors", tag = "doctors",
    operation_id = "add_doctor", request_body = DoctorFields,
    responses((status = 201, body = Doctor)),
    extensions(("x-permission" = json!("doctor:write"))))]
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::DoctorWrite).await?;
    let new: DoctorFields = ask.body(body)?;
    let mut tx = at.begin().await?;
    let first = at.answered(&mut tx, "api:doctor", &new).await?;
    let again = first.is_some();
    let id = match first.and_then(|answer| answer["id"].as_str()?.parse().ok()) {
        Some(id) => id,
        None => {
            let made = doctors::add(&mut tx, &new.details(), &at.by, at.now, at.ids()).await;
            let id = made.map_err(fault)?;
            if new.user.is_some() {
                set_user(&mut tx, id, new.user).await.map_err(fault)?;
            }
            let answer = json!({ "id": id });
            at.keep(&mut tx, "api:doctor", &new, &answer).await?;
            id
        }
    };
    let (version, doctor) = found(&mut tx, id).await?;
    tx.commit().await.map_err(fault)?;
    Ok(replayed(versioned(StatusCode::CREATED, version, doctor), again))
}

/// Shows a doctor.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/doctors/{doctor}", tag = "doctors",
    operation_id = "get_doctor", responses((status = 200, body = Doctor)),
    extensions(("x-permission" = json!("doctor:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::DoctorRead).await?;
    let mut tx = at.begin().await?;
    let (version, doctor) = found(&mut tx, ask.id("doctor")?).await?;
    Ok(versioned(StatusCode::OK, version, doctor))
}

/// Changes what the clinic says of a doctor (a merge patch).
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/doctors/{doctor}", tag = "doctors",
    operation_id = "change_doctor", request_body = DoctorFields,
    responses((status = 200, body = Doctor)),
    extensions(("x-permission" = json!("doctor:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::DoctorWrite).await?;
    let version = ask.version()?;
    let patch = ask.object(body)?;
    let id: DoctorId = ask.id("doctor")?;
    let mut tx = at.begin().await?;
    let (stands, before) = found(&mut tx, id).await?;
    let mut current = serde_json::to_value(&before).unwrap_or_default();
    if let Some(fields) = current.as_object_mut() {
        for fixed in ["id", "active", "rating"] {
            fields.remove(fixed);
        }
    }
    let wanted: DoctorFields = merged(current, patch)?;
    let version = version.unwrap_or(stands);
    let done = doctors::update(&mut tx, id, version, &wanted.details(), &at.by, at.now).await;
    done.map_err(fault)?;
    if wanted.user != before.user {
        set_user(&mut tx, id, wanted.user).await.map_err(fault)?;
    }
    let (version, doctor) = found(&mut tx, id).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, doctor))
}

/// A doctor leaves: their free slots and templates go, history stays. Appointments to come, those who wait
/// and holds stand in the way.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/doctors/{doctor}", tag = "doctors",
    operation_id = "deactivate_doctor",
    responses((status = 204, description = "They are not active any more")),
    extensions(("x-permission" = json!("doctor:write"))))]
pub(super) async fn delete(State(api): State<Arc<Api>>, ask: Ask) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::DoctorWrite).await?;
    let (version, id) = (ask.version()?, ask.id("doctor")?);
    let mut tx = at.begin().await?;
    let (stands, _) = found(&mut tx, id).await?;
    drop(tx);
    if version.is_some_and(|version| version != stands) {
        return Err(fault(Refusal::VersionMismatch.into()));
    }
    let done = deactivate_doctor(at.db(), &at.tenant, id, at.by.principal, at.now).await;
    let hanging = done.map_err(fault)?;
    if hanging.is_empty() { Ok(StatusCode::NO_CONTENT) } else { Err(hangs(&hanging)) }
}

async fn found(tx: &mut TenantTx, id: DoctorId) -> Result<(i64, Doctor), Problem> {
    let row = doctors::doctor(tx, id).await.map_err(fault)?.ok_or_else(|| not_here("doctor"))?;
    Ok((row.version, row.into()))
}
