//! Who works at a clinic, and the keys of its systems.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::api_keys::{self, ApiKey};
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::staff::{self, Joined, NewMember, Role, add_member, end_membership};
use frontdesk_tenants::{ApiKeyId, Refusal};
use frontdesk_types::{Phi, UserId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, not_here};
use super::answer::{Listed, json, replayed, versioned};
use super::fault::fault;
use super::input::request;
use super::values::{Email, Private, Text, words};
use crate::http::Problem;

names!(roles, Role);

/// Somebody who works at the clinic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StaffMember {
    #[schema(value_type = Uuid)]
    user: UserId,
    #[schema(value_type = String)]
    name: Phi<String>,
    #[schema(value_type = String)]
    email: Phi<String>,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
}

request! {
    /// Somebody who is to work at the clinic.
    struct NewStaffMember {
        #[schema(value_type = String)]
        email: Email,
        /// If the login is new.
        #[schema(value_type = String, max_length = 200)]
        name: Private<200>,
        #[schema(schema_with = roles)]
        role: Role,
    }
}

/// What came of an invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invited {
    #[schema(value_type = Uuid)]
    user: UserId,
    /// False: they belong to another clinic as well, and accept by themselves.
    member: bool,
}

/// A key by which a system of the clinic uses the API.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemKey {
    #[schema(value_type = Uuid)]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// What it may do is what this role may.
    #[schema(schema_with = roles)]
    role: Role,
    made_by: String,
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was just made: the key itself, which is shown this once.
    #[schema(value_type = Option<String>)]
    key: Option<Phi<String>>,
}

impl From<ApiKey> for SystemKey {
    fn from(row: ApiKey) -> Self {
        let ApiKey { id, name, role, made_by, made_at, expires_at, revoked_at, .. } = row;
        Self { id, name, role, made_by, made_at, expires_at, revoked_at, key: None }
    }
}

request! {
    /// A key to make.
    struct NewSystemKey {
        /// What it is for.
        #[schema(value_type = String, max_length = 100)]
        name: Text<100>,
        /// Neither a doctor nor a patient.
        #[schema(schema_with = roles)]
        role: Role,
        /// Until when it counts; for ever where nothing is said.
        #[schema(value_type = Option<String>, format = DateTime)]
        expires_at: Option<Timestamp>,
    }
}

/// Lists who works at the clinic, by name.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/staff", tag = "staff",
    operation_id = "list_staff", responses((status = 200, body = Listed<StaffMember>)),
    extensions(("x-permission" = json!("staff:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::StaffRead).await?;
    let mut tx = at.begin().await?;
    let rows = staff::members(&mut tx).await.map_err(fault)?;
    let items = rows.into_iter().map(|row| StaffMember {
        user: row.user,
        name: row.name,
        email: row.email,
        roles: row.roles,
    });
    Ok(json(StatusCode::OK, Listed { items: items.collect(), next: None }))
}

/// Makes somebody a member of the clinic; who belongs to another one is invited.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/staff", tag = "staff",
    operation_id = "invite_staff", request_body = NewStaffMember,
    responses((status = 201, body = Invited)),
    extensions(("x-permission" = json!("staff:write"))))]
pub(super) async fn invite(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::StaffWrite).await?;
    let new: NewStaffMember = ask.body(body)?;
    let mut tx = at.begin().await?;
    let first = at.answered(&mut tx, "api:staff", &new).await?;
    let again = first.is_some();
    // Again changes nothing.
    let member = NewMember {
        email: new.email.clone().into_inner(),
        name: words(new.name.clone()),
        role: new.role,
    };
    let joined = add_member(&mut tx, &member, &at.by, at.now, at.ids()).await.map_err(fault)?;
    at.keep(&mut tx, "api:staff", &new, &json!({})).await?;
    tx.commit().await.map_err(fault)?;
    let invited = Invited { user: joined.user(), member: matches!(joined, Joined::Member(_)) };
    Ok(replayed(json(StatusCode::CREATED, invited), again))
}

