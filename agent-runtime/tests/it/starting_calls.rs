//! Starting a call as a front end does, against a runtime with its servers.

use std::time::Duration;

use frontdesk_rtc::{Room, RoomOptions};
use serde_json::Value;

use crate::desk::{Desk, get};
use crate::typist::Typist;

struct Answer {
    status: u16,
    cookie: String,
    retry_after: String,
    body: Value,
}

impl Answer {
    fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("{key} in {}", self.body))
    }

    fn options(&self) -> RoomOptions {
        RoomOptions::new(self.text("server_url"), self.text("participant_token"))
    }

    async fn join(&self) -> Room {
        Room::connect(self.options()).await.expect("the token opens its room").0
    }
}

async fn start(url: &str, clinic: &str, cookie: &str) -> Answer {
    frontdesk::tls::install_provider();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
    let request = client.expect("a client").post(format!("{url}/api/v1/clinics/{clinic}/calls"));
    let request = request.header("content-type", "application/json").header("cookie", cookie);
    let answer = request.body(r#"{"channel":"text"}"#).send().await.expect("an answer");
    let header = |name: &str| {
        let value = answer.headers().get(name).map(|value| value.to_str().expect("text"));
        value.unwrap_or_default().to_owned()
    };
    let cookie = header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let (status, retry_after) = (answer.status().as_u16(), header("retry-after"));
    let body = answer.text().await.expect("a body");
    let body = serde_json::from_str(&body).unwrap_or_else(|_| panic!("not JSON: {body}"));
    Answer { status, cookie, retry_after, body }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_started_come_back_to_and_refused_to_the_next_one_while_it_lasts() {
    let desk = Desk::new().with("FRONTDESK_MAX_CALLS", "1");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    assert!(serve.output().contains("/call/nile-heart to call it"), "{}", serve.output());
    assert_eq!(start(&url, "nowhere", "").await.status, 404);

    let first = start(&url, "nile-heart", "").await;
    assert_eq!(first.status, 201, "{}", first.body);
    let patient = first.join().await;
    let metrics = format!("{url}/metrics");
    let calls = async |number: &str| {
        let line = format!("frontdesk_live_calls {number}.0\n");
        get(&metrics).await.1.contains(&line).then_some(())
    };
    serve.until("the call has begun", async |_| calls("1").await).await;
    let agent = async |_: &crate::desk::Process| {
        let here = patient.participants().iter().any(|p| p.identity.starts_with("agent-"));
        here.then_some(())
    };
    serve.until("the agent is there", agent).await;

    // Four more may wait for the place; the next is refused.
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let next = start(&url, "nile-heart", "").await;
        assert_eq!(next.status, 201, "{}", next.body);
        waiting.push(next.join().await);
        let number = waiting.len();
        let line = format!("frontdesk_waiting_calls {number}.0\n");
        let waits =
            async |_: &crate::desk::Process| get(&metrics).await.1.contains(&line).then_some(());
        serve.until("they wait", waits).await;
    }
    let next = start(&url, "nile-heart", "").await;
    assert_eq!((next.status, next.retry_after.as_str()), (503, "10"), "{}", next.body);
    let back = start(&url, "nile-heart", &first.cookie).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert_eq!(back.text("room_name"), first.text("room_name"));
    assert_eq!(back.text("participant_identity"), first.text("participant_identity"));
    let again = back.join().await;
    assert!(get(&metrics).await.1.contains("frontdesk_calls_started_total 1.0\n"), "the same call");

    for waits in waiting {
        waits.close().await;
    }
    again.close().await;
    patient.close().await;
    let over = async |_: &crate::desk::Process| {
        let metrics = get(&metrics).await.1;
        let none = ["frontdesk_waiting_calls 0.0\n", "frontdesk_live_calls 0.0\n"];
        none.iter().all(|line| metrics.contains(line)).then_some(())
    };
    serve.until("the call is over, and nobody waits any more", over).await;
    let other = start(&url, "nile-heart", &first.cookie).await;
    assert_eq!(other.status, 201, "{}", other.body);
    assert_ne!(other.text("room_name"), first.text("room_name"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reloads_the_page_goes_on_and_who_has_got_hold_of_a_token_identifies_first() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let first = start(&url, "nile-heart", "").await;
    let mut patient = Typist::enter(first.options()).await;
    patient.hears("automatic assistant").await;
    let (who, asks) = ("I am Mary Johnson, born 12 March 1984.", "When is my appointment?");
    patient.asks(&format!("{who} {asks}"), &["no appointment"]).await;

    let back = start(&url, "nile-heart", &first.cookie).await;
    assert_eq!(back.status, 200, "{}", back.body);
    let mut reloaded = Typist::enter(back.options()).await;
    let told = reloaded.asks(asks, &["no appointment", "full name"]).await;
    assert!(!told.contains("full name") && !told.contains("joined again"), "{told}");

    // The token of the beginning, and one that has been used: neither shows whose it is.
    for stolen in [first.options(), back.options()] {
        let mut thief = Typist::enter(stolen).await;
        thief.hears("joined again").await;
        let told = thief.asks(asks, &["no appointment", "full name"]).await;
        assert!(told.contains("full name") && !told.contains("no appointment"), "{told}");
    }
    // Whoever knows name and date of birth is the patient, also from another device.
    let again = start(&url, "nile-heart", &first.cookie).await;
    let mut patient = Typist::enter(again.options()).await;
    let told = patient.asks(who, &["no appointment"]).await;
    assert!(!told.contains("joined again"), "{told}");
    patient.leaves().await;
}
