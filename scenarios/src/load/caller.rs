//! One caller: a participant that sends ready packets and takes the time of the agent's.

use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::{AgentRequest, JoinToken};
use frontdesk_rtc::{
    AudioPublish, DisconnectReason, LocalAudio, Packet, PacketReader, ParticipantKind, Room,
    RoomEvent, RoomEvents, RoomOptions, TrackSource,
};
use frontdesk_types::{FRAME_MS, IdSource};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::speech::Speech;
use crate::line::{Exchange, LineError};
use crate::speech::words::LANGUAGE;

/// Ticks of RTP time in one frame.
const FRAME_TICKS: u64 = 48 * FRAME_MS as u64;
const FRAME: Duration = Duration::from_millis(FRAME_MS as u64);
/// Bytes of the longest packet that is no voice: encoders make 3 to 9 of a frame of silence.
const SILENCE: usize = 12;
/// How a packet begins that LiveKit's server makes itself, 80 bytes long, for an audio track that
/// has nothing to send: Opus silence, and zeros behind it.
const SERVER_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// How long the agent must say nothing until it is the caller's turn.
const TURN_OVER: Duration = Duration::from_millis(800);
/// How long the agent may take to begin: longer is a failure, and no number.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the agent has talked when it is interrupted.
const INTERRUPT_AFTER: Duration = Duration::from_millis(600);
/// An agent whose last voice is no older than this is still talking.
const TALKING: Duration = Duration::from_millis(100);
/// Packets of one utterance that are further apart than this leave a gap that can be heard.
const GAP: Duration = Duration::from_millis(60);

/// What all callers do.
pub(super) struct Plan {
    pub(super) exchange: Exchange,
    pub(super) server: Arc<ServerApi>,
    pub(super) clinic: String,
    pub(super) speech: Speech,
    pub(super) turns: u32,
    pub(super) greeted: bool,
    pub(super) barge: bool,
    pub(super) may_speak: Semaphore,
}

impl Plan {
    /// The same plan, with a turn of its own.
    pub(super) fn again(&self) -> Self {
        Self {
            exchange: self.exchange.clone(),
            server: Arc::clone(&self.server),
            clinic: self.clinic.clone(),
            speech: self.speech.clone(),
            turns: self.turns,
            greeted: self.greeted,
            barge: self.barge,
            may_speak: Semaphore::new(1),
        }
    }
}

/// What one caller went through.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    /// From the first byte to the server until the room was joined.
    pub(super) joined: Duration,
    /// From having joined until the agent's first voice.
    pub(super) greeting: Option<Duration>,
    /// From the last voiced packet sent until the agent's first voice, by turn.
    pub(super) responses: Vec<Duration>,
    /// From the first voiced packet of an interruption until the agent's last voice.
    pub(super) interruptions: Vec<Duration>,
    /// Packets sent since somebody listened.
    pub(super) sent: u64,
    /// Voice packets of the agent.
    pub(super) heard: u64,
    /// Pauses inside the agent's utterances that should not be there.
    pub(super) gaps: u64,
    /// What went wrong.
    pub(super) fault: Option<String>,
}

fn is_voice(packet: &Packet) -> bool {
    packet.payload.len() > SILENCE && !packet.payload.starts_with(&SERVER_SILENCE)
}

/// A caller in a room.
pub(super) struct Caller {
    room: Room,
    events: RoomEvents,
    audio: LocalAudio,
    joined_at: Instant,
    packets_in: Option<PacketReader>,
    /// Whether somebody has subscribed to the microphone.
    listened_to: bool,
    tick: Interval,
    frame: u64,
    /// Where in the sentence the caller is.
    saying: Option<usize>,
    packets: Vec<Packet>,
    last_voice: Option<StdInstant>,
    course: Course,
}

