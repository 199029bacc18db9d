//! What is asked of any request before it is answered: whose page it comes from, and its body.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;

/// Longest body that is read, in bytes.
pub(super) const MAX_BODY: usize = 4096;

/// Refuses what a browser sends on behalf of another site's page: whoever looks at that would not
/// know.
pub(super) fn from_here(headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => {
            let detail = "this is asked by this site's own page, not by that of another site";
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
    }
}

/// The body as JSON; without one, the default.
pub(super) fn body<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    let body = body.map_err(|rejection| {
        let what = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => format!("the body has more than {MAX_BODY} bytes"),
            _ => "the body could not be read".to_owned(),
        };
        Problem::new(rejection.status(), what)
    })?;
    if body.is_empty() {
        return Ok(T::default());
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "a body is sent as application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    serde_json::from_slice(&body).map_err(|error| {
        let status = match error.classify() {
            Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, format!("the body is not usable: {error}"))
    })
}

/// Too many of something; `wait` is the time until there may be another one.
pub(super) fn too_many(what: &str, wait: Duration, else_: &str) -> Problem {
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    let detail = format!("too many {what}; try again in {seconds} s{else_}");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(seconds)
}
