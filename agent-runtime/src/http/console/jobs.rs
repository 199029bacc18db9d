//! What the jobs beside the calls did, for who is signed in and supervises a clinic.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use frontdesk_tenants::jobs::list;
use frontdesk_tenants::sign_in::person;
use serde_json::json;

use super::{Console, database, supervises, unauthorized};
use crate::http::Problem;

pub(super) async fn jobs(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = console.auth().signed_in(&headers)?;
    let options = console.shared();
    let person = person(&options.database, who, options.clock.wall()).await.map_err(database)?;
    let person = person.ok_or_else(unauthorized)?;
    if !person.clinics.iter().any(|entry| supervises(&entry.roles)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "you supervise no clinic"));
    }
    // Why a run failed may name a clinic that is not theirs: that is for who operates the runtime.
    let jobs = list(&options.database).await.map_err(database)?.into_iter().map(|job| {
        json!({
            "name": job.name,
            "running": job.running.is_some(),
            "due_at": job.due_at,
            "succeeded_at": job.succeeded_at,
            "finished_at": job.finished_at,
            "runs": job.runs,
            "failures": job.failures,
            "failed_in_row": job.failed_in_row,
            "done": job.done,
        })
    });
    let jobs = json!({ "jobs": jobs.collect::<Vec<_>>() });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(jobs)).into_response())
}
