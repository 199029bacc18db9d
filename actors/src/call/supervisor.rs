//! CallSupervisor: starts a call's stages, restarts the one that died, ends the call.
//!
//! Supervised by the Switchboard, which starts it again on the same [`Call`] should it die. It
//! never waits for the network. A stage that fails is started anew at once, on its own; one that
//! hangs is replaced when the watchdog sees it. A stage that fails too often ends the call with an
//! apology already in the outlet's hands, never with silence: the caller is told and the line is
//! hung up.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{AgentState, Shown};
use frontdesk_pipelines::language::Notice;
use frontdesk_types::CallOutcome;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use tracing::Instrument;

use super::children::{Child, MAX_FAILURES, children};
use super::ending::{LastMoment, stop_stages};
use super::link::LinkInput;
use super::stages::StageKind;
use super::{Call, CallMsg};

/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(250);

/// How long a dialogue may take to end the call in its own words after the caller left.
const GOODBYE: Duration = Duration::from_secs(5);

pub(crate) struct CallSupervisor;

pub(crate) struct State {
    call: Arc<Call>,
    children: Vec<Child>,
    finishing: bool,
}

impl State {
    async fn start_child(&mut self, index: usize, myself: &ActorRef<CallMsg>) {
        let child = &mut self.children[index];
        match (child.start)(myself.get_cell()).await {
            Ok(cell) => child.cell = Some(cell),
            Err(error) => {
                tracing::error!(stage = child.kind.name(), %error, "stage does not start");
                child.cell = None;
                // The watchdog's next look tries again.
            }
        }
    }

    async fn on_child_gone(&mut self, who: &ActorCell, why: &str, myself: &ActorRef<CallMsg>) {
        if self.finishing {
            return;
        }
        let Some(index) = self
            .children
            .iter()
            .position(|c| c.cell.as_ref().is_some_and(|cell| cell.get_id() == who.get_id()))
        else {
            return;
        };
        self.restart(index, why, myself).await;
    }

    async fn restart(&mut self, index: usize, why: &str, myself: &ActorRef<CallMsg>) {
        let now = self.call.clock.mono();
        let child = &mut self.children[index];
        let failures = child.failed(now);
        tracing::warn!(stage = child.kind.name(), why, failures, "stage restarted");
        if failures >= MAX_FAILURES {
            let stage = child.kind.name();
            if child.vital {
                self.give_up(stage);
            } else {
                // Another one is started when the watchdog finds it rested.
                child.cell = None;
            }
            return;
        }
        self.start_child(index, myself).await;
    }

    /// A stage cannot be kept alive: tell the caller and end.
    fn give_up(&mut self, stage: &'static str) {
        tracing::error!(stage, "stage fails again and again, ending the call");
        self.call.say_last(Notice::Failed, "a stage failed repeatedly");
    }

    async fn tick(&mut self, myself: &ActorRef<CallMsg>) {
        let call = &self.call;
        let now = call.clock.mono();
        call.pulses.supervisor.beat(now);
        let settings = &call.services.settings;
        let lived = now.since(call.started);
        let joined = call.joined.get().is_some();
        if call.end().is_some() {
            // Whoever decided so had no supervisor to tell.
            return self.finish(myself).await;
        }
        if let Some(last) = call.last_moment.get().filter(|last| last.has_come(call, now)) {
            return call.finish(last.outcome, Some(last.error));
        }
        if !joined && lived >= settings.caller_timeout {
            return call.finish(CallOutcome::Abandoned, Some("nobody joined"));
        }
        if lived >= settings.max_duration {
            return call.finish(CallOutcome::Abandoned, Some("longest duration reached"));
        }
        call.look_for_supervisor();
        for index in 0..self.children.len() {
            let child = &self.children[index];
            let hangs = child.hangs(now);
            if child.cell.is_none() && !child.vital && child.is_worn_out(now) {
                continue;
            } else if child.cell.is_none() {
                self.restart(index, "not running", myself).await;
            } else if hangs {
                if let Some(cell) = self.children[index].cell.take() {
                    cell.unlink(myself.get_cell());
                    cell.kill();
                }
                self.restart(index, "hangs", myself).await;
            }
        }
    }

    async fn on_message(&mut self, message: CallMsg, myself: &ActorRef<CallMsg>) {
        crate::faults::point(self.call.id, "call_supervisor").await;
        match message {
            CallMsg::Tick => self.tick(myself).await,
            CallMsg::Finish => self.finish(myself).await,
        }
    }

    /// Stops the stages and then itself; the Switchboard does the rest.
    async fn finish(&mut self, myself: &ActorRef<CallMsg>) {
        if std::mem::replace(&mut self.finishing, true) {
            return;
        }
        let mut link = None;
        let mut others = Vec::new();
        for child in &mut self.children {
            match child.cell.take() {
                Some(cell) if child.kind == StageKind::Link => link = Some(cell),
                cell => others.extend(cell),
            }
        }
        stop_stages(&self.call, link, others).await;
        myself.stop(None);
    }
}

impl Call {
    /// The caller left for good. The dialogue ends the call in its own words; this is for one that
    /// cannot.
    pub(crate) fn caller_left(&self) {
        self.finish_at(LastMoment {
            at: self.clock.mono() + GOODBYE,
            outcome: CallOutcome::Abandoned,
            error: "the caller left and the dialogue did not end the call",
            once_said: false,
        });
    }
}

impl Actor for CallSupervisor {
    type Msg = CallMsg;
    type State = State;
    type Arguments = Arc<Call>;

    /// Waits for nothing: what the stages need of the network comes to them.
    async fn pre_start(
        &self,
        myself: ActorRef<CallMsg>,
        call: Arc<Call>,
    ) -> Result<State, ActorProcessingErr> {
        let span = call.span.clone();
        call.pulses.supervisor.beat(call.clock.mono());
        *call.supervisor.lock() = Some(myself.clone());
        call.mails.link.post(LinkInput::Show(Shown::State(AgentState::Initializing)));
        let mut state = State { children: children(&call), finishing: false, call };
        let start = async {
            for index in 0..state.children.len() {
                state.start_child(index, &myself).await;
            }
        };
        start.instrument(span).await;
        myself.send_interval(TICK, || CallMsg::Tick);
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<CallMsg>,
        message: CallMsg,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let span = state.call.span.clone();
        state.on_message(message, &myself).instrument(span).await;
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<CallMsg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let span = state.call.span.clone();
        match event {
            SupervisionEvent::ActorFailed(who, error) => {
                // A panic's text may quote data: only that there was one is logged.
                drop(error);
                state.on_child_gone(&who, "failed", &myself).instrument(span).await;
            }
            SupervisionEvent::ActorTerminated(who, _, _) => {
                state.on_child_gone(&who, "stopped", &myself).instrument(span).await;
            }
            _ => {}
        }
        Ok(())
    }
}
