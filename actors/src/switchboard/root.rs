//! The actor at the root: keeps a supervisor at each call, and ends calls that are over.
//!
//! It waits for no call: supervisors start and calls end in tasks of their own, so that no call's
//! network or database keeps another one from being begun, watched or hung up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk_pipelines::dialogue::Input;
use frontdesk_pipelines::language::Notice;
use frontdesk_types::{CallId, CallOutcome, Mono};
use ractor::{
    Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, ActorRuntime, SupervisionEvent,
};
use tokio::sync::{oneshot, watch};
use tracing::Instrument;

use super::LiveCalls;
use super::admission::{Admission, Reservation};
use super::counters::Totals;
use crate::call::{CUT_SHORT, Call, CallEnd, CallSupervisor, Services, close_record};
use crate::media::SecondPool;

const TICK: Duration = Duration::from_millis(500);

/// Native threads that may hang within some minutes before the process takes no more calls: their
/// engine is not what it was, and those that compute go on doing so.
const MAX_ABANDONED_THREADS: usize = 3;

/// A tick that comes so late tells of a process that stood still.
const STOOD_STILL: Duration = Duration::from_secs(2);

/// A CallSupervisor that has not looked at its stages for this long hangs.
const SUPERVISOR_LIMIT: Duration = Duration::from_secs(10);

/// A CallSupervisor that has not stopped the stages of a call that is ending after this long hangs:
/// all that it waits for then has limits below it.
const ENDING_LIMIT: Duration = Duration::from_secs(3);

/// How long hanging up may take; after that the line is dropped. Lines have limits of their own.
const HANG_UP_LIMIT: Duration = Duration::from_secs(3);

/// Deaths of one CallSupervisor after which its call is given up.
const MAX_SUPERVISOR_FAILURES: u32 = 3;

/// A call and who keeps it.
pub(super) struct Live {
    call: Arc<Call>,
    supervisor: Option<ActorCell>,
    reservation: Reservation,
    done: oneshot::Sender<CallEnd>,
    failures: u32,
    span: tracing::Span,
}

/// Messages of the Switchboard: a few per call, so they cannot flood.
pub(super) enum SwitchboardMsg {
    Connected(Box<Live>),
    /// That CallSupervisor of the call did not start.
    NotStarted(CallId, ActorId, String),
    HangUp(CallId, &'static str),
    HangUpAll,
    /// Tell every dialogue to come to its end soon.
    BeBrief,
    /// Tell every caller that the call ends, and end it.
    CutShort,
    Tick,
}

pub(super) struct SwitchboardActor;

pub(super) struct Root {
    services: Arc<Services>,
    admission: Arc<Admission>,
    totals: Arc<Totals>,
    calls: HashMap<CallId, Live>,
    live: LiveCalls,
    /// Told when too many native threads hang.
    worn_out: watch::Sender<bool>,
    ticked: Option<Mono>,
    /// Whether calls are to come to their end soon.
    brief: bool,
}

impl Live {
    pub(super) const fn new(
        call: Arc<Call>,
        reservation: Reservation,
        done: oneshot::Sender<CallEnd>,
        span: tracing::Span,
    ) -> Self {
        Self { call, supervisor: None, reservation, done, failures: 0, span }
    }

    fn supervisor_hangs(&self, now: Mono) -> bool {
        let silent = self.call.pulses.supervisor.busy_for(now);
        silent.is_some_and(|silent| silent > SUPERVISOR_LIMIT)
            || self.call.ending_for(now).is_some_and(|ending| ending > ENDING_LIMIT)
    }

    /// Hangs up, closes the record, gives the place back and tells how the call ended.
    async fn finish(self, totals: Arc<Totals>, live: LiveCalls) {
        let Self { call, supervisor: _, reservation, done, .. } = self;
        call.outlet.stop();
        // The caller stays where another process speaks with them.
        let gone = if call.is_lost() { call.line.leave() } else { call.line.hang_up() };
        if tokio::time::timeout(HANG_UP_LIMIT, gone).await.is_err() {
            tracing::warn!("line not hung up in time");
        }
        let mut end = call.end().cloned().unwrap_or_else(|| CallEnd {
            outcome: CallOutcome::Abandoned,
            error: Some("the call was cut".to_owned()),
        });
        end.outcome = close_record(&call, &end).await;
        call.feed.end(end.outcome, end.error.clone());
        {
            let mut live = live.lock();
            live.remove(&call.id);
            totals.ended(&call, end.outcome);
        }
        // Before the end is told, nothing of the call is left.
        drop(call);
        // The place is free before the end is told: whoever hears of it may take the next call.
        drop(reservation);
        // Whoever asked may have lost interest.
        let _ = done.send(end);
    }
}

impl Root {
    pub(super) fn new(
        services: Arc<Services>,
        admission: Arc<Admission>,
        totals: Arc<Totals>,
        live: LiveCalls,
        worn_out: watch::Sender<bool>,
    ) -> Self {
        Self {
            services,
            admission,
            totals,
            calls: HashMap::new(),
            live,
            worn_out,
            ticked: None,
            brief: false,
        }
    }

    fn on_connected(&mut self, live: Live, myself: &ActorRef<SwitchboardMsg>) {
        let id = live.call.id;
        if self.brief {
            live.call.mails.dialogue.post(Input::BeBrief);
        }
        self.live.lock().insert(id, Arc::clone(&live.call));
        self.calls.insert(id, live);
        self.supervise(id, myself);
    }

