//! `frontdesk serve` from start to end.

use rustix::process::Signal;

use crate::desk::{Desk, get};

#[tokio::test]
async fn it_serves_with_no_configuration_and_stops_its_servers_when_told_to() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    assert_eq!(get(&format!("{url}/healthz")).await.0, 200);
    assert_eq!(get(&url).await, (200, "OK".to_owned()));
    assert!(get(&format!("{url}/worker")).await.1.contains("\"agent_name\":\"frontdesk\""));
    assert!(get(&format!("{url}/metrics")).await.1.contains("frontdesk_live_calls 0"));

    let token = desk.run(&["token", "--clinic", "nile-heart", "--json"]).await;
    assert_eq!(token.status.code(), Some(0));
    let join: serde_json::Value = serde_json::from_slice(&token.stdout).expect("JSON");
    assert!(join["url"].as_str().is_some_and(|url| url.starts_with("ws://127.0.0.1:")));
    assert_eq!(join["token"].as_str().map(|token| token.split('.').count()), Some(3));

    let second = desk.run(&["serve"]).await;
    assert_eq!(second.status.code(), Some(3), "one runtime at a time uses a data folder");
    let log = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(log.contains("is in use by another frontdesk"), "{log}");
    assert_eq!(get(&format!("{url}/readyz")).await.0, 200, "the first one does not mind");

    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());

    let mut again = desk.start(&["serve"]);
    let url = again.url().await;
    again.ready(&url).await;
    again.signal(Signal::INT);
    assert_eq!(again.exit_code().await, Some(0), "{}", again.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn doctor_finds_nothing_wrong_here_and_names_what_is_missing_elsewhere() {
    let output = Desk::new().run(&["doctor"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for check in [
        "configuration",
        "data folder",
        "disk",
        "time zones",
        "database",
        "schema",
        "transport",
        "key ring",
        "zones",
        "livekit",
        "voice",
        "recognizer",
    ] {
        assert!(text.lines().any(|l| l.starts_with("ok") && l.contains(check)), "{check}:\n{text}");
    }

    let output = Desk::new().with("LIVEKIT_SERVER_BIN", "/nowhere/it").run(&["doctor"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let fault = text.lines().find(|line| line.starts_with("FAULT")).expect("a fault");
    assert!(fault.contains("livekit") && fault.contains("LIVEKIT_SERVER_BIN"), "{fault}");
    assert!(text.lines().any(|line| line.starts_with("ok") && line.contains("database")), "{text}");
}
