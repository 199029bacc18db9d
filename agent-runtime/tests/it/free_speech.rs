//! Free speech is heard by whisper where its weights are in the data folder, and by pocketsphinx
//! alone where they are not, or are not what they should be; the log says which in one line.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::desk::{Desk, get};

/// The weights, where there are some: `scripts/test.sh` fetches them.
fn weights() -> Option<PathBuf> {
    let path = std::env::var_os("FRONTDESK_WHISPER").map(PathBuf::from);
    if path.is_none() {
        let mut out = std::io::stderr().lock();
        writeln!(out, "not run: FRONTDESK_WHISPER names no weights").expect("printed");
    }
    path
}

/// A desk whose data folder has this file for whisper's weights.
fn desk(weights: Option<&dyn Fn(&Path)>) -> Desk {
    let desk = Desk::new()
        .with("FRONTDESK_ANNOUNCE", "1")
        .with("FRONTDESK_ALLOW_CALL_CLOCK", "1")
        .with("FRONTDESK_LOG", "info,frontdesk=debug");
    if let Some(weights) = weights {
        let folder = desk.data_dir().join("models");
        std::fs::create_dir_all(&folder).expect("a folder");
        weights(&folder.join("whisper-base-q8_0.bin"));
    }
    desk
}

fn metric(metrics: &str, name: &str) -> f64 {
    let line = |line: &str| line.strip_prefix(name)?.trim().parse().ok();
    metrics.lines().find_map(line).unwrap_or_else(|| panic!("{name} is in {metrics}"))
}

#[tokio::test]
async fn a_spoken_call_has_its_free_turns_heard_by_whisper() {
    let Some(weights) = weights() else { return };
    let desk = desk(Some(&|path| std::os::unix::fs::symlink(&weights, path).expect("a link")));
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    assert!(serve.log().contains("free speech is heard by whisper"), "{}", serve.log());
    let before = get(&format!("{url}/metrics")).await.1;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let calls = metric(&before, "frontdesk_max_calls ");
    assert!(calls >= 1.0 && calls < 20.0 * cores, "{calls} calls: fewer than without");
    let scenario =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/asks_about_insurance_and_hours.yaml");
    let report = desk.folder.path().join("report.json");
    let report = report.to_str().expect("UTF-8");
    let args =
        ["call", "--channel", "web", "--voice", "rms", "--json", report, "--scenario", scenario];
    let output = desk.run(&args).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let json = std::fs::read(report).unwrap_or_else(|error| panic!("no report: {error}; {text}"));
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["wrong_write"], false, "{text}");
    let after = get(&format!("{url}/metrics")).await.1;
    let heard = metric(&after, "frontdesk_second_heard_total ");
    let late = metric(&after, "frontdesk_second_late_total ");
    assert_eq!(metric(&after, "frontdesk_second_failed_total "), 0.0, "{}", serve.log());
    // On a machine that is busy with other tests it may be late each time.
    assert!(heard + late >= 1.0, "{heard} heard, {late} late: {}\n{text}", serve.log());
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}

#[tokio::test]
async fn without_weights_or_with_broken_ones_calls_go_on_and_the_log_says_why() {
    let missing = "whisper's weights are not here, calls are heard by pocketsphinx alone";
    let broken = "whisper cannot be used, calls are heard by pocketsphinx alone";
    let cut_off: &dyn Fn(&Path) =
        &|path| std::fs::write(path, b"lmgg and no more").expect("written");
    for (weights, line) in [(None, missing), (Some(cut_off), broken)] {
        let desk = desk(weights);
        let mut serve = desk.start(&["serve"]);
        let url = serve.url().await;
        serve.ready(&url).await;
        assert!(serve.log().contains(line), "{line}: {}", serve.log());
        serve.signal(Signal::TERM);
        assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    }
}
