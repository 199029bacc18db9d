//! The worker's task: connects, registers, answers, reports, and does so again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use livekit_protocol as proto;
use proto::server_message::Message as FromServer;
use proto::worker_message::Message as ToServer;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::end::{JobEnd, Termination};
use super::job::{Acceptance, Acceptor, Answer, Job, JobControl, JobInfo, JobOffer, Reservation};
use super::options::{WorkerError, WorkerOptions};
use super::shared::Shared;
use super::socket::{Incoming, Socket};

/// A connection that broke sooner counts as a failed attempt, so that a server that hangs up on
/// us is not asked again at once, forever.
const STABLE_AFTER: Duration = Duration::from_secs(5);

/// Just below `agents.target_load` of the server's configuration (0.7 unless changed): workers at
/// or above it are not considered, and with no other worker the job is given up.
const TOLD_BELOW: f32 = 0.69;

pub(super) struct Engine {
    options: WorkerOptions,
    acceptor: Arc<dyn Acceptor>,
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

impl Engine {
    pub(super) fn new(
        options: WorkerOptions,
        acceptor: Arc<dyn Acceptor>,
        shared: Arc<Shared>,
        jobs: mpsc::Sender<Job>,
    ) -> Self {
        Self { options, acceptor, shared, jobs }
    }

    /// Registers for the first time, in at most the attempts of the policy.
    pub(super) async fn first_connection(&self) -> Result<Socket, WorkerError> {
        let mut attempt = 0;
        loop {
            let error = match self.register().await {
                Ok(socket) => return Ok(socket),
                Err(error) => error,
            };
            attempt += 1;
            if error.is_final() || attempt >= self.options.retry.attempts {
                return Err(error);
            }
            tracing::warn!(attempt, %error, "worker is not registered yet");
            sleep(self.options.retry.jittered(attempt)).await;
        }
    }

    async fn register(&self) -> Result<Socket, WorkerError> {
        let (socket, worker_id) = Socket::register(&self.options).await?;
        tracing::info!(%worker_id, agent_name = %self.options.agent_name, "worker registered");
        self.shared.status.send_modify(|status| {
            status.registered = true;
            status.worker_id = worker_id;
            status.registrations += 1;
        });
        Ok(socket)
    }

    /// Serves connection after connection until the worker closes.
    pub(super) async fn run(self, socket: Socket) {
        let closing = self.shared.closing.clone();
        let mut next = Some(socket);
        let mut attempt: u32 = 0;
        while !closing.is_cancelled() {
            let begun = Instant::now();
            let lost = match next.take() {
                Some(socket) => Connection::new(&self, socket).serve().await,
                None => {
                    let registered = tokio::select! {
                        registered = self.register() => registered,
                        () = closing.cancelled() => break,
                    };
                    match registered {
                        Ok(socket) => {
                            next = Some(socket);
                            continue;
                        }
                        Err(error) => Err(error),
                    }
                }
            };
            let Err(error) = lost else { break };
            let was_registered = self.shared.status.borrow().registered;
            self.shared.status.send_modify(|status| {
                status.registered = false;
                status.pending_jobs = 0;
            });
            if was_registered && begun.elapsed() >= STABLE_AFTER {
                attempt = 0;
            }
            let wait = self.options.retry.jittered(attempt);
            attempt = attempt.saturating_add(1);
            tracing::warn!(attempt, wait_ms = wait.as_millis(), %error, "worker is not connected");
            tokio::select! {
                () = sleep(wait) => {}
                () = closing.cancelled() => {}
            }
        }
        self.shared.status.send_modify(|status| {
            status.registered = false;
            status.pending_jobs = 0;
        });
        self.shared.terminate_all(Termination::WorkerClosed);
    }

