//! CallSupervisor: starts a call's stages, restarts the one that died, ends the call.
//!
//! Supervised by the Switchboard, which starts it again on the same [`Call`] should it die. A stage
//! that fails is started anew at once, on its own; one that hangs is replaced when the watchdog
//! sees it. A stage that fails too often ends the call with an apology already in the outlet's
//! hands, never with silence: the caller is told and the room is left.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::UtteranceId;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_rtc::{AudioPublish, DisconnectReason, Room, RoomOptions, RtcError};
use frontdesk_types::{CallOutcome, Channel, Mono};
use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use tracing::Instrument;

use super::booking_tool::BookingTool;
use super::dialogue::Dialogue;
use super::ingest::AudioIngest;
use super::link::{AgentState, LINK_LIMIT, LinkInput, RoomLink};
use super::record::CallRecorder;
use super::retriever::Retriever;
use super::speaker::{Speaker, SpeakerInput};
use super::transcriber::Transcriber;
use super::{Call, CallEnd, CallRequest, Mails, Pulses, Services};
use crate::mail::Mail;
use crate::media::Outlet;
use crate::stage::{Pulse, Stage, StageActor, StageSpec};

/// How often the watchdog looks.
const TICK: Duration = Duration::from_millis(250);

/// Failures of one stage within [`WINDOW`] after which the call cannot be held.
const MAX_FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(10);

/// How long the room is kept after the end, so that the last packets reach the caller.
const LINGER: Duration = Duration::from_millis(300);

/// How long the end waits until what was said is out.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Number of the apology's utterance: beyond any that a dialogue gives.
const APOLOGY_UTTERANCE: UtteranceId = UtteranceId(u64::MAX);

