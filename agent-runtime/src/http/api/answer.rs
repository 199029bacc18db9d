//! How answers look: never kept by anybody on the way, with the version as their tag.

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Some rows of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed<T> {
    /// The rows.
    pub(super) items: Vec<T>,
    /// What to ask for the next page with, as `cursor`; null on the last page.
    #[schema(required = true)]
    pub(super) next: Option<String>,
}

/// An answer.
pub(super) fn json(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// An answer with the version of what it shows.
pub(super) fn versioned(
    status: StatusCode,
    version: impl Display,
    body: impl Serialize,
) -> Response {
    let mut response = json(status, body);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Marks the answer that was given to the same idempotency key before.
pub(super) fn replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        let value = HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", value);
    }
    response
}
