//! Patients: found, registered, changed; their record, for those who treat them. Every reading is
//! audited before it is shown. What a patient is looked for by stands in a body, never in an address,
//! which proxies write down.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::crypt::KeyRing;
use frontdesk_tenants::patient::{
    self, Contact, Draft, Identity, Record, RecordUpdate, Sought, VerifiedPatient, ask_erasure,
    audit_reading, named_by_staff, people, register_or_identify, update_contact, update_record,
};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::{Refusal, TenantTx};
use frontdesk_types::{PatientId, Phi};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At};
use super::answer::{Listed, json, replayed, versioned};
use super::fault::fault;
use super::input::{merged, query, request};
use super::pages::Pages;
use super::values::{Email, Limit, Phone, Private, Text, words};
use crate::http::Problem;

names!(identities, Identity);

/// A patient of the clinic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Patient {
    #[schema(value_type = Uuid)]
    id: PatientId,
    #[schema(schema_with = identities)]
    identity: Identity,
    #[schema(value_type = Option<String>)]
    name: Option<Phi<String>>,
    #[schema(value_type = Option<String>, format = Date)]
    date_of_birth: Option<Phi<Date>>,
    #[schema(value_type = Option<String>)]
    phone: Option<Phi<String>>,
    #[schema(value_type = Option<String>)]
    email: Option<Phi<String>>,
    #[schema(value_type = Option<String>)]
    gender: Option<Phi<String>>,
    language: Option<String>,
}

impl From<patient::Person> for Patient {
    fn from(person: patient::Person) -> Self {
        Self {
            id: person.id,
            identity: person.identity,
            name: person.name,
            date_of_birth: person.date_of_birth,
            phone: person.phone,
            email: person.email,
            gender: person.gender,
            language: person.language,
        }
    }
}

query! {
    /// A page of the patients.
    struct PatientPage {
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
    /// Whom to look for; what is not said does not count.
    struct PatientSearch {
        /// Those whose name has all of these words.
        #[schema(value_type = Option<String>, max_length = 200)]
        name: Option<Private<200>>,
        #[schema(value_type = Option<String>, format = Date)]
        date_of_birth: Option<Phi<Date>>,
        #[schema(value_type = Option<String>)]
        phone: Option<Phone>,
        /// `next` of the page before.
        #[serde(skip)]
        cursor: Option<String>,
        /// Rows of a page, 1 to 200; 50 where nothing is said.
        #[serde(skip)]
        #[schema(value_type = Option<i32>, minimum = 1, maximum = 200)]
        limit: Limit,
    }
}

request! {
    /// Somebody to register. The same person, by name, date of birth and telephone, is registered once.
    struct NewPatient {
        #[schema(value_type = String, max_length = 200)]
        name: Private<200>,
        #[schema(value_type = String, format = Date)]
        date_of_birth: Phi<Date>,
        #[schema(value_type = Option<String>)]
        phone: Option<Phone>,
    }
}

request! {
    /// How a patient can be reached; a field that is null is emptied, one that is missing stays.
    struct PatientContact {
        #[schema(value_type = Option<String>)]
        phone: Option<Phone>,
        #[schema(value_type = Option<String>)]
        email: Option<Email>,
        #[schema(value_type = Option<String>, max_length = 50)]
        gender: Option<Private<50>>,
        #[schema(value_type = Option<String>, max_length = 35)]
        language: Option<Text<35>>,
    }
}

request! {
    /// What the clinic keeps of a patient's health; what is not said stays as it is.
    struct PatientRecord {
        /// One per line.
        #[schema(value_type = Option<String>, max_length = 10_000)]
        allergies: Option<Private<10_000>>,
        #[schema(value_type = Option<String>, max_length = 50_000)]
        medical_history: Option<Private<50_000>>,
        #[schema(value_type = Option<String>, max_length = 2000)]
        insurance: Option<Private<2000>>,
        #[schema(value_type = Option<String>, max_length = 10_000)]
        notes: Option<Private<10_000>>,
    }
}

/// What the clinic keeps of a patient's health.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthRecord {
    #[schema(value_type = Option<String>)]
    allergies: Option<Phi<String>>,
    #[schema(value_type = Option<String>)]
    medical_history: Option<Phi<String>>,
    #[schema(value_type = Option<String>)]
    insurance: Option<Phi<String>>,
    #[schema(value_type = Option<String>)]
    notes: Option<Phi<String>>,
}