    /// Starts the CallSupervisor of a call, for the first time or again; does not wait for it.
    fn supervise(&mut self, id: CallId, myself: &ActorRef<SwitchboardMsg>) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        let call = Arc::clone(&live.call);
        // From here on it is watched, also while it starts.
        call.pulses.supervisor.beat(self.services.clock.mono());
        let started =
            ActorRuntime::spawn_linked_instant(None, CallSupervisor, call, myself.get_cell());
        match started {
            Ok((supervisor, starting)) => {
                let who = supervisor.get_id();
                live.supervisor = Some(supervisor.get_cell());
                let root = myself.clone();
                tokio::spawn(async move {
                    let error = match starting.await {
                        Ok(Ok(_)) => return,
                        Ok(Err(error)) => error.to_string(),
                        Err(error) => error.to_string(),
                    };
                    // A switchboard that is gone has no calls.
                    let _ = root.send_message(SwitchboardMsg::NotStarted(id, who, error));
                });
            }
            Err(error) => self.on_not_started(id, None, &error.to_string()),
        }
    }

    /// `who` is the supervisor, or `None` if there was not even an actor.
    fn on_not_started(&mut self, id: CallId, who: Option<ActorId>, error: &str) {
        let Some(live) = self.calls.get(&id) else { return };
        if live.supervisor.as_ref().map(ActorCell::get_id) != who {
            // It was replaced meanwhile.
            return;
        }
        tracing::error!(parent: &live.span, error, "call does not start");
        let why = format!("call does not start: {error}");
        live.call.finish(CallOutcome::Abandoned, Some(&why));
        self.close(id);
    }

    fn on_gone(&mut self, who: &ActorCell, failed: bool, myself: &ActorRef<SwitchboardMsg>) {
        let Some(id) = self.calls.iter().find_map(|(id, live)| {
            live.supervisor.as_ref().is_some_and(|s| s.get_id() == who.get_id()).then_some(*id)
        }) else {
            return;
        };
        if failed { self.restart(id, myself) } else { self.close(id) }
    }

    fn restart(&mut self, id: CallId, myself: &ActorRef<SwitchboardMsg>) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        if live.call.end().is_some() {
            tracing::error!(parent: &live.span, "call supervisor failed while the call ended");
            return self.close(id);
        }
        live.failures += 1;
        self.totals.supervisor_restarts.fetch_add(1, Ordering::Relaxed);
        tracing::error!(parent: &live.span, failures = live.failures, "call supervisor restarted");
        if live.failures > MAX_SUPERVISOR_FAILURES {
            let why = "the call supervisor failed repeatedly";
            live.call.finish(CallOutcome::Abandoned, Some(why));
            self.close(id);
        } else {
            self.supervise(id, myself);
        }
    }

    /// The call's stages are gone: what is left of it ends in a task, and nobody waits for that.
    fn close(&mut self, id: CallId) {
        let Some(live) = self.calls.remove(&id) else { return };
        let span = live.span.clone();
        let between = self.totals.between();
        let finish = live.finish(Arc::clone(&self.totals), Arc::clone(&self.live));
        let finish = async move {
            finish.await;
            drop(between);
        };
        tokio::spawn(finish.instrument(span));
    }

    fn hang_up(&self, which: CallId, why: &str) {
        if let Some(live) = self.calls.get(&which) {
            live.call.finish(CallOutcome::Abandoned, Some(why));
        }
    }

    fn hang_up_all(&self) {
        for live in self.calls.values() {
            live.call.finish(CallOutcome::Abandoned, Some(CUT_SHORT));
        }
    }

    fn be_brief(&mut self) {
        self.brief = true;
        for live in self.calls.values() {
            live.call.mails.dialogue.post(Input::BeBrief);
        }
    }

    fn cut_short(&self) {
        for live in self.calls.values() {
            live.call.say_last(Notice::CutShort, CUT_SHORT);
        }
    }

    fn tick(&mut self, myself: &ActorRef<SwitchboardMsg>) {
        let now = self.services.clock.mono();
        self.look_at_threads(now);
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
            self.restart(id, myself);
        }
    }
}

impl Root {
    fn look_at_threads(&mut self, now: Mono) {
        let Services { speech, recognition, second, .. } = self.services.as_ref();
        let before = self.ticked.replace(now);
        if before.is_some_and(|before| now.since(before) > STOOD_STILL) {
            speech.stood_still();
            recognition.stood_still();
            if let Some(second) = second {
                second.stood_still();
            }
        }
        let abandoned =
            speech.check() + recognition.check() + second.as_ref().map_or(0, SecondPool::check);
        self.totals.abandoned.store(abandoned, Ordering::Relaxed);
        let lately = speech.abandoned_lately()
            + recognition.abandoned_lately()
            + second.as_ref().map_or(0, SecondPool::abandoned_lately);
        if lately >= MAX_ABANDONED_THREADS && !self.worn_out.send_replace(true) {
            tracing::error!(
                abandoned,
                lately,
                "too many native threads hang, taking no more calls"
            );
            self.admission.drain();
        }
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
            SwitchboardMsg::Connected(live) => root.on_connected(*live, &myself),
            SwitchboardMsg::NotStarted(id, who, error) => {
                root.on_not_started(id, Some(who), &error);
            }
            SwitchboardMsg::HangUp(which, why) => root.hang_up(which, why),
            SwitchboardMsg::HangUpAll => root.hang_up_all(),
            SwitchboardMsg::BeBrief => root.be_brief(),
            SwitchboardMsg::CutShort => root.cut_short(),
            SwitchboardMsg::Tick => root.tick(&myself),
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
            SupervisionEvent::ActorFailed(who, _) => root.on_gone(&who, true, &myself),
            SupervisionEvent::ActorTerminated(who, _, _) => root.on_gone(&who, false, &myself),
            _ => {}
        }
        Ok(())
    }
}
