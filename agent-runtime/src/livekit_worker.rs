//! Jobs of LiveKit to calls of the switchboard. Thin: the intake decides, the switchboard carries out.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_actors::CallEnd;
use frontdesk_rtc::codec::EncoderOptions;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::line::LiveKitCall;
use frontdesk_rtc::worker::{
    Acceptance, Answer, Job, JobEnd, JobOffer, Termination, Worker as RtcWorker, WorkerError,
    WorkerHandle, WorkerOptions,
};
use frontdesk_rtc::{RetryPolicy, RoomOptions};
use frontdesk_types::Clock;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::intake::{Assignment, Decided, Intake};
use crate::rejoin_proof::RejoinProofs;
use crate::servers::LiveKitAccess;

/// Attempts to register before the start fails: some two seconds. Later the worker never gives up.
const FIRST_ATTEMPTS: u32 = 4;

/// What the rooms of all calls are joined with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rooms {
    /// Where their sockets live: a Tokio runtime of their own, so that nothing that computes can
    /// delay a packet.
    pub media: tokio::runtime::Handle,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What transfers telephone callers.
    pub server: Arc<ServerApi>,
    /// What shows that a caller's later connections are theirs.
    pub proofs: RejoinProofs,
}

impl Rooms {
    /// The line in the room of that name, by the server's URL and a token to join it.
    pub(crate) fn line(
        &self,
        (url, token): (String, String),
        name: &str,
        caller: Option<&str>,
    ) -> LiveKitCall {
        let mut room = RoomOptions::new(url, token);
        room.runtime = Some(self.media.clone());
        room.clock = Arc::clone(&self.clock);
        LiveKitCall {
            room,
            encoder: EncoderOptions::default(),
            caller: caller.map(str::to_owned),
            server: Some(Arc::clone(&self.server)),
            proof: Some(self.proofs.of_room(name.to_owned())),
        }
    }
}

/// The worker while it runs.
pub(crate) struct Worker {
    handle: WorkerHandle,
    jobs: JoinHandle<()>,
}

impl Worker {
    /// Registers with the LiveKit server and takes jobs from then on.
    ///
    /// # Errors
    /// [`WorkerError`] if the server refuses the key or cannot be reached.
    pub(crate) async fn start(
        config: &Config,
        livekit: &LiveKitAccess,
        intake: Arc<Intake>,
        rooms: Rooms,
    ) -> Result<Self, WorkerError> {
        let load = Arc::clone(&intake);
        let options = WorkerOptions {
            load: Arc::new(move || load.load()),
            retry: RetryPolicy { attempts: FIRST_ATTEMPTS, ..RetryPolicy::default() },
            ..WorkerOptions::new(&livekit.url, livekit.key.clone(), &config.agent_name)
        };
        let for_jobs = Arc::clone(&intake);
        let acceptor = move |offer: JobOffer| {
            let intake = Arc::clone(&for_jobs);
            async move {
                match intake.decide(&offer.info.room, &offer.info.metadata).await {
                    Ok(decided) => Answer::Accept(Acceptance {
                        reservation: Some(Box::new(decided)),
                        ..Acceptance::default()
                    }),
                    Err(refused) => Answer::refuse(refused.to_string()),
                }
            }
        };
        let (handle, jobs) = RtcWorker::start(options, acceptor).await?;
        let jobs = tokio::spawn(take_jobs(jobs, intake, rooms));
        Ok(Self { handle, jobs })
    }

    /// The worker's own handle.
    #[must_use]
    pub(crate) const fn handle(&self) -> &WorkerHandle {
        &self.handle
    }

    /// Takes no more jobs from now on; does not wait for those that run.
    pub(crate) async fn drain(&self) {
        // The first poll tells the server; the rest would wait.
        let _ = tokio::time::timeout(Duration::ZERO, self.handle.drain()).await;
    }

    /// Leaves the LiveKit server.
    pub(crate) async fn close(self) {
        self.handle.close().await;
        self.jobs.abort();
    }
}

async fn take_jobs(mut jobs: mpsc::Receiver<Job>, intake: Arc<Intake>, rooms: Rooms) {
    while let Some(mut job) = jobs.recv().await {
        // What the acceptor decided comes back with the job.
        let decided = job.reservation.take().and_then(|any| any.downcast::<Decided>().ok());
        let Some(decided) = decided else {
            job.control.finish(JobEnd::Failed("the job came without its reservation".to_owned()));
            continue;
        };
        let line = Box::new(rooms.line((job.url, job.token), &job.info.room, decided.caller()));
        let (call, mut ended) = match *decided {
            Decided::Call(accepted) => {
                let assignment = Assignment { room: job.info.room, line };
                let begun = intake.begin(*accepted, assignment);
                tracing::info!(call_id = %begun.0, job_id = %job.info.id, "job taken");
                begun
            }
            Decided::Told(unserved) => intake.refuse(unserved, line),
        };
        let (control, intake) = (job.control, Arc::clone(&intake));
        tokio::spawn(async move {
            let end = tokio::select! {
                end = &mut ended => end,
                why = control.terminated() => {
                    intake.hang_up(call, match why {
                        Termination::WorkerClosed => "the worker closes",
                        _ => "terminated by the server",
                    });
                    ended.await
                }
            };
            control.finish(match end {
                Ok(CallEnd { error: None, .. }) => JobEnd::Success,
                Ok(CallEnd { error: Some(error), .. }) => JobEnd::Failed(error),
                Err(_) => JobEnd::Failed("the call was cut".to_owned()),
            });
        });
    }
}
