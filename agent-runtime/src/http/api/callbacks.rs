//! Callbacks and messages: the work list of those who call patients back.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use frontdesk_tenants::calls::{
    self, CallbackReason, Handling, WorkFilter, add_callback, handle, message, work,
};
use frontdesk_tenants::patient::audit_reading;
use frontdesk_tenants::permissions::Permission;
use frontdesk_tenants::{By, TenantTx};
use frontdesk_types::{CallId, CallbackId, PatientId, Phi};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::access::{Ask, At, not_here};
use super::answer::{Listed, replayed, versioned};
use super::fault::fault;
use super::input::{query, request};
use super::pages::Pages;
use super::values::{Limit, Phone};
use crate::http::Problem;

names!(reasons, CallbackReason);

/// Where a callback is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallbackState {
    /// Nobody deals with it.
    Open,
    /// Somebody deals with it.
    Taken,
    /// It is done.
    Done,
}

/// A callback, or a message, which is one with words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Callback {
    #[schema(value_type = Uuid)]
    id: CallbackId,
    state: CallbackState,
    #[schema(schema_with = reasons)]
    reason: CallbackReason,
    /// The call in which it was asked for.
    #[schema(value_type = Option<Uuid>)]
    call: Option<CallId>,
    /// Whom it is about, if they were identified.
    #[schema(value_type = Option<Uuid>)]
    patient: Option<PatientId>,
    /// The number to call.
    #[schema(value_type = Option<String>)]
    phone: Option<Phi<String>>,
    /// Of a message: what it is about.
    subject: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Who deals with it.
    taken_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    taken_at: Option<Timestamp>,
    /// Who finished it.
    done_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
    /// Of a message that is shown alone: the caller's words.
    #[schema(value_type = Option<String>)]
    words: Option<Phi<String>>,
    /// Of a message that is shown alone: whom it is about, in the caller's words.
    #[schema(value_type = Option<String>)]
    about: Option<Phi<String>>,
    /// Of a message that is shown alone: when the caller wants to be called, in their words.
    #[schema(value_type = Option<String>)]
    call_when: Option<Phi<String>>,
}

impl From<calls::Callback> for Callback {
    fn from(row: calls::Callback) -> Self {
        let state = match (&row.taken, &row.done) {
            (_, Some(_)) => CallbackState::Done,
            (Some(_), None) => CallbackState::Taken,
            (None, None) => CallbackState::Open,
        };
        let (taken_by, taken_at) = row.taken.unzip();
        let (done_by, done_at) = row.done.unzip();
        Self {
            id: row.id,
            state,
            reason: row.reason,
            call: row.call,
            patient: row.patient,
            phone: row.phone,
            subject: row.subject,
            asked_at: row.asked_at,
            taken_by,
            taken_at,
            done_by,
            done_at,
            words: None,
            about: None,
            call_when: None,
        }
    }
}

query! {
    /// Which callbacks are asked for.
    struct CallbackFilter {
        /// Those that are done; those that are not where nothing is said.
        #[param(value_type = Option<bool>)]
        done: Option<bool>,
        /// Only for this reason.
        #[param(schema_with = reasons, required = false)]
        reason: Option<CallbackReason>,
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
    /// Somebody who is to be called back.
    struct NewCallback {
        #[schema(value_type = String)]
        phone: Phone,
    }
}

request! {
    /// What becomes of a callback.
    struct CallbackChange {
        state: CallbackState,
    }
}

/// Lists callbacks and messages, the oldest first; the words of a message are shown with it alone.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/callbacks", tag = "callbacks",
    operation_id = "list_callbacks", params(CallbackFilter),
    responses((status = 200, body = Listed<Callback>)),
    extensions(("x-permission" = json!("callback:read"))))]
pub(super) async fn list(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallbackRead).await?;
    let filter: CallbackFilter = ask.query()?;
    let pages = Pages::of(&at, "callbacks", &filter);
    let rows = pages.ask(filter.cursor.as_ref(), filter.limit)?;
    let wanted = WorkFilter { done: Some(filter.done.unwrap_or(false)), reason: filter.reason };
    let mut tx = at.begin().await?;
    let page = work(&mut tx, &wanted, &rows).await.map_err(fault)?;
    let patients: Vec<_> = page.items.iter().filter_map(|row| row.patient).collect();
    shown(&at, &mut tx, &patients).await?;
    tx.commit().await.map_err(fault)?;
    Ok(pages.answer(page, Callback::from))
}

