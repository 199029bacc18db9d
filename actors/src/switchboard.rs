//! Switchboard: admits calls, starts and restarts their supervisors, drains.
//!
//! The root of the tree; the runtime holds a [`Switchboard`] handle. Admission is exact: a call is
//! reserved before its job is accepted, and the reservation lives until the last stage of the call
//! is gone, so there are never more than `max_calls`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use frontdesk_types::{CallId, CallOutcome, Mono};
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use serde::Serialize;
use tokio::sync::{Notify, oneshot};
use tracing::Instrument;

use crate::call::{Call, CallEnd, CallMsg, CallRequest, CallSupervisor, Services, close_record};

const TICK: Duration = Duration::from_millis(500);

/// Native threads that may hang before the process takes no more calls.
const MAX_ABANDONED_THREADS: u64 = 3;

/// A CallSupervisor that has not looked at its stages for this long hangs.
const SUPERVISOR_LIMIT: Duration = Duration::from_secs(10);

/// Deaths of one CallSupervisor after which its call is given up.
const MAX_SUPERVISOR_FAILURES: u32 = 3;

/// Why a call is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// All places are taken.
    #[error("all {max_calls} calls are taken")]
    Full {
        /// How many there are.
        max_calls: usize,
    },
    /// The process is shutting down, or too many native threads hang.
    #[error("draining: no new calls are taken")]
    Draining,
}

#[derive(Debug)]
struct Admission {
    max_calls: usize,
    live: AtomicUsize,
    draining: AtomicBool,
    freed: Notify,
}

/// A place for one call; given back when dropped.
#[derive(Debug)]
pub struct Reservation(Arc<Admission>);

impl Drop for Reservation {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::SeqCst);
        self.0.freed.notify_waiters();
    }
}

/// Numbers of the whole tree: the same in tests, console and metrics.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counters {
    /// Places reserved now.
    pub live_calls: usize,
    /// Places there are.
    pub max_calls: usize,
    /// Whether new calls are refused.
    pub draining: bool,
    /// Calls begun.
    pub calls_started: u64,
    /// Calls ended, by outcome.
    pub calls_ended: HashMap<String, u64>,
    /// Calls that could not be begun.
    pub calls_failed: u64,
    /// Stages restarted.
    pub stage_restarts: u64,
    /// CallSupervisors restarted.
    pub supervisor_restarts: u64,
    /// Inputs of stages handled.
    pub inputs_handled: u64,
    /// Inputs dropped because a stage did not read, and inputs given up after two deaths.
    pub inputs_lost: u64,
    /// Packets decoded.
    pub packets_in: u64,
    /// Packets that were not Opus.
    pub packets_undecodable: u64,
    /// Audio concealed, in milliseconds.
    pub concealed_ms: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Native threads abandoned because they hung.
    pub threads_abandoned: u64,
    /// Utterances waiting to be recognized.
    pub recognition_queue: usize,
    /// Utterances recognized to their end.
    pub finals: u64,
    /// Those of them whose words came more than 300 ms after the turn was over.
    pub finals_late: u64,
    /// All waits from the end of a turn to its words, in milliseconds.
    pub finals_wait_ms: u64,
    /// Utterances waiting to be synthesized.
    pub speech_queue: usize,
}

#[derive(Default)]
struct Totals {
    started: AtomicU64,
    failed: AtomicU64,
    supervisor_restarts: AtomicU64,
    abandoned: AtomicU64,
    ended: Mutex<Ended>,
}

/// What calls that are over leave in the counters.
#[derive(Default)]
struct Ended {
    outcomes: HashMap<String, u64>,
    sums: Counters,
}

struct Live {
    call: Arc<Call>,
    supervisor: Option<ActorCell>,
    reservation: Reservation,
    done: oneshot::Sender<CallEnd>,
    failures: u32,
    span: tracing::Span,
}