impl Caller {
    /// Calls the agent into a new room, as the runtime does for a page, joins it and publishes a
    /// microphone.
    pub(super) async fn join(plan: &Plan, ids: &dyn IdSource) -> Result<Self, LineError> {
        let room_name = format!("load-{}", ids.uuid().simple());
        let identity = format!("caller-{}", ids.uuid().simple());
        let metadata = json!({ "clinic": plan.clinic, "channel": "web", "language": LANGUAGE });
        let agent = AgentRequest {
            agent_name: plan.exchange.agent_name.clone(),
            metadata: metadata.to_string(),
            ..AgentRequest::default()
        };
        plan.server.dispatch(&room_name, agent).await?;
        let token = JoinToken::caller(&room_name, &identity).sign(&plan.exchange.key)?;
        let mut options = RoomOptions::new(&plan.exchange.url, &token);
        options.subscribe_audio = true;
        let began = Instant::now();
        let (room, events) = Room::connect(options).await?;
        let joined_at = Instant::now();
        let microphone = AudioPublish {
            name: "microphone".to_owned(),
            source: TrackSource::Microphone,
            muted: false,
        };
        let audio = room.publish_audio(microphone).await?;
        let mut tick = tokio::time::interval(FRAME);
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let course = Course { joined: joined_at - began, ..Course::default() };
        Ok(Self {
            room,
            events,
            audio,
            joined_at,
            packets_in: None,
            listened_to: false,
            tick,
            frame: 0,
            saying: None,
            packets: Vec::new(),
            last_voice: None,
            course,
        })
    }

    /// Holds the call by the plan, drops `greeted` once it has begun and is listened to, and leaves when `until` says.
    pub(super) async fn hold(
        mut self,
        plan: &Plan,
        greeted: mpsc::Sender<()>,
        until: watch::Receiver<Option<Instant>>,
    ) -> Course {
        let begun = if plan.greeted { self.greeting(plan).await } else { Ok(()) };
        let mut fault = match begun {
            Ok(()) => self.await_listener(plan).await.err(),
            Err(fault) => Some(fault),
        };
        drop(greeted);
        if fault.is_none() {
            fault = self.talk(plan).await.err();
        }
        let may_go = || until.borrow().is_some_and(|until| Instant::now() >= until);
        while fault.is_none() && !may_go() {
            fault = self.step(plan).await.err();
        }
        self.room.close().await;
        Course { fault, ..self.course }
    }

    async fn greeting(&mut self, plan: &Plan) -> Result<(), String> {
        let heard = self.await_voice(plan, "greeting").await?;
        let joined_at = self.joined_at.into_std();
        self.course.greeting = Some(heard.saturating_duration_since(joined_at));
        Ok(())
    }

    /// Words said before the agent listens are said to nobody.
    async fn await_listener(&mut self, plan: &Plan) -> Result<(), String> {
        let patience = Instant::now() + PATIENCE;
        while !self.listened_to {
            self.step(plan).await?;
            if Instant::now() > patience {
                return Err(format!("nobody listened within {} s", PATIENCE.as_secs()));
            }
        }
        // What was sent to nobody cannot have been decoded.
        self.course.sent = 0;
        Ok(())
    }

    async fn talk(&mut self, plan: &Plan) -> Result<(), String> {
        self.await_silence(plan).await?;
        for _ in 0..plan.turns {
            let _place = self.place(plan).await?;
            self.turn(plan).await?;
            if plan.barge {
                self.interrupt(plan).await?;
            }
            self.await_silence(plan).await?;
        }
        Ok(())
    }

