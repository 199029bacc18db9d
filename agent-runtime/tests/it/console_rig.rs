//! A runtime with a supervisor at each of two clinics, and what a console says to it.

use std::time::Duration;

use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_rtc::{Room, RoomOptions};
use frontdesk_tenants::passwords::Passwords;
use frontdesk_tenants::sign_in::give_password;
use frontdesk_tenants::staff::{NewMember, Role, add_member};
use frontdesk_tenants::testing::{IDS, TestDb, now};
use frontdesk_tenants::{By, Principal};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::desk::{Desk, PATIENCE, Process};

pub(crate) const NILE: &str = "nile-heart";
pub(crate) const HARBOR: &str = "harbor-family";
pub(crate) const PASSWORD: &str = "four words make sense";
/// 32 bytes.
const KEYS: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) struct Rig {
    pub(crate) database: TestDb,
    _livekit: TestLiveKit,
    _desk: Desk,
    pub(crate) serve: Process,
    pub(crate) url: String,
}

/// The address of a clinic's supervisor.
pub(crate) fn email(clinic: &str) -> String {
    format!("mona@{clinic}.example.com")
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let database = TestDb::seeded().await;
        let livekit = test_livekit().await.expect("a LiveKit server");
        let passwords = Passwords::default();
        let by = By::principal(Principal::Job("test"));
        for clinic in [NILE, HARBOR] {
            let member = NewMember {
                email: email(clinic).into(),
                name: "Mona Adel".to_owned().into(),
                role: Role::Supervisor,
            };
            let mut tx = database.begin(clinic).await;
            let joined = add_member(&mut tx, &member, &by, now(), &IDS).await.expect("added");
            let hash = passwords.hash(PASSWORD.to_owned().into()).await.expect("hashed");
            let given = give_password(&mut tx, joined.user(), &hash, &by, now()).await;
            assert!(given.expect("given"));
            tx.commit().await.expect("commit");
        }
        let desk = Desk::new().with_servers(&database, &livekit).with("FRONTDESK_JWT_KEYS", KEYS);
        let mut serve = desk.start(&["serve"]);
        let url = serve.url().await;
        serve.ready(&url).await;
        Self { database, _livekit: livekit, _desk: desk, serve, url }
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        frontdesk::tls::install_provider();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build();
        let method = method.parse().expect("a method");
        let mut request = client.expect("a client").request(method, format!("{}{path}", self.url));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let header = |name: &str| {
            let value = answer.headers().get(name).map(|value| value.to_str().expect("text"));
            value.unwrap_or_default().to_owned()
        };
        let (status, set_cookie, kind) =
            (answer.status().as_u16(), header("set-cookie"), header("content-type"));
        let body = answer.text().await.expect("a body");
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        Answer { status, set_cookie, kind, body }
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({"email": email, "password": password});
        self.ask("POST", "/api/v1/auth/login", body, &[]).await
    }

    /// The supervisor of that clinic, signed in.
    pub(crate) async fn supervisor(&self, clinic: &'static str) -> Supervisor<'_> {
        let answer = self.login(&email(clinic), PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        Supervisor { rig: self, token: answer.text("access_token").to_owned() }
    }

    /// A typed call.
    pub(crate) async fn call(&self, clinic: &str) -> Caller {
        let path = format!("/api/v1/clinics/{clinic}/calls");
        let answer = self.ask("POST", &path, json!({"channel": "text"}), &[]).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let options = RoomOptions::new(answer.text("server_url"), answer.text("participant_token"));
        let room = Room::connect(options).await.expect("the token opens its room").0;
        Caller { room, identity: answer.text("participant_identity").to_owned() }
    }
}

pub(crate) struct Caller {
    pub(crate) room: Room,
    pub(crate) identity: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) set_cookie: String,
    pub(crate) kind: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.body))
    }

    pub(crate) fn is_problem(&self, status: u16) {
        let kind = self.kind.as_str();
        assert_eq!((self.status, kind), (status, "application/problem+json"), "{}", self.body);
    }

    /// What a browser would send back of it.
    pub(crate) fn cookie(&self) -> &str {
        self.set_cookie.split(';').next().expect("a cookie")
    }
}

pub(crate) struct Supervisor<'a> {
    rig: &'a Rig,
    token: String,
}

impl Supervisor<'_> {
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.rig.ask(method, path, body, &[("authorization", &bearer)]).await
    }

    pub(crate) async fn calls(&self, clinic: &str) -> Answer {
        self.ask("GET", &format!("/api/v1/clinics/{clinic}/calls/live"), Value::Null).await
    }

    pub(crate) async fn act(&self, clinic: &str, call: &str, act: &str, body: Value) -> Answer {
        self.ask("POST", &format!("/api/v1/clinics/{clinic}/calls/{call}/{act}"), body).await
    }

    pub(crate) async fn ticket(&self, clinic: &str) -> Answer {
        let path = format!("/api/v1/clinics/{clinic}/calls/feed-tickets");
        self.ask("POST", &path, Value::Null).await
    }

    /// The feed, after that event.
    pub(crate) async fn feed(&self, clinic: &str, after: Option<u64>) -> Feed {
        let ticket = self.ticket(clinic).await;
        assert_eq!(ticket.status, 201, "{}", ticket.body);
        let after = after.map_or_else(String::new, |after| format!("&after={after}"));
        let query = format!("ticket={}{after}", ticket.text("ticket"));
        Feed::open(&self.rig.url, clinic, &query).await.expect("the ticket opens the feed")
    }
}

pub(crate) struct Feed {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) first: Value,
    /// The events that were read, oldest first.
    pub(crate) events: Vec<Value>,
}

impl Feed {
    /// Opens it and reads the first message; without a good ticket, the status.
    pub(crate) async fn open(url: &str, clinic: &str, query: &str) -> Result<Self, u16> {
        let host = url.strip_prefix("http://").expect("a URL");
        let url = format!("ws://{host}/api/v1/clinics/{clinic}/calls/feed?{query}");
        let socket = match tokio_tungstenite::connect_async(url).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(answer)) => return Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let mut feed = Self { socket, first: Value::Null, events: Vec::new() };
        feed.first = feed.message().await;
        Ok(feed)
    }

    async fn message(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match message.expect("a message in time").expect("an open feed").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(close) => panic!("closed: {close:?}"),
                _ => {}
            }
        }
    }

    /// Reads events until one is as asked, and gives that.
    pub(crate) async fn until(&mut self, what: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.message().await;
            self.events.push(event.clone());
            if what(&event["what"]) {
                return event;
            }
        }
    }

    pub(crate) async fn close(mut self) {
        self.socket.send(Message::Close(None)).await.expect("closed");
    }
}
