//! `/api/v1/auth`: from an address and a password to an access token.
//!
//! The access token is for the page's memory. The token that renews it stands in a cookie that
//! scripts cannot read and that only these routes get; it counts once, and the answer sets the next.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use frontdesk_tenants::passwords::PasswordError;
use frontdesk_tenants::sign_in::{
    Entry, Granted, LASTING, Person, SignInError, SignedIn, end, person, renew, sign_in,
};
use frontdesk_types::Phi;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::own;
use super::{Auth, database, unauthorized};
use crate::access_token::LIFETIME_SECONDS;
use crate::http::client::Client;
use crate::http::{Problem, request};

const COOKIE: &str = "frontdesk_sign_in";

/// The routes with their description.
pub(in crate::http) fn operations() -> OpenApiRouter<Arc<Auth>> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(me))
        .routes(routes!(own::password))
        .routes(routes!(own::invited))
        .routes(routes!(own::accept))
}

/// What somebody signs in with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Credentials {
    #[schema(value_type = String)]
    email: Phi<String>,
    #[schema(value_type = String, format = Password)]
    password: Phi<String>,
}

/// A clinic that somebody may enter.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnClinic)]
struct Clinic {
    slug: String,
    name: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<&'static str>,
}

impl From<Entry> for Clinic {
    fn from(entry: Entry) -> Self {
        let roles = entry.roles.iter().map(|role| role.as_str()).collect();
        Self { slug: entry.slug, name: entry.name, roles }
    }
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Me {
    #[schema(value_type = uuid::Uuid)]
    user: frontdesk_types::UserId,
    #[schema(value_type = String)]
    name: Phi<String>,
    clinics: Vec<Clinic>,
}

impl Me {
    fn new(who: SignedIn, person: Person) -> Self {
        let clinics = person.clinics.into_iter().map(Clinic::from).collect();
        Self { user: who.user, name: person.name, clinics }
    }
}

/// The answer to signing in and renewing.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
struct Given {
    /// To be shown with each request, as a bearer token.
    access_token: String,
    #[schema(value_type = String)]
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
    #[serde(flatten)]
    me: Me,
}

/// Signs in with an address and a password. The cookie that is set renews it.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", operation_id = "login", security(()),
    request_body = Credentials,
    responses((status = 200, body = Given)))]
pub(in crate::http) async fn login(
    State(auth): State<Arc<Auth>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    request::from_here(&headers)?;
    auth.keys()?;
    let options = &auth.options;
    let client = Client::of(peer, &headers, &options.trusted_proxies);
    let taken = auth.sign_ins.take(client.network(), options.clock.mono());
    taken.map_err(|wait| request::too_many("sign-ins from this address", wait, ""))?;
    let Credentials { email, password } = request::body(&headers, body)?;
    let now = options.clock.wall();
    let (db, ids) = (&options.database, options.ids.as_ref());
    let granted = sign_in(db, &auth.passwords, &email, password, now, ids).await;
    let granted = granted.map_err(|error| match error {
        SignInError::Password(PasswordError::Busy) => {
            let detail = PasswordError::Busy.to_string();
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(1)
        }
        other => database(other),
    })?;
    let Some(granted) = granted else {
        let detail = "that is not the address and the password of anybody here";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    };
    tracing::info!(user = %granted.who.user, "signed in");
    given(&auth, granted, client.https).await
}

/// Renews a sign-in, by its cookie, which counts once: the answer sets the next.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "auth", operation_id = "refresh", security(()),
    responses((status = 200, body = Given)))]
pub(in crate::http) async fn refresh(
    State(auth): State<Arc<Auth>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    request::from_here(&headers)?;
    auth.keys()?;
    let options = &auth.options;
    let client = Client::of(peer, &headers, &options.trusted_proxies);
    let taken = auth.renewals.take(client.network(), options.clock.mono());
    taken.map_err(|wait| request::too_many("renewals from this address", wait, ""))?;
    let shown = shown(&headers).ok_or_else(unauthorized)?;
    let granted = renew(&options.database, &shown, options.clock.wall()).await.map_err(database)?;
    match granted {
        Some(granted) => given(&auth, granted, client.https).await,
        None => Ok(without_cookie(unauthorized().into_response(), client.https)),
    }
}

/// Ends a sign-in, by its cookie. Nothing that was signed for it counts any more.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", operation_id = "logout", security(()),
    responses((status = 204, description = "Nobody is signed in by that cookie now")))]
pub(in crate::http) async fn logout(
    State(auth): State<Arc<Auth>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    request::from_here(&headers)?;
    let options = &auth.options;
    let client = Client::of(peer, &headers, &options.trusted_proxies);
    if let Some(shown) = shown(&headers) {
        end(&options.database, &shown, options.clock.wall()).await.map_err(database)?;
    }
    Ok(without_cookie(StatusCode::NO_CONTENT.into_response(), client.https))
}

/// Says who is signed in, and which clinics they may enter as what.
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "auth", operation_id = "me",
    responses((status = 200, body = Me)))]
pub(in crate::http) async fn me(
    State(auth): State<Arc<Auth>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = auth.signed_in(&headers)?;
    let me = look_up(&auth, who).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(me)).into_response())
}

async fn look_up(auth: &Auth, who: SignedIn) -> Result<Me, Problem> {
    let now = auth.options.clock.wall();
    let person = person(&auth.options.database, who, now).await.map_err(database)?;
    person.map(|person| Me::new(who, person)).ok_or_else(unauthorized)
}

async fn given(auth: &Auth, granted: Granted, https: bool) -> Result<Response, Problem> {
    let now = auth.options.clock.wall();
    let me = look_up(auth, granted.who).await?;
    let access_token = auth.keys()?.sign(granted.who, now).map_err(|error| {
        tracing::error!(%error, "access token not signed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no token could be made; the log says why")
    })?;
    let given = Given { access_token, token_type: "Bearer", expires_in: LIFETIME_SECONDS, me };
    let response = ([(header::CACHE_CONTROL, "no-store")], Json(given)).into_response();
    Ok(with_cookie(response, granted.refresh.expose(), LASTING.as_secs(), https))
}

/// The token of the request's cookie.
fn shown(headers: &HeaderMap) -> Option<Phi<String>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
    pairs
        .find_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix('='))
        .map(|value| value.to_owned().into())
}

fn without_cookie(response: Response, https: bool) -> Response {
    with_cookie(response, "", 0, https)
}

fn with_cookie(mut response: Response, value: &str, max_age: i64, https: bool) -> Response {
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={value}; Path=/api/v1/auth; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"
    );
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
