//! `POST /api/v1/clinics/{slug}/calls`: whoever asks gets what is needed to call that clinic.
//!
//! Public, so limited by address and clinic. The room and the caller's identity are ours; the token
//! is for these two, for two minutes. A browser that asks again during its own call is let back in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use frontdesk_tenants::directory::is_slug;
use frontdesk_types::Channel;
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::limits::Limiter;
use super::own_call::OwnCall;
use super::{Problem, Service, Site, request};
use crate::job_metadata::is_language;
use crate::join_token::{Join, TokenRequest};

/// How long a token opens its room.
pub(super) const TOKEN_TTL: Duration = Duration::from_secs(120);

/// How many clinics' calls one address may start.
const CLINICS_PER_ADDRESS: u32 = 5;

/// When to ask again if all places are taken, or nobody would answer, in seconds.
pub(super) const RETRY_FULL: u32 = 10;

/// Who may start how many calls.
pub(super) struct CallLimits {
    by_clinic: Limiter<(u128, String)>,
    by_address: Limiter<u128>,
}

impl CallLimits {
    pub(super) fn new(per_minute: u32) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            by_clinic: Limiter::new(per_minute, minute),
            by_address: Limiter::new(per_minute.saturating_mul(CLINICS_PER_ADDRESS), minute),
        }
    }
}

/// What may be chosen; everything has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    channel: Means,
    language: Option<String>,
    /// A new call even if the browser's own one is not over: its caller has just hung up.
    #[serde(default)]
    new: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Means {
    #[default]
    Voice,
    Text,
}

impl From<Means> for Channel {
    fn from(means: Means) -> Self {
        match means {
            Means::Voice => Self::Web,
            Means::Text => Self::Text,
        }
    }
}

/// The answer, under the names of LiveKit's token endpoints, so that their front ends can read it.
#[derive(Serialize)]
pub(super) struct Given {
    server_url: String,
    room_name: String,
    participant_identity: String,
    participant_token: String,
}

impl From<Join> for Given {
    fn from(join: Join) -> Self {
        Self {
            server_url: join.url,
            room_name: join.room,
            participant_identity: join.identity,
            participant_token: join.token,
        }
    }
}

pub(super) async fn start<S: Service>(
    State(site): State<Arc<Site<S>>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(slug): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    request::from_here(&headers)?;
    if !is_slug(&slug) {
        return Err(unknown(&slug));
    }
    let client = Client::of(peer, &headers, &site.options.trusted_proxies);
    limit(&site, &client, &slug)?;
    let wish = read(&headers, body)?;
    clinic_is_there(&*site.service, &slug).await?;
    let channel = Channel::from(wish.channel);
    let now = site.options.clock.wall();
    let own = site.cookies.read(&slug, &headers, now).filter(|own| own.channel == channel);
    if let Some(own) = own.filter(|_| !wish.new)
        && site.service.call_lasts(&own.room).await
    {
        let join = site.service.rejoin(own.room, own.identity, TOKEN_TTL).map_err(unsigned)?;
        return Ok(answer(StatusCode::OK, join, None));
    }
    if let Err(why) = site.service.has_place() {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, why);
        return Err(problem.retry_after(RETRY_FULL));
    }
    let request = TokenRequest {
        clinic: Some(slug.clone()),
        language: wish.language,
        channel,
        ttl_seconds: Some(TOKEN_TTL.as_secs()),
        ..TokenRequest::default()
    };
    let join = site.service.join(&request).map_err(unsigned)?;
    site.service.call_agent(&join).await.map_err(|why| unreachable(&why))?;
    let own = OwnCall { channel, room: join.room.clone(), identity: join.identity.clone() };
    let cookie = site.cookies.set(&slug, &own, now, client.https);
    Ok(answer(StatusCode::CREATED, join, Some(cookie)))
}

fn limit<S>(site: &Site<S>, client: &Client, slug: &str) -> Result<(), Problem> {
    let (address, now) = (client.network(), site.options.clock.mono());
    let limits = &site.limits;
    let taken = limits.by_address.take(address, now);
    taken.and_then(|()| limits.by_clinic.take((address, slug.to_owned()), now)).map_err(|wait| {
        request::too_many("calls were started from this address", wait, ", or telephone the clinic")
    })
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Wish, Problem> {
    let wish: Wish = request::body(headers, body)?;
    if wish.language.as_deref().is_some_and(|language| !is_language(language)) {
        let detail = "`language` is not a language tag such as en";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(wish)
}

async fn clinic_is_there<S: Service>(service: &S, slug: &str) -> Result<(), Problem> {
    match service.clinic(slug).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(unknown(slug)),
        Err(why) => {
            tracing::error!(why, "clinic not looked up");
            let detail = "the clinic cannot be looked up at the moment";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_FULL))
        }
    }
}

fn unknown(slug: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no clinic {slug:?} that takes calls"))
}

fn unsigned(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "token not signed");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no token could be made; the log says why")
}

/// No token either: an agent that is called late would come beside the one that a token brings.
fn unreachable(why: &str) -> Problem {
    tracing::error!(why, "agent not called into a room");
    let detail = "the call cannot be connected at the moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_FULL)
}

fn answer(status: StatusCode, join: Join, cookie: Option<String>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let mut response = (status, no_store, Json(Given::from(join))).into_response();
    if let Some(cookie) = cookie.and_then(|cookie| cookie.parse().ok()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
