//! With servers of somebody else there is nothing that a runtime has to write.

use frontdesk_embedded::testing::test_livekit;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, ApiKey};
use frontdesk_tenants::testing::TestDb;
use rustix::process::Signal;

use crate::desk::{Desk, Process, get};

/// Nobody makes a folder here, root included.
const NOWHERE: &str = "/proc/frontdesk";

#[tokio::test]
async fn it_serves_without_a_folder_that_it_can_write() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new().with("FRONTDESK_DATA_DIR", NOWHERE).with_servers(&database, &livekit);
    let doctor = desk.run(&["doctor"]).await;
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let folder = found.lines().find(|line| line.contains("data folder")).unwrap_or_default();
    assert!(folder.starts_with("ok") && folder.contains("not needed"), "{found}");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let key = ApiKey::new(livekit.api_key(), livekit.api_secret());
    let agent = AgentRequest {
        agent_name: "frontdesk".to_owned(),
        metadata: r#"{"clinic":"nile-heart"}"#.to_owned(),
        ..AgentRequest::default()
    };
    ServerApi::new(livekit.ws_url(), &key).dispatch("a-room", agent).await.expect("dispatched");
    let taken = async |serve: &Process| serve.log().contains("job taken").then_some(());
    serve.until("it takes a call", taken).await;
    let called = async |_: &Process| {
        let metrics = get(&format!("{url}/metrics")).await.1;
        metrics.contains("frontdesk_jobs_accepted_total 1").then_some(())
    };
    serve.until("the call is counted", called).await;
    serve.signal(Signal::TERM);
    serve.signal(Signal::TERM);
    assert!(matches!(serve.exit_code().await, Some(0 | 4)), "{}", serve.log());
}

#[tokio::test]
async fn where_it_is_to_announce_itself_the_folder_must_be_writable() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new()
        .with("FRONTDESK_ANNOUNCE", "1")
        .with("FRONTDESK_DATA_DIR", NOWHERE)
        .with_servers(&database, &livekit);
    let output = desk.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(3));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = error.lines().find(|line| line.starts_with("frontdesk: ")).expect("an error");
    assert!(line.contains("/proc/frontdesk/runtime.json"), "{line}");
    assert!(line.contains("FRONTDESK_ANNOUNCE=off"), "{line}");
}