    /// How busy the process is, whatever the source says.
    fn load(&self) -> f32 {
        // A worker that does not know how busy it is should not be given more.
        let load = catch_unwind(AssertUnwindSafe(|| (self.options.load)())).unwrap_or(1.0);
        if load.is_nan() { 1.0 } else { load.clamp(0.0, 1.0) }
    }
}

/// What the acceptor made of an offer.
enum Decision {
    Answered(Answer),
    Slow,
    Panicked,
}

struct Decided {
    info: JobInfo,
    permit: OwnedPermit<Job>,
    decision: Decision,
}

/// An acceptance that waits for its assignment.
struct Accepted {
    permit: OwnedPermit<Job>,
    identity: String,
    reservation: Option<Reservation>,
    deadline: Instant,
}

/// The worker during one connection.
struct Connection<'a> {
    engine: &'a Engine,
    socket: Socket,
    deciding: FuturesUnordered<BoxFuture<'static, Decided>>,
    accepted: BTreeMap<String, Accepted>,
    heard: Instant,
    told: Option<(bool, usize)>,
}

impl<'a> Connection<'a> {
    fn new(engine: &'a Engine, socket: Socket) -> Self {
        Self {
            engine,
            socket,
            deciding: FuturesUnordered::new(),
            accepted: BTreeMap::new(),
            heard: Instant::now(),
            told: None,
        }
    }

