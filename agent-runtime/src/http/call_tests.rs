use std::sync::atomic::Ordering;

use livekit_api::access_token::{Claims, TokenVerifier};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::tests::{SECRET, Served, client, serve_behind};
use super::*;

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.body))
    }

    fn claims(&self) -> Claims {
        let token = self.text("participant_token");
        TokenVerifier::with_api_key("key", SECRET).verify(token).expect("a valid token")
    }

    /// What a browser would send back of it.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }

    fn is_problem(&self, status: u16) {
        let kind = self.header("content-type");
        assert_eq!((self.status, kind), (status, "application/problem+json"), "{}", self.body);
        assert_eq!(self.body["status"], status);
        assert!(!self.text("detail").is_empty());
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

impl Served {
    async fn call(&self, clinic: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let url = format!("{}/api/v1/clinics/{clinic}/calls", self.url);
        let mut request = client().post(url).body(body.to_owned());
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await.expect("a body");
        Answer { status, headers, body: serde_json::from_str(&body).expect("JSON") }
    }
}

async fn serve() -> Served {
    serve_behind("").await
}

#[tokio::test]
async fn a_caller_gets_a_room_an_identity_and_a_token_for_just_these_for_two_minutes() {
    let served = serve().await;
    let answer = served.call("nile-heart", "", &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    let keys: Vec<_> = answer.body.as_object().expect("an object").keys().cloned().collect();
    let expected = ["participant_identity", "participant_token", "room_name", "server_url"];
    assert_eq!(keys, expected, "and nothing else");
    assert_eq!(answer.text("server_url"), "ws://127.0.0.1:7880");
    let claims = answer.claims();
    assert_eq!(claims.video.room, answer.text("room_name"));
    assert_eq!(claims.sub, answer.text("participant_identity"));
    assert!(claims.video.room_join && !claims.video.room_admin && !claims.video.hidden);
    assert_eq!(claims.exp - claims.nbf, 120);
    let agents = claims.room_config.expect("a room configuration").agents;
    assert_eq!((agents.len(), agents[0].agent_name.as_str()), (1, "desk"));
    let metadata: Value = serde_json::from_str(&agents[0].metadata).expect("JSON");
    let caller = answer.text("participant_identity");
    assert_eq!(metadata, json!({"clinic": "nile-heart", "channel": "web", "caller": caller}));
    assert_eq!(*served.service.called.lock(), [answer.text("room_name")], "the agent is called");
    let other = served.call("nile-heart", "", &[]).await;
    assert_ne!(other.text("room_name"), answer.text("room_name"));
    assert_ne!(other.text("participant_identity"), answer.text("participant_identity"));
}

#[tokio::test]
async fn channel_and_language_can_be_chosen_and_nothing_else() {
    let served = serve().await;
    let body = r#"{"channel":"text","language":"ar-EG"}"#;
    let answer = served.call("nile-heart", body, &[]).await;
    let agents = answer.claims().room_config.expect("a room configuration").agents;
    let metadata: Value = serde_json::from_str(&agents[0].metadata).expect("JSON");
    assert_eq!((&metadata["channel"], &metadata["language"]), (&json!("text"), &json!("ar-EG")));
    for (body, status) in [
        ("{", 400),
        ("Mary Johnson", 400),
        ("[]", 422),
        (r#"{"channel":"phone"}"#, 422),
        (r#"{"language":"Mary Johnson"}"#, 422),
        (r#"{"language":7}"#, 422),
        (r#"{"room_name":"of my choice"}"#, 422),
        (r#"{"now":"2026-03-02T09:00:00Z"}"#, 422),
    ] {
        served.clock.advance(Duration::from_secs(60));
        served.call("nile-heart", body, &[]).await.is_problem(status);
    }
    let long = format!("{{\"language\":\"{}\"}}", "x".repeat(calls::MAX_BODY));
    served.call("nile-heart", &long, &[]).await.is_problem(413);
    let form = [("content-type", "text/plain")];
    served.call("nile-heart", "{}", &form).await.is_problem(415);
}

#[tokio::test]
async fn no_clinic_no_place_and_no_database_are_problems_that_say_when_to_come_back() {
    let served = serve().await;
    for slug in ["nowhere", "Not%20A%20Slug", "..%2F.."] {
        served.call(slug, "", &[]).await.is_problem(404);
    }
    served.service.full.store(true, Ordering::Relaxed);
    let full = served.call("nile-heart", "", &[]).await;
    full.is_problem(503);
    assert_eq!(full.header("retry-after"), "10");
    served.service.full.store(false, Ordering::Relaxed);
    for part in [&served.service.livekit_down, &served.service.database_down] {
        part.store(true, Ordering::Relaxed);
        let down = served.call("nile-heart", "", &[]).await;
        down.is_problem(503);
        assert!(!down.text("detail").contains("connection refused"), "that is for the log");
        assert!(down.body.get("participant_token").is_none());
        part.store(false, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn one_address_starts_so_many_calls_at_a_clinic_and_then_has_to_wait() {
    let served = serve_behind("127.0.0.1").await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    for _ in 0..10 {
        assert_eq!(served.call("nile-heart", "", &from("203.0.113.9")).await.status, 201);
    }
    let over = served.call("nile-heart", "", &from("203.0.113.9")).await;
    over.is_problem(429);
    assert_eq!(over.header("retry-after"), "7");
    assert_eq!(served.call("nile-heart", "", &from("203.0.113.8")).await.status, 201);
    served.call("nowhere", "", &from("203.0.113.9")).await.is_problem(404);
    served.clock.advance(Duration::from_secs(7));
    assert_eq!(served.call("nile-heart", "", &from("203.0.113.9")).await.status, 201);
    // Over all clinics together.
    let mut statuses = Vec::new();
    for n in 0..60 {
        statuses.push(served.call(&format!("clinic-{n}"), "", &from("203.0.113.7")).await.status);
    }
    assert_eq!((statuses[0], statuses[49], statuses[50]), (404, 404, 429), "{statuses:?}");
}

#[tokio::test]
async fn a_header_that_anybody_can_write_does_not_get_round_the_limit() {
    let served = serve().await;
    for n in 0..10 {
        let address = format!("203.0.113.{n}");
        let answer = served.call("nile-heart", "", &[("x-forwarded-for", &address)]).await;
        assert_eq!(answer.status, 201);
    }
    let forged = served.call("nile-heart", "", &[("x-forwarded-for", "203.0.113.99")]).await;
    forged.is_problem(429);
}

#[tokio::test]
async fn a_browser_comes_back_into_its_own_call_while_that_lasts() {
    let served = serve().await;
    let first = served.call("nile-heart", "", &[]).await;
    let (room, cookie) = (first.text("room_name").to_owned(), first.cookie());
    let again = async |body: &str| served.call("nile-heart", body, &[("cookie", &cookie)]).await;
    assert_eq!(again("").await.status, 201, "not begun: a new one");
    *served.service.lasting.lock() = Some(room.clone());
    served.service.full.store(true, Ordering::Relaxed);
    let back = again("").await;
    assert_eq!(back.status, 200, "its own, though there is no place for another");
    assert_eq!(back.text("room_name"), room);
    assert_eq!(back.text("participant_identity"), first.text("participant_identity"));
    let claims = back.claims();
    assert_eq!((claims.video.room.as_str(), claims.exp - claims.nbf), (room.as_str(), 120));
    assert!(claims.room_config.is_none(), "no second agent");
    assert!(served.service.called.lock().iter().filter(|called| **called == room).count() == 1);
    served.service.full.store(false, Ordering::Relaxed);
    for body in [r#"{"new":true}"#, r#"{"channel":"text"}"#] {
        let other = again(body).await;
        assert_eq!(other.status, 201, "{body}");
        assert_ne!(other.text("room_name"), room);
    }
    assert_eq!(served.call("nile-heart", "", &[]).await.status, 201, "without the cookie");
    *served.service.lasting.lock() = None;
    assert_eq!(again("").await.status, 201, "it is over");
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
    let served = serve_behind("127.0.0.1").await;
    let plain = served.call("nile-heart", "", &[]).await;
    let secure = served.call("nile-heart", "", &[("x-forwarded-proto", "https")]).await;
    for (answer, is_secure) in [(&plain, false), (&secure, true)] {
        let cookie = answer.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        assert!(cookie.contains("Path=/api/v1/clinics/nile-heart/calls;"), "{cookie}");
        assert_eq!(cookie.contains("Secure"), is_secure, "{cookie}");
    }
    let foreign = served.call("nile-heart", "", &[("sec-fetch-site", "cross-site")]).await;
    foreign.is_problem(403);
    let own = served.call("nile-heart", "", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(own.status, 201);
}
