//! Many callers at once are placed, answered, interrupted and counted.

use crate::desk::Desk;

#[tokio::test]
async fn callers_of_the_bench_profile_are_answered_and_heard() {
    let desk = Desk::new();
    let path = desk.folder.path().join("load.json");
    let mut load = desk.start(&[
        "load",
        "--profile=bench",
        "--calls=4",
        "--turns=2",
        "--barge",
        "--ramp=20",
        "--seconds=1",
        "--json",
        path.to_str().expect("UTF-8"),
    ]);
    assert_eq!(load.exit_code().await, Some(0), "{}\n{}", load.output(), load.log());
    let text = std::fs::read_to_string(&path).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["failures"].as_array().map(Vec::len), Some(0), "{report}");
    assert_eq!(report["response_ms"]["count"], 8, "{report}");
    assert!(report["interruption_ms"]["count"].as_u64() >= Some(1), "{report}");
    let sent = report["packets_sent"].as_f64().expect("counted");
    let decoded = report["packets_decoded"].as_f64().expect("counted");
    // A few are decoded before the caller hears that somebody listens, a few sent while it leaves.
    assert!(decoded > 0.8 * sent && decoded < 1.2 * sent, "{report}");
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}
