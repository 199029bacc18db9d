//! The HTTP listener: health, readiness, metrics, worker information, development page.
//!
//! Handlers see the runtime only through [`Service`], so that each can be tested over a socket
//! with a scripted one.

mod dev;
mod metrics;
mod problem;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use frontdesk_rtc::worker::WorkerStatus;

pub use dev::PAGE_SCRIPT_INSTALLED;
pub use metrics::{Kind, Sample, Values};
pub use problem::Problem;

use crate::join_token::{Join, TokenError, TokenRequest};

/// What the HTTP handlers need of the runtime.
pub trait Service: Send + Sync + 'static {
    /// The worker as it is now.
    fn worker(&self) -> WorkerStatus;

    /// Whether the database answers; the error is one line for operators.
    fn database(&self) -> impl Future<Output = Result<(), String>> + Send;

    /// Numbers of the runtime, in the order in which they are written.
    fn samples(&self) -> Vec<Sample>;

    /// A join token for the development page.
    ///
    /// # Errors
    /// [`TokenError`] if the request names an impossible clinic.
    fn join(&self, request: &TokenRequest) -> Result<Join, TokenError>;
}

/// All routes. With `dev`, those of the development page too.
pub fn router<S: Service>(service: Arc<S>, dev: bool) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(status::healthz))
        .route("/readyz", get(status::readyz::<S>))
        .route("/worker", get(status::worker::<S>))
        .route("/metrics", get(metrics::metrics::<S>));
    if dev {
        router = router
            .route("/", get(dev::page::<S>))
            .route("/dev/livekit-client.js", get(dev::bundle))
            .route("/dev/token", post(dev::token::<S>));
    } else {
        router = router.route("/", get(status::root::<S>));
    }
    router
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(service)
}

#[cfg(test)]
mod tests;
