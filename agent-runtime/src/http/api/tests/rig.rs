//! A router on a socket with a login of every role, and what is said to it.

use std::net::SocketAddr;
use std::sync::Arc;

use frontdesk_actors::booking::{SlotRegistry, SlotSettings};
use frontdesk_tenants::patient::{Draft, register};
use frontdesk_tenants::sign_in::SignedIn;
use frontdesk_tenants::staff::{NewMember, Role, add_member};
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use frontdesk_tenants::{By, Database, Principal};
use frontdesk_types::{Clock as _, IdSource, ManualClock, PatientId, Phi, SignInId, UserId};
use reqwest::Method;
use serde_json::Value;

use crate::access_token::AccessKeys;
use crate::config::Networks;
use crate::http::api::{self, Options};
use crate::http::auth::{self, Auth};

pub(super) const NILE: &str = "nile-heart";
pub(super) const HARBOR: &str = "harbor-family";
/// 32 bytes.
const KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(super) struct Rig {
    pub(super) database: TestDb,
    pub(super) clock: Arc<ManualClock>,
    pub(super) url: String,
    keys: AccessKeys,
    client: reqwest::Client,
}

/// A runtime's API on a socket; gives its address.
async fn serve(database: Database, clock: Arc<ManualClock>) -> String {
    let ids: Arc<dyn IdSource> = Arc::new(IDS);
    let (at, own) = (Arc::clone(&clock) as _, Arc::clone(&ids));
    let slots = SlotRegistry::start(database.clone(), at, own, SlotSettings::default()).await;
    let auth = auth::Options {
        database,
        keys: Some(AccessKeys::parse(KEYS).expect("keys")),
        clock,
        ids,
        trusted_proxies: Networks::parse("").expect("no networks"),
    };
    let options = Options { slots: slots.expect("started"), records: Some(Arc::new(ring())) };
    let router = api::router(Arc::new(Auth::new(auth)), options)
        .fallback(crate::http::problem::not_found)
        .method_not_allowed_fallback(crate::http::problem::method_not_allowed)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) tag: String,
    pub(super) replayed: bool,
    set_cookie: String,
    pub(super) request_id: String,
    pub(super) left: String,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.body))
    }

    #[track_caller]
    pub(super) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(super) fn is_problem(&self, status: u16, code: &str) {
        let kind = self.kind.as_str();
        let expected = (status, "application/problem+json", code);
        assert_eq!(
            (self.status, kind, self.body["code"].as_str().unwrap_or("")),
            expected,
            "{}",
            self.body
        );
        assert_eq!(self.body["status"], status);
    }

    /// What a browser would send back of it.
    pub(super) fn cookie(&self) -> &str {
        self.set_cookie.split(';').next().expect("a cookie")
    }

    /// The fields that a problem names, in their order.
    pub(super) fn bad_fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().expect("a name")).collect()
    }

    pub(super) fn items(&self) -> &[Value] {
        self.body["items"].as_array().unwrap_or_else(|| panic!("items in {}", self.body))
    }
}

/// Somebody who is signed in.
pub(super) struct Person<'a> {
    rig: &'a Rig,
    token: String,
    pub(super) user: UserId,
}

impl Rig {
    pub(super) async fn start() -> Self {
        crate::tls::install_provider();
        let database = TestDb::seeded().await;
        let clock = Arc::new(ManualClock::new(now()));
        let url = serve(database.db().clone(), Arc::clone(&clock)).await;
        let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(20)).build();
        let keys = AccessKeys::parse(KEYS).expect("keys");
        Self { database, clock, url, keys, client: client.expect("a client") }
    }

    /// The address of another runtime on the same database.
    pub(super) async fn another(&self) -> String {
        serve(self.database.another(8).await, Arc::clone(&self.clock)).await
    }

    /// A member of that clinic, signed in.
    pub(super) async fn member(&self, clinic: &str, role: Role) -> Person<'_> {
        let by = By::principal(Principal::Job("test"));
        let member = NewMember {
            email: format!("{role}@{clinic}.example.com").into(),
            name: "Mona Adel".to_owned().into(),
            role,
        };
        let mut tx = self.database.begin(clinic).await;
        let joined = add_member(&mut tx, &member, &by, now(), &IDS).await.expect("added");
        tx.commit().await.expect("commit");
        self.sign_in(joined.user()).await
    }

    /// Who operates the installation, signed in.
    pub(super) async fn super_admin(&self) -> Person<'_> {
        let user = UserId::new(&IDS);
        let sql = format!(
            "INSERT INTO users (id, email, name, super_admin)
             VALUES ('{user}', 'root@example.com', 'Root', true)"
        );
        self.database.execute(&sql).await;
        self.sign_in(user).await
    }

    /// Somebody, signed in from now on.
    pub(super) async fn sign_in(&self, user: UserId) -> Person<'_> {
        let who = SignedIn { user, sign_in: SignInId::from_uuid(IDS.uuid()) };
        let sql = format!(
            "INSERT INTO sign_ins (id, user_id, began_at, expires_at)
             VALUES ('{}', '{user}', '{now}', '{now}'::timestamptz + interval '7 days')",
            who.sign_in,
            now = self.clock.wall(),
        );
        self.database.execute(&sql).await;
        let token = self.keys.sign(who, self.clock.wall()).expect("signed");
        Person { rig: self, token, user }
    }

    /// A registered patient of that clinic.
    pub(super) async fn patient(&self, clinic: &str, name: &str) -> PatientId {
        let by = By::principal(Principal::Job("test"));
        let draft = Draft {
            name: Phi::new(name.to_owned()),
            date_of_birth: Phi::new(jiff::civil::date(1980, 5, 4)),
            phone: None,
        };
        let mut tx = self.database.begin(clinic).await;
        let patient = register(&mut tx, &draft, &by, now(), &IDS).await.expect("registered");
        tx.commit().await.expect("commit");
        patient.patient()
    }

    /// Asks without anything but what is given.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut all = headers.to_vec();
        if !body.is_null() {
            all.push(("content-type", "application/json"));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, body, &all).await
    }

    /// As somebody, with a body that may be anything.
    pub(super) async fn text(
        &self,
        who: &Person<'_>,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bearer = format!("Bearer {}", who.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.send(method, path, body.to_owned(), &all).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let header = |name: &str| {
            let value = answer.headers().get(name).map(|value| value.to_str().expect("text"));
            value.unwrap_or_default().to_owned()
        };
        let (kind, tag, replayed) =
            (header("content-type"), header("etag"), header("idempotency-replayed") == "true");
        let (request_id, left) = (header("x-request-id"), header("ratelimit"));
        let (status, set_cookie) = (answer.status().as_u16(), header("set-cookie"));
        let body = answer.text().await.expect("a body");
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        Answer { status, kind, tag, replayed, set_cookie, request_id, left, body }
    }
}

impl Person<'_> {
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.rig.ask(method, path, body, &all).await
    }

    /// A request that can be sent from anywhere, to any runtime.
    pub(super) fn prepared(
        &self,
        method: &str,
        url: &str,
        body: &Value,
        key: &str,
    ) -> reqwest::RequestBuilder {
        let method: Method = method.parse().expect("a method");
        let request = self.rig.client.request(method, url).body(body.to_string());
        let request = request.header("authorization", format!("Bearer {}", self.token));
        request.header("content-type", "application/json").header("idempotency-key", key)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, Value::Null, &[]).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, body, &[]).await
    }

    /// Changes what has that tag.
    pub(super) async fn change(&self, method: &str, path: &str, body: Value, tag: &str) -> Answer {
        self.ask(method, path, body, &[("if-match", tag)]).await
    }
}
