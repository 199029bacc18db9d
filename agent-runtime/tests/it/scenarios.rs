//! The library of scenarios, typed to one runtime: three kinds of processes, as in real life.

use frontdesk_types::testing::{Person, Redaction};
use rustix::process::Signal;

use crate::desk::Desk;

/// Scenarios that there are at least.
const AT_LEAST: usize = 24;

#[tokio::test]
async fn every_scenario_holds_typed_and_nobody_is_named_in_the_log() {
    let desk = Desk::new()
        .with("FRONTDESK_ANNOUNCE", "1")
        .with("FRONTDESK_ALLOW_CALL_CLOCK", "1")
        .with("FRONTDESK_LOG", "info,frontdesk=debug");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let report = desk.folder.path().join("report.json");
    let report = report.to_str().expect("UTF-8");
    let args = ["call", "--scenario", scenarios, "--channel", "text", "--jobs", "8"];
    let output = desk.run(&[&args[..], &["--json", report]].concat()).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let json = std::fs::read(report).expect("a report");
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let calls = json["calls"].as_array().expect("calls").len();
    assert!(calls >= AT_LEAST, "only {calls} calls");

    let redaction = Redaction::watch(vec![
        Person::named("Mary Johnson").phone("+201001234567").born("1984-03-12"),
        Person::named("Omar Khalil").born("1971-11-30"),
        Person::named("Robert Green").phone("+201005550111").born("1950-01-25"),
        Person::named("Linda Parker").phone("+12125550177").born("1962-09-17"),
    ]);
    redaction.look_at(&serve.log());
    assert!(redaction.lines() > AT_LEAST, "the log was looked at");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
