//! Who gets a job.

use std::time::Duration;

use frontdesk_rtc::worker::{Answer, JobOffer, Worker};
use tokio::time::Instant;

use crate::support::{Server, accept, next, refuse, until};

#[tokio::test]
async fn two_workers_share_the_jobs_and_each_job_runs_once() {
    let server = Server::start().await;
    let (_one, mut first) = server.worker(accept).await;
    let (_two, mut second) = server.worker(accept).await;
    let (mut jobs, mut taken) = (Vec::new(), (0, 0));
    for n in 0..24 {
        server.dispatch(&format!("room-{n}")).await;
        let job = tokio::select! {
            job = next(&mut first) => { taken.0 += 1; job }
            job = next(&mut second) => { taken.1 += 1; job }
        };
        assert_eq!(job.info.room, format!("room-{n}"));
        jobs.push(job);
    }
    // The server draws at random; that one of two equals gets none of 24 has odds of 1 to 8 million.
    assert!(taken.0 > 0 && taken.1 > 0, "{taken:?}");
    let mut ids: Vec<_> = jobs.iter().map(|job| job.info.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 24);
}

#[tokio::test]
async fn a_refused_job_goes_to_another_worker() {
    let server = Server::start().await;
    let (refuser, _none) = server.worker(refuse).await;
    let (_taker, mut jobs) = server.worker(accept).await;
    for n in 0..8 {
        server.dispatch(&format!("room-{n}")).await;
        let job = next(&mut jobs).await;
        assert_eq!(job.info.room, format!("room-{n}"));
    }
    let status = refuser.status();
    assert_eq!((status.active_jobs, status.accepted), (0, 0));
    assert_eq!(status.refused, status.offered);
}

#[tokio::test]
async fn a_hanging_acceptor_means_a_refusal_in_time() {
    let server = Server::start().await;
    let mut options = server.options();
    options.accept_within = Duration::from_millis(400);
    let hang = |_: JobOffer| std::future::pending::<Answer>();
    let (hanging, _none) = Worker::start(options, hang).await.expect("registers");
    server.dispatch("room").await;
    until(&hanging, |status| status.unanswered == 1).await;
    // Offered to the one that hangs first, a job comes to the other only after a refusal.
    let (_taker, mut jobs) = server.worker(accept).await;
    let begun = Instant::now();
    let mut n = 0;
    while hanging.status().unanswered < 4 {
        server.dispatch(&format!("room-{n}")).await;
        let mut job = next(&mut jobs).await;
        // The worker counts before it refuses: the first job may still be looking for a taker.
        if job.info.room == "room" {
            job = next(&mut jobs).await;
        }
        assert_eq!(job.info.room, format!("room-{n}"));
        n += 1;
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
    assert_eq!(hanging.status().active_jobs, 0);
}

// The acceptor blocks a thread of the runtime, so there must be another.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_acceptor_that_panics_or_blocks_means_a_refusal_and_the_worker_lives() {
    let server = Server::start().await;
    let mut options = server.options();
    options.accept_within = Duration::from_millis(300);
    let bad = |offer: JobOffer| async move {
        if offer.info.room.ends_with('0') {
            panic!("on purpose");
        }
        let (_sender, receiver) = std::sync::mpsc::channel::<()>();
        let _ = receiver.recv_timeout(Duration::from_secs(2));
        Answer::accept()
    };
    let (worker, _none) = Worker::start(options, bad).await.expect("registers");
    for n in 0..2_u64 {
        server.dispatch(&format!("room-{n}")).await;
        until(&worker, |status| status.unanswered == n + 1).await;
    }
    assert!(worker.status().registered);
    assert_eq!(worker.status().registrations, 1);
}

#[tokio::test]
async fn offers_are_refused_when_nobody_takes_jobs() {
    let server = Server::start().await;
    let (worker, jobs) = server.worker(accept).await;
    drop(jobs);
    server.dispatch("room").await;
    until(&worker, |status| status.turned_away == 1).await;
    assert_eq!(worker.status().accepted, 0);

    let mut options = server.options();
    options.agent_name = "slow".to_owned();
    options.waiting_jobs = 1;
    let (slow, mut jobs) = Worker::start(options, accept).await.expect("registers");
    let mut agent = crate::support::agent("");
    agent.agent_name = "slow".to_owned();
    server.api.dispatch("one", agent.clone()).await.expect("dispatched");
    until(&slow, |status| status.active_jobs == 1).await;
    server.api.dispatch("two", agent.clone()).await.expect("dispatched");
    until(&slow, |status| status.turned_away == 1).await;
    // With the first one taken there is room again.
    let _first = next(&mut jobs).await;
    server.api.dispatch("three", agent).await.expect("dispatched");
    assert_eq!(next(&mut jobs).await.info.room, "three");
}

#[tokio::test]
async fn a_job_can_be_ended_instead_of_taken() {
    let server = Server::start().await;
    let finish =
        |_: JobOffer| async { Answer::Finish { reason: "there is nothing to do".to_owned() } };
    let (worker, _none) = server.worker(finish).await;
    let (other, _none_either) = server.worker(finish).await;
    server.dispatch("room").await;
    let (mut one, mut two) = (worker.watch(), other.watch());
    crate::support::within(async {
        tokio::select! {
            _ = one.wait_for(|status| status.refused == 1) => {}
            _ = two.wait_for(|status| status.refused == 1) => {}
        }
    })
    .await;
    // A success is not offered again; a refusal would have been, at once.
    let (_third, mut jobs) = server.worker(accept).await;
    server.dispatch("other").await;
    until(&worker, |_| true).await;
    let offered = worker.status().offered + other.status().offered;
    assert!(offered <= 2, "{offered}");
    let _ = jobs.try_recv();
}