    /// Serves until the worker closes (`Ok`) or the connection is lost.
    async fn serve(mut self) -> Result<(), WorkerError> {
        let engine = self.engine;
        let (options, shared) = (&engine.options, &engine.shared);
        let running = shared.running();
        if !running.is_empty() {
            self.socket
                .send(ToServer::MigrateJob(proto::MigrateJobRequest { job_ids: running }))
                .await?;
        }
        let mut report = interval(options.report_every);
        let mut ping = interval(options.ping_every);
        report.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ping.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            self.tell_changes().await?;
            let deadline = self.accepted.values().map(|accepted| accepted.deadline).min();
            tokio::select! {
                incoming = self.socket.next() => {
                    self.heard = Instant::now();
                    if let Incoming::Message(message) = incoming? {
                        self.on_message(*message).await?;
                    }
                }
                Some(decided) = self.deciding.next() => self.on_decided(decided).await?,
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.expire();
                }
                _ = report.tick() => self.report().await?,
                _ = ping.tick() => self.ping().await?,
                () = shared.wake.notified() => {}
                () = shared.closing.cancelled() => {
                    shared.terminate_all(Termination::WorkerClosed);
                    self.tell_changes().await?;
                    self.socket.close().await;
                    return Ok(());
                }
            }
        }
    }

    async fn on_message(&mut self, message: FromServer) -> Result<(), WorkerError> {
        match message {
            FromServer::Availability(request) => self.on_offer(request).await,
            FromServer::Assignment(assignment) => self.on_assignment(assignment).await,
            FromServer::Termination(termination) => {
                tracing::info!(job_id = %termination.job_id, "the server ends a job");
                self.engine.shared.terminate(&termination.job_id, Termination::Server);
                Ok(())
            }
            FromServer::GoAway(_) => {
                let reason = "it asks to connect anew".to_owned();
                Err(WorkerError::Unreachable { reason })
            }
            FromServer::Pong(_) | FromServer::Register(_) => Ok(()),
        }
    }

    async fn on_offer(&mut self, request: proto::AvailabilityRequest) -> Result<(), WorkerError> {
        let Some(job) = request.job else { return Ok(()) };
        let info = JobInfo::from_proto(job);
        let engine = self.engine;
        engine.shared.status.send_modify(|status| status.offered += 1);
        // The place in the queue is taken before the acceptor is asked, so that an accepted job
        // always has one.
        let reason = if engine.shared.is_draining() {
            "the worker drains"
        } else {
            match engine.jobs.clone().try_reserve_owned() {
                Ok(permit) => {
                    self.decide(info, request.resuming, permit);
                    return Ok(());
                }
                Err(TrySendError::Full(_)) => "assigned jobs wait to be taken",
                Err(TrySendError::Closed(_)) => "nobody takes jobs any more",
            }
        };
        tracing::warn!(job_id = %info.id, reason, "refused a job unasked");
        engine.shared.status.send_modify(|status| status.turned_away += 1);
        self.socket.send(refusal(info.id)).await
    }

    /// Asks the acceptor, in a task of its own: it may panic or block.
    fn decide(&mut self, info: JobInfo, resuming: bool, permit: OwnedPermit<Job>) {
        let acceptor = Arc::clone(&self.engine.acceptor);
        let limit = self.engine.options.accept_within;
        let offer = JobOffer { info: info.clone(), resuming };
        let task = tokio::spawn(async move { acceptor.answer(offer).await });
        let task = AbortOnDropHandle::new(task);
        self.deciding.push(Box::pin(async move {
            let decision = match timeout(limit, task).await {
                Ok(Ok(answer)) => Decision::Answered(answer),
                Ok(Err(_)) => Decision::Panicked,
                Err(_) => Decision::Slow,
            };
            Decided { info, permit, decision }
        }));
        self.count_pending();
    }

    async fn on_decided(&mut self, decided: Decided) -> Result<(), WorkerError> {
        let Decided { info, permit, decision } = decided;
        let status = &self.engine.shared.status;
        let message = match decision {
            // Draining began while the acceptor thought: the caller should go where they can stay.
            Decision::Answered(Answer::Accept(_)) if self.engine.shared.is_draining() => {
                tracing::info!(job_id = %info.id, reason = "the worker drains", "refused a job");
                status.send_modify(|status| status.turned_away += 1);
                refusal(info.id)
            }
            Decision::Answered(Answer::Accept(acceptance)) => {
                status.send_modify(|status| status.accepted += 1);
                self.accept(info.id, permit, acceptance)
            }
            Decision::Answered(Answer::Refuse { reason }) => {
                tracing::info!(job_id = %info.id, reason, "refused a job");
                status.send_modify(|status| status.refused += 1);
                refusal(info.id)
            }
            Decision::Answered(Answer::Finish { reason }) => {
                tracing::info!(job_id = %info.id, reason, "ended a job at once");
                status.send_modify(|status| status.refused += 1);
                ToServer::Availability(proto::AvailabilityResponse {
                    job_id: info.id,
                    terminate: true,
                    ..Default::default()
                })
            }
            Decision::Slow | Decision::Panicked => {
                let reason = match decision {
                    Decision::Slow => "the acceptor was too slow",
                    _ => "the acceptor panicked",
                };
                tracing::error!(job_id = %info.id, reason, "refused a job unasked");
                status.send_modify(|status| status.unanswered += 1);
                refusal(info.id)
            }
        };
        self.count_pending();
        self.socket.send(message).await
    }

    fn accept(&mut self, id: String, permit: OwnedPermit<Job>, acceptance: Acceptance) -> ToServer {
        let Acceptance { identity, name, metadata, mut attributes, reservation } = acceptance;
        let identity = identity.unwrap_or_else(|| format!("agent-{id}"));
        // The SDKs write the first, the server the second; front ends read either.
        for key in ["lk.agent.name", "lk.agent_name"] {
            attributes.insert(key.to_owned(), self.engine.options.agent_name.clone());
        }
        let deadline = Instant::now() + self.engine.options.assign_within;
        let accepted = Accepted { permit, identity: identity.clone(), reservation, deadline };
        self.accepted.insert(id.clone(), accepted);
        ToServer::Availability(proto::AvailabilityResponse {
            job_id: id,
            available: true,
            participant_identity: identity,
            participant_name: name,
            participant_metadata: metadata,
            participant_attributes: attributes.into_iter().collect(),
            ..Default::default()
        })
    }

    async fn on_assignment(&mut self, assignment: proto::JobAssignment) -> Result<(), WorkerError> {
        let Some(job) = assignment.job else { return Ok(()) };
        let info = JobInfo::from_proto(job);
        let engine = self.engine;
        let Some(accepted) = self.accepted.remove(&info.id) else {
            if engine.shared.is_running(&info.id) {
                return Ok(());
            }
            // Its place is given away; said loudly, else the caller waits in an empty room.
            tracing::error!(job_id = %info.id, "a job was assigned too late");
            let error = "the assignment came too late".to_owned();
            return self.tell(info.id, proto::JobStatus::JsFailed, error).await;
        };
        let control = JobControl::begin(&info.id, &engine.shared);
        self.count_pending();
        tracing::info!(
            job_id = %info.id, dispatch_id = %info.dispatch_id, room_id = %info.room_sid,
            "job assigned"
        );
        let id = info.id.clone();
        let url = assignment.url.filter(|url| !url.is_empty());
        accepted.permit.send(Job {
            info,
            url: url.unwrap_or_else(|| engine.options.url.clone()),
            token: assignment.token,
            identity: accepted.identity,
            reservation: accepted.reservation,
            control,
        });
        self.tell(id, proto::JobStatus::JsRunning, String::new()).await
    }

    /// Gives up acceptances that the server did not follow by an assignment.
    fn expire(&mut self) {
        let now = Instant::now();
        let shared = &self.engine.shared;
        self.accepted.retain(|id, accepted| {
            let waits = accepted.deadline > now;
            if !waits {
                tracing::warn!(job_id = %id, "an accepted job was not assigned");
                shared.status.send_modify(|status| status.unassigned += 1);
            }
            waits
        });
        self.count_pending();
    }

    fn count_pending(&self) {
        let pending = self.deciding.len() + self.accepted.len();
        self.engine.shared.status.send_if_modified(|status| {
            std::mem::replace(&mut status.pending_jobs, pending) != pending
        });
    }

    /// Tells how jobs ended, and at once when the worker becomes busier, idler or full.
    async fn tell_changes(&mut self) -> Result<(), WorkerError> {
        while let Some((id, end)) = self.engine.shared.to_tell() {
            let (status, error) = match end {
                JobEnd::Success => (proto::JobStatus::JsSuccess, String::new()),
                JobEnd::Failed(error) => (proto::JobStatus::JsFailed, error),
            };
            self.tell(id.clone(), status, error).await?;
            self.engine.shared.told(&id);
        }
        if self.told != Some(self.now()) {
            self.report().await?;
        }
        Ok(())
    }

    fn now(&self) -> (bool, usize) {
        let draining = self.engine.shared.is_draining();
        (draining, self.engine.shared.status.borrow().active_jobs)
    }

    async fn report(&mut self) -> Result<(), WorkerError> {
        let now @ (draining, jobs) = self.now();
        let load = self.engine.load();
        self.engine.shared.status.send_if_modified(|status| {
            let changed = status.load.total_cmp(&load).is_ne();
            status.load = load;
            changed
        });
        let used = load / self.engine.options.full_at.clamp(f32::EPSILON, 1.0);
        let (status, load) = if draining || used >= 1.0 {
            (proto::WorkerStatus::WsFull, 1.0)
        } else {
            (proto::WorkerStatus::WsAvailable, used * TOLD_BELOW)
        };
        self.told = Some(now);
        self.socket
            .send(ToServer::UpdateWorker(proto::UpdateWorkerStatus {
                status: Some(status.into()),
                load,
                job_count: u32::try_from(jobs).unwrap_or(u32::MAX),
                ..Default::default()
            }))
            .await
    }

    async fn ping(&mut self) -> Result<(), WorkerError> {
        if self.heard.elapsed() > self.engine.options.ping_every * 3 {
            let reason = "it has been silent for three pings".to_owned();
            return Err(WorkerError::Unreachable { reason });
        }
        let timestamp = self.engine.options.clock.wall().as_millisecond();
        self.socket.send(ToServer::Ping(proto::WorkerPing { timestamp })).await?;
        self.socket.ping().await
    }

    async fn tell(
        &mut self,
        job_id: String,
        status: proto::JobStatus,
        error: String,
    ) -> Result<(), WorkerError> {
        let status = status.into();
        self.socket
            .send(ToServer::UpdateJob(proto::UpdateJobStatus { job_id, status, error }))
            .await
    }
}

fn refusal(job_id: String) -> ToServer {
    ToServer::Availability(proto::AvailabilityResponse { job_id, ..Default::default() })
}
