//! Registering, and registering again.

use std::time::Duration;

use frontdesk_rtc::RetryPolicy;
use frontdesk_rtc::token::ApiKey;
use frontdesk_rtc::worker::{JobEnd, Worker, WorkerError, WorkerOptions};

use crate::support::{Server, accept, next, until, within};

#[tokio::test]
async fn a_restarted_server_gets_the_worker_back_and_running_jobs_go_on() {
    let mut server = Server::start().await;
    let (worker, mut jobs) = server.worker(accept).await;
    server.dispatch("before").await;
    let kept = next(&mut jobs).await;
    server.dispatch("ends-meanwhile").await;
    let ends = next(&mut jobs).await;

    server.livekit.kill().await.expect("killed");
    until(&worker, |status| !status.registered).await;
    ends.control.finish(JobEnd::Success);
    assert_eq!(worker.status().active_jobs, 1);
    server.livekit.start_again().await.expect("started");
    until(&worker, |status| status.registered && status.registrations == 2).await;
    tokio::select! {
        biased;
        _ = kept.control.terminated() => panic!("a running job was given up"),
        () = std::future::ready(()) => {}
    }
    server.dispatch("after").await;
    assert_eq!(next(&mut jobs).await.info.room, "after");
    assert!(worker.status().registered);
}

#[tokio::test]
async fn a_wrong_key_and_an_unusable_url_are_told_at_once() {
    let server = Server::start().await;
    let mut options = server.options();
    options.key = ApiKey::new(server.livekit.api_key(), "x".repeat(40));
    let error = Worker::start(options, accept).await.expect_err("refused");
    assert!(matches!(error, WorkerError::Unauthorized { status: 401 }), "{error}");
    assert!(error.to_string().contains("LIVEKIT_API_SECRET"));
    for url in ["", "127.0.0.1", "ftp://127.0.0.1"] {
        let mut options = server.options();
        options.url = url.to_owned();
        let error = Worker::start(options, accept).await.expect_err("refused");
        assert!(matches!(error, WorkerError::Url { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn an_absent_server_is_tried_as_often_as_the_policy_says() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let key = ApiKey::new("key", "a secret of at least thirty-two characters");
    let mut options = WorkerOptions::new(format!("ws://127.0.0.1:{port}"), key, "tester");
    options.retry =
        RetryPolicy { attempts: 3, base: Duration::from_millis(10), ..RetryPolicy::default() };
    let error = within(Worker::start(options, accept)).await.expect_err("nobody is there");
    assert!(matches!(error, WorkerError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
}