/// Messages of the Switchboard: a few per call, so they cannot flood.
enum SwitchboardMsg {
    Connected(Box<Live>),
    HangUp(Option<CallId>, &'static str),
    Tick,
}

/// Handle of the root of the tree; cheap to clone.
#[derive(Clone)]
pub struct Switchboard {
    actor: ActorRef<SwitchboardMsg>,
    admission: Arc<Admission>,
    services: Arc<Services>,
    totals: Arc<Totals>,
    live: Arc<Mutex<HashMap<CallId, Arc<Call>>>>,
}

impl Switchboard {
    /// Starts the root.
    ///
    /// # Errors
    /// If the actor cannot be spawned.
    pub async fn start(
        services: Arc<Services>,
        max_calls: usize,
    ) -> Result<Self, ractor::SpawnErr> {
        let admission = Arc::new(Admission {
            max_calls,
            live: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            freed: Notify::new(),
        });
        let totals = Arc::new(Totals::default());
        let live = Arc::new(Mutex::new(HashMap::new()));
        let arguments = Root {
            services: Arc::clone(&services),
            admission: Arc::clone(&admission),
            totals: Arc::clone(&totals),
            calls: HashMap::new(),
            live: Arc::clone(&live),
        };
        let (actor, _) = SwitchboardActor::spawn(None, SwitchboardActor, arguments).await?;
        Ok(Self { actor, admission, services, totals, live })
    }

    /// Reserves a place for one call.
    ///
    /// # Errors
    /// [`Refusal`] if there is none, or none is given out any more.
    pub fn reserve(&self) -> Result<Reservation, Refusal> {
        let admission = &self.admission;
        if admission.draining.load(Ordering::SeqCst) {
            return Err(Refusal::Draining);
        }
        let max_calls = admission.max_calls;
        let more = |live: usize| (live < max_calls).then_some(live + 1);
        match admission.live.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more) {
            Ok(_) => Ok(Reservation(Arc::clone(admission))),
            Err(_) => Err(Refusal::Full { max_calls }),
        }
    }

    /// Takes a call: joins the room in the background and starts its tree. How it ended is told to
    /// `request.done`.
    pub fn take(&self, reservation: Reservation, request: CallRequest) {
        let span = tracing::info_span!(
            "call",
            call_id = %request.id,
            clinic_id = %request.tenant.clinic(),
        );
        let (services, actor, totals) =
            (Arc::clone(&self.services), self.actor.clone(), Arc::clone(&self.totals));
        let inside = span.clone();
        let connect = async move {
            totals.started.fetch_add(1, Ordering::Relaxed);
            match Call::connect(&request, services, span.clone()).await {
                Ok(call) => {
                    let done = request.done;
                    let live =
                        Live { call, supervisor: None, reservation, done, failures: 0, span };
                    // A switchboard that is gone has no calls: dropping this one ends it.
                    let _ = actor.send_message(SwitchboardMsg::Connected(Box::new(live)));
                }
                Err(error) => {
                    totals.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, "call not begun");
                    let error = Some(error.to_string());
                    let _ = request.done.send(CallEnd { outcome: CallOutcome::Abandoned, error });
                }
            }
        };
        tokio::spawn(connect.instrument(inside));
    }

    /// Ends one call now.
    pub fn hang_up(&self, call: CallId, why: &'static str) {
        let _ = self.actor.send_message(SwitchboardMsg::HangUp(Some(call), why));
    }

    /// Takes no more calls and waits until those under way have ended, at most `patience`; then
    /// ends the rest.
    pub async fn drain(&self, patience: Duration) {
        self.admission.draining.store(true, Ordering::SeqCst);
        if tokio::time::timeout(patience, self.idle()).await.is_err() {
            let _ = self.actor.send_message(SwitchboardMsg::HangUp(None, "shutting down"));
            if tokio::time::timeout(Duration::from_secs(10), self.idle()).await.is_err() {
                tracing::error!(calls = self.live_calls(), "calls did not end");
            }
        }
    }

    async fn idle(&self) {
        loop {
            let freed = self.admission.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if self.live_calls() == 0 {
                return;
            }
            freed.await;
        }
    }

    /// Ends the root and the threads of media. Calls still under way are cut.
    pub async fn stop(&self) {
        // Waited for at most as long as a call may take to end; what remains is killed with it.
        let _ = self.actor.stop_and_wait(None, Some(Duration::from_secs(5))).await;
        self.services.slots.stop().await;
        self.services.speech.close();
        self.services.recognition.close();
        self.services.pacer.close();
    }

    /// Places reserved now.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.admission.live.load(Ordering::SeqCst)
    }

    /// Places reserved as a share of those there are, 0 to 1; 1 when draining.
    #[must_use]
    pub fn load(&self) -> f32 {
        let admission = &self.admission;
        if admission.draining.load(Ordering::SeqCst) || admission.max_calls == 0 {
            return 1.0;
        }
        (self.live_calls() as f32 / admission.max_calls as f32).min(1.0)
    }

    /// The numbers of the tree now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = {
            let ended = self.totals.ended.lock();
            Counters { calls_ended: ended.outcomes.clone(), ..ended.sums.clone() }
        };
        for call in self.live.lock().values() {
            call.add_to(&mut counters);
        }
        counters.live_calls = self.live_calls();
        counters.max_calls = self.admission.max_calls;
        counters.draining = self.admission.draining.load(Ordering::SeqCst);
        counters.calls_started = self.totals.started.load(Ordering::Relaxed);
        counters.calls_failed = self.totals.failed.load(Ordering::Relaxed);
        counters.supervisor_restarts = self.totals.supervisor_restarts.load(Ordering::Relaxed);
        counters.threads_abandoned = self.totals.abandoned.load(Ordering::Relaxed);
        counters.recognition_queue = self.services.recognition.queued();
        let finals = self.services.recognition.finals();
        counters.finals = finals.count;
        counters.finals_late = finals.late;
        counters.finals_wait_ms = finals.wait_ms;
        counters.speech_queue = self.services.speech.queued();
        counters
    }

    /// Ids of the calls under way.
    #[must_use]
    pub fn calls(&self) -> Vec<CallId> {
        self.live.lock().keys().copied().collect()
    }
}

