//! Clinics and pharmacies: those that somebody may enter, and what they say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::clinic::{self, ClinicDetails};
use frontdesk_tenants::directory::{self, BookingPolicy, ClinicKind};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::schedule::deactivate_clinic;
use frontdesk_tenants::{Refusal, Tenant, TenantTx, zones};
use frontdesk_types::ClinicId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At};
use super::answer::{Listed, json, versioned};
use super::fault::{fault, hangs};
use super::input::{Input, merged, request};
use super::values::{Country, Hours, Phone, Slug, Text, TimeZoneName, Within};
use crate::http::Problem;

names!(kinds, ClinicKind);

/// A clinic, or a pharmacy, which may have neither doctors nor slots.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Clinic {
    #[schema(value_type = Uuid)]
    id: ClinicId,
    /// Its name in paths.
    slug: String,
    #[schema(schema_with = kinds)]
    kind: ClinicKind,
    active: bool,
    /// A demo, whose patients are told nothing.
    demo: bool,
    name: String,
    country: String,
    time_zone: String,
    languages: Vec<String>,
    emergency_number: String,
    phone: String,
    address: String,
    opening_hours: BTreeMap<String, String>,
    /// Shortest time between booking and visit.
    min_lead_minutes: i32,
    /// How far ahead may be booked.
    booking_window_days: i32,
    /// Until when patients may cancel or move.
    cancel_notice_minutes: i32,
    /// Whether an appointment waits for payment.
    prepayment: bool,
}

impl From<directory::Clinic> for Clinic {
    fn from(row: directory::Clinic) -> Self {
        Self {
            id: row.id,
            slug: row.slug,
            kind: row.kind,
            active: row.active,
            demo: row.demo,
            name: row.name,
            country: row.country,
            time_zone: row.time_zone,
            languages: row.languages,
            emergency_number: row.emergency_number,
            phone: row.phone,
            address: row.address,
            opening_hours: row.opening_hours,
            min_lead_minutes: row.policy.min_lead_minutes,
            booking_window_days: row.policy.window_days,
            cancel_notice_minutes: row.policy.cancel_notice_minutes,
            prepayment: row.policy.prepayment,
        }
    }
}

request! {
    /// What a clinic says of itself.
    struct ClinicFields {
        #[schema(value_type = String, max_length = 200)]
        name: Text<200>,
        /// ISO 3166, two letters.
        #[schema(value_type = String)]
        country: Country,
        /// IANA.
        #[schema(value_type = String)]
        time_zone: TimeZoneName,
        /// BCP 47, first the main one.
        #[schema(value_type = Vec<String>, min_items = 1)]
        languages: Vec<Text<35>>,
        #[schema(value_type = String, max_length = 20)]
        emergency_number: Text<20>,
        /// E.164.
        #[schema(value_type = String)]
        phone: Phone,
        #[schema(value_type = String, max_length = 500)]
        address: Text<500>,
        /// By days, such as `sun-thu`: `09:00-17:00`; days that are not named are closed.
        #[schema(value_type = Option<BTreeMap<String, String>>)]
        opening_hours: Option<Hours>,
        /// Shortest time between booking and visit; 30 where nothing is said.
        #[schema(value_type = Option<i32>, minimum = 0, maximum = 100_000)]
        min_lead_minutes: Option<Within<0, 100_000>>,
        /// How far ahead may be booked; 90 where nothing is said.
        #[schema(value_type = Option<i32>, minimum = 1, maximum = 730)]
        booking_window_days: Option<Within<1, 730>>,
        /// Until when patients may cancel or move; 1440 where nothing is said.
        #[schema(value_type = Option<i32>, minimum = 0, maximum = 100_000)]
        cancel_notice_minutes: Option<Within<0, 100_000>>,
        /// Whether an appointment waits for payment; not where nothing is said.
        prepayment: Option<bool>,
    }
}

/// A clinic to add.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewClinic {
    /// Its name in paths.
    #[schema(value_type = String)]
    slug: Slug,
    #[schema(schema_with = kinds)]
    kind: ClinicKind,
    #[serde(flatten)]
    fields: ClinicFields,
}

impl Input for NewClinic {
    fn read(fields: &mut super::input::Fields) -> Option<Self> {
        let slug = fields.take("slug");
        let kind = fields.take("kind");
        let rest = ClinicFields::read(fields);
        Some(Self { slug: slug?, kind: kind?, fields: rest? })
    }
}

impl ClinicFields {
    fn details(self) -> Result<ClinicDetails, Problem> {
        if self.languages.is_empty() {
            let error = "a clinic needs a language".to_owned();
            return Err(fault(frontdesk_tenants::Error::Invalid(error)));
        }
        let number = |given: Option<i32>, usual| given.unwrap_or(usual);
        Ok(ClinicDetails {
            name: self.name.into_string(),
            country: self.country.into_string(),
            time_zone: self.time_zone.into_string(),
            languages: self.languages.into_iter().map(Text::into_string).collect(),
            emergency_number: self.emergency_number.into_string(),
            phone: self.phone.into_inner().into_exposed(),
            address: self.address.into_string(),
            opening_hours: self.opening_hours.map(Hours::into_map).unwrap_or_default(),
            policy: BookingPolicy {
                min_lead_minutes: number(self.min_lead_minutes.map(|n| n.0), 30),
                window_days: number(self.booking_window_days.map(|n| n.0), 90),
                cancel_notice_minutes: number(self.cancel_notice_minutes.map(|n| n.0), 1440),
                prepayment: self.prepayment.unwrap_or(false),
            },
        })
    }
}

