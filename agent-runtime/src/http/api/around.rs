//! What is around each request of the API: an id by which it is found again in the log, and how much
//! whoever asks has left.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use frontdesk_types::IdSource;
use parking_lot::Mutex;
use tracing::Instrument as _;

use super::{Api, PER_ADDRESS, PER_CLINIC, PER_PRINCIPAL};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What is left of one limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) name: &'static str,
    /// Requests that may be made at once.
    pub(super) requests: u32,
    /// Until all of them may be made again.
    pub(super) full_in: Duration,
}

/// What is left of the limits that a request was counted by.
#[derive(Debug, Clone, Default)]
pub(super) struct Quota(Arc<Mutex<Vec<Left>>>);

impl Quota {
    pub(super) fn note(&self, left: Left) {
        self.0.lock().push(left);
    }

    fn header(&self) -> Option<HeaderValue> {
        let all = self.0.lock();
        let parts = all.iter().map(|left| {
            let seconds = left.full_in.as_secs() + 1;
            format!("\"{}\";r={};t={seconds}", left.name, left.requests)
        });
        let parts: Vec<_> = parts.collect();
        HeaderValue::from_str(&parts.join(", ")).ok().filter(|_| !parts.is_empty())
    }
}

/// The id that a request brings along, if it can be one, or a new one.
fn request_id(headers: &HeaderMap, ids: &dyn IdSource) -> String {
    let brought = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |text: &&str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=64).contains(&text.len()) && text.bytes().all(letter)
    };
    brought.filter(plain).map_or_else(|| ids.uuid().to_string(), str::to_owned)
}

/// Goes around every request.
pub(super) async fn around(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers(), api.shared().ids.as_ref());
    let quota = Quota::default();
    request.extensions_mut().insert(quota.clone());
    let span = tracing::info_span!("request", request_id = %id, method = %request.method());
    let mut response = next.run(request).instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(left) = quota.header() {
        let policy = format!(
            "\"address\";q={PER_ADDRESS};w=60, \"login\";q={PER_PRINCIPAL};w=60, \
             \"clinic\";q={PER_CLINIC};w=60"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(POLICY, policy);
        }
        headers.insert(LEFT, left);
    }
    response
}