struct SwitchboardActor;

struct Root {
    services: Arc<Services>,
    admission: Arc<Admission>,
    totals: Arc<Totals>,
    calls: HashMap<CallId, Live>,
    live: Arc<Mutex<HashMap<CallId, Arc<Call>>>>,
}

impl Root {
    async fn on_connected(&mut self, live: Live, myself: &ActorRef<SwitchboardMsg>) {
        let id = live.call.id;
        self.live.lock().insert(id, Arc::clone(&live.call));
        self.calls.insert(id, live);
        self.supervise(id, myself).await;
    }

    /// Starts the CallSupervisor of a call, for the first time or again.
    async fn supervise(&mut self, id: CallId, myself: &ActorRef<SwitchboardMsg>) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        let call = Arc::clone(&live.call);
        let started = CallSupervisor::spawn_linked(None, CallSupervisor, call, myself.get_cell());
        match started.instrument(live.span.clone()).await {
            Ok((supervisor, _)) => live.supervisor = Some(supervisor.get_cell()),
            Err(error) => {
                tracing::error!(parent: &live.span, %error, "call does not start");
                let error = Some(format!("call does not start: {error}"));
                *live.call.end.lock() = Some(CallEnd { outcome: CallOutcome::Abandoned, error });
                self.close(id).await;
            }
        }
    }

    async fn on_gone(&mut self, who: &ActorCell, failed: bool, myself: &ActorRef<SwitchboardMsg>) {
        let Some(id) = self.calls.iter().find_map(|(id, live)| {
            live.supervisor.as_ref().is_some_and(|s| s.get_id() == who.get_id()).then_some(*id)
        }) else {
            return;
        };
        if failed { self.restart(id, myself).await } else { self.close(id).await }
    }

    async fn restart(&mut self, id: CallId, myself: &ActorRef<SwitchboardMsg>) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        live.failures += 1;
        self.totals.supervisor_restarts.fetch_add(1, Ordering::Relaxed);
        tracing::error!(parent: &live.span, failures = live.failures, "call supervisor restarted");
        if live.failures > MAX_SUPERVISOR_FAILURES {
            let error = Some("the call supervisor failed repeatedly".to_owned());
            *live.call.end.lock() = Some(CallEnd { outcome: CallOutcome::Abandoned, error });
            self.close(id).await;
        } else {
            self.supervise(id, myself).await;
        }
    }

    async fn close(&mut self, id: CallId) {
        let Some(live) = self.calls.remove(&id) else { return };
        self.live.lock().remove(&id);
        live.call.outlet.stop();
        live.call.room.close().await;
        let end = live.call.end.lock().take();
        let mut end = end.unwrap_or_else(|| CallEnd {
            outcome: CallOutcome::Abandoned,
            error: Some("the call was cut".to_owned()),
        });
        let totals = Arc::clone(&self.totals);
        let span = live.span.clone();
        // The record may wait for the database; other calls do not wait for it.
        let finish = async move {
            end.outcome = close_record(&live.call, &end).await;
            {
                let mut ended = totals.ended.lock();
                live.call.add_to(&mut ended.sums);
                let name = format!("{:?}", end.outcome).to_lowercase();
                *ended.outcomes.entry(name).or_default() += 1;
            }
            // Before the end is told, nothing of the call is left.
            drop(live.call);
            // The place is free before the end is told: whoever hears of it may take the next call.
            drop(live.reservation);
            // Whoever asked may have lost interest.
            let _ = live.done.send(end);
        };
        tokio::spawn(finish.instrument(span));
    }

    async fn tick(&mut self, myself: &ActorRef<SwitchboardMsg>) {
        let abandoned = self.services.speech.check() + self.services.recognition.check();
        self.totals.abandoned.store(abandoned, Ordering::Relaxed);
        if abandoned >= MAX_ABANDONED_THREADS
            && !self.admission.draining.swap(true, Ordering::SeqCst)
        {
            tracing::error!(abandoned, "too many native threads hang, taking no more calls");
        }
        let now = self.services.clock.mono();
        let hung: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, live)| live.supervisor_hangs(now))
            .map(|(id, _)| *id)
            .collect();
        for id in hung {
            if let Some(supervisor) = self.calls.get_mut(&id).and_then(|l| l.supervisor.take()) {
                supervisor.unlink(myself.get_cell());
                supervisor.kill();
            }
            self.restart(id, myself).await;
        }
    }
}

