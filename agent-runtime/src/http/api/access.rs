//! Who asks, at which clinic, and whether they may: the way from a request to a tenant.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use frontdesk_tenants::api_keys::{self, PREFIX, System};
use frontdesk_tenants::permissions::{Permission, Scope, scope};
use frontdesk_tenants::sign_in::{Entry, Person, person};
use frontdesk_tenants::{
    By, Database, Principal, Refusal, Tenant, TenantTx, directory, doctors, once,
};
use frontdesk_types::{DoctorId, IdSource, UserId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Api;
use super::answer::{json, replayed};
use super::around::{Left, Quota};
use super::fault::fault;
use super::input::{self, Input};
use crate::http::auth::{bearer, database, unauthorized};
use crate::http::client::Client;
use crate::http::limits::Limiter;
use crate::http::problem::BadField;
use crate::http::{Problem, request};

/// A request before anything is known of who asks.
pub(super) struct Ask {
    headers: HeaderMap,
    path: HashMap<String, String>,
    query: String,
    client: Client,
    quota: Quota,
}

impl FromRequestParts<Arc<Api>> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, api).await;
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, api).await;
        let peer = peer.map_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)), |peer| peer.0);
        Ok(Self {
            client: Client::of(peer, &parts.headers, &api.shared().trusted_proxies),
            quota: parts.extensions.get::<Quota>().cloned().unwrap_or_default(),
            headers: parts.headers.clone(),
            path: path.map(|path| path.0).unwrap_or_default(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        })
    }
}

