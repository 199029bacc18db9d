//! Ready is who can write; who cannot says so within seconds, and so does who can again.

use std::process::Command;
use std::time::Duration;

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::testing::TestDb;
use tokio::time::Instant;

use crate::desk::{Desk, Process, get};

/// Within what time readiness follows.
const WITHIN: Duration = Duration::from_secs(10);

/// Waits until readiness has that status and gives its body. On a machine where everything is late,
/// the limit counts from the first answer after the change.
async fn becomes(serve: &mut Process, url: &str, status: u16) -> String {
    let begun = Instant::now();
    let body = serve
        .until("readiness follows", async |_| {
            let (found, body) = get(&format!("{url}/readyz")).await;
            (found == status).then_some(body)
        })
        .await;
    assert!(begun.elapsed() < WITHIN, "{status} after {:?}: {body}", begun.elapsed());
    body
}

/// Changes what sessions of the runtime begin with, and ends those that there are.
async fn writes(database: &TestDb, setting: &str) {
    database
        .execute(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER ROLE frontdesk_app IN DATABASE %I {setting}',
                                        current_database()); END $$"
        ))
        .await;
    database
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND usename = 'frontdesk_app'",
        )
        .await;
}

#[tokio::test]
async fn a_database_that_refuses_writes_makes_it_not_ready_and_ready_again_afterwards() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new().with_servers(&database, &livekit);
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    // As a standby that a failover left behind: it answers, and writes nothing.
    writes(&database, "SET default_transaction_read_only = on").await;
    becomes(&mut serve, &url, 503).await;
    // What was found first may be a session that was ended.
    serve
        .until("the reason is told", async |_| {
            let (_, body) = get(&format!("{url}/readyz")).await;
            body.contains("read-only").then_some(())
        })
        .await;
    writes(&database, "RESET default_transaction_read_only").await;
    becomes(&mut serve, &url, 200).await;
}

#[tokio::test]
async fn a_full_disk_makes_it_not_ready_and_ready_again_when_there_is_room() {
    let unshared = |script: &str| Command::new("unshare").args(["-m", "sh", "-c", script]).status();
    if !unshared("mount -t tmpfs none /mnt").is_ok_and(|status| status.success()) {
        eprintln!("not tried: nothing may be mounted here");
        return;
    }
    let desk = Desk::new();
    std::fs::create_dir(desk.data_dir()).expect("a folder");
    let mut command = desk.command_of(std::path::Path::new("unshare"), &["-m", "sh", "-c"]);
    let (program, folder) = (env!("CARGO_BIN_EXE_frontdesk"), desk.data_dir());
    let folder = folder.display();
    command
        .arg(format!("mount -t tmpfs -o size=400m,mode=755 none {folder} && exec {program} serve"));
    let mut serve = desk.spawn(command);
    let url = serve.url().await;
    serve.ready(&url).await;
    // As that process sees it.
    let pid = serve.child.id().expect("it runs");
    let big = format!("/proc/{pid}/root{folder}/big");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", &format!("of={big}"), "bs=1M"])
        .output()
        .expect("dd runs");
    assert!(!filled.status.success(), "until it is full");
    let body = becomes(&mut serve, &url, 503).await;
    assert!(body.contains("MiB are free"), "{body}");
    std::fs::remove_file(&big).expect("room is made");
    becomes(&mut serve, &url, 200).await;
    serve.signal(rustix::process::Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}

#[tokio::test]
async fn a_disk_without_room_for_a_database_is_named_at_the_first_start() {
    let desk = Desk::new();
    std::fs::create_dir(desk.data_dir()).expect("a folder");
    let mut command = desk.command_of(std::path::Path::new("unshare"), &["-m", "sh", "-c"]);
    let (program, folder) = (env!("CARGO_BIN_EXE_frontdesk"), desk.data_dir());
    let folder = folder.display();
    command.arg(format!(
        "mount -t tmpfs -o size=20m,mode=755 none {folder} || exit 77; exec {program} serve"
    ));
    let output = command.output().await.expect("it runs");
    if output.status.code() == Some(77) {
        eprintln!("not tried: nothing may be mounted here");
        return;
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    let line = text.lines().find(|line| line.starts_with("frontdesk: ")).expect("an error");
    assert!(line.contains("no space left on the disk"), "{line}");
}