/// Ends what somebody is at the clinic; at once, whatever they are signed in to.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/staff/{user}/{role}", tag = "staff",
    operation_id = "end_membership",
    responses((status = 204, description = "They are that no more")),
    extensions(("x-permission" = json!("staff:write"))))]
pub(super) async fn end(State(api): State<Arc<Api>>, ask: Ask) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::StaffWrite).await?;
    // It does not change, so any version is the one that stands.
    ask.tag()?;
    let (user, role): (UserId, Role) = (ask.id("user")?, ask.id("role")?);
    let mut tx = at.begin().await?;
    let ended = end_membership(&mut tx, user, role, &at.by, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(not_here("member in that role")) }
}

/// Lists the keys of the clinic's systems, the latest first.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/api-keys", tag = "staff",
    operation_id = "list_api_keys", responses((status = 200, body = Listed<SystemKey>)),
    extensions(("x-permission" = json!("staff:read"))))]
pub(super) async fn keys(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::StaffRead).await?;
    let mut tx = at.begin().await?;
    let rows = api_keys::all(&mut tx).await.map_err(fault)?;
    let items = rows.into_iter().map(SystemKey::from).collect();
    Ok(json(StatusCode::OK, Listed { items, next: None }))
}

/// Makes a key for a system of the clinic. It is shown once: asked again with the same idempotency key, the
/// answer lacks it.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/api-keys", tag = "staff",
    operation_id = "make_api_key", request_body = NewSystemKey,
    responses((status = 201, body = SystemKey)),
    extensions(("x-permission" = json!("staff:write"))))]
pub(super) async fn make_key(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::StaffWrite).await?;
    let new: NewSystemKey = ask.body(body)?;
    let mut tx = at.begin().await?;
    let first = at.answered(&mut tx, "api:api_key", &new).await?;
    let again = first.is_some();
    let known: Option<ApiKeyId> = first.and_then(|answer| answer["id"].as_str()?.parse().ok());
    let (id, key) = match known {
        Some(id) => (id, None),
        None => {
            let (name, role) = (new.name.as_ref(), new.role);
            let made =
                api_keys::make(&mut tx, name, role, new.expires_at, &at.by, at.now, at.ids());
            let (id, key) = made.await.map_err(fault)?;
            at.keep(&mut tx, "api:api_key", &new, &json!({"id": id})).await?;
            (id, Some(key))
        }
    };
    let rows = api_keys::all(&mut tx).await.map_err(fault)?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(|| not_here("key"))?;
    tx.commit().await.map_err(fault)?;
    let version = row.version;
    let mut shown = SystemKey::from(row);
    shown.key = key;
    Ok(replayed(versioned(StatusCode::CREATED, version, shown), again))
}

/// Ends a key at once.
#[utoipa::path(delete, path = "/api/v1/clinics/{clinic}/api-keys/{key}", tag = "staff",
    operation_id = "revoke_api_key",
    responses((status = 204, description = "It does not count any more")),
    extensions(("x-permission" = json!("staff:write"))))]
pub(super) async fn revoke_key(
    State(api): State<Arc<Api>>,
    ask: Ask,
) -> Result<StatusCode, Problem> {
    let at = ask.enter(&api, Permission::StaffWrite).await?;
    let version = ask.version()?;
    let id: ApiKeyId = ask.id("key")?;
    let mut tx = at.begin().await?;
    let rows = api_keys::all(&mut tx).await.map_err(fault)?;
    let row = rows.iter().find(|row| row.id == id).ok_or_else(|| not_here("key"))?;
    if row.revoked_at.is_some() {
        return Err(fault(Refusal::WrongStatus.into()));
    }
    api_keys::revoke(&mut tx, id, version, &at.by, at.now).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(StatusCode::NO_CONTENT)
}
