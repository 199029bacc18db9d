//! `frontdesk serve` from start to end.

use rustix::process::Signal;

use crate::desk::{Desk, get};

#[test]
fn it_serves_with_no_configuration_and_stops_its_servers_when_told_to() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url();
    serve.until("it is ready", |_| (get(&format!("{url}/readyz")).0 == 200).then_some(()));
    assert_eq!(get(&format!("{url}/healthz")).0, 200);
    assert_eq!(get(&url), (200, "OK".to_owned()));
    assert!(get(&format!("{url}/worker")).1.contains("\"agent_name\":\"frontdesk\""));
    assert!(get(&format!("{url}/metrics")).1.contains("frontdesk_live_calls 0"));

    let token = desk.run(&["token", "--clinic", "nile-heart", "--json"]);
    assert_eq!(token.status.code(), Some(0));
    let join: serde_json::Value = serde_json::from_slice(&token.stdout).expect("JSON");
    assert!(join["url"].as_str().is_some_and(|url| url.starts_with("ws://127.0.0.1:")));
    assert_eq!(join["token"].as_str().map(|token| token.split('.').count()), Some(3));

    let second = desk.run(&["serve"]);
    assert_eq!(second.status.code(), Some(3), "one runtime at a time uses a data folder");
    let log = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(log.contains("is in use by another frontdesk"), "{log}");
    assert_eq!(get(&format!("{url}/readyz")).0, 200, "the first one does not mind");

    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code(), Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());

    let mut again = desk.start(&["serve"]);
    let url = again.url();
    again.until("it is ready again", |_| (get(&format!("{url}/readyz")).0 == 200).then_some(()));
    again.signal(Signal::INT);
    assert_eq!(again.exit_code(), Some(0), "{}", again.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[test]
fn doctor_finds_nothing_wrong_here_and_names_what_is_missing_elsewhere() {
    let output = Desk::new().run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for check in ["configuration", "data folder", "database", "livekit", "voice", "recognizer"] {
        assert!(text.lines().any(|l| l.starts_with("ok") && l.contains(check)), "{check}:\n{text}");
    }

    let output = Desk::new().with("LIVEKIT_SERVER_BIN", "/nowhere/it").run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let fault = text.lines().find(|line| line.starts_with("FAULT")).expect("a fault");
    assert!(fault.contains("livekit") && fault.contains("LIVEKIT_SERVER_BIN"), "{fault}");
    assert!(text.lines().any(|line| line.starts_with("ok") && line.contains("database")), "{text}");
}
