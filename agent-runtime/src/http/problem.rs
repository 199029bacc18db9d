//! Errors as RFC 9457 `application/problem+json`.

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An error that a client can read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The status line's phrase.
    #[schema(value_type = String)]
    title: &'static str,
    /// The status code.
    status: u16,
    /// What it is, for programs: it does not change.
    #[schema(value_type = String)]
    code: &'static str,
    /// What happened, to what, what to do; never personal data.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    detail: String,
    /// What is wrong with the request, all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<BadField>,
    /// What stands in the way of what was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    in_the_way: Vec<InTheWay>,
    /// When to ask again, in seconds.
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// Something wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BadField {
    /// Name of the field: of the body, the query, the path or a header.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// Something that hangs on what was to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct InTheWay {
    /// What it is: `appointment`, `waitlist`, `hold`, `doctor`, `membership`.
    pub kind: &'static str,
    /// Which one.
    pub id: Uuid,
}

impl Problem {
    /// A problem of that status.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: usual_code(status),
            detail: detail.into(),
            errors: Vec::new(),
            in_the_way: Vec::new(),
            retry_after: None,
        }
    }

    /// With a code of its own.
    #[must_use]
    pub(crate) const fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// With everything that is wrong with the request.
    #[must_use]
    pub(crate) fn errors(mut self, errors: Vec<BadField>) -> Self {
        self.errors = errors;
        self
    }

    /// With what stands in the way.
    #[must_use]
    pub(crate) fn in_the_way(mut self, what: Vec<InTheWay>) -> Self {
        self.in_the_way = what;
        self
    }

    /// Says after how many seconds to ask again (`Retry-After`).
    #[must_use]
    pub(crate) const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

const fn usual_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        409 => "conflict",
        412 => "version_mismatch",
        413 => "too_large",
        415 => "unsupported_media_type",
        422 => "invalid",
        428 => "version_needed",
        429 => "too_many_requests",
        503 => "unavailable",
        400..=499 => "bad_request",
        _ => "failed",
    }
}

impl Problem {
    /// Whether who asks may not have it, however often they ask.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self.status, 401 | 403)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut response = (status, kind, body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}", uri.path()))
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not answer {method}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
