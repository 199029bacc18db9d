//! The life of a job.

use std::sync::Arc;

use frontdesk_rtc::dispatch::Dispatch;
use frontdesk_rtc::token::JoinToken;
use frontdesk_rtc::worker::{Acceptance, Answer, JobEnd, JobOffer, Termination};
use livekit_protocol as proto;
use livekit_signaling::{SignalClient, SignalEvent, SignalOptions};
use proto::signal_response::Message as Response;

use crate::support::{Server, accept, agent, next, until, within};

/// Joins without media: signalling only.
async fn join(
    url: &str,
    token: &str,
) -> (SignalClient, proto::JoinResponse, tokio::sync::mpsc::UnboundedReceiver<SignalEvent>) {
    let mut options = SignalOptions::default();
    options.auto_subscribe = false;
    let (client, response, events) =
        within(SignalClient::connect(url, token, options, None)).await.expect("joins");
    (client, response, events)
}

#[tokio::test]
async fn joining_with_a_callers_token_brings_the_agent_with_its_metadata() {
    let server = Server::start().await;
    let named = |_: JobOffer| async {
        Answer::Accept(Acceptance { name: "Desk".to_owned(), ..Acceptance::default() })
    };
    let (_worker, mut jobs) = server.worker(named).await;
    let metadata = r#"{"clinic":"nile-heart","channel":"web"}"#;
    let token = JoinToken::caller("a-room", "caller-1").agent(agent(metadata));
    let token = token.sign(&server.key()).expect("signed");
    let (caller, joined, mut events) = join(server.livekit.ws_url(), &token).await;
    let job = next(&mut jobs).await;
    assert_eq!((job.info.room.as_str(), job.info.metadata.as_str()), ("a-room", metadata));
    assert_eq!(Some(job.info.room_sid.as_str()), joined.room.as_ref().map(|r| r.sid.as_str()));
    assert_eq!(job.identity, format!("agent-{}", job.info.id));
    assert!(job.info.dispatch_id.starts_with("AD_") && job.info.id.starts_with("AJ_"));
    assert_eq!(job.url, server.livekit.ws_url());

    // The assigned token makes an agent that front ends recognize.
    let (agent, _, _agent_events) = join(&job.url, &job.token).await;
    let seen = within(async {
        loop {
            let event = events.recv().await.expect("the caller is connected");
            let SignalEvent::Message(message) = event else { continue };
            if let Response::Update(update) = *message
                && let Some(agent) =
                    update.participants.into_iter().find(|p| p.identity == job.identity)
            {
                return agent;
            }
        }
    })
    .await;
    assert_eq!(seen.kind(), proto::participant_info::Kind::Agent);
    assert_eq!(seen.name, "Desk");
    for key in ["lk.agent.name", "lk.agent_name"] {
        assert_eq!(seen.attributes.get(key).map(String::as_str), Some("tester"), "{key}");
    }
    assert!(seen.permission.expect("permissions").can_update_metadata);
    job.control.finish(JobEnd::Success);
    agent.close().await;
    caller.close().await;
}

async fn dispatch_until(server: &Server, room: &str, wanted: impl Fn(&Dispatch) -> bool) {
    within(async {
        loop {
            let list = server.api.dispatches(room).await.expect("listed");
            if list.iter().filter(|d| d.agent_name == "tester").any(&wanted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_dispatch_terminates_its_job() {
    let server = Server::start().await;
    let (worker, mut jobs) = server.worker(accept).await;
    let dispatch = server.dispatch("room").await;
    let job = next(&mut jobs).await;
    assert_eq!(job.info.dispatch_id, dispatch);
    dispatch_until(&server, "room", |dispatch| dispatch.jobs.len() == 1).await;
    let other = server.dispatch("other").await;
    assert_ne!(other, dispatch);
    let other = next(&mut jobs).await;

    server.api.delete_dispatch("room", &dispatch).await.expect("deleted");
    assert_eq!(within(job.control.terminated()).await, Termination::Server);
    assert_eq!(worker.status().active_jobs, 2, "it runs until it says that it has ended");
    job.control.finish(JobEnd::Success);
    assert_eq!(worker.status().active_jobs, 1);
    tokio::select! {
        biased;
        _ = other.control.terminated() => panic!("another job was terminated"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn the_number_of_jobs_and_how_they_ended_is_counted() {
    let server = Server::start().await;
    let (worker, mut jobs) = server.worker(accept).await;
    for room in ["well", "badly", "dropped"] {
        server.dispatch(room).await;
    }
    for _ in 0..3 {
        let job = next(&mut jobs).await;
        match job.info.room.as_str() {
            "well" => job.control.finish(JobEnd::Success),
            "badly" => job.control.finish(JobEnd::Failed("the room was full".to_owned())),
            // As when the work on it panics.
            _ => drop(job),
        }
    }
    let status = worker.status();
    assert_eq!((status.active_jobs, status.succeeded, status.failed), (0, 1, 2));
}

#[tokio::test]
async fn what_the_acceptor_reserved_comes_with_the_job() {
    let server = Server::start().await;
    let places = Arc::new(());
    let held = Arc::clone(&places);
    let reserve = move |_: JobOffer| {
        let reservation = Some(Box::new(Arc::clone(&held)) as _);
        async move { Answer::Accept(Acceptance { reservation, ..Acceptance::default() }) }
    };
    let (worker, mut jobs) = server.worker(reserve).await;
    server.dispatch("room").await;
    let job = next(&mut jobs).await;
    assert_eq!(Arc::strong_count(&places), 3);
    drop(job);
    assert_eq!(Arc::strong_count(&places), 2, "the acceptor's and ours");
    until(&worker, frontdesk_rtc::worker::WorkerStatus::is_idle).await;
}

#[tokio::test]
async fn rooms_are_listed_and_deleted() {
    let server = Server::start().await;
    let (_worker, mut jobs) = server.worker(accept).await;
    server.dispatch("a-room").await;
    let job = next(&mut jobs).await;
    let rooms = server.api.rooms().await.expect("listed");
    assert_eq!(rooms.len(), 1);
    assert_eq!((rooms[0].name.as_str(), rooms[0].sid.as_str()), ("a-room", &*job.info.room_sid));
    server.api.delete_room("a-room").await.expect("deleted");
    within(async {
        while !server.api.rooms().await.expect("listed").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let gone = server.api.delete_room("a-room").await.expect_err("it is gone");
    assert!(gone.to_string().starts_with("cannot delete a room"), "{gone}");
}
