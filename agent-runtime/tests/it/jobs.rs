//! Jobs as an operator may get them wrong: refused with a reason in the log, and nothing else.

use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, ApiKey};

use crate::desk::{Desk, get};

/// Key and URL of the server that the runtime embeds.
fn livekit(desk: &Desk) -> (String, serde_json::Value) {
    let read = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(desk.data_dir().join(name)).expect("the server's file");
        serde_json::from_str(&text).expect("JSON")
    };
    let url = format!("ws://127.0.0.1:{}", read("livekit-ports.json")["http"]);
    (url, read("livekit-keys.json"))
}

#[tokio::test]
async fn jobs_without_a_usable_clinic_are_refused_with_one_line_each() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let (livekit, keys) = livekit(&desk);
    let text = |name: &str| keys[name].as_str().expect("text").to_owned();
    let api = ServerApi::new(&livekit, &ApiKey::new(text("api_key"), text("api_secret")));
    for (room, metadata, reason) in [
        ("unknown", r#"{"clinic":"nowhere"}"#, "there is no clinic"),
        ("malformed", "Mary Johnson", "is not a JSON object"),
        ("wrong", r#"{"clinic":7}"#, "expected a clinic's slug"),
    ] {
        let agent = AgentRequest {
            agent_name: "frontdesk".to_owned(),
            metadata: metadata.to_owned(),
            ..AgentRequest::default()
        };
        api.dispatch(room, agent).await.expect("dispatched");
        let refused =
            async |serve: &crate::desk::Process| serve.log().contains(reason).then_some(());
        serve.until("the reason is in the log", refused).await;
        let log = serve.log();
        assert_eq!(log.lines().filter(|line| line.contains(reason)).count(), 1, "{log}");
        assert!(!log.contains("Mary"), "the metadata is not repeated: {log}");
    }
    let metrics = get(&format!("{url}/metrics")).await.1;
    assert!(metrics.contains("frontdesk_calls_started_total 0"), "{metrics}");
    assert!(metrics.contains("frontdesk_live_calls 0"), "every place was given back: {metrics}");
    assert_eq!(get(&format!("{url}/readyz")).await.0, 200);

    // Somebody else's server that refuses the key: one line, and the database stopped again.
    let stranger = Desk::new()
        .with("LIVEKIT_URL", &livekit)
        .with("LIVEKIT_API_KEY", text("api_key"))
        .with("LIVEKIT_API_SECRET", "not the secret of this server, but long enough");
    let output = stranger.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = error.lines().find(|line| line.starts_with("frontdesk: ")).expect("an error");
    assert!(line.contains("LIVEKIT_API_KEY and LIVEKIT_API_SECRET"), "{line}");
    assert_eq!(stranger.leftovers(), Vec::<String>::new());
}