/// Lists the active clinics that whoever asks may enter, by slug.
#[utoipa::path(get, path = "/api/v1/clinics", tag = "clinics", operation_id = "list_clinics",
    responses((status = 200, body = Listed<Clinic>)))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let person = ask.asker(&api).await?;
    let all = directory::active_clinics(&api.shared().database).await.map_err(fault)?;
    let theirs = |clinic: &directory::Clinic| {
        person.super_admin || person.clinics.iter().any(|entry| entry.slug == clinic.slug)
    };
    let items = all.into_iter().filter(theirs).map(Clinic::from).collect();
    Ok(json(StatusCode::OK, Listed { items, next: None }))
}

/// Adds a clinic. Who works there is invited afterwards.
#[utoipa::path(post, path = "/api/v1/clinics", tag = "clinics", operation_id = "add_clinic",
    request_body = NewClinic, responses((status = 201, body = Clinic)),
    extensions(("x-permission" = json!("clinic:create"))))]
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let (by, now) = ask.everywhere(&api, Permission::ClinicCreate).await?;
    let NewClinic { slug, kind, fields } = ask.body(body)?;
    let shared = api.shared();
    let slug = slug.into_string();
    let details = fields.details()?;
    zones::align(&shared.database, &details.time_zone, now).await.map_err(fault)?;
    let ids = shared.ids.as_ref();
    let tenant = clinic::add(&shared.database, &slug, kind, &details, &by, now, ids).await;
    shown(&api, &tenant.map_err(fault)?, StatusCode::CREATED).await
}

/// Shows a clinic.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}", tag = "clinics", operation_id = "get_clinic",
    responses((status = 200, body = Clinic)),
    extensions(("x-permission" = json!("clinic:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ClinicRead).await?;
    shown(&api, &at.tenant, StatusCode::OK).await
}

/// Changes what a clinic says of itself (a merge patch).
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}", tag = "clinics",
    operation_id = "change_clinic", request_body = ClinicFields,
    responses((status = 200, body = Clinic)),
    extensions(("x-permission" = json!("clinic:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::ClinicWrite).await?;
    let version = ask.version()?;
    let patch = ask.object(body)?;
    let mut tx = at.begin().await?;
    let stands = clinic::version(&mut tx).await.map_err(fault)?;
    let mut current = serde_json::to_value(read(&api, &at.tenant).await?).unwrap_or_default();
    if let Some(fields) = current.as_object_mut() {
        for fixed in ["id", "slug", "kind", "active", "demo"] {
            fields.remove(fixed);
        }
    }
    let details = merged::<ClinicFields>(current, patch)?.details()?;
    zones::align(at.db(), &details.time_zone, at.now).await.map_err(fault)?;
    let version = version.or(Some(stands));
    clinic::update(&mut tx, version, &details, &at.by, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    shown(&api, &at.tenant, StatusCode::OK).await
}

/// Deactivates a clinic: it takes no calls and books nothing more. Its doctors and those who wait stand
/// in the way.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}", tag = "clinics",
    operation_id = "deactivate_clinic",
    responses((status = 204, description = "It is not active any more")),
    extensions(("x-permission" = json!("clinic:write"))))]
pub(super) async fn delete(State(api): State<Arc<Api>>, ask: Ask) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::ClinicWrite).await?;
    stands(&at, ask.version()?).await?;
    let principal = at.by.principal;
    let hanging = deactivate_clinic(at.db(), &at.tenant, principal, at.now).await.map_err(fault)?;
    if hanging.is_empty() { Ok(StatusCode::NO_CONTENT) } else { Err(hangs(&hanging)) }
}

async fn stands(at: &At<'_>, version: Option<i64>) -> Result<(), Problem> {
    let mut tx = at.begin().await?;
    let stands = clinic::version(&mut tx).await.map_err(fault)?;
    match version {
        Some(version) if version != stands => Err(fault(Refusal::VersionMismatch.into())),
        _ => Ok(()),
    }
}

async fn read(api: &Api, tenant: &Tenant) -> Result<Clinic, Problem> {
    let found = directory::clinic_by_id(&api.shared().database, tenant.clinic()).await;
    let found = found.map_err(fault)?.ok_or_else(|| fault(Refusal::ClinicInactive.into()))?;
    Ok(found.into())
}

async fn shown(api: &Api, tenant: &Tenant, status: StatusCode) -> Result<Response, Problem> {
    let mut tx = TenantTx::begin(&api.shared().database, tenant).await.map_err(fault)?;
    let version = clinic::version(&mut tx).await.map_err(fault)?;
    drop(tx);
    Ok(versioned(status, version, read(api, tenant).await?))
}
