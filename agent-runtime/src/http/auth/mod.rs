//! Who is signed in: `/api/v1/auth`, and the token that each request of the console and of the API
//! shows. What somebody may do is read from the database each time, so that a membership that has ended
//! counts no more at once.

mod own;
pub(super) mod routes;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use frontdesk_tenants::Database;
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::SignedIn;
use frontdesk_types::{Clock, IdSource, UserId};

use super::Problem;
use super::limits::Limiter;
use crate::access_token::AccessKeys;
use crate::config::Networks;

/// When to ask again if the database does not answer, in seconds.
const RETRY_DATABASE: u32 = 10;

/// Sign-ins that one address may try within a minute; as many at once.
const SIGN_INS_PER_MINUTE: u32 = 10;

/// How often one address may renew a sign-in within a minute.
const RENEWALS_PER_MINUTE: u32 = 60;

/// What signing in needs.
pub(crate) struct Options {
    /// The clinics' database.
    pub database: Database,
    /// What signs access tokens; without them nobody can sign in.
    pub keys: Option<AccessKeys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Networks,
}

/// What those share who ask who is signed in.
pub(crate) struct Auth {
    pub(super) options: Options,
    passwords: Passwords,
    sign_ins: Limiter<u128>,
    renewals: Limiter<u128>,
    /// Passwords that somebody who is signed in may try.
    guesses: Limiter<UserId>,
}

impl Auth {
    pub(crate) fn new(options: Options) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            options,
            passwords: Passwords::default(),
            sign_ins: Limiter::new(SIGN_INS_PER_MINUTE, minute),
            renewals: Limiter::new(RENEWALS_PER_MINUTE, minute),
            guesses: Limiter::new(SIGN_INS_PER_MINUTE, minute),
        }
    }

    pub(super) fn keys(&self) -> Result<&AccessKeys, Problem> {
        self.options.keys.as_ref().ok_or_else(|| {
            let detail = "nobody can sign in here: FRONTDESK_JWT_KEYS is not set";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        })
    }

    /// Who shows a token of ours that has not run out.
    pub(super) fn signed_in(&self, headers: &HeaderMap) -> Result<SignedIn, Problem> {
        let keys = self.keys()?;
        let token = bearer(headers);
        let who = token.and_then(|token| keys.verify(token, self.options.clock.wall()));
        who.ok_or_else(unauthorized)
    }
}

/// The token that a request shows.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())?;
    let (scheme, token) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(super) fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "sign in first, or again")
}

pub(super) fn database(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "database not asked");
    let detail = "the database does not answer at the moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_DATABASE)
}
