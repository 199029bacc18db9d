//! What somebody who is signed in does with their own login: the password, invitations.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use frontdesk_tenants::directory::clinic_by_slug;
use frontdesk_tenants::passwords::PasswordError;
use frontdesk_tenants::sign_in::{SignInError, SignedIn, change_known_password, person};
use frontdesk_tenants::staff::{accept_invitation, invitations};
use frontdesk_types::Phi;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Auth, database, unauthorized};
use crate::http::{Problem, request};

/// What somebody changes their password with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PasswordChange {
    #[schema(value_type = String, format = Password)]
    current: Phi<String>,
    /// At least ten characters.
    #[schema(value_type = String, format = Password)]
    new: Phi<String>,
}

/// A clinic that wants whoever is signed in as a member.
#[derive(Serialize, ToSchema)]
struct Invitation {
    /// Its slug.
    clinic: String,
    name: String,
    role: String,
    #[schema(value_type = String, format = DateTime)]
    invited_at: Timestamp,
}

/// The invitations that are open.
#[derive(Serialize, ToSchema)]
struct Invitations {
    items: Vec<Invitation>,
}

/// What is accepted.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Acceptance {
    /// The clinic's slug.
    clinic: String,
    role: String,
}

/// Whose sign-in it is, if it lasts.
async fn lasting(auth: &Auth, headers: &HeaderMap) -> Result<SignedIn, Problem> {
    let who = auth.signed_in(headers)?;
    let now = auth.options.clock.wall();
    let person = person(&auth.options.database, who, now).await.map_err(database)?;
    person.map(|_| who).ok_or_else(unauthorized)
}

/// Changes the password of whoever is signed in, and ends all their sign-ins.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "auth", operation_id = "change_password",
    request_body = PasswordChange,
    responses((status = 204, description = "It is changed; sign in with it")))]
pub(in crate::http) async fn password(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    request::from_here(&headers)?;
    let who = lasting(&auth, &headers).await?;
    // Guesses cost a turn of the hash function each, and are as few as renewals.
    let taken = auth.guesses.take(who.user, auth.options.clock.mono());
    taken.map_err(|wait| request::too_many("changes of a password", wait, ""))?;
    let PasswordChange { current, new } = request::body(&headers, body)?;
    let (db, now) = (&auth.options.database, auth.options.clock.wall());
    let changed = change_known_password(db, &auth.passwords, who.user, current, new, now).await;
    let changed = changed.map_err(|error| match error {
        SignInError::Password(PasswordError::Busy) => {
            let detail = PasswordError::Busy.to_string();
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
        }
        SignInError::Password(error @ PasswordError::Length) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        other => database(other),
    })?;
    if changed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let detail = "that is not the password there is";
        Err(Problem::new(StatusCode::FORBIDDEN, detail).code("wrong_password"))
    }
}

/// Lists the clinics that want whoever is signed in as a member.
#[utoipa::path(get, path = "/api/v1/auth/invitations", tag = "auth", operation_id = "list_invitations",
    responses((status = 200, body = Invitations)))]
pub(in crate::http) async fn invited(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = lasting(&auth, &headers).await?;
    let rows = invitations(&auth.options.database, who.user).await.map_err(database)?;
    let items = rows.into_iter().map(|row| Invitation {
        clinic: row.slug,
        name: row.name,
        role: row.role.to_string(),
        invited_at: row.invited_at,
    });
    let all = Invitations { items: items.collect() };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(all)).into_response())
}

/// Becomes what a clinic has invited whoever is signed in to be.
#[utoipa::path(post, path = "/api/v1/auth/invitations/accept", tag = "auth",
    operation_id = "accept_invitation", request_body = Acceptance,
    responses((status = 204, description = "They are a member")))]
pub(in crate::http) async fn accept(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    request::from_here(&headers)?;
    let who = lasting(&auth, &headers).await?;
    let Acceptance { clinic, role } = request::body(&headers, body)?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "there is no such invitation");
    let role = role.parse().map_err(|_| none())?;
    let (db, now) = (&auth.options.database, auth.options.clock.wall());
    let clinic = clinic_by_slug(db, &clinic).await.map_err(database)?.ok_or_else(none)?;
    let accepted = accept_invitation(db, who.user, clinic.id, role, now).await;
    if accepted.map_err(database)? { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}