    /// A place among those who may be in a turn, first come, first served: an agent hangs up on
    /// who says nothing for long. The microphone goes on meanwhile.
    async fn place<'a>(&mut self, plan: &'a Plan) -> Result<SemaphorePermit<'a>, String> {
        let mut place = std::pin::pin!(plan.may_speak.acquire());
        loop {
            tokio::select! {
                biased;
                place = &mut place => return place.map_err(|error| error.to_string()),
                stepped = self.step(plan) => stepped?,
            }
        }
    }

    /// Says the sentence and waits for the answer to begin.
    async fn turn(&mut self, plan: &Plan) -> Result<(), String> {
        self.say(plan).await?;
        let said = Instant::now().into_std();
        let heard = self.await_voice(plan, "answer").await?;
        self.course.responses.push(heard.saturating_duration_since(said));
        Ok(())
    }

    /// Talks over the answer, and waits for the answer to that.
    async fn interrupt(&mut self, plan: &Plan) -> Result<(), String> {
        let talk = Instant::now() + INTERRUPT_AFTER;
        while Instant::now() < talk {
            self.step(plan).await?;
        }
        let onset = Instant::now().into_std();
        let talking = self.last_voice.is_some_and(|last| onset.duration_since(last) < TALKING);
        self.say(plan).await?;
        if let Some(last) = self.last_voice.filter(|_| talking) {
            self.course.interruptions.push(last.saturating_duration_since(onset));
        }
        self.await_voice(plan, "answer to an interruption").await?;
        Ok(())
    }

    async fn say(&mut self, plan: &Plan) -> Result<(), String> {
        self.saying = Some(0);
        while self.saying.is_some() {
            self.step(plan).await?;
        }
        Ok(())
    }

    /// When the agent's next voice came.
    async fn await_voice(&mut self, plan: &Plan, what: &str) -> Result<StdInstant, String> {
        let patience = Instant::now() + PATIENCE;
        let before = self.course.heard;
        let since = self.last_voice;
        loop {
            self.step(plan).await?;
            if self.course.heard > before
                && let Some(first) = self.first_after(since)
            {
                return Ok(first);
            }
            if Instant::now() > patience {
                return Err(format!("no {what} within {} s", PATIENCE.as_secs()));
            }
        }
    }

    /// The first voice packet of the last step that came after `since`.
    fn first_after(&self, since: Option<StdInstant>) -> Option<StdInstant> {
        let voices = self.packets.iter().filter(|packet| is_voice(packet));
        voices.map(|packet| packet.received).find(|at| since.is_none_or(|since| *at > since))
    }

    async fn await_silence(&mut self, plan: &Plan) -> Result<(), String> {
        while self.last_voice.is_some_and(|last| last.elapsed() < TURN_OVER) {
            self.step(plan).await?;
        }
        Ok(())
    }

    /// One frame of the microphone, and what came meanwhile.
    async fn step(&mut self, plan: &Plan) -> Result<(), String> {
        self.tick.tick().await;
        let speech = &plan.speech;
        let payload = match self.saying {
            Some(place) => {
                self.saying = Some(place + 1).filter(|next| *next < speech.sentence.len());
                speech.sentence[place].clone()
            }
            None => speech.silence.clone(),
        };
        self.audio.write(payload, self.frame * FRAME_TICKS, self.frame == 0);
        self.frame += 1;
        self.course.sent += 1;
        while let Some(event) = self.events.try_recv() {
            match event {
                RoomEvent::LocalTrackSubscribed { .. } => self.listened_to = true,
                RoomEvent::TrackSubscribed(audio) => {
                    self.packets_in = Some(audio.packets.reader(0));
                }
                // An agent that joins anew takes the place of its former self.
                RoomEvent::ParticipantLeft { participant, reason }
                    if participant.kind == ParticipantKind::Agent
                        && reason != DisconnectReason::DuplicateIdentity =>
                {
                    let after = self.joined_at.elapsed().as_secs();
                    return Err(format!("the agent left after {after} s: {reason:?}"));
                }
                RoomEvent::Disconnected { reason } => {
                    return Err(format!("the room was closed: {reason:?}"));
                }
                _ => {}
            }
        }
        self.packets.clear();
        if let Some(reader) = &mut self.packets_in {
            reader.drain(50, &mut self.packets);
        }
        for packet in self.packets.iter().filter(|packet| is_voice(packet)) {
            self.course.heard += 1;
            let pause = self.last_voice.map(|last| packet.received.duration_since(last));
            self.course.gaps += u64::from(pause.is_some_and(|p| p > GAP && p < TURN_OVER / 4));
            self.last_voice = Some(packet.received);
        }
        Ok(())
    }
}
