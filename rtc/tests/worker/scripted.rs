//! What a livekit-server does not do in a test: assign late or never, fall silent, send nonsense.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_rtc::RetryPolicy;
use frontdesk_rtc::token::ApiKey;
use frontdesk_rtc::worker::{Acceptance, Answer, JobEnd, JobOffer, Worker, WorkerOptions};
use futures_util::{SinkExt, StreamExt};
use livekit_protocol as proto;
use prost::Message as _;
use proto::server_message::Message as FromServer;
use proto::worker_message::Message as ToServer;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::support::{accept, next, until, within};

struct Peer {
    listener: TcpListener,
    options: WorkerOptions,
}

impl Peer {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let key = ApiKey::new("key", "a secret of at least thirty-two characters");
        let mut options = WorkerOptions::new(format!("ws://127.0.0.1:{port}"), key, "tester");
        options.retry = RetryPolicy { base: Duration::from_millis(10), ..RetryPolicy::default() };
        Self { listener, options }
    }

    /// Takes a connection and registers its worker.
    async fn register(&self) -> Wire {
        let (stream, _) = within(self.listener.accept()).await.expect("a connection");
        let mut wire = Wire(within(accept_async(stream)).await.expect("a WebSocket"));
        assert!(matches!(wire.next().await, ToServer::Register(_)));
        wire.send(FromServer::Register(proto::RegisterWorkerResponse {
            worker_id: "AW_scripted".to_owned(),
            ..Default::default()
        }))
        .await;
        assert!(matches!(wire.next().await, ToServer::Ping(_)));
        wire.send(FromServer::Pong(proto::WorkerPong::default())).await;
        wire
    }
}

struct Wire(WebSocketStream<TcpStream>);

impl Wire {
    async fn send(&mut self, message: FromServer) {
        let message = proto::ServerMessage { message: Some(message) };
        self.0.send(Frame::binary(message.encode_to_vec())).await.expect("sent");
    }

    async fn next(&mut self) -> ToServer {
        loop {
            let frame = within(self.0.next()).await.expect("connected").expect("a frame");
            if let Frame::Binary(bytes) = frame {
                let message = proto::WorkerMessage::decode(bytes.as_ref()).expect("protobuf");
                return message.message.expect("a message");
            }
        }
    }

    /// The next message that is neither a ping nor a report of load.
    async fn next_of_jobs(&mut self) -> ToServer {
        loop {
            match self.next().await {
                ToServer::Ping(_) | ToServer::UpdateWorker(_) => {}
                message => return message,
            }
        }
    }

    async fn offer(&mut self, id: &str) -> proto::AvailabilityResponse {
        let job = Some(job(id));
        let request = proto::AvailabilityRequest { job, resuming: false };
        self.send(FromServer::Availability(request)).await;
        self.answer().await
    }

    async fn answer(&mut self) -> proto::AvailabilityResponse {
        match self.next_of_jobs().await {
            ToServer::Availability(answer) => answer,
            other => panic!("not an answer: {other:?}"),
        }
    }

    async fn assign(&mut self, id: &str) {
        self.send(FromServer::Assignment(proto::JobAssignment {
            job: Some(job(id)),
            url: None,
            token: "a token".to_owned(),
        }))
        .await;
    }

    async fn expect_status(&mut self, id: &str, wanted: proto::JobStatus) -> String {
        match self.next_of_jobs().await {
            ToServer::UpdateJob(update) => {
                assert_eq!((update.job_id.as_str(), update.status()), (id, wanted));
                update.error
            }
            other => panic!("not a status: {other:?}"),
        }
    }
}

fn job(id: &str) -> proto::Job {
    let room = proto::Room { name: "room".to_owned(), ..Default::default() };
    proto::Job { id: id.to_owned(), room: Some(room), ..Default::default() }
}

#[tokio::test]
async fn an_acceptance_without_assignment_gives_its_reservation_back() {
    let mut peer = Peer::new().await;
    peer.options.assign_within = Duration::from_millis(200);
    let places = Arc::new(());
    let held = Arc::clone(&places);
    let reserve = move |_: JobOffer| {
        let reservation = Some(Box::new(Arc::clone(&held)) as _);
        async move { Answer::Accept(Acceptance { reservation, ..Acceptance::default() }) }
    };
    let (started, mut wire) =
        tokio::join!(Worker::start(peer.options.clone(), reserve), peer.register());
    let (worker, mut jobs) = started.expect("registers");
    assert!(wire.offer("AJ_1").await.available);
    assert_eq!(Arc::strong_count(&places), 3);
    until(&worker, |status| status.unassigned == 1).await;
    assert_eq!(Arc::strong_count(&places), 2);
    // If the assignment comes all the same, the server learns that nobody is there.
    wire.assign("AJ_1").await;
    let error = wire.expect_status("AJ_1", proto::JobStatus::JsFailed).await;
    assert!(error.contains("too late"), "{error}");
    assert!(jobs.try_recv().is_err());
    assert!(worker.status().is_idle());
}

