use std::sync::atomic::{AtomicBool, Ordering};

use frontdesk_rtc::token::ApiKey;
use frontdesk_types::{ManualClock, SystemIds};
use reqwest::StatusCode;

use super::*;
use crate::join_token::TokenSigner;

/// A runtime whose state the test sets. It has the clinic nile-heart.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) registered: AtomicBool,
    draining: AtomicBool,
    pub(super) database_down: AtomicBool,
    disk_full: AtomicBool,
    pub(super) full: AtomicBool,
    /// The room whose call is under way.
    pub(super) lasting: parking_lot::Mutex<Option<String>>,
    /// Rooms into which the agent was called.
    pub(super) called: parking_lot::Mutex<Vec<String>>,
    /// LiveKit's server does not answer.
    pub(super) livekit_down: AtomicBool,
}

pub(super) const SECRET: &str = "a secret of more than thirty-two letters";

fn signer() -> TokenSigner {
    TokenSigner {
        url: "ws://127.0.0.1:7880".to_owned(),
        key: ApiKey::new("key", SECRET),
        agent_name: "desk".to_owned(),
    }
}

impl Service for Scripted {
    fn worker(&self) -> WorkerStatus {
        let mut status = WorkerStatus::default();
        status.registered = self.registered.load(Ordering::Relaxed);
        status.draining = self.draining.load(Ordering::Relaxed);
        "desk".clone_into(&mut status.agent_name);
        status.active_jobs = 2;
        status
    }

    async fn database(&self) -> Result<(), String> {
        if self.database_down.load(Ordering::Relaxed) {
            return Err("connection refused".to_owned());
        }
        Ok(())
    }

    fn disk(&self) -> Result<(), String> {
        if self.disk_full.load(Ordering::Relaxed) {
            Err("3 MiB are free".to_owned())
        } else {
            Ok(())
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let sample = |name, kind, values| Sample { name, help: "A number", kind, values };
        let ended = Values::Labelled("outcome", vec![("booked".to_owned(), 2.0)]);
        vec![
            sample("calls_started", Kind::Counter, Values::Single(3.0)),
            sample("calls_ended", Kind::Counter, ended),
            sample("live_calls", Kind::Gauge, Values::Single(2.0)),
        ]
    }

    async fn clinic(&self, slug: &str) -> Result<Option<PublicClinic>, String> {
        self.database().await?;
        let clinic = PublicClinic {
            name: "Nile <Heart> \"Clinic\"".to_owned(),
            phone: "+20235550100".to_owned(),
            emergency_number: "123".to_owned(),
            speaks: vec!["en".to_owned()],
        };
        Ok((slug == "nile-heart").then_some(clinic))
    }

    fn has_place(&self) -> Result<(), &'static str> {
        if self.full.load(Ordering::Relaxed) { Err("all lines are busy") } else { Ok(()) }
    }

    async fn call_lasts(&self, room: &str) -> bool {
        self.lasting.lock().as_deref() == Some(room)
    }

    fn join(&self, request: &TokenRequest) -> Result<Join, TokenError> {
        signer().join(request, &SystemIds)
    }

    async fn call_agent(&self, join: &Join) -> Result<(), String> {
        if self.livekit_down.load(Ordering::Relaxed) {
            return Err("connection refused".to_owned());
        }
        self.called.lock().push(join.room.clone());
        Ok(())
    }

    fn rejoin(&self, room: String, identity: String, ttl: Duration) -> Result<Join, TokenError> {
        signer().rejoin(room, identity, ttl, &SystemIds)
    }
}

/// A router on a socket of its own, with the clock that its limits go by.
pub(super) struct Served {
    pub(super) service: Arc<Scripted>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) url: String,
}