/// Messages of the CallSupervisor: a handful per call, so they cannot flood.
#[derive(Debug)]
pub(crate) enum CallMsg {
    /// The caller left for good.
    CallerLeft,
    /// Everything was said.
    Finish(CallOutcome),
    /// The room's session is over.
    Disconnected(DisconnectReason),
    /// End the call now (drain, termination by the server).
    HangUp(&'static str),
    /// Look at the pulses.
    Tick,
}

/// Why a call could not be begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// The room was not joined.
    #[error("room not joined: {0}")]
    Room(#[from] RtcError),
    /// There is no encoder.
    #[error("no encoder for the agent's voice: {0}")]
    Codec(#[from] frontdesk_rtc::CodecError),
}

type Starter = Box<
    dyn Fn(
            ActorCell,
        ) -> futures_util::future::BoxFuture<'static, Result<ActorCell, ractor::SpawnErr>>
        + Send
        + Sync,
>;

struct Child {
    name: &'static str,
    start: Starter,
    pulse: Arc<Pulse>,
    /// Longest an input may take.
    limit: Duration,
    cell: Option<ActorCell>,
    failures: Vec<Mono>,
    /// Whether the call cannot be held without it.
    vital: bool,
}

impl Child {
    /// Whether it has failed so often lately that it is left alone for a while.
    fn is_worn_out(&self, now: Mono) -> bool {
        self.failures.iter().filter(|&&at| now.since(at) < WINDOW).count() >= MAX_FAILURES
    }

    /// One whose failures delay something and end no call.
    const fn not_vital(mut self) -> Self {
        self.vital = false;
        self
    }
}

pub(crate) struct CallSupervisor;

pub(crate) struct State {
    call: Arc<Call>,
    children: Vec<Child>,
    /// When the call ends whatever else happens.
    hard_end: Option<(Mono, CallOutcome)>,
    ended: bool,
}

impl Call {
    /// Joins the room and prepares what the stages share.
    pub(crate) async fn connect(
        request: &CallRequest,
        services: Arc<Services>,
        span: tracing::Span,
    ) -> Result<Arc<Self>, ConnectError> {
        let mut options = RoomOptions::new(request.url.clone(), request.token.clone());
        options.runtime = Some(services.media.clone());
        options.clock = Arc::clone(&services.clock);
        let (room, _events) = Room::connect(options).await?;
        let encoder = OpusEncoder::new(EncoderOptions {
            bitrate: services.settings.opus_bitrate,
            complexity: services.settings.opus_complexity,
            ..EncoderOptions::default()
        })?;
        let mails = Mails::new();
        let speaker = Arc::clone(&mails.speaker);
        let outlet = Outlet::new(services.pacer.clone(), Some(encoder), move |event| {
            speaker.post(SpeakerInput::Playout(event));
        });
        let call = Arc::new(Self {
            id: request.id,
            span,
            tenant: request.tenant,
            spoken: request.facts.clinic.spoken().clone(),
            facts: request.facts.clone(),
            clock: Arc::clone(&request.clock),
            simulated: request.simulated,
            services,
            room,
            outlet,
            mails,
            pulses: Pulses::default(),
            hearing: Mutex::default(),
            thinking: Mutex::default(),
            speaking: Mutex::default(),
            linked: Mutex::default(),
            offers: Mutex::default(),
            record: super::record::Memory::default(),
            tasks: super::tasks::Tasks::default(),
            room_name: request.room.clone(),
            began_at: request.clock.wall(),
            supervisor: Mutex::new(None),
            started: request.clock.mono(),
            end: Mutex::new(None),
        });
        Ok(call)
    }

    /// Publishes the agent's track, unless the call is typed.
    async fn publish(self: &Arc<Self>) -> Result<(), RtcError> {
        if self.facts.channel == Channel::Text || self.outlet.track_sid().is_some() {
            return Ok(());
        }
        let track = self.room.publish_audio(AudioPublish::default()).await?;
        self.outlet.set_track(track);
        Ok(())
    }
}

impl Mails {
    fn new() -> Self {
        Self {
            link: Arc::new(Mail::new()),
            ingest: Arc::new(Mail::new()),
            transcriber: Arc::new(Mail::new()),
            dialogue: Arc::new(Mail::new()),
            tools: Arc::new(Mail::new()),
            retriever: Arc::new(Mail::new()),
            record: Arc::new(Mail::new()),
            speaker: Arc::new(Mail::new()),
        }
    }
}

fn child<S: Stage>(
    call: &Arc<Call>,
    name: &'static str,
    limit: Duration,
    mail: &Arc<Mail<S::Input>>,
    pulse: &Arc<Pulse>,
    build: impl Fn(Arc<Call>) -> Result<S, ActorProcessingErr> + Send + Sync + 'static,
) -> Child {
    let weak = Arc::downgrade(call);
    let spec = StageSpec {
        name,
        scope: call.id,
        span: call.span.clone(),
        mail: Arc::clone(mail),
        pulse: Arc::clone(pulse),
        clock: Arc::clone(&call.clock),
        build: Arc::new(move || match weak.upgrade() {
            Some(call) => build(call),
            None => Err("the call is over".into()),
        }),
    };
    let start: Starter = Box::new(move |supervisor| {
        let spec = spec.clone();
        Box::pin(async move {
            let started = StageActor::<S>::spawn_linked(None, StageActor::new(), spec, supervisor);
            started.await.map(|(stage, _)| stage.get_cell())
        })
    });
    Child {
        name,
        start,
        pulse: Arc::clone(pulse),
        limit,
        cell: None,
        failures: Vec::new(),
        vital: true,
    }
}

fn children(call: &Arc<Call>) -> Vec<Child> {
    let (mails, pulses) = (&call.mails, &call.pulses);
    let second = Duration::from_secs(1);
    vec![
        child(call, "room_link", LINK_LIMIT, &mails.link, &pulses.link, |call| {
            Ok(RoomLink::build(call))
        }),
        child(call, "audio_ingest", second, &mails.ingest, &pulses.ingest, AudioIngest::build),
        child(call, "transcriber", second, &mails.transcriber, &pulses.transcriber, |call| {
            Ok(Transcriber::build(call))
        }),
        child(call, "dialogue", second, &mails.dialogue, &pulses.dialogue, Dialogue::build),
        child(call, "booking_tool", second * 10, &mails.tools, &pulses.tools, |call| {
            Ok(BookingTool::build(call))
        }),
        child(call, "retriever", second * 10, &mails.retriever, &pulses.retriever, |call| {
            Ok(Retriever::build(call))
        }),
        // Only the database's own limits bound it: nobody waits for it.
        child(call, "call_recorder", second * 60, &mails.record, &pulses.record, |call| {
            Ok(CallRecorder::build(call))
        })
        .not_vital(),
        child(call, "speaker", second, &mails.speaker, &pulses.speaker, |call| {
            Ok(Speaker::build(call))
        }),
    ]
}

impl State {
    async fn start_child(&mut self, index: usize, myself: &ActorRef<CallMsg>) {
        let child = &mut self.children[index];
        match (child.start)(myself.get_cell()).await {
            Ok(cell) => child.cell = Some(cell),
            Err(error) => {
                tracing::error!(stage = child.name, %error, "stage does not start");
                child.cell = None;
                // The watchdog's next look tries again.
            }
        }
    }

    async fn on_child_gone(&mut self, who: &ActorCell, why: &str, myself: &ActorRef<CallMsg>) {
        if self.ended {
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
        child.pulse.restarted();
        child.failures.retain(|&at| now.since(at) < WINDOW);
        child.failures.push(now);
        let failures = child.failures.len();
        tracing::warn!(stage = child.name, why, failures, "stage restarted");
        if failures >= MAX_FAILURES {
            let stage = child.name;
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
        if self.hard_end.is_some() {
            return;
        }
        tracing::error!(stage, "stage fails again and again, ending the call");
        let (call, services) = (&self.call, &self.call.services);
        call.outlet.stop();
        let language = call.facts.clinic.language();
        let clauses = frontdesk_pipelines::speak::clauses(language.apology(), language);
        let shown = clauses.iter().map(|clause| clause.display.clone()).collect();
        if call.facts.channel == Channel::Text {
            let (utterance, heard) = (APOLOGY_UTTERANCE, language.apology().to_owned());
            call.mails.link.post(LinkInput::AgentTextDone { utterance, heard, complete: true });
        }
        call.outlet.push_utterance(APOLOGY_UTTERANCE, shown);
        let spoken = clauses
            .into_iter()
            .zip(0..)
            .map(|(clause, number)| crate::media::SpokenClause {
                utterance: APOLOGY_UTTERANCE,
                number,
                spoken: clause.spoken,
            })
            .collect();
        let voice = Arc::clone(&services.settings.voice);
        services.speech.speak(Arc::clone(&call.outlet), voice, spoken);
        let end = call.clock.mono() + Duration::from_secs(6);
        self.hard_end = Some((end, CallOutcome::Abandoned));
    }

    async fn tick(&mut self, myself: &ActorRef<CallMsg>) {
        let now = self.call.clock.mono();
        let settings = &self.call.services.settings;
        let lived = now.since(self.call.started);
        let joined = self.call.linked.lock().began;
        self.call.pulses.supervisor.beat(now);
        if let Some((_, outcome)) = self.hard_end.filter(|(end, _)| *end <= now) {
            return self.finish(outcome, Some("a stage failed repeatedly"), myself).await;
        }
        if !joined && lived >= settings.caller_timeout {
            return self.finish(CallOutcome::Abandoned, Some("nobody joined"), myself).await;
        }
        if lived >= settings.max_duration {
            return self
                .finish(CallOutcome::Abandoned, Some("longest duration reached"), myself)
                .await;
        }
        for index in 0..self.children.len() {
            let child = &self.children[index];
            let hangs = child.pulse.busy_for(now).is_some_and(|busy| busy > child.limit);
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
            CallMsg::CallerLeft => {
                // The dialogue ends the call in its own words; this is for one that cannot.
                let end = self.call.clock.mono() + Duration::from_secs(5);
                self.hard_end.get_or_insert((end, CallOutcome::Abandoned));
            }
            CallMsg::Finish(outcome) => self.finish(outcome, None, myself).await,
            CallMsg::Disconnected(reason) => {
                let why = format!("room disconnected: {reason:?}");
                self.finish(CallOutcome::Abandoned, Some(&why), myself).await;
            }
            CallMsg::HangUp(why) => self.finish(CallOutcome::Abandoned, Some(why), myself).await,
        }
    }

    /// What was said last is in RoomLink's mail, and RoomLink is about to be stopped: the goodbye
    /// of a typed call would be lost.
    async fn last_words(&self) {
        let limit = self.call.clock.mono() + LAST_WORDS;
        while !self.call.mails.link.is_empty() && self.call.clock.mono() < limit {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn finish(
        &mut self,
        outcome: CallOutcome,
        error: Option<&str>,
        myself: &ActorRef<CallMsg>,
    ) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        tracing::info!(?outcome, error, "call ends");
        self.call.outlet.stop();
        self.last_words().await;
        for child in &mut self.children {
            if let Some(cell) = child.cell.take() {
                let limit = Some(ractor::concurrency::Duration::from_secs(2));
                if cell.stop_and_wait(None, limit).await.is_err() {
                    cell.kill();
                }
            }
        }
        tokio::time::sleep(LINGER).await;
        self.call.room.close().await;
        *self.call.end.lock() = Some(CallEnd { outcome, error: error.map(str::to_owned) });
        myself.stop(None);
    }
}

impl Actor for CallSupervisor {
    type Msg = CallMsg;
    type State = State;
    type Arguments = Arc<Call>;

    async fn pre_start(
        &self,
        myself: ActorRef<CallMsg>,
        call: Arc<Call>,
    ) -> Result<State, ActorProcessingErr> {
        call.pulses.supervisor.beat(call.clock.mono());
        *call.supervisor.lock() = Some(myself.clone());
        call.mails.link.post(LinkInput::State(AgentState::Initializing));
        let mut state = State { children: children(&call), hard_end: None, ended: false, call };
        for index in 0..state.children.len() {
            state.start_child(index, &myself).await;
        }
        // Stages answer the caller's arrival while the track is being negotiated; the outlet holds
        // what is said until the track is there.
        state.call.publish().await?;
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
