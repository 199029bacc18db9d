//! Switchboard: admits calls, starts and restarts their supervisors, drains.
//!
//! The root of the tree; the runtime holds a [`Switchboard`] handle. Admission is exact: a call is
//! reserved before its job is accepted, and the reservation lives until the last stage of the call
//! is gone, so there are never more than `max_calls`. The actor behind it ([`root`]) waits for
//! nothing: whatever takes time for one call runs in a task of that call.

mod admission;
mod counters;
mod moving;
mod root;
mod supervision;
mod waiting;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk_types::{CallId, CallOutcome};
use parking_lot::Mutex;
use ractor::{Actor, ActorRef};
use tracing::Instrument;

use crate::call::{Call, CallEnd, CallRequest, Services};
use crate::media::SecondPool;
use crate::watch::Watch;
use admission::Admission;
use admission::MAX_WAITING;
pub use admission::{NoPlace, Reservation, Waiting};
pub use counters::Counters;
use counters::Totals;
use root::{Live, Root, SwitchboardActor, SwitchboardMsg};
pub use waiting::Refused;

/// Load of a process whose places are taken and where callers may still wait.
const BUSY: f32 = 0.99;

/// How long calls that are cut short may take: their last words and their records.
const CUT_LIMIT: Duration = Duration::from_secs(18);

/// A call whose caller has not come for this long gives way when all places are taken. That a caller
/// who types is there, livekit-server (1.11) tells within 3 s.
const EMPTY: Duration = Duration::from_secs(6);

/// Calls whose numbers are not among those of calls that are over.
type LiveCalls = Arc<Mutex<HashMap<CallId, Arc<Call>>>>;

