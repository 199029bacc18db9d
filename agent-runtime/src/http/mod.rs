//! The HTTP listener: health, readiness, metrics, worker information, the patient's page, starting
//! a call, the supervisors' console.
//!
//! Handlers see the runtime only through [`Service`], so that each can be tested over a socket
//! with a scripted one.

pub(crate) mod api;
pub(crate) mod auth;
mod calls;
mod client;
pub(crate) mod connections;
pub(crate) mod console;
mod limits;
mod metrics;
mod own_call;
mod page;
mod problem;
mod request;
mod status;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::middleware::map_response;
use axum::routing::{get, post};
use frontdesk_rtc::token::ApiKey;
use frontdesk_rtc::worker::WorkerStatus;
use frontdesk_types::Clock;

pub(crate) use metrics::{Kind, Sample, Values};
pub(crate) use problem::Problem;

use crate::config::Networks;
use crate::join_token::{Join, TokenError, TokenRequest};
use crate::supervision::Supervision;

/// A clinic as anybody may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicClinic {
    /// Its name.
    pub name: String,
    /// Its telephone, E.164; empty if it has none.
    pub phone: String,
    /// Emergency number of its country; empty if unknown.
    pub emergency_number: String,
    /// Languages that the agent speaks there, first the main one.
    pub speaks: Vec<String>,
}

/// What the HTTP handlers need of the runtime.
pub(crate) trait Service: Send + Sync + 'static {
    /// The worker as it is now.
    fn worker(&self) -> WorkerStatus;

    /// Whether what calls write is kept by the database; the error is one line for operators.
    fn database(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the disk of the embedded database has space; the error is one line for operators.
    fn disk(&self) -> Result<(), String>;

    /// Numbers of the runtime, in the order in which they are written.
    fn samples(&self) -> Vec<Sample>;

    /// The clinic of that slug, if it takes calls; the error is one line for operators.
    fn clinic(
        &self,
        slug: &str,
    ) -> impl Future<Output = Result<Option<PublicClinic>, String>> + Send;

    /// Whether a call that is dispatched now would be answered.
    ///
    /// # Errors
    /// Why not, for whoever wants to call.
    fn has_place(&self) -> Result<(), &'static str>;

    /// Whether the call in that room is under way.
    fn call_lasts(&self, room: &str) -> impl Future<Output = bool> + Send;

    /// A join token for a new call.
    ///
    /// # Errors
    /// [`TokenError`] if the request names an impossible clinic.
    fn join(&self, request: &TokenRequest) -> Result<Join, TokenError>;

    /// Calls the agent of a new call into its room before the caller is there, so that its track is
    /// part of what the caller is offered first. The error is one line for operators.
    fn call_agent(&self, join: &Join) -> impl Future<Output = Result<(), String>> + Send;

    /// Another join token for a caller whose call is under way.
    ///
    /// # Errors
    /// [`TokenError`] if it cannot be signed.
    fn rejoin(&self, room: String, identity: String, ttl: Duration) -> Result<Join, TokenError>;
}

/// What the HTTP listener is to know beside the runtime.
pub(crate) struct Options {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Calls that one address may start at one clinic within a minute.
    pub calls_per_minute: u32,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Networks,
    /// The LiveKit key, of which the key of cookies is made.
    pub key: ApiKey,
    /// The LiveKit server as browsers reach it: their page may connect to it.
    pub livekit_url: String,
    /// The clinic whose page `/` leads to.
    pub default_clinic: Option<String>,
}

/// What callers' handlers share.
struct Site<S> {
    service: Arc<S>,
    options: Options,
    limits: calls::CallLimits,
    cookies: own_call::Cookies,
    /// Content security policy of pages.
    policy: HeaderValue,
}

/// What the staff of clinics is served with.
pub(crate) struct Desk {
    /// Who is signed in.
    pub auth: auth::Options,
    /// The live calls, and what may be done with them.
    pub supervision: Supervision,
    /// What the API needs.
    pub api: api::Options,
}

fn desk(desk: Desk) -> Router {
    let auth = Arc::new(auth::Auth::new(desk.auth));
    let console = console::Options { auth: Arc::clone(&auth), supervision: desk.supervision };
    console::router(console).merge(api::router(auth, desk.api))
}

/// All routes, those of the staff if there are any. It is served with the address of each connection (`SocketAddr`).
pub(crate) fn router<S: Service>(service: Arc<S>, options: Options, staff: Option<Desk>) -> Router {
    let site = Arc::new(Site {
        service: Arc::clone(&service),
        limits: calls::CallLimits::new(options.calls_per_minute),
        cookies: own_call::Cookies::new(&options.key),
        policy: page::policy(&options.livekit_url),
        options,
    });
    let callers = Router::new()
        .route("/api/v1/clinics/{clinic}/calls", post(calls::start::<S>))
        .layer(DefaultBodyLimit::max(request::MAX_BODY))
        .route("/", get(page::root::<S>))
        .route("/call/{slug}", get(page::call::<S>))
        .route("/console", get(page::console::<S>))
        .route("/assets/{name}", get(page::asset))
        .route("/licences.md", get(page::licences))
        .with_state(site);
    Router::new()
        .route("/healthz", get(status::healthz))
        .route("/readyz", get(status::readyz::<S>))
        .route("/worker", get(status::worker::<S>))
        .route("/metrics", get(metrics::metrics::<S>))
        .with_state(service)
        .merge(callers)
        .merge(staff.map_or_else(Router::new, desk))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(map_response(page::harden))
}

#[cfg(test)]
mod call_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;