impl Ask {
    /// The id that the path names. What cannot be one is not there.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.path.get(name).map_or("", String::as_str);
        text.parse().map_err(|_| not_here(name))
    }

    /// What the query says.
    pub(super) fn query<T: Input>(&self) -> Result<T, Problem> {
        input::of_query(&self.query)
    }

    /// What the body says.
    pub(super) fn body<T: Input>(&self, body: Result<Bytes, BytesRejection>) -> Result<T, Problem> {
        input::of_body(&self.headers, body)
    }

    /// The object that the body is.
    pub(super) fn object(
        &self,
        body: Result<Bytes, BytesRejection>,
    ) -> Result<Map<String, Value>, Problem> {
        input::object(&self.headers, body)
    }

    /// The tag of what must stand for a change to be made (`If-Match`); `None` is any.
    ///
    /// # Errors
    /// 428 without the header.
    pub(super) fn tag(&self) -> Result<Option<String>, Problem> {
        let Some(value) = self.headers.get(header::IF_MATCH) else {
            let detail = "say which version is to be changed: If-Match with the ETag that was read";
            return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, detail));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(None);
        }
        let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // It is no tag of ours, so it is not the one that stands.
        let tag = tag.ok_or_else(|| fault(Refusal::VersionMismatch.into()))?;
        Ok(Some(tag.to_owned()))
    }

    /// As [`Ask::tag`], where it is the number of a version.
    pub(super) fn version(&self) -> Result<Option<i64>, Problem> {
        let Some(tag) = self.tag()? else { return Ok(None) };
        let version = tag.parse().map_err(|_| fault(Refusal::VersionMismatch.into()))?;
        Ok(Some(version))
    }

    /// The idempotency key, if there is one.
    fn key(&self) -> Result<Option<String>, Problem> {
        let Some(value) = self.headers.get("idempotency-key") else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        let right = (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if right {
            return Ok(Some(text.to_owned()));
        }
        let detail = "is 1 to 200 visible characters of ASCII".to_owned();
        let bad = BadField { field: "Idempotency-Key".to_owned(), detail };
        let problem = Problem::new(StatusCode::BAD_REQUEST, "the idempotency key cannot be one");
        Err(problem.errors(vec![bad]))
    }

    /// Counts the request by one limit.
    fn count<K: Eq + Hash + Clone>(
        &self,
        api: &Api,
        name: &'static str,
        limiter: &Limiter<K>,
        key: K,
    ) -> Result<(), Problem> {
        let taken = limiter.take_one(key, api.shared().clock.mono());
        let (requests, full_in) = taken
            .map_err(|wait| request::too_many(&format!("requests, counted by {name}"), wait, ""))?;
        self.quota.note(Left { name, requests, full_in });
        Ok(())
    }

    /// Who asks: somebody who is signed in, or a system with a key. Counted by address and by who it is.
    pub(super) async fn asker(&self, api: &Api) -> Result<Asker, Problem> {
        let shared = api.shared();
        self.count(api, "address", &api.per_address, self.client.network())?;
        let now = shared.clock.wall();
        let count = |principal| self.count(api, "login", &api.per_principal, principal);
        if let Some(key) = bearer(&self.headers).filter(|shown| shown.starts_with(PREFIX)) {
            let system = api_keys::system(&shared.database, key, now).await.map_err(database)?;
            let System { key, tenant, slug, role } = system.ok_or_else(unauthorized)?;
            let principal = Principal::System(key);
            count(principal)?;
            let entry = Entry { tenant, slug, name: String::new(), roles: vec![role] };
            return Ok(Asker { principal, user: None, super_admin: false, clinics: vec![entry] });
        }
        let who = api.auth.signed_in(&self.headers)?;
        let principal = Principal::User(who.user);
        count(principal)?;
        let person = person(&shared.database, who, now).await.map_err(database)?;
        let Person { super_admin, clinics, .. } = person.ok_or_else(unauthorized)?;
        Ok(Asker { principal, user: Some(who.user), super_admin, clinics })
    }

    /// Lets somebody in who may do that in no clinic's name: who operates the installation.
    pub(super) async fn everywhere(
        &self,
        api: &Api,
        permission: Permission,
    ) -> Result<(By, Timestamp), Problem> {
        let person = self.asker(api).await?;
        if scope(person.super_admin, &[], permission).is_none() {
            let detail = format!("you have not got {permission}");
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let by = By { principal: person.principal, key: self.key()?, simulated: false };
        Ok((by, api.shared().clock.wall()))
    }

    /// Lets somebody in who may do that at the clinic that the path names. The clinic comes from the path
    /// and is checked against their memberships; whoever is no member learns nothing of it.
    pub(super) async fn enter<'a>(
        &self,
        api: &'a Api,
        permission: Permission,
    ) -> Result<At<'a>, Problem> {
        let person = self.asker(api).await?;
        let shared = api.shared();
        let slug = self.path.get("clinic").map_or("", String::as_str);
        let entry = person.clinics.into_iter().find(|entry| entry.slug == slug);
        let (tenant, roles) = match entry {
            Some(entry) => (Some(entry.tenant), entry.roles),
            None if person.super_admin => {
                let clinic = directory::clinic_by_slug(&shared.database, slug).await;
                (clinic.map_err(fault)?.and_then(|clinic| clinic.tenant()), Vec::new())
            }
            None => (None, Vec::new()),
        };
        let reach = scope(person.super_admin, &roles, permission);
        let (Some(tenant), Some(scope)) = (tenant, reach) else {
            let detail = format!("you have not got {permission} at {slug:?}");
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        };
        self.count(api, "clinic", &api.per_clinic, tenant.clinic())?;
        let by = By { principal: person.principal, key: self.key()?, simulated: false };
        let (user, super_admin, now) = (person.user, person.super_admin, shared.clock.wall());
        Ok(At { api, tenant, user, by, scope, now, roles, super_admin })
    }
}

/// Who asks, before it is known where.
pub(super) struct Asker {
    principal: Principal,
    user: Option<UserId>,
    pub(super) super_admin: bool,
    /// Where they may go.
    pub(super) clinics: Vec<Entry>,
}

/// Somebody who was let in.
pub(super) struct At<'a> {
    pub(super) api: &'a Api,
    pub(super) tenant: Tenant,
    user: Option<UserId>,
    /// Who asks, under which idempotency key.
    pub(super) by: By,
    /// How far their permission reaches.
    pub(super) scope: Scope,
    pub(super) now: Timestamp,
    roles: Vec<frontdesk_tenants::staff::Role>,
    super_admin: bool,
}