/// Handle of the root of the tree; cheap to clone.
#[derive(Clone)]
pub struct Switchboard {
    actor: ActorRef<SwitchboardMsg>,
    admission: Arc<Admission>,
    services: Arc<Services>,
    totals: Arc<Totals>,
    live: LiveCalls,
    watch: Watch,
    worn_out: tokio::sync::watch::Receiver<bool>,
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
        let admission = Arc::new(Admission::new(max_calls));
        let totals = Arc::new(Totals::default());
        let live = LiveCalls::default();
        let (tell, worn_out) = tokio::sync::watch::channel(false);
        let root = Root::new(
            Arc::clone(&services),
            Arc::clone(&admission),
            Arc::clone(&totals),
            Arc::clone(&live),
            tell,
        );
        let (actor, _) = SwitchboardActor::spawn(None, SwitchboardActor, root).await?;
        let watch = Watch::new(Arc::clone(&services.clock));
        Ok(Self { actor, admission, services, totals, live, watch, worn_out })
    }

    /// The feed of its live calls.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Reserves a place for one call.
    ///
    /// # Errors
    /// [`NoPlace`] if there is none, or none is given out any more.
    pub fn reserve(&self) -> Result<Reservation, NoPlace> {
        let reserved = self.admission.reserve();
        if matches!(reserved, Err(NoPlace::Full { .. })) {
            self.free_a_silent_place();
        }
        reserved
    }

    /// A call whose caller has not come gives way to one whose caller may be there.
    fn free_a_silent_place(&self) {
        let now = self.services.clock.mono();
        let live = self.live.lock();
        let silent = live.values().filter(|call| call.rings_for(now) >= Some(EMPTY));
        if let Some(call) = silent.max_by_key(|call| call.rings_for(now)) {
            call.finish(CallOutcome::Abandoned, Some("nobody joined, and others wait"));
        }
    }

    /// Lets a caller for whom there is no place wait for one.
    ///
    /// # Errors
    /// [`NoPlace`] if too many wait, or no places are given out any more.
    pub fn may_wait(&self) -> Result<Waiting, NoPlace> {
        self.admission.wait()
    }

    /// Whether a caller who came now could wait for a place at least.
    #[must_use]
    pub fn can_wait(&self) -> bool {
        !self.admission.is_draining() && self.admission.waiting() < MAX_WAITING
    }

    /// Takes a call: connects its line in the background and starts its tree. How it ended is told to
    /// `request.done`.
    pub fn take(&self, reservation: Reservation, request: CallRequest) {
        let span = tracing::info_span!(
            "call",
            call_id = %request.id,
            clinic_id = %request.tenant.clinic(),
        );
        let (services, actor, totals) =
            (Arc::clone(&self.services), self.actor.clone(), Arc::clone(&self.totals));
        let watch = self.watch.clone();
        let inside = span.clone();
        // Its record is there already.
        let moved = request.moved.is_some().then(|| (self.clone(), request.tenant, request.id));
        let between = totals.between();
        let connect = async move {
            let _between = between;
            totals.started.fetch_add(1, Ordering::Relaxed);
            match Call::connect(request, services, &watch, span.clone()).await {
                Ok((call, done)) => {
                    let live = Live::new(call, reservation, done, span);
                    // A switchboard that is gone has no calls: dropping this one ends it.
                    let _ = actor.send_message(SwitchboardMsg::Connected(Box::new(live)));
                }
                Err((error, done)) => {
                    totals.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, "call not begun");
                    if let Some((switchboard, tenant, call)) = moved
                        && let Err(error) = switchboard.close_moved(&tenant, call).await
                    {
                        tracing::error!(%error, "record of a call that was taken over left open");
                    }
                    let error = Some(error.to_string());
                    let _ = done.send(CallEnd { outcome: CallOutcome::Abandoned, error });
                }
            }
        };
        tokio::spawn(connect.instrument(inside));
    }

    /// Ends one call now.
    pub fn hang_up(&self, call: CallId, why: &'static str) {
        let _ = self.actor.send_message(SwitchboardMsg::HangUp(call, why));
    }

    /// Waits until too many native threads hang: no more calls are taken then, and whoever runs the
    /// process should end it, so that it is started again.
    pub async fn worn_out(&self) {
        let mut worn_out = self.worn_out.clone();
        if worn_out.wait_for(|worn_out| *worn_out).await.is_err() {
            // The root is gone: nobody looks any more.
            std::future::pending::<()>().await;
        }
    }

    /// Takes no more calls and waits until those under way have ended, at most `patience`: from half
    /// of it on they are brief. Then it tells the rest that their call ends, and ends them. Gives how
    /// many those were.
    pub async fn drain(&self, patience: Duration) -> usize {
        self.admission.drain();
        let half = patience / 2;
        if tokio::time::timeout(half, self.admission.idle()).await.is_ok() {
            return 0;
        }
        if !half.is_zero() {
            tracing::info!(calls = self.live_calls(), "calls are told to be brief");
            // A switchboard that is gone has no calls.
            let _ = self.actor.send_message(SwitchboardMsg::BeBrief);
            let rest = patience.saturating_sub(half);
            if tokio::time::timeout(rest, self.admission.idle()).await.is_ok() {
                return 0;
            }
        }
        let cut = self.live_calls();
        self.end_all(SwitchboardMsg::CutShort).await;
        cut
    }

    /// Ends all calls at once, without a word.
    pub async fn cut(&self) {
        self.admission.drain();
        self.end_all(SwitchboardMsg::HangUpAll).await;
    }

    async fn end_all(&self, how: SwitchboardMsg) {
        // A switchboard that is gone has no calls.
        let _ = self.actor.send_message(how);
        if tokio::time::timeout(CUT_LIMIT, self.admission.idle()).await.is_err() {
            tracing::error!(calls = self.live_calls(), "calls did not end");
        }
    }

    /// Ends the root and the threads of media. Calls still under way are cut.
    pub async fn stop(&self) {
        // Waited for at most as long as a call may take to end; what remains is killed with it.
        let _ = self.actor.stop_and_wait(None, Some(Duration::from_secs(5))).await;
        self.services.slots.stop().await;
        self.services.speech.close();
        self.services.recognition.close();
        if let Some(second) = &self.services.second {
            second.close();
        }
        self.services.pacer.close();
    }

    /// Whether what calls write does not reach the database.
    #[must_use]
    pub fn writes_are_failing(&self) -> bool {
        self.services.writes.are_failing(self.services.clock.mono())
    }

    /// Places reserved now.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.admission.live()
    }

    /// Places reserved as a share of those there are, 0 to 1; 1 when draining, and when nobody may
    /// wait for one either.
    #[must_use]
    pub fn load(&self) -> f32 {
        let max_calls = self.admission.max_calls();
        if max_calls == 0 || !self.can_wait() {
            return 1.0;
        }
        // Full, and yet asked, so that whoever comes is told: others' workers are asked first.
        (self.live_calls() as f32 / max_calls as f32).min(BUSY)
    }

    /// The numbers of the tree now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = {
            // A call that has just ended is in one of the two, not in both.
            let live = self.live.lock();
            let mut counters = self.totals.counters();
            for call in live.values() {
                counters.add(call);
            }
            counters
        };
        counters.live_calls = self.live_calls();
        counters.max_calls = self.admission.max_calls();
        counters.waiting_calls = self.admission.waiting();
        counters.draining = self.admission.is_draining();
        counters.recognition_queue = self.services.recognition.queued();
        let finals = self.services.recognition.finals();
        counters.finals = finals.count;
        counters.finals_late = finals.late;
        counters.finals_wait_ms = finals.wait_ms;
        if let Some(second) = &self.services.second {
            counters.add_second(second.queued(), second.counts());
        }
        let (tools, records) = self.services.writes.failures();
        counters.tool_writes_failed = tools;
        counters.record_writes_failed = records;
        counters.speech_queue = self.services.speech.queued();
        counters
    }

    /// Whether no call has anything to do until time passes or something comes from outside: for
    /// whoever moves the clock by hand.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.totals.between.load(Ordering::SeqCst) == 0
            && self.services.speech.is_idle()
            && self.services.recognition.is_idle()
            && self.services.second.as_ref().is_none_or(SecondPool::is_idle)
            && self.live.lock().values().all(|call| call.is_quiet())
    }

    /// Ids of the calls under way.
    #[must_use]
    pub fn calls(&self) -> Vec<CallId> {
        self.live.lock().keys().copied().collect()
    }
}
