//! What a supervisor does with a live call: listens, takes it over, types, hands it back, hangs up.
//!
//! Each act leaves an audit row: it is written first and committed with the act. A call of another
//! clinic is none.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use frontdesk_actors::SupervisionError;
use frontdesk_tenants::TenantTx;
use frontdesk_tenants::calls::{Act, audit_act};
use frontdesk_types::{CallId, ConsoleId, Phi, UserId};
use serde::Deserialize;

use super::consoles::console_of;
use super::{Console, database};
use crate::http::calls::Given;
use crate::http::{Problem, request};
use crate::join_token::Join;
use crate::supervision::{ConsoleError, Supervision};

type Path2 = Path<(String, String)>;

/// One act of somebody in one call, written down and not committed.
struct Doing {
    calls: Supervision,
    call: CallId,
    at: ConsoleId,
    user: UserId,
    record: TenantTx,
}

/// Who does what, at a clinic that they supervise.
async fn begin(
    console: &Console,
    (slug, call): (String, String),
    headers: &HeaderMap,
    act: Act,
) -> Result<Doing, Problem> {
    request::from_here(headers)?;
    let visit = console.visit(headers, &slug).await?;
    let calls = console.options.supervision.clone();
    let no_call = || refused(&SupervisionError::NoCall.into());
    let call: CallId = call.parse().map_err(|_| no_call())?;
    // Before the database is asked to write down what cannot be.
    calls.watch().call(visit.tenant.clinic(), call).ok_or_else(no_call)?;
    let (user, now) = (visit.who.user, console.shared().clock.wall());
    let written = async {
        let mut tx = TenantTx::begin(&console.shared().database, &visit.tenant).await?;
        audit_act(&mut tx, act, Some(call), user, now).await?;
        Ok::<_, frontdesk_tenants::Error>(tx)
    };
    let record = written.await.map_err(database)?;
    let at = console_of(visit.who, &visit.slug, headers);
    Ok(Doing { calls, call, at, user, record })
}

impl Doing {
    /// Does it; what is refused leaves nothing.
    async fn with<T>(
        self,
        act: impl FnOnce(&Supervision, ConsoleId, CallId) -> Result<T, ConsoleError>,
    ) -> Result<T, Problem> {
        let Self { calls, call, at, user, record } = self;
        let done = act(&calls, at, call).map_err(|error| refused(&error))?;
        record.commit().await.map_err(|error| {
            tracing::error!(%user, call_id = %call, "an act of a supervisor is not in the audit");
            database(error)
        })?;
        Ok(done)
    }
}

fn refused(error: &ConsoleError) -> Problem {
    let status = match error {
        ConsoleError::Call(SupervisionError::NoCall) => StatusCode::NOT_FOUND,
        ConsoleError::Call(SupervisionError::Nothing) => StatusCode::UNPROCESSABLE_ENTITY,
        ConsoleError::Token(error) => {
            tracing::error!(%error, "token not signed");
            let detail = "no token could be made; the log says why";
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail);
        }
        _ => StatusCode::CONFLICT,
    };
    Problem::new(status, error.to_string())
}

fn joining(join: Join) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(Given::from(join))).into_response()
}

/// `POST …/calls/{id}/listen`: a token to hear the call, unseen.
pub(super) async fn listen(
    State(console): State<Arc<Console>>,
    Path(path): Path2,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let doing = begin(&console, path, &headers, Act::Listen).await?;
    doing.with(Supervision::listen).await.map(joining)
}

/// `POST …/calls/{id}/stop-listening`: whoever has the token is removed from the room.
pub(super) async fn stop_listening(
    State(console): State<Arc<Console>>,
    Path((slug, call)): Path2,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    request::from_here(&headers)?;
    let visit = console.visit(&headers, &slug).await?;
    // What is over, or was never listened to, is listened to no more.
    if let Ok(call) = call.parse() {
        let at = console_of(visit.who, &visit.slug, &headers);
        console.options.supervision.stop_listening(at, call);
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    /// By voice, else by typing.
    #[serde(default)]
    voice: bool,
}

/// `POST …/calls/{id}/take-over`: the agent falls silent. By voice, with a token to speak.
pub(super) async fn take_over(
    State(console): State<Arc<Console>>,
    Path(path): Path2,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Way { voice } = request::body(&headers, body)?;
    let doing = begin(&console, path, &headers, Act::TakeOver).await?;
    let join = doing.with(|calls, at, call| calls.take_over(at, call, voice)).await?;
    Ok(join.map_or_else(|| StatusCode::NO_CONTENT.into_response(), joining))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    text: Phi<String>,
}

/// `POST …/calls/{id}/say`: shows the caller what whoever has the call types.
pub(super) async fn say(
    State(console): State<Arc<Console>>,
    Path(path): Path2,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let Typed { text } = request::body(&headers, body)?;
    let doing = begin(&console, path, &headers, Act::Say).await?;
    doing.with(|calls, at, call| calls.write(at, call, text.expose())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/calls/{id}/hand-back`: the agent goes on.
pub(super) async fn hand_back(
    State(console): State<Arc<Console>>,
    Path(path): Path2,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let doing = begin(&console, path, &headers, Act::HandBack).await?;
    doing.with(Supervision::hand_back).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/calls/{id}/hang-up`: the call ends.
pub(super) async fn hang_up(
    State(console): State<Arc<Console>>,
    Path(path): Path2,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let doing = begin(&console, path, &headers, Act::HangUp).await?;
    doing.with(Supervision::hang_up).await?;
    Ok(StatusCode::NO_CONTENT)
}