impl At<'_> {
    pub(super) fn db(&self) -> &Database {
        &self.api.shared().database
    }

    pub(super) fn ids(&self) -> &dyn IdSource {
        self.api.shared().ids.as_ref()
    }

    pub(super) async fn begin(&self) -> Result<TenantTx, Problem> {
        TenantTx::begin(self.db(), &self.tenant).await.map_err(fault)
    }

    /// The answer that this request got before under its key; `None` if it is to be done now. From here
    /// to the end of the transaction the key is this request's.
    ///
    /// # Errors
    /// 422 if the key was another request's, 409 while the first one runs.
    pub(super) async fn answered(
        &self,
        tx: &mut TenantTx,
        operation: &str,
        request: &impl Serialize,
    ) -> Result<Option<Value>, Problem> {
        once::first_answer(tx, operation, &self.by, request, self.now).await.map_err(fault)
    }

    /// Keeps what a repetition of this request needs to be answered: ids, and nobody's data.
    pub(super) async fn keep(
        &self,
        tx: &mut TenantTx,
        operation: &str,
        request: &impl Serialize,
        answer: &Value,
    ) -> Result<(), Problem> {
        once::keep_answer(tx, operation, &self.by, request, answer, self.now).await.map_err(fault)
    }

    /// Does something once for a key, which is a transaction of its own elsewhere: who repeats it gets the
    /// first answer. The key is held meanwhile, on a connection that is not used otherwise, so few do so
    /// at once.
    pub(super) async fn once<T: Serialize>(
        &self,
        operation: &str,
        request: &impl Serialize,
        status: StatusCode,
        done: impl Future<Output = Result<T, Problem>>,
    ) -> Result<Response, Problem> {
        if self.by.key.is_none() {
            return Ok(json(status, done.await?));
        }
        let place = self.api.keyed.acquire().await;
        let mut tx = self.begin().await?;
        let again = self.answered(&mut tx, operation, request).await?;
        let replay = again.is_some();
        let body = match again {
            Some(mut kept) => kept["body"].take(),
            None => {
                let body = serde_json::to_value(done.await?).unwrap_or_default();
                let kept = serde_json::json!({ "body": body });
                self.keep(&mut tx, operation, request, &kept).await?;
                body
            }
        };
        tx.commit().await.map_err(fault)?;
        drop(place);
        Ok(replayed(json(status, body), replay))
    }

    /// Whether they have another permission as well.
    ///
    /// # Errors
    /// 403 if they have not.
    pub(super) fn may_also(&self, permission: Permission) -> Result<(), Problem> {
        if scope(self.super_admin, &self.roles, permission) == Some(Scope::All) {
            return Ok(());
        }
        let detail = format!("you have not got {permission} here");
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// The one doctor to whom their permission reaches; `None` if it reaches to all.
    pub(super) async fn only(&self, tx: &mut TenantTx) -> Result<Option<DoctorId>, Problem> {
        if self.scope == Scope::All {
            return Ok(None);
        }
        let own = match self.user {
            Some(user) => doctors::of_user(tx, user).await.map_err(fault)?,
            None => None,
        };
        own.map(Some).ok_or_else(|| {
            let detail = "your login is that of no doctor here; an administrator sets it";
            Problem::new(StatusCode::FORBIDDEN, detail).code("no_doctor")
        })
    }

    /// Whether their permission reaches to that doctor.
    ///
    /// # Errors
    /// 403 if it does not.
    pub(super) async fn reaches(&self, tx: &mut TenantTx, doctor: DoctorId) -> Result<(), Problem> {
        match self.only(tx).await? {
            Some(own) if own != doctor => {
                let detail = "that is another doctor's";
                Err(Problem::new(StatusCode::FORBIDDEN, detail))
            }
            _ => Ok(()),
        }
    }
}

/// There is no such thing at this clinic.
pub(super) fn not_here(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("the clinic has no such {what}"))
}
