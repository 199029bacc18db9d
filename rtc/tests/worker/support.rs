//! A livekit-server of its own per test, and workers on it.

use std::time::Duration;

use frontdesk_embedded::testing::{TestLiveKit, test_livekit};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, ApiKey};
use frontdesk_rtc::worker::{
    Acceptor, Answer, Job, JobOffer, Worker, WorkerHandle, WorkerOptions, WorkerStatus,
};
use tokio::sync::mpsc::Receiver;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Server {
    pub(crate) livekit: TestLiveKit,
    pub(crate) api: ServerApi,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let livekit = test_livekit().await.expect("livekit-server starts");
        let key = ApiKey::new(livekit.api_key(), livekit.api_secret());
        let api = ServerApi::new(livekit.ws_url(), &key);
        Self { livekit, api }
    }

    pub(crate) fn key(&self) -> ApiKey {
        ApiKey::new(self.livekit.api_key(), self.livekit.api_secret())
    }

    pub(crate) fn options(&self) -> WorkerOptions {
        WorkerOptions::new(self.livekit.ws_url(), self.key(), "tester")
    }

    pub(crate) async fn worker(&self, acceptor: impl Acceptor) -> (WorkerHandle, Receiver<Job>) {
        Worker::start(self.options(), acceptor).await.expect("registers")
    }

    /// Asks for the agent in that room; the server asks the workers meanwhile.
    pub(crate) async fn dispatch(&self, room: &str) -> String {
        self.api.dispatch(room, agent("")).await.expect("dispatched").id
    }
}

pub(crate) fn agent(metadata: &str) -> AgentRequest {
    AgentRequest {
        agent_name: "tester".to_owned(),
        metadata: metadata.to_owned(),
        ..Default::default()
    }
}

pub(crate) async fn accept(_: JobOffer) -> Answer {
    Answer::accept()
}

pub(crate) async fn refuse(_: JobOffer) -> Answer {
    Answer::refuse("this one always does")
}

/// The next job.
pub(crate) async fn next(jobs: &mut Receiver<Job>) -> Job {
    within(jobs.recv()).await.expect("a job")
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("done in time, however busy the machine")
}

/// Waits until the worker's status is as wanted.
pub(crate) async fn until(worker: &WorkerHandle, wanted: impl FnMut(&WorkerStatus) -> bool) {
    within(worker.watch().wait_for(wanted)).await.expect("the worker lives");
}
