//! A real clinic in somebody else's database has slots soon after it has a schedule; operators see
//! what the jobs did, run one themselves, and verify the audit log.

use std::process::Output;
use std::time::Duration;

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::demo;
use frontdesk_tenants::testing::{IDS, TestDb, now, ring};
use rustix::process::Signal;
use tokio::time::Instant;

use crate::desk::{Desk, get};

fn told(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, log) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{log}");
    out + &log
}

#[tokio::test]
async fn a_clinic_in_somebody_elses_database_gets_slots_and_operators_see_its_jobs() {
    let database = TestDb::fresh().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new()
        .with_servers(&database, &livekit)
        .with("FRONTDESK_WORKER_URL", database.worker_url());
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let file = demo::demo_file().expect("demo clinics");
    let made = demo::seed_clinic(database.db(), &ring(), &file.clinics[0], now(), &IDS).await;
    made.expect("a clinic, without slots");
    let begun = Instant::now();
    let slots = async |_: &crate::desk::Process| {
        (database.count("booking_slots").await > 500).then_some(())
    };
    serve.until("the clinic has slots", slots).await;
    assert!(begun.elapsed() < Duration::from_secs(60), "within a minute");
    serve
        .until("metrics tell of the jobs", async |_| {
            let metrics = get(&format!("{url}/metrics")).await.1;
            let tells = |text: &str| metrics.contains(text);
            (tells("frontdesk_job_last_success_seconds{job=\"slots\"}")
                && tells("frontdesk_job_failures_total{job=\"slots\"} 0")
                && tells("frontdesk_events_lag_seconds"))
            .then_some(())
        })
        .await;
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());

    let list = told(&desk.run(&["jobs", "list"]).await, 0);
    for job in ["slots", "holds", "relay", "audit", "tidy", "keys"] {
        assert!(list.lines().any(|line| line.starts_with(job)), "{list}");
    }
    assert!(!list.contains("running now"), "the leases were given back: {list}");
    // What was stopped half-way is done by hand; then there is nothing left to do.
    let by_hand = told(&desk.run(&["jobs", "run", "slots"]).await, 0);
    assert!(by_hand.contains("slots: "), "{by_hand}");
    let again = told(&desk.run(&["jobs", "run", "slots"]).await, 0);
    assert!(again.contains("slots: 0 slots"), "{again}; before it {by_hand}");
    assert!(told(&desk.run(&["jobs", "run", "nothing"]).await, 2).contains("there are slots,"));
    let without = Desk::new().with("DATABASE_URL", database.url());
    let refused = told(&without.run(&["jobs", "run", "relay"]).await, 2);
    assert!(refused.contains("set FRONTDESK_WORKER_URL"), "{refused}");

    // All that was written meanwhile is sealed, and what somebody changes afterwards is found.
    let heads = desk.run(&["audit", "heads"]).await;
    std::fs::write(desk.folder.path().join("heads"), &heads.stdout).expect("kept");
    let verify = ["audit", "verify", "--heads", "heads"];
    assert!(told(&desk.run(&verify).await, 0).contains("ok "));
    database.execute("UPDATE audit_log SET principal = 'user:nobody'").await;
    assert!(told(&desk.run(&verify).await, 1).contains("was changed after it was sealed"));
}
