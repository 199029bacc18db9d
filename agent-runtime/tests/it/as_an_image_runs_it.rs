//! The server as its image starts it: another user, settings by environment only, nothing written,
//! a health check that asks it.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;

use frontdesk_embedded::testing::test_livekit;
use frontdesk_tenants::testing::TestDb;
use rustix::process::Signal;

use crate::desk::{Desk, get};

/// A user who owns nothing here. Only root may become another one; who is not root already is one.
const NOBODY: u32 = 65_534;

/// Nobody makes a folder here.
const NOWHERE: &str = "/proc/frontdesk";

/// The test's database listens on a socket that only its owner reaches; a container's is reached by
/// everybody who knows the password.
fn open_to_all(database: &str) {
    let url = url::Url::parse(database).expect("a URL");
    let folder = url.query_pairs().find(|(key, _)| key == "host").expect("a socket").1;
    for path in [folder.to_string(), format!("{folder}/.s.PGSQL.5432")] {
        let mode = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(path, mode).expect("opened");
    }
}

#[tokio::test]
async fn a_server_of_another_user_that_writes_nothing_is_ready_when_its_health_check_says_so() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new()
        .with("FRONTDESK_DATA_DIR", NOWHERE)
        .with_servers(&database, &livekit)
        .with("FRONTDESK_DEFAULT_CLINIC", "nile-heart")
        .with("FRONTDESK_LOG_FORMAT", "json");
    // Where another user may run it: folders above the build's may be closed to them.
    let program = desk.folder.path().join("frontdesk");
    std::fs::copy(env!("CARGO_BIN_EXE_frontdesk"), &program).expect("copied");
    let mut command = desk.command_of(&program, &["serve"]);
    command.current_dir("/");
    if rustix::process::geteuid().is_root() {
        open_to_all(&database.url());
        command.as_std_mut().uid(NOBODY).gid(NOBODY);
    }
    let mut serve = desk.spawn(command);
    let url = serve.url().await;
    serve.ready(&url).await;
    let address = url.trim_start_matches("http://").to_owned();
    let probe = Desk::new()
        .with("FRONTDESK_LISTEN", address)
        .with("FRONTDESK_DATA_DIR", NOWHERE)
        .with_servers(&database, &livekit);
    let health = probe.run(&["health"]).await;
    assert_eq!(health.status.code(), Some(0), "{health:?}");
    let page = get(&format!("{url}/call/nile-heart")).await;
    assert_eq!(page.0, 200, "a patient can call");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    let health = probe.run(&["health"]).await;
    assert_eq!(health.status.code(), Some(1), "{health:?}");
    let error = String::from_utf8_lossy(&health.stderr).into_owned();
    assert!(error.contains("/readyz does not answer"), "{error}");
}
