//! Twenty telephone calls at once, by sipp: all are answered, all end, and nothing of them is left.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::phone_rig::{NUMBER, Office, PATIENCE};

const CALLS: u32 = 20;

async fn sipp(office: &Office, number: &str, arguments: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().expect("a folder");
    let command = Command::new("sipp")
        .args(["-sn", "uac", "-s", number, "-i", "127.0.0.1", "-nostdin", "-timeout", "60s"])
        .args(arguments)
        .arg(office.sip.to_string())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, command).await.expect("sipp ends");
    output.expect("sipp is missing: run scripts/setup.sh test")
}

#[tokio::test]
async fn twenty_calls_at_once_are_answered_and_leave_nothing() {
    let office = Office::open().await;
    let idle = office.counts();
    assert_eq!((idle.calls, idle.sockets), (0, 0));
    let calls = CALLS.to_string();
    let arguments = ["-m", &calls, "-l", &calls, "-r", &calls, "-d", "2000"];
    let mut most = 0;
    let output = {
        let mut load = Box::pin(sipp(&office, NUMBER, &arguments));
        loop {
            tokio::select! {
                output = &mut load => break output,
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    most = most.max(office.counts().sockets);
                }
            }
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(most, CALLS as usize, "all at the same time");
    office.until("nothing is left", async || (office.counts() == idle).then_some(())).await;
    let metrics = office.metrics().await;
    assert!(metrics.contains("frontdesk_live_calls 0"), "{metrics}");
    assert!(metrics.contains(&format!("frontdesk_calls_started_total {CALLS}")), "{metrics}");

    let unknown = sipp(&office, "+15550000000", &["-m", "1"]).await;
    let text = String::from_utf8_lossy(&unknown.stderr);
    assert!(!unknown.status.success() && text.contains("SIP/2.0 404"), "{text}");
    office.close().await;
}