impl Live {
    fn supervisor_hangs(&self, now: Mono) -> bool {
        let silent = self.call.pulses.supervisor.busy_for(now);
        silent.is_some_and(|silent| silent > SUPERVISOR_LIMIT)
    }
}

impl Actor for SwitchboardActor {
    type Msg = SwitchboardMsg;
    type State = Root;
    type Arguments = Root;

    async fn pre_start(
        &self,
        myself: ActorRef<SwitchboardMsg>,
        root: Root,
    ) -> Result<Root, ActorProcessingErr> {
        myself.send_interval(TICK, || SwitchboardMsg::Tick);
        Ok(root)
    }

    async fn handle(
        &self,
        myself: ActorRef<SwitchboardMsg>,
        message: SwitchboardMsg,
        root: &mut Root,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SwitchboardMsg::Connected(live) => root.on_connected(*live, &myself).await,
            SwitchboardMsg::HangUp(which, why) => {
                for (id, live) in &root.calls {
                    if which.is_none_or(|which| which == *id) {
                        live.call.tell_supervisor(CallMsg::HangUp(why));
                    }
                }
            }
            SwitchboardMsg::Tick => root.tick(&myself).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<SwitchboardMsg>,
        event: SupervisionEvent,
        root: &mut Root,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(who, _) => root.on_gone(&who, true, &myself).await,
            SupervisionEvent::ActorTerminated(who, _, _) => {
                root.on_gone(&who, false, &myself).await;
            }
            _ => {}
        }
        Ok(())
    }
}
