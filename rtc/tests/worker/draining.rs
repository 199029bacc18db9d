//! A worker that takes no more jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use frontdesk_rtc::worker::{JobEnd, Termination, Worker};

use crate::support::{Server, accept, next, until, within};

#[tokio::test]
async fn a_draining_worker_gets_no_jobs_and_waits_for_those_that_run() {
    let server = Server::start().await;
    let (draining, mut jobs) = server.worker(accept).await;
    server.dispatch("before").await;
    let running = next(&mut jobs).await;
    let drained = {
        let draining = draining.clone();
        tokio::spawn(async move { draining.drain().await })
    };
    until(&draining, |status| status.draining).await;
    let (_other, mut others) = server.worker(accept).await;
    for n in 0..6 {
        server.dispatch(&format!("after-{n}")).await;
        assert_eq!(next(&mut others).await.info.room, format!("after-{n}"));
    }
    assert!(!drained.is_finished(), "a job runs");
    assert!(draining.status().registered, "it stays for the running job");
    running.control.finish(JobEnd::Success);
    within(drained).await.expect("drained");
}

#[tokio::test]
async fn a_full_worker_is_not_asked() {
    let server = Server::start().await;
    let load = Arc::new(AtomicU32::new(0));
    let mut options = server.options();
    let source = Arc::clone(&load);
    // In tenths; what a source says beyond 0..1 must not reach the server.
    options.load = Arc::new(move || source.load(Ordering::Relaxed) as f32 / 10.0);
    let (busy, mut jobs) = Worker::start(options, accept).await.expect("registers");
    load.store(25, Ordering::Relaxed);
    until(&busy, |status| status.load >= 1.0).await;
    assert!(busy.status().load <= 1.0);
    let (_idle, mut others) = server.worker(accept).await;
    for n in 0..6 {
        server.dispatch(&format!("room-{n}")).await;
        next(&mut others).await;
    }
    assert!(jobs.try_recv().is_err());
    assert_eq!(busy.status().offered, 0);
}

#[tokio::test]
async fn a_worker_that_is_nearly_full_still_gets_jobs() {
    let server = Server::start().await;
    let mut options = server.options();
    options.load = Arc::new(|| 0.98);
    let (_busy, mut jobs) = Worker::start(options, accept).await.expect("registers");
    for n in 0..3 {
        server.dispatch(&format!("room-{n}")).await;
        assert_eq!(next(&mut jobs).await.info.room, format!("room-{n}"));
    }
}

#[tokio::test]
async fn closing_tells_the_jobs_and_leaves_the_server() {
    let server = Server::start().await;
    let (worker, mut jobs) = server.worker(accept).await;
    server.dispatch("room").await;
    let job = next(&mut jobs).await;
    within(worker.close()).await;
    assert_eq!(within(job.control.terminated()).await, Termination::WorkerClosed);
    assert!(!worker.status().registered);
    assert!(within(jobs.recv()).await.is_none(), "no job will come");

    // The last handle that is dropped closes as well.
    let (worker, mut jobs) = server.worker(accept).await;
    drop(worker);
    assert!(within(jobs.recv()).await.is_none());
}
