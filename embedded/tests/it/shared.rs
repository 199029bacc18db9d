//! The servers that other crates' tests use.

use frontdesk_embedded::testing::{test_livekit, test_postgres};
use sqlx::{Connection, PgConnection};

use crate::support::{runs, until};

#[tokio::test]
async fn tests_share_one_postgres() {
    let (one, two) = tokio::join!(test_postgres(), test_postgres());
    let (one, two) = (one.expect("started"), two.expect("shared"));
    assert_eq!(one.url(), two.url());
    let session = PgConnection::connect(two.url()).await.expect("connects");
    session.close().await.expect("closed");
}

#[tokio::test]
async fn a_test_livekit_restarts_on_its_ports_and_goes_with_its_value() {
    let mut server = test_livekit().await.expect("started");
    let url = server.ws_url().to_owned();
    server.kill().await.expect("killed");
    server.start_again().await.expect("started again");
    assert_eq!(server.ws_url(), url);
    let port = url.rsplit(':').next().expect("a port").to_owned();
    let dir = server.folder().to_string_lossy().into_owned();
    drop(server);
    until("its port is free", || std::net::TcpListener::bind(format!("127.0.0.1:{port}")).is_ok())
        .await;
    until("no process of it is left", || runs(&dir).is_empty()).await;
}

/// Not a test: a test process that dies.
#[tokio::test]
#[ignore = "run by other tests"]
async fn a_process_with_a_test_livekit() {
    let server = test_livekit().await.expect("started");
    let dir = crate::support::given_folder();
    std::fs::write(dir.join("url.new"), server.ws_url()).expect("told");
    std::fs::rename(dir.join("url.new"), dir.join("url")).expect("told as a whole");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_test_livekit_does_not_outlive_a_killed_test_process() {
    let dir = crate::support::folder();
    let mut killed = crate::support::runtime("shared::a_process_with_a_test_livekit", dir.path());
    until("it starts", || dir.path().join("url").exists()).await;
    killed.kill().expect("killed");
    killed.wait().expect("gone");
    let url = std::fs::read_to_string(dir.path().join("url")).expect("told");
    let address = url.strip_prefix("ws://").expect("ws").to_owned();
    until("its port is free", || std::net::TcpListener::bind(&*address).is_ok()).await;
}