impl From<Record> for HealthRecord {
    fn from(record: Record) -> Self {
        Self {
            allergies: record.allergies,
            medical_history: record.medical_history,
            insurance: record.insurance,
            notes: record.notes,
        }
    }
}

/// Lists the clinic's patients in the order of their registration.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/patients", tag = "patients",
    operation_id = "list_patients", params(PatientPage),
    responses((status = 200, body = Listed<Patient>)),
    extensions(("x-permission" = json!("patient:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::PatientRead).await?;
    let page: PatientPage = ask.query()?;
    let pages = Pages::of(&at, "patients", &page);
    found(&at, &pages, &Sought::default(), page.cursor.as_ref(), page.limit).await
}

/// Looks for patients by what they say of themselves.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/patients/search", tag = "patients",
    operation_id = "search_patients", request_body = PatientSearch,
    responses((status = 200, body = Listed<Patient>)),
    extensions(("x-permission" = json!("patient:read"))))]
pub(super) async fn search(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::PatientRead).await?;
    let search: PatientSearch = ask.body(body)?;
    let pages = Pages::of(&at, "patients found", &search);
    let sought = Sought {
        name: search.name.clone().map(words),
        date_of_birth: search.date_of_birth,
        phone: search.phone.clone().map(Phone::into_inner),
    };
    found(&at, &pages, &sought, search.cursor.as_ref(), search.limit).await
}

async fn found<F: Serialize>(
    at: &At<'_>,
    pages: &Pages<'_, F>,
    sought: &Sought,
    cursor: Option<&String>,
    limit: Limit,
) -> Result<Response, Problem> {
    let rows = pages.ask(cursor, limit)?;
    let mut tx = at.begin().await?;
    let page = people(&mut tx, sought, &rows).await.map_err(fault)?;
    let ids: Vec<_> = page.items.iter().map(|row| row.id).collect();
    audit_reading(&mut tx, &ids, "patient.read", &at.by, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(pages.answer(page, Patient::from))
}

/// Registers a patient, or finds the one of that name, date of birth and telephone whom the clinic has.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/patients", tag = "patients",
    operation_id = "register_patient", request_body = NewPatient,
    responses((status = 201, body = Patient),
              (status = 200, description = "That person was registered before", body = Patient)),
    extensions(("x-permission" = json!("patient:write"))))]
pub(super) async fn register(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::PatientWrite).await?;
    let new: NewPatient = ask.body(body)?;
    let mut tx = at.begin().await?;
    let first = at.answered(&mut tx, "api:patient", &new).await?;
    let (patient, known, again) = match first {
        Some(answer) => {
            let id = answer["id"].as_str().and_then(|id| id.parse().ok());
            let id = id.ok_or_else(|| fault(Refusal::PatientUnknown.into()))?;
            (named(&mut tx, id).await?, answer["known"] == true, true)
        }
        None => {
            let draft = Draft {
                name: words(new.name.clone()),
                date_of_birth: new.date_of_birth,
                phone: new.phone.clone().map(Phone::into_inner),
            };
            // Its own keys belong to calls; the request's is kept here.
            let by = frontdesk_tenants::By::principal(at.by.principal);
            let made = register_or_identify(&mut tx, &draft, &by, at.now, at.ids()).await;
            let made = made.map_err(fault)?;
            let answer = json!({"id": made.patient.patient(), "known": made.known});
            at.keep(&mut tx, "api:patient", &new, &answer).await?;
            (made.patient, made.known, false)
        }
    };
    let person = read(&at, &mut tx, &patient).await?;
    tx.commit().await.map_err(fault)?;
    let status = if known { StatusCode::OK } else { StatusCode::CREATED };
    Ok(replayed(versioned(status, person.version, Patient::from(person)), again))
}

/// Shows a patient.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/patients/{patient}", tag = "patients",
    operation_id = "get_patient", responses((status = 200, body = Patient)),
    extensions(("x-permission" = json!("patient:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::PatientRead).await?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, ask.id("patient")?).await?;
    let person = read(&at, &mut tx, &who).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, person.version, Patient::from(person)))
}

