//! Health and readiness for orchestrators, and what LiveKit's tools ask a worker.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use frontdesk_rtc::worker::WorkerReport;
use serde_json::json;

use super::Service;

/// How long readiness waits for the database: less than the usual probe's second.
const DATABASE_PATIENCE: Duration = Duration::from_millis(800);

/// The process is alive: it answers.
pub(super) async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// Whether a call that is dispatched now would be served, and what it writes kept.
pub(super) async fn readyz<S: Service>(State(service): State<Arc<S>>) -> Response {
    let database = match tokio::time::timeout(DATABASE_PATIENCE, service.database()).await {
        Ok(Ok(())) => "ok".to_owned(),
        Ok(Err(reason)) => reason,
        Err(_) => format!("no answer within {} ms", DATABASE_PATIENCE.as_millis()),
    };
    let worker = service.worker();
    let registered = if worker.registered { "ok" } else { "not registered with LiveKit" };
    let draining = if worker.draining { "draining, no new calls" } else { "ok" };
    let disk = service.disk().err().unwrap_or_else(|| "ok".to_owned());
    let ready = database == "ok" && disk == "ok" && worker.registered && !worker.draining;
    let checks = json!({
        "database": database, "disk": disk, "worker": registered, "drain": draining,
    });
    let (status, word) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    (status, Json(json!({ "status": word, "checks": checks }))).into_response()
}

/// What LiveKit's own worker answers on its port 8081: 200 `OK`, or 503 without a server.
pub(super) async fn root<S: Service>(State(service): State<Arc<S>>) -> Response {
    if service.worker().registered {
        "OK".into_response()
    } else {
        let reason = "the worker is not registered with LiveKit";
        (StatusCode::SERVICE_UNAVAILABLE, reason).into_response()
    }
}

/// What LiveKit's own worker answers on `/worker`.
pub(super) async fn worker<S: Service>(State(service): State<Arc<S>>) -> Json<WorkerReport> {
    Json(service.worker().report())
}
