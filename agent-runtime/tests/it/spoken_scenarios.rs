//! Scenarios spoken to one runtime, in a voice that repeats exactly, and their decisions replayed.

use frontdesk_types::testing::{Person, Redaction};
use rustix::process::Signal;
use serde_json::Value;

use crate::desk::Desk;

/// A booking by specialty, a cancellation, a move, and a wish for a person.
const SPOKEN: [&str; 4] = [
    "books_a_cardiologist_tomorrow",
    "cancels_an_appointment",
    "moves_an_appointment",
    "asks_for_a_person",
];

#[tokio::test]
async fn spoken_scenarios_hold_and_every_decision_is_explained() {
    let desk = Desk::new()
        .with("FRONTDESK_ANNOUNCE", "1")
        .with("FRONTDESK_ALLOW_CALL_CLOCK", "1")
        .with("FRONTDESK_LOG", "info,frontdesk=debug");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/");
    let files = SPOKEN.map(|name| format!("{scenarios}{name}.yaml"));
    let report = desk.folder.path().join("report.json");
    let report = report.to_str().expect("UTF-8");
    let mut args = vec!["call", "--channel", "web", "--voice", "kal16", "--jobs", "2"];
    args.extend(["--verbose", "--json", report, "--scenario"]);
    args.extend(files.iter().map(String::as_str));
    let output = desk.run(&args).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let json = std::fs::read(report).unwrap_or_else(|error| panic!("no report: {error}; {text}"));
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let calls = json["calls"].as_array().expect("calls");
    assert_eq!(calls.len(), SPOKEN.len(), "{text}");
    // Hearing is never certain, and no two renderings of the agent's voice are the same: how often
    // calls succeed is measured (`make bench`). What must hold each time is that nothing wrong is
    // written, and that what most callers say is heard.
    for call in calls {
        assert_eq!(call["wrong_write"], false, "{text}");
    }
    let as_expected = |call: &&Value| {
        let checks = call["checks"].as_array().expect("checks");
        checks.iter().all(|check| check["ok"] == true || check["name"] == "intelligible")
    };
    assert!(calls.iter().filter(as_expected).count() >= SPOKEN.len() - 1, "{text}");
    let of = |key| -> u64 {
        calls.iter().map(|call| call["intelligible"][key].as_u64().unwrap_or_default()).sum()
    };
    let (words, recognized) = (of("words"), of("recognized_words"));
    assert!(words > 100 && recognized * 4 > words * 3, "{recognized} of {words}: {text}");
    for call in calls {
        let turns = call["turns"].as_array().expect("turns");
        let decided = turns.iter().filter(|turn| turn["speech"]["turn_decided_ms"].is_f64());
        assert!(decided.count() > 0, "what the agent decided is known: {call}");
        let id = call["call"].as_str().expect("an id");
        let output = desk.run(&["replay", id, "--json"]).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "the same settings decide the same: {text}");
        let replay: Value = serde_json::from_str(&text).expect("JSON");
        assert!(replay["decisions"].as_array().is_some_and(|all| all.len() > 2), "{text}");
        assert_eq!(replay["changes"], 0, "{text}");
    }
    let id = calls[0]["call"].as_str().expect("an id");
    let other = ["min_delay=1.2s", "default_delay=1.4s"].map(|set| format!("--set={set}"));
    let output = desk.run(&["replay", id, &other[0], &other[1]]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("turn over") && text.contains("decisions changed"), "{text}");

    let redaction = Redaction::watch(vec![
        Person::named("Mary Johnson").phone("+201001234567").born("1984-03-12"),
        Person::named("Omar Khalil").born("1971-11-30"),
    ]);
    redaction.look_at(&serve.log());
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