/// Changes how a patient can be reached (a merge patch).
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/patients/{patient}", tag = "patients",
    operation_id = "change_patient", request_body = PatientContact,
    responses((status = 200, body = Patient)),
    extensions(("x-permission" = json!("patient:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::PatientWrite).await?;
    let version = ask.version()?;
    let patch = ask.object(body)?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, ask.id("patient")?).await?;
    let before = patient::person(&mut tx, &who).await.map_err(fault)?;
    let current = json!({
        "phone": before.phone, "email": before.email, "gender": before.gender,
        "language": before.language,
    });
    let wanted: PatientContact = merged(current, patch)?;
    let contact = Contact {
        phone: wanted.phone.map(Phone::into_inner),
        email: wanted.email.map(Email::into_inner),
        gender: wanted.gender.map(words),
        language: wanted.language.map(Text::into_string),
    };
    // What was read a moment ago is what the patch was merged with.
    let version = version.or(Some(before.version));
    update_contact(&mut tx, &who, version, &contact, &at.by, at.now).await.map_err(fault)?;
    let person = read(&at, &mut tx, &who).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, person.version, Patient::from(person)))
}

/// Asks for a patient to be erased from the clinic: done as soon as no appointment of theirs is to come.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/patients/{patient}", tag = "patients",
    operation_id = "erase_patient",
    responses((status = 202, description = "Erased as soon as no appointment is to come")),
    extensions(("x-permission" = json!("clinic:write"))))]
pub(super) async fn erase(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ClinicWrite).await?;
    let version = ask.version()?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, ask.id("patient")?).await?;
    let person = patient::person(&mut tx, &who).await.map_err(fault)?;
    if version.is_some_and(|version| version != person.version) {
        return Err(fault(Refusal::VersionMismatch.into()));
    }
    ask_erasure(&mut tx, who.patient(), &at.by, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(json(StatusCode::ACCEPTED, json!({})))
}

/// Reads a patient's allergies, history, insurance and notes.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/patients/{patient}/record", tag = "patients",
    operation_id = "get_record", responses((status = 200, body = HealthRecord)),
    extensions(("x-permission" = json!("record:read"))))]
pub(super) async fn record(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::RecordRead).await?;
    let ring = ring(&api)?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, ask.id("patient")?).await?;
    let (record, version) = opened(&at, &mut tx, ring, &who).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, HealthRecord::from(record)))
}

/// Writes what is said of a patient's health; the rest stays.
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/patients/{patient}/record", tag = "patients",
    operation_id = "change_record", request_body = PatientRecord,
    responses((status = 200, body = HealthRecord)),
    extensions(("x-permission" = json!("record:write"))))]
pub(super) async fn change_record(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::RecordWrite).await?;
    let ring = ring(&api)?;
    let version = ask.version()?;
    let wanted: PatientRecord = ask.body(body)?;
    let mut tx = at.begin().await?;
    let who = named(&mut tx, ask.id("patient")?).await?;
    let stands = patient::record_version(&mut tx, &who).await.map_err(fault)?;
    if version.is_some_and(|version| version != stands) {
        return Err(fault(Refusal::VersionMismatch.into()));
    }
    let update = RecordUpdate {
        allergies: wanted.allergies.map(words),
        medical_history: wanted.medical_history.map(words),
        insurance: wanted.insurance.map(words),
        notes: wanted.notes.map(words),
        ..RecordUpdate::default()
    };
    update_record(&mut tx, ring, &who, update, &at.by, at.now).await.map_err(fault)?;
    let (record, version) = opened(&at, &mut tx, ring, &who).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, HealthRecord::from(record)))
}

/// A patient of the clinic by id.
async fn named(tx: &mut TenantTx, id: PatientId) -> Result<VerifiedPatient, Problem> {
    let who = named_by_staff(tx, id).await.map_err(fault)?;
    who.ok_or_else(|| fault(Refusal::PatientUnknown.into()))
}

async fn read(
    at: &At<'_>,
    tx: &mut TenantTx,
    who: &VerifiedPatient,
) -> Result<patient::Person, Problem> {
    audit_reading(tx, &[who.patient()], "patient.read", &at.by, at.now).await.map_err(fault)?;
    patient::person(tx, who).await.map_err(fault)
}

async fn opened(
    at: &At<'_>,
    tx: &mut TenantTx,
    ring: &KeyRing,
    who: &VerifiedPatient,
) -> Result<(Record, i64), Problem> {
    let action = "patient.record_read";
    audit_reading(tx, &[who.patient()], action, &at.by, at.now).await.map_err(fault)?;
    let record = patient::record(tx, ring, who).await.map_err(fault)?;
    Ok((record, patient::record_version(tx, who).await.map_err(fault)?))
}

/// The keys that open what is sealed.
pub(super) fn ring(api: &Api) -> Result<&KeyRing, Problem> {
    api.options.records.as_deref().ok_or_else(|| {
        let detail = "there are no keys to open it with: FRONTDESK_DATA_KEYS is not set";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })
}
