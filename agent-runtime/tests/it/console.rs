//! What a console is given and what it is refused, by a runtime with its servers.

use base64::Engine as _;
use frontdesk_rtc::TextStreamOptions;
use serde_json::{Value, json};

use crate::console_rig::{Caller, Feed, HARBOR, NILE, PASSWORD, Rig, email};

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_signs_in_renews_and_signs_out() {
    let rig = Rig::start().await;
    let (wrong, unknown) = (
        rig.login(&email(NILE), "a wrong password").await,
        rig.login("nobody@example.com", PASSWORD).await,
    );
    for answer in [&wrong, &unknown] {
        answer.is_problem(401);
        assert_eq!(answer.set_cookie, "");
    }
    assert_eq!(wrong.body, unknown.body, "one answer, whether the address is known or not");
    let foreign = [("sec-fetch-site", "cross-site")];
    let body = json!({"email": email(NILE), "password": PASSWORD});
    rig.ask("POST", "/api/v1/auth/login", body, &foreign).await.is_problem(403);

    let first = rig.login(&email(NILE), PASSWORD).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!((&first.body["expires_in"], first.text("token_type")), (&json!(900), "Bearer"));
    assert_eq!(
        first.body["clinics"],
        json!([{"slug": NILE, "name": "Nile Heart Clinic", "roles": ["supervisor"]}])
    );
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age=604800"] {
        assert!(first.set_cookie.contains(attribute), "{}", first.set_cookie);
    }
    let me = async |token: &str| {
        let bearer = format!("Bearer {token}");
        rig.ask("GET", "/api/v1/auth/me", Value::Null, &[("authorization", &bearer)]).await
    };
    assert_eq!(me(first.text("access_token")).await.text("name"), "Mona Adel");
    me("made.up.token").await.is_problem(401);
    rig.ask("GET", "/api/v1/auth/me", Value::Null, &[]).await.is_problem(401);

    let cookie = |answer: &crate::console_rig::Answer| answer.cookie().to_owned();
    let post = async |path: &str, cookie: &str| {
        rig.ask("POST", path, Value::Null, &[("cookie", cookie)]).await
    };
    let second = post("/api/v1/auth/refresh", &cookie(&first)).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_ne!(second.cookie(), first.cookie());
    post("/api/v1/auth/refresh", "").await.is_problem(401);
    let out = post("/api/v1/auth/logout", &cookie(&second)).await;
    assert!(out.status == 204 && out.set_cookie.contains("Max-Age=0"), "{}", out.set_cookie);
    post("/api/v1/auth/refresh", &cookie(&second)).await.is_problem(401);
    me(second.text("access_token")).await.is_problem(401);

    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(rig.login(&email(NILE), "a wrong password").await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "limited by address: {statuses:?}");
}

impl Caller {
    async fn types(&self, text: &str) {
        let options =
            TextStreamOptions { topic: "lk.chat".to_owned(), ..TextStreamOptions::default() };
        self.room.send_text(text, options).await.expect("typed");
    }
}