/// Ends with the test's runtime. `proxies` are trusted.
pub(super) async fn serve_behind(proxies: &str) -> Served {
    let service = Arc::new(Scripted::default());
    let now = "2026-11-27T12:00:00Z".parse().expect("a moment");
    let clock = Arc::new(ManualClock::new(now));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let options = Options {
        clock: Arc::<ManualClock>::clone(&clock),
        calls_per_minute: 10,
        trusted_proxies: Networks::parse(proxies).expect("networks"),
        key: ApiKey::new("key", SECRET),
        livekit_url: "ws://127.0.0.1:7880".to_owned(),
        default_clinic: Some("nile-heart".to_owned()),
    };
    let router = router(Arc::clone(&service), options, None);
    let router = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Served { service, clock, url: format!("http://{address}") }
}

async fn serve() -> (Arc<Scripted>, String) {
    let served = serve_behind("").await;
    (served.service, served.url)
}

pub(super) fn client() -> reqwest::Client {
    crate::tls::install_provider();
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build();
    client.expect("a client")
}

async fn get(url: &str) -> (StatusCode, String, String) {
    read(client().get(url).send().await.expect("an answer")).await
}

async fn read(answer: reqwest::Response) -> (StatusCode, String, String) {
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().expect("text"));
    let kind = kind.unwrap_or_default().to_owned();
    (answer.status(), kind, answer.text().await.expect("a body"))
}

#[tokio::test]
async fn ready_means_database_disk_worker_and_not_draining() {
    let (service, url) = serve().await;
    let ready = async || get(&format!("{url}/readyz")).await;
    let (status, _, body) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("not registered with LiveKit"), "{body}");
    service.registered.store(true, Ordering::Relaxed);
    assert_eq!(ready().await.0, StatusCode::OK);
    service.database_down.store(true, Ordering::Relaxed);
    let (status, _, body) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("connection refused"), "{body}");
    service.database_down.store(false, Ordering::Relaxed);
    service.disk_full.store(true, Ordering::Relaxed);
    let (status, _, body) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("3 MiB are free"), "{body}");
    service.disk_full.store(false, Ordering::Relaxed);
    assert_eq!(ready().await.0, StatusCode::OK);
    service.draining.store(true, Ordering::Relaxed);
    assert_eq!(ready().await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&format!("{url}/healthz")).await.0, StatusCode::OK, "alive all the same");
}

#[tokio::test]
async fn the_worker_answers_what_livekits_tools_ask() {
    let (service, url) = serve().await;
    assert_eq!(get(&url).await.0, StatusCode::SERVICE_UNAVAILABLE);
    service.registered.store(true, Ordering::Relaxed);
    let (status, _, body) = get(&url).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "OK"));
    let (_, _, body) = get(&format!("{url}/worker")).await;
    let worker: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(worker["agent_name"], "desk");
    assert_eq!(worker["active_jobs"], 2);
    assert_eq!(worker["worker_type"], "JT_ROOM");
    assert_eq!(worker["protocol_version"], 1);
}

#[tokio::test]
async fn metrics_are_openmetrics_text() {
    let (_, url) = serve().await;
    let (status, kind, body) = get(&format!("{url}/metrics")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    assert!(body.contains("# TYPE frontdesk_calls_started counter\n"), "{body}");
    assert!(body.contains("frontdesk_calls_started_total 3.0\n"), "{body}");
    assert!(body.contains("frontdesk_calls_ended_total{outcome=\"booked\"} 2.0\n"), "{body}");
    assert!(body.contains("frontdesk_live_calls 2.0\n"), "{body}");
    assert!(body.ends_with("# EOF\n"), "{body}");
}

#[tokio::test]
async fn errors_are_problem_details() {
    let (_, url) = serve().await;
    for (path, status) in [("/nowhere", 404), ("/assets/nothing.js", 404)] {
        let (code, kind, body) = get(&format!("{url}{path}")).await;
        assert_eq!((code.as_u16(), kind.as_str()), (status, "application/problem+json"));
        let problem: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(problem["status"], status);
    }
    let answer = client().delete(format!("{url}/healthz")).send().await;
    let (code, kind, _) = read(answer.expect("an answer")).await;
    assert_eq!((code.as_u16(), kind.as_str()), (405, "application/problem+json"));
}
