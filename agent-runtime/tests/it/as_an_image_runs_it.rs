//! The server as its image starts it: another user, a read-only file system, settings by environment
//! only, a health check that asks it; and a patient calls it.
//!
//! `PROGRAM_UNDER_TEST` names another build of the program, such as the release build of an image.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use frontdesk_embedded::testing::test_livekit;
use frontdesk_rtc::{Room, RoomEvent, RoomOptions, TextStreamOptions};
use frontdesk_tenants::testing::TestDb;
use rustix::process::Signal;
use tokio::process::Command;

use crate::desk::{Desk, PATIENCE, get};

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

fn built() -> PathBuf {
    let other = std::env::var_os("PROGRAM_UNDER_TEST");
    other.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_frontdesk")), PathBuf::from)
}

/// The program as its image runs it. Only root may make a file system read-only and become another
/// user; whoever is not root starts it as it is, and owns nothing that it would write to either.
fn as_the_image_does(desk: &Desk, program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return desk.command_of(program, &["serve"]);
    }
    let script = format!(
        "mount --make-rprivate / && mount -o remount,bind,ro / \\
         && exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups \"$0\" serve"
    );
    let arguments = ["--mount", "--", "sh", "-c", &script];
    let mut command = desk.command_of(Path::new("unshare"), &arguments);
    command.arg(program);
    command
}

/// What is answered to a typed question, in a call that is started as the patient's page does it.
async fn asked_of(url: &str, question: &str, answer: &str) {
    frontdesk::tls::install_provider();
    let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
    let request = client.post(format!("{url}/api/v1/clinics/nile-heart/calls"));
    let request = request.header("content-type", "application/json");
    let given = request.body(r#"{"channel":"text"}"#).send().await.expect("an answer");
    let given: serde_json::Value =
        serde_json::from_str(&given.text().await.expect("a body")).expect("JSON");
    let text = |key: &str| given[key].as_str().unwrap_or_else(|| panic!("{key} in {given}"));
    let options = RoomOptions::new(text("server_url"), text("participant_token"));
    let (patient, mut events) = Room::connect(options).await.expect("joins");
    let mut asked = false;
    loop {
        let event = events.recv().await.expect("the room is open");
        let RoomEvent::TextStream(stream) = event else { continue };
        if stream.info().topic != "lk.transcription" {
            continue;
        }
        let said = stream.read_all().await.expect("read");
        if said.contains(answer) {
            break;
        }
        if !std::mem::replace(&mut asked, true) {
            let chat = TextStreamOptions { topic: "lk.chat".to_owned(), ..Default::default() };
            patient.send_text(question, chat).await.expect("sent");
        }
    }
    patient.close().await;
}

#[tokio::test]
async fn a_server_of_another_user_that_can_write_nothing_is_healthy_and_serves_a_call() {
    let database = TestDb::seeded().await;
    let livekit = test_livekit().await.expect("a livekit-server");
    let desk = Desk::new()
        .with("FRONTDESK_DATA_DIR", NOWHERE)
        .with_servers(&database, &livekit)
        .with("FRONTDESK_DEFAULT_CLINIC", "nile-heart")
        .with("FRONTDESK_LOG_FORMAT", "json");
    // Where another user may run it: folders above the build's may be closed to them.
    let program = desk.folder.path().join("frontdesk");
    std::fs::copy(built(), &program).expect("copied");
    let mut command = as_the_image_does(&desk, &program);
    command.current_dir("/");
    open_to_all(&database.url());
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
    let asking = asked_of(&url, "where are you", "Garden Street");
    tokio::time::timeout(PATIENCE, asking).await.expect("the question is answered");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    let health = probe.run(&["health"]).await;
    assert_eq!(health.status.code(), Some(1), "{health:?}");
    let error = String::from_utf8_lossy(&health.stderr).into_owned();
    assert!(error.contains("/readyz does not answer"), "{error}");
}
