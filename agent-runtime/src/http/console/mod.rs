//! The supervisors' console: the feed of live calls, and what may be done with one.

mod acts;
mod consoles;
mod feed;
mod jobs;
mod tickets;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use frontdesk_tenants::calls::{Act, audit_act};
use frontdesk_tenants::sign_in::{Person, SignedIn, person};
use frontdesk_tenants::staff::Role;
use frontdesk_tenants::{Tenant, TenantTx};
use frontdesk_types::Phi;
use tokio::sync::Semaphore;

use self::consoles::Consoles;
use self::tickets::Tickets;

use super::auth::{self, Auth, database, unauthorized};
use super::{Problem, request};
use crate::supervision::Supervision;

/// Who may read the feed at once.
const MAX_READERS: usize = 64;

/// What the console needs.
pub(crate) struct Options {
    /// Who is signed in.
    pub auth: Arc<Auth>,
    /// The live calls, and what may be done with them.
    pub supervision: Supervision,
}

/// What its handlers share.
struct Console {
    options: Options,
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
    let console = Arc::new(Console {
        options,
        tickets: Tickets::default(),
        consoles: Arc::default(),
        readers: Arc::new(Semaphore::new(MAX_READERS)),
    });
    Router::new()
        .route("/api/v1/jobs", get(jobs::jobs))
        .route("/api/v1/clinics/{clinic}/calls/live", get(feed::list))
        .route("/api/v1/clinics/{clinic}/calls/feed-tickets", post(feed::ticket))
        .route("/api/v1/clinics/{clinic}/calls/feed", get(feed::feed))
        .route("/api/v1/clinics/{clinic}/calls/{call}/listen", post(acts::listen))
        .route("/api/v1/clinics/{clinic}/calls/{call}/stop-listening", post(acts::stop_listening))
        .route("/api/v1/clinics/{clinic}/calls/{call}/take-over", post(acts::take_over))
        .route("/api/v1/clinics/{clinic}/calls/{call}/say", post(acts::say))
        .route("/api/v1/clinics/{clinic}/calls/{call}/hand-back", post(acts::hand_back))
        .route("/api/v1/clinics/{clinic}/calls/{call}/hang-up", post(acts::hang_up))
        .layer(DefaultBodyLimit::max(request::MAX_BODY))
        .with_state(console)
}

impl Console {
    fn auth(&self) -> &Auth {
        &self.options.auth
    }

    /// Database, time and ids.
    fn shared(&self) -> &auth::Options {
        &self.options.auth.options
    }

    /// Who asks, at the clinic that the path names.
    async fn visit(&self, headers: &HeaderMap, slug: &str) -> Result<Visit, Problem> {
        self.admit(self.auth().signed_in(headers)?, slug).await
    }

    /// Somebody who is signed in, at that clinic if they supervise it.
    async fn admit(&self, who: SignedIn, slug: &str) -> Result<Visit, Problem> {
        let now = self.shared().clock.wall();
        let person = person(&self.shared().database, who, now).await.map_err(database)?;
        let Person { name, clinics, .. } = person.ok_or_else(unauthorized)?;
        let entry = clinics.into_iter().find(|e| e.slug == slug && supervises(&e.roles));
        // Whether there is such a clinic is told to its members alone.
        let entry = entry.ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, format!("you supervise no clinic {slug:?}"))
        })?;
        Ok(Visit { who, slug: entry.slug, tenant: entry.tenant, name })
    }

    /// Writes down that somebody is about to see the live calls; without that they do not.
    async fn audit_watching(&self, visit: &Visit) -> Result<(), Problem> {
        let now = self.shared().clock.wall();
        let written = async {
            let mut tx = TenantTx::begin(&self.shared().database, &visit.tenant).await?;
            audit_act(&mut tx, Act::Watch, None, visit.who.user, now).await?;
            tx.commit().await
        };
        written.await.map_err(database)
    }
}

fn supervises(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::Supervisor | Role::ClinicAdmin))
}