fn is_words<'a>(by: &'a str, part: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |what| {
        let text = what["text"].as_str().unwrap_or_default();
        what["type"] == "words"
            && what["by"] == by
            && what["is_final"] == true
            && text.contains(part)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_a_clinics_calls_in_order_and_nothing_of_another_clinics() {
    let rig = Rig::start().await;
    let (mona, other) = (rig.supervisor(NILE).await, rig.supervisor(HARBOR).await);
    let mut feed = mona.feed(NILE, None).await;
    assert_eq!((&feed.first["type"], &feed.first["calls"]), (&json!("snapshot"), &json!([])));

    let caller = rig.call(NILE).await;
    let started = feed.until(|what| what["type"] == "started").await;
    assert_eq!(started["what"]["state"]["channel"], "text");
    let call = started["call"].as_str().expect("an id").to_owned();
    let here = feed.until(|what| what["type"] == "caller" && what["here"] == true).await;
    assert_eq!(here["what"]["identity"], json!(caller.identity));
    feed.until(is_words("agent", "automatic assistant")).await;
    caller.types("where are you").await;
    feed.until(is_words("caller", "where are you")).await;
    let tool = feed.until(|what| what["type"] == "tool" && !what["result"].is_null()).await;
    assert!(tool["number"].as_u64() > started["number"].as_u64(), "{tool}");
    feed.until(is_words("agent", "Garden Street")).await;
    let numbers: Vec<_> =
        feed.events.iter().map(|event| event["number"].as_u64().expect("a number")).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");

    // Who comes back misses nothing, or is told all of it anew.
    let last = *numbers.last().expect("events");
    feed.close().await;
    caller.types("what are your opening hours").await;
    let mut again = mona.feed(NILE, Some(last)).await;
    assert_eq!(again.first["type"], "resumed");
    again.until(is_words("caller", "opening hours")).await;
    assert_eq!(again.events[0]["number"], last + 1);
    let anew = mona.feed(NILE, Some(1)).await;
    assert_eq!(anew.first["type"], "snapshot", "an event of another time");
    let state = &anew.first["calls"][0];
    assert_eq!(state["call"], json!(call));
    let words = state["words"].as_array().expect("a transcript");
    assert!(words.iter().any(|line| line["text"] == "where are you"), "{state}");

    // The other clinic's supervisor sees nothing of it, and cannot come near it.
    let theirs = other.feed(HARBOR, None).await;
    assert_eq!(theirs.first["calls"], json!([]));
    assert_eq!(other.calls(HARBOR).await.body, json!({"calls": []}));
    other.calls(NILE).await.is_problem(403);
    other.ticket(NILE).await.is_problem(403);
    let ticket = other.ticket(HARBOR).await;
    let open = async |clinic, ticket: &str| {
        Feed::open(&rig.url, clinic, &format!("ticket={ticket}")).await.err()
    };
    assert_eq!(open(NILE, ticket.text("ticket")).await, Some(401), "a ticket of another clinic");
    let once = other.ticket(HARBOR).await;
    assert_eq!(open(HARBOR, once.text("ticket")).await, None);
    assert_eq!(open(HARBOR, once.text("ticket")).await, Some(401), "a ticket counts once");
    assert_eq!(open(NILE, "made-up").await, Some(401));
    rig.ask("GET", "/api/v1/clinics/nile-heart/calls/live", Value::Null, &[]).await.is_problem(401);

    caller.room.close().await;
    let ended = again.until(|what| what["type"] == "ended").await;
    assert_eq!(ended["call"], json!(call));
    assert_eq!(mona.calls(NILE).await.body, json!({"calls": []}));
    assert!(rig.database.count("audit_log WHERE action = 'calls.watched'").await >= 4);
    // Nothing that was said, and nobody's name, in the log.
    let log = rig.serve.log();
    assert!(
        !log.contains("where are you") && !log.contains("Mona") && !log.contains("mona@"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_types_in_the_agents_place_hands_back_and_hangs_up_and_each_act_is_audited() {
    let rig = Rig::start().await;
    let (mona, other) = (rig.supervisor(NILE).await, rig.supervisor(HARBOR).await);
    let mut feed = mona.feed(NILE, None).await;
    let _theirs = other.feed(HARBOR, None).await;
    let caller = rig.call(NILE).await;
    let started = feed.until(|what| what["type"] == "started").await;
    let call = started["call"].as_str().expect("an id").to_owned();
    feed.until(is_words("agent", "automatic assistant")).await;

    // Another clinic's supervisor can do nothing, by neither clinic's path.
    for act in ["listen", "take-over", "hand-back", "hang-up"] {
        other.act(NILE, &call, act, Value::Null).await.is_problem(403);
        other.act(HARBOR, &call, act, Value::Null).await.is_problem(404);
    }
    other.act(HARBOR, &call, "say", json!({"text": "hello"})).await.is_problem(404);
    assert_eq!(
        rig.database.count("audit_log WHERE entity = 'call' AND principal LIKE 'user:%'").await,
        0
    );

    let listen = mona.act(NILE, &call, "listen", Value::Null).await;
    assert_eq!(listen.status, 200, "{}", listen.body);
    let claims = claims(listen.text("participant_token"));
    assert_eq!(
        (&claims["video"]["hidden"], &claims["video"]["canPublish"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&claims["kind"], &claims["video"]["canPublishData"]),
        (&json!("agent"), &json!(false))
    );
    let lasting = claims["exp"].as_i64().expect("a time") - claims["nbf"].as_i64().expect("a time");
    assert!(lasting <= 60, "{claims}");

    mona.act(NILE, &call, "say", json!({"text": "too early"})).await.is_problem(409);
    assert_eq!(mona.act(NILE, &call, "take-over", json!({})).await.status, 204);
    let taken = feed.until(|what| what["type"] == "taken_over").await;
    assert_eq!(
        (&taken["what"]["name"], &taken["what"]["voice"]),
        (&json!("Mona Adel"), &json!(false))
    );
    mona.act(NILE, &call, "say", json!({"text": " "})).await.is_problem(422);
    assert_eq!(mona.act(NILE, &call, "say", json!({"text": "This is Mona."})).await.status, 204);
    feed.until(is_words("supervisor", "This is Mona.")).await;
    caller.types("where are you").await;
    feed.until(is_words("caller", "where are you")).await;
    assert_eq!(mona.act(NILE, &call, "hand-back", Value::Null).await.status, 204);
    feed.until(|what| what["type"] == "handed_back").await;
    mona.act(NILE, &call, "hand-back", Value::Null).await.is_problem(409);
    caller.types("where are you").await;
    feed.until(is_words("agent", "Garden Street")).await;
    let answered =
        feed.events.iter().filter(|event| is_words("agent", "Garden Street")(&event["what"]));
    assert_eq!(answered.count(), 1, "while a supervisor has the call the agent says nothing");
    assert_eq!(mona.act(NILE, &call, "hang-up", Value::Null).await.status, 204);
    feed.until(|what| what["type"] == "ended").await;
    mona.act(NILE, &call, "listen", Value::Null).await.is_problem(404);

    let rows = rig.database.audited(&call).await;
    let acts =
        ["call.listened", "call.taken_over", "call.said", "call.handed_back", "call.hung_up"];
    assert_eq!(rows, acts, "in order, and nothing of what was refused");
}

/// What a token says.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("a token");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    serde_json::from_slice(&claims).expect("JSON")
}
