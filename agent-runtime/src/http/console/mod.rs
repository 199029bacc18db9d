//! The supervisors' API: signing in, the feed of live calls, and what may be done with one.
//!
//! Each request shows an access token. What its user may do is read from the database each time, so
//! that a membership that has ended counts no more at once.

mod acts;
mod auth;
mod consoles;
mod feed;
mod jobs;
mod tickets;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use frontdesk_tenants::calls::{Act, audit_act};
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::{Person, SignedIn, person};
use frontdesk_tenants::staff::Role;
use frontdesk_tenants::{Database, Tenant, TenantTx};
use frontdesk_types::{Clock, IdSource, Phi};
use tokio::sync::Semaphore;

use self::consoles::Consoles;
use self::tickets::Tickets;

use super::limits::Limiter;
use super::{Problem, request};
use crate::access_token::AccessKeys;
use crate::config::Networks;
use crate::supervision::Supervision;

/// When to ask again if the database does not answer, in seconds.
const RETRY_DATABASE: u32 = 10;

/// Sign-ins that one address may try within a minute; as many at once.
const SIGN_INS_PER_MINUTE: u32 = 10;

/// How often one address may renew a sign-in within a minute.
const RENEWALS_PER_MINUTE: u32 = 60;

/// Who may read the feed at once.
const MAX_READERS: usize = 64;

/// What the console needs.
pub(crate) struct Options {
    /// The clinics' database.
    pub database: Database,
    /// The live calls, and what may be done with them.
    pub supervision: Supervision,
    /// What signs access tokens; without them nobody can sign in.
    pub keys: Option<AccessKeys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Networks,
}

/// What its handlers share.
struct Console {
    options: Options,
    passwords: Passwords,
    sign_ins: Limiter<u128>,
    renewals: Limiter<u128>,
    tickets: Tickets,
    consoles: Arc<Consoles>,
    /// Places of those who read the feed.
    readers: Arc<Semaphore>,
}

/// Somebody at a clinic that they supervise.
struct Visit {
    who: SignedIn,
    slug: String,
    tenant: Tenant,
    /// Their name, as callers are shown it.
    name: Phi<String>,
}

/// The routes.
pub(super) fn router(options: Options) -> Router {
    let minute = Duration::from_secs(60);
    let console = Arc::new(Console {
        options,
        passwords: Passwords::default(),
        sign_ins: Limiter::new(SIGN_INS_PER_MINUTE, minute),
        renewals: Limiter::new(RENEWALS_PER_MINUTE, minute),
        tickets: Tickets::default(),
        consoles: Arc::default(),
        readers: Arc::new(Semaphore::new(MAX_READERS)),
    });
    Router::new()
        .route("/api/v1/auth/login", post(auth::login))
        .route("/api/v1/auth/refresh", post(auth::refresh))
        .route("/api/v1/auth/logout", post(auth::logout))
        .route("/api/v1/auth/me", get(auth::me))
        .route("/api/v1/jobs", get(jobs::jobs))
        .route("/api/v1/clinics/{slug}/calls", get(feed::list))
        .route("/api/v1/clinics/{slug}/calls/feed-tickets", post(feed::ticket))
        .route("/api/v1/clinics/{slug}/calls/feed", get(feed::feed))
        .route("/api/v1/clinics/{slug}/calls/{call}/listen", post(acts::listen))
        .route("/api/v1/clinics/{slug}/calls/{call}/stop-listening", post(acts::stop_listening))
        .route("/api/v1/clinics/{slug}/calls/{call}/take-over", post(acts::take_over))
        .route("/api/v1/clinics/{slug}/calls/{call}/say", post(acts::say))
        .route("/api/v1/clinics/{slug}/calls/{call}/hand-back", post(acts::hand_back))
        .route("/api/v1/clinics/{slug}/calls/{call}/hang-up", post(acts::hang_up))
        .layer(DefaultBodyLimit::max(request::MAX_BODY))
        .with_state(console)
}

impl Console {
    fn keys(&self) -> Result<&AccessKeys, Problem> {
        self.options.keys.as_ref().ok_or_else(|| {
            let detail = "nobody can sign in here: FRONTDESK_JWT_KEYS is not set";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        })
    }

    /// Who shows a token of ours that has not run out.
    fn signed_in(&self, headers: &HeaderMap) -> Result<SignedIn, Problem> {
        let keys = self.keys()?;
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = shown.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let who = token.and_then(|token| keys.verify(token, self.options.clock.wall()));
        who.ok_or_else(unauthorized)
    }

    /// Who asks, at the clinic that the path names.
    async fn visit(&self, headers: &HeaderMap, slug: &str) -> Result<Visit, Problem> {
        self.admit(self.signed_in(headers)?, slug).await
    }

    /// Somebody who is signed in, at that clinic if they supervise it.
    async fn admit(&self, who: SignedIn, slug: &str) -> Result<Visit, Problem> {
        let now = self.options.clock.wall();
        let person = person(&self.options.database, who, now).await.map_err(database)?;
        let Person { name, clinics } = person.ok_or_else(unauthorized)?;
        let entry = clinics.into_iter().find(|e| e.slug == slug && supervises(&e.roles));
        // Whether there is such a clinic is told to its members alone.
        let entry = entry.ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, format!("you supervise no clinic {slug:?}"))
        })?;
        Ok(Visit { who, slug: entry.slug, tenant: entry.tenant, name })
    }

    /// Writes down that somebody is about to see the live calls; without that they do not.
    async fn audit_watching(&self, visit: &Visit) -> Result<(), Problem> {
        let now = self.options.clock.wall();
        let written = async {
            let mut tx = TenantTx::begin(&self.options.database, &visit.tenant).await?;
            audit_act(&mut tx, Act::Watch, None, visit.who.user, now).await?;
            tx.commit().await
        };
        written.await.map_err(database)
    }
}

fn supervises(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::Supervisor | Role::ClinicAdmin))
}

fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "sign in first, or again")
}

fn database(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "database not asked for a supervisor");
    let detail = "the database does not answer at the moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_DATABASE)
}
