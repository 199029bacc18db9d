//! The development page: one file, one script from npm, one token.
//!
//! Served only where `FRONTDESK_DEV` allows. It listens on loopback as a rule, so the danger is
//! another site in the same browser: `Host` and `Origin` are checked before a token is given.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Problem, Service, status};
use crate::join_token::TokenRequest;

const PAGE: &str = include_str!("../../dev-page/index.html");

/// LiveKit's browser client, put into the program by `build.rs` if npm had installed it.
const BUNDLE: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/livekit_client.rs"));

/// Whether the page's script is part of this program.
pub const PAGE_SCRIPT_INSTALLED: bool = BUNDLE.is_some();

const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; \
     style-src 'unsafe-inline'; connect-src 'self' ws: wss: http: https:; media-src blob:; img-src data:; \
     frame-ancestors 'none'";

pub(super) async fn page<S: Service>(service: State<Arc<S>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        // A probe of LiveKit's convention, not a browser.
        return status::root(service).await;
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}

pub(super) async fn bundle() -> Response {
    match BUNDLE {
        Some(bundle) => {
            let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
            (kind, bundle).into_response()
        }
        None => Problem::new(
            StatusCode::NOT_FOUND,
            "livekit-client was not installed when this program was built: run `npm ci` in \
             agent-runtime/dev-page (make setup does) and build again",
        )
        .into_response(),
    }
}

/// Answers in the shape of LiveKit's token endpoints, so that their front ends can use it too.
pub(super) async fn token<S: Service>(
    State(service): State<Arc<S>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    same_site(&headers)?;
    let request: TokenRequest = if body.is_empty() {
        TokenRequest::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("the body is not usable: {error}"))
        })?
    };
    let join = service
        .join(&request)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let body = serde_json::json!({
        "server_url": join.url,
        "participant_token": join.token,
        "room_name": join.room,
        "participant_identity": join.identity,
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// Refuses requests of other sites, also those that rebind their name to this address.
fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let origin = text(header::ORIGIN);
    let same = origin.is_none_or(|origin| {
        origin.strip_prefix("http://").or(origin.strip_prefix("https://")) == Some(host)
    });
    if same && is_local_name(host) {
        Ok(())
    } else {
        let detail = "the development page gives tokens to itself only, by IP address or localhost";
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }
}

fn is_local_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let ip = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || ip.parse::<std::net::IpAddr>().is_ok()
}