#[tokio::test]
async fn after_a_lost_connection_the_server_is_told_what_runs_and_what_has_ended() {
    let peer = Peer::new().await;
    let (started, mut wire) =
        tokio::join!(Worker::start(peer.options.clone(), accept), peer.register());
    let (worker, mut jobs) = started.expect("registers");
    for id in ["AJ_runs", "AJ_ends"] {
        assert!(wire.offer(id).await.available);
        wire.assign(id).await;
        wire.expect_status(id, proto::JobStatus::JsRunning).await;
    }
    let (_runs, ends) = (next(&mut jobs).await, next(&mut jobs).await);
    drop(wire);
    until(&worker, |status| !status.registered).await;
    ends.control.finish(JobEnd::Failed("no line".to_owned()));
    let mut wire = peer.register().await;
    match wire.next_of_jobs().await {
        ToServer::MigrateJob(migrate) => assert_eq!(migrate.job_ids, ["AJ_runs"]),
        other => panic!("not the running jobs: {other:?}"),
    }
    let error = wire.expect_status("AJ_ends", proto::JobStatus::JsFailed).await;
    assert_eq!(error, "no line");
}

#[tokio::test]
async fn a_silent_server_is_left_and_tried_again() {
    let mut peer = Peer::new().await;
    peer.options.ping_every = Duration::from_millis(50);
    let (started, silent) =
        tokio::join!(Worker::start(peer.options.clone(), accept), peer.register());
    let (worker, _jobs) = started.expect("registers");
    let _again = peer.register().await;
    until(&worker, |status| status.registrations >= 2).await;
    drop(silent);
}

#[tokio::test]
async fn draining_is_told_before_anything_else_after_a_reconnection() {
    let peer = Peer::new().await;
    let (started, wire) =
        tokio::join!(Worker::start(peer.options.clone(), accept), peer.register());
    let (worker, _jobs) = started.expect("registers");
    drop(wire);
    worker.drain().await;
    let mut wire = peer.register().await;
    match wire.next().await {
        ToServer::UpdateWorker(update) => {
            assert_eq!(update.status(), proto::WorkerStatus::WsFull);
        }
        other => panic!("not a report: {other:?}"),
    }
    assert!(!wire.offer("AJ_late").await.available);
}

#[tokio::test]
async fn nonsense_from_the_server_is_survived() {
    let peer = Peer::new().await;
    let (started, mut wire) =
        tokio::join!(Worker::start(peer.options.clone(), accept), peer.register());
    let (worker, mut jobs) = started.expect("registers");
    for frame in [
        Frame::binary(vec![0xff; 64]),
        Frame::binary(Vec::new()),
        Frame::text("{}"),
        Frame::Ping(Vec::new().into()),
    ] {
        wire.0.send(frame).await.expect("sent");
    }
    for message in [
        FromServer::Availability(proto::AvailabilityRequest::default()),
        FromServer::Assignment(proto::JobAssignment::default()),
        FromServer::Termination(proto::JobTermination { job_id: "AJ_unknown".to_owned() }),
    ] {
        wire.send(message).await;
    }
    assert!(wire.offer("AJ_1").await.available);
    // The same offer twice, and the same assignment twice: one job.
    assert!(wire.offer("AJ_1").await.available);
    wire.assign("AJ_1").await;
    wire.assign("AJ_1").await;
    wire.expect_status("AJ_1", proto::JobStatus::JsRunning).await;
    let job = next(&mut jobs).await;
    assert!(wire.offer("AJ_2").await.available);
    assert!(jobs.try_recv().is_err());
    job.control.finish(JobEnd::Success);
    wire.expect_status("AJ_1", proto::JobStatus::JsSuccess).await;
    assert_eq!(worker.status().registrations, 1);
}

#[tokio::test]
async fn an_offer_that_comes_before_the_registration_is_confirmed_is_answered() {
    let peer = Peer::new().await;
    let offered = async {
        let (stream, _) = within(peer.listener.accept()).await.expect("a connection");
        let mut wire = Wire(within(accept_async(stream)).await.expect("a WebSocket"));
        assert!(matches!(wire.next().await, ToServer::Register(_)));
        wire.send(FromServer::Register(proto::RegisterWorkerResponse::default())).await;
        let request = proto::AvailabilityRequest { job: Some(job("AJ_1")), resuming: false };
        wire.send(FromServer::Availability(request)).await;
        wire.send(FromServer::Pong(proto::WorkerPong::default())).await;
        assert!(matches!(wire.next().await, ToServer::Ping(_)));
        (wire.answer().await, wire)
    };
    let (started, (answer, _wire)) =
        tokio::join!(Worker::start(peer.options.clone(), accept), offered);
    assert!(answer.available && answer.job_id == "AJ_1");
    started.expect("registers");
}