/// Notes that somebody is to be called back.
#[utoipa::path(post, path = "/api/v1/clinics/{clinic}/callbacks", tag = "callbacks",
    operation_id = "add_callback", request_body = NewCallback,
    responses((status = 201, body = Callback)),
    extensions(("x-permission" = json!("callback:write"))))]
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallbackWrite).await?;
    let new: NewCallback = ask.body(body)?;
    let mut tx = at.begin().await?;
    let first = at.answered(&mut tx, "api:callback", &new).await?;
    let again = first.is_some();
    let id = match first.and_then(|answer| answer["id"].as_str()?.parse().ok()) {
        Some(id) => id,
        None => {
            let by = By::principal(at.by.principal);
            let phone = new.phone.clone().into_inner();
            let reason = CallbackReason::Asked;
            let made = add_callback(&mut tx, None, Some(&phone), reason, &by, at.now, at.ids());
            let id = made.await.map_err(fault)?;
            let answer = json!({"id": id});
            at.keep(&mut tx, "api:callback", &new, &answer).await?;
            id
        }
    };
    let (callback, version) = opened(&at, &mut tx, id).await?;
    tx.commit().await.map_err(fault)?;
    Ok(replayed(versioned(StatusCode::CREATED, version, callback), again))
}

/// Shows a callback, and the words of a message.
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}/callbacks/{callback}", tag = "callbacks",
    operation_id = "get_callback", responses((status = 200, body = Callback)),
    extensions(("x-permission" = json!("callback:read"))))]
pub(super) async fn one(State(api): State<Arc<Api>>, ask: Ask) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallbackRead).await?;
    let mut tx = at.begin().await?;
    let (callback, version) = opened(&at, &mut tx, ask.id("callback")?).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, callback))
}

/// Takes a callback, gives it back, finishes it or opens it again.
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}/callbacks/{callback}", tag = "callbacks",
    operation_id = "change_callback", request_body = CallbackChange,
    responses((status = 200, body = Callback)),
    extensions(("x-permission" = json!("callback:write"))))]
pub(super) async fn change(
    State(api): State<Arc<Api>>,
    ask: Ask,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let at = ask.enter(&api, Permission::CallbackWrite).await?;
    let version = ask.version()?;
    let CallbackChange { state } = ask.body(body)?;
    let id: CallbackId = ask.id("callback")?;
    let mut tx = at.begin().await?;
    let (before, _) = opened(&at, &mut tx, id).await?;
    let handling = match (state, before.state) {
        (CallbackState::Taken, _) => Handling::Take,
        (CallbackState::Done, _) => Handling::Finish,
        (CallbackState::Open, CallbackState::Done) => Handling::Reopen,
        (CallbackState::Open, _) => Handling::Release,
    };
    handle(&mut tx, id, version, handling, &at.by, at.now).await.map_err(fault)?;
    let (callback, version) = opened(&at, &mut tx, id).await?;
    tx.commit().await.map_err(fault)?;
    Ok(versioned(StatusCode::OK, version, callback))
}

/// A callback with the words of a message, where there are keys to open them.
async fn opened(
    at: &At<'_>,
    tx: &mut TenantTx,
    id: CallbackId,
) -> Result<(Callback, i64), Problem> {
    let row = calls::callback(tx, id).await.map_err(fault)?.ok_or_else(|| not_here("callback"))?;
    shown(at, tx, row.patient.as_slice()).await?;
    let version = row.version;
    let mut callback = Callback::from(row);
    if callback.reason == CallbackReason::Message
        && let Some(ring) = at.api.options.records.as_deref()
        && let Some(call) = callback.call
    {
        let principal = at.by.principal;
        let action = "call.message_read";
        calls::audit_reading(tx, call, action, principal, at.now).await.map_err(fault)?;
        if let Some(message) = message(tx, ring, id).await.map_err(fault)? {
            callback.words = Some(message.words);
            callback.about = message.about;
            callback.call_when = message.call_when;
        }
    }
    Ok((callback, version))
}

async fn shown(at: &At<'_>, tx: &mut TenantTx, patients: &[PatientId]) -> Result<(), Problem> {
    let done = audit_reading(tx, patients, "patient.callbacks_read", &at.by, at.now).await;
    done.map_err(fault)
}
