//! The demo caller: a participant like any front end, who speaks with flite and listens.
//!
//! It joins with a token, hears the agent's voice, reads the transcript that every front end gets,
//! and answers by the rules of `script`. Nothing of it is known to the worker.

mod mouth;
mod recording;
mod script;
pub mod typed;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_rtc::{
    AudioPublish, PacketRing, Participant, ParticipantKind, Room, RoomEvent, RoomEvents,
    RoomOptions, RtcError, TextStreamReader,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::token::Join;
use recording::{Ear, Recording};
use script::{Move, Script};

/// How long an agent may take to come.
const AGENT_PATIENCE: Duration = Duration::from_secs(20);
/// How long the agent may say nothing while it is the agent's turn.
const TURN_PATIENCE: Duration = Duration::from_secs(40);
/// The longest call.
const CALL_PATIENCE: Duration = Duration::from_secs(180);
/// How long the agent must have been listening before the caller speaks: people wait, too.
const POLITENESS: Duration = Duration::from_millis(350);
/// How long the end of the last stream is waited for after the call.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The agent's transcript, as front ends know it.
const TRANSCRIPTION: &str = "lk.transcription";
/// Where an agent shows what it is doing.
const AGENT_STATE: &str = "lk.agent.state";

/// Why the call could not be held. What was said is not part of it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The room cannot be entered.
    #[error("the demo caller could not join the room: {0}")]
    Room(#[from] RtcError),
    /// The caller's voice does not work.
    #[error("the demo caller has no voice: {0}")]
    Voice(#[from] TtsError),
    /// Opus does not work.
    #[error("the demo caller cannot encode: {0}")]
    Codec(frontdesk_rtc::CodecError),
    /// Nobody answered.
    #[error(
        "no agent came into the room within {} s; the log says why the call was refused",
        AGENT_PATIENCE.as_secs()
    )]
    NoAgent,
    /// The agent says nothing although it is its turn.
    #[error("the agent said nothing for {} s", TURN_PATIENCE.as_secs())]
    Silence,
    /// It goes on and on.
    #[error("the call had not ended after {} s", CALL_PATIENCE.as_secs())]
    TooLong,
    /// The recording could not be written.
    #[error("the recording {path} could not be written: {reason}")]
    Recording {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// One line of the conversation, as it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What the agent said, as far as it was heard.
    Agent(String),
    /// What the caller says.
    Caller(String),
    /// What the agent understood of it.
    Understood(String),
}

/// How the call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallReport {
    /// Whether the agent said that the appointment stands.
    pub told_booked: bool,
    /// From joining the room to the first packet of the agent's voice.
    pub greeting: Option<Duration>,
    /// From joining to leaving.
    pub length: Duration,
}

/// A call to place.
pub struct DemoCall {
    /// Where and as whom.
    pub join: Join,
    /// Who calls: a full name.
    pub name: String,
    /// Their date of birth, as spoken.
    pub born: String,
    /// The caller's voice.
    pub voice: Arc<dyn TextToSpeech>,
    /// Where to record it: caller left, agent right.
    pub record: Option<PathBuf>,
}

/// What the agent said, or what it understood.
struct Segment {
    agent: bool,
    text: String,
}

impl DemoCall {
    /// Holds the call; `print` gets each line when it is spoken, with the time since joining.
    ///
    /// # Errors
    /// [`CallError`] if there was no conversation, or the recording could not be written.
    pub async fn hold(
        self,
        print: impl FnMut(Duration, Line) + Send,
    ) -> Result<CallReport, CallError> {
        let started = Instant::now();
        let options = RoomOptions {
            subscribe_audio: true,
            ..RoomOptions::new(&self.join.url, &self.join.token)
        };
        let (room, events) = Room::connect(options).await?;
        let recording = self.record.as_ref().map(|_| Recording::new(started));
        let (mouth, mouth_end) = mouth::mouth();
        let (segments_in, segments) = mpsc::channel(64);
        let mut conversation = Conversation {
            identity: self.join.identity,
            started,
            tasks: JoinSet::new(),
            recording: recording.clone(),
            segments_in,
            script: Script::new(&self.name, &self.born),
            words: mouth.words,
            speaking: false,
            state: String::new(),
            heard: String::new(),
            agent: None,
            changed: started,
            greeting: Arc::default(),
            print,
        };
        let track = AudioPublish { name: "microphone".to_owned(), ..AudioPublish::default() };
        let result = match room.publish_audio(track).await {
            Ok(audio) => {
                let speak = mouth::speak(mouth_end, audio, self.voice, recording.clone());
                conversation.tasks.spawn(speak);
                conversation.run(&room, events, segments, mouth.said).await
            }
            Err(error) => Err(error.into()),
        };
        room.close().await;
        if let (Some(path), Some(recording)) = (&self.record, recording) {
            recording.write(path).map_err(|error| CallError::Recording {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
        }
        result
    }
}

struct Conversation<P> {
    identity: String,
    started: Instant,
    /// Mouth, ears and readers; they end with the conversation.
    tasks: JoinSet<()>,
    recording: Option<Recording>,
    segments_in: mpsc::Sender<Segment>,
    script: Script,
    words: mpsc::Sender<String>,
    speaking: bool,
    /// The agent's state as it shows it.
    state: String,
    /// What the agent has said since the caller's last words.
    heard: String,
    /// The agent's sid.
    agent: Option<String>,
    /// When something last happened.
    changed: Instant,
    /// When the agent's voice first arrived.
    greeting: Arc<OnceLock<Instant>>,
    print: P,
}

impl<P: FnMut(Duration, Line) + Send> Conversation<P> {
    async fn run(
        mut self,
        room: &Room,
        mut events: RoomEvents,
        mut segments: mpsc::Receiver<Segment>,
        mut said: mpsc::Receiver<Result<(), CallError>>,
    ) -> Result<CallReport, CallError> {
        for participant in room.participants() {
            self.look_at(&participant);
        }
        loop {
            let my_turn = self.is_my_turn();
            let next = match (my_turn, &self.agent) {
                (true, _) => self.changed + POLITENESS,
                (false, None) => self.started + AGENT_PATIENCE,
                (false, Some(_)) => self.changed + TURN_PATIENCE,
            };
            tokio::select! {
                event = events.recv() => {
                    let Some(event) = event else { break };
                    if self.on_event(event) {
                        break;
                    }
                }
                Some(segment) = segments.recv() => self.on_segment(&segment),
                Some(result) = said.recv() => {
                    result?;
                    self.speaking = false;
                    self.changed = Instant::now();
                }
                () = tokio::time::sleep_until(next) => {
                    if !my_turn {
                        let nobody = self.agent.is_none();
                        return Err(if nobody { CallError::NoAgent } else { CallError::Silence });
                    }
                    if self.take_turn().await {
                        break;
                    }
                }
                () = tokio::time::sleep_until(self.started + CALL_PATIENCE) => {
                    return Err(CallError::TooLong);
                }
            }
        }
        // The agent's last words may still be on their way out of their stream.
        while let Ok(Some(segment)) = tokio::time::timeout(LAST_WORDS, segments.recv()).await {
            self.on_segment(&segment);
        }
        Ok(CallReport {
            told_booked: self.script.told_booked(),
            greeting: self.greeting.get().map(|at| at.duration_since(self.started)),
            length: self.started.elapsed(),
        })
    }

    fn is_my_turn(&self) -> bool {
        self.state == "listening" && !self.heard.is_empty() && !self.speaking
    }

    /// Answers what was heard; returns whether to hang up.
    async fn take_turn(&mut self) -> bool {
        let heard = std::mem::take(&mut self.heard);
        self.changed = Instant::now();
        match self.script.reply(&heard) {
            Move::Say(words) => {
                (self.print)(self.started.elapsed(), Line::Caller(words.clone()));
                self.speaking = true;
                self.words.send(words).await.is_err()
            }
            Move::Listen => false,
            Move::HangUp => true,
        }
    }

    /// Takes in what happened; returns whether the call is over.
    fn on_event(&mut self, event: RoomEvent) -> bool {
        match event {
            RoomEvent::ParticipantJoined(participant)
            | RoomEvent::ParticipantUpdated { participant, .. } => self.look_at(&participant),
            RoomEvent::ParticipantLeft { participant, .. } => {
                return self.agent.as_ref() == Some(&participant.sid);
            }
            RoomEvent::TrackSubscribed(audio) => {
                let ear = self.recording.as_ref().and_then(Recording::ear);
                self.tasks.spawn(listen(audio.packets, Arc::clone(&self.greeting), ear));
            }
            RoomEvent::TextStream(reader) if reader.info().topic == TRANSCRIPTION => {
                self.read(reader);
            }
            RoomEvent::Disconnected { .. } => return true,
            _ => {}
        }
        false
    }

    fn look_at(&mut self, participant: &Participant) {
        if participant.kind != ParticipantKind::Agent {
            return;
        }
        self.agent.get_or_insert_with(|| participant.sid.clone());
        let state = participant.attributes.get(AGENT_STATE);
        if let Some(state) = state.filter(|state| **state != self.state) {
            self.state.clone_from(state);
            self.changed = Instant::now();
        }
    }

    fn read(&mut self, mut reader: TextStreamReader) {
        // A stream under the caller's own identity is what the agent understood of the caller.
        let agent = reader.info().from.0 != self.identity;
        let attributes = &reader.info().attributes;
        let done = agent || attributes.get("lk.transcription_final").is_some_and(|f| f == "true");
        tracing::debug!(agent, done, "demo caller reads a transcript");
        let segments = self.segments_in.clone();
        self.tasks.spawn(async move {
            let mut text = String::new();
            while let Some(Ok(part)) = reader.next().await {
                text.push_str(&part);
            }
            if done {
                let _ = segments.send(Segment { agent, text }).await;
            }
        });
    }

    fn on_segment(&mut self, segment: &Segment) {
        let text = segment.text.trim();
        if text.is_empty() {
            return;
        }
        self.changed = Instant::now();
        let line = if segment.agent {
            self.heard.push(' ');
            self.heard.push_str(text);
            Line::Agent(text.to_owned())
        } else {
            Line::Understood(text.to_owned())
        };
        (self.print)(self.started.elapsed(), line);
    }
}

/// Takes in the agent's voice. One reader for all purposes: a ring wakes only one.
async fn listen(packets: Arc<PacketRing>, greeting: Arc<OnceLock<Instant>>, mut ear: Option<Ear>) {
    let mut reader = packets.reader(0);
    let mut batch = Vec::new();
    loop {
        reader.ready().await;
        reader.drain(50, &mut batch);
        greeting.get_or_init(Instant::now);
        for packet in batch.drain(..) {
            if let Some(ear) = &mut ear {
                ear.hear(&packet);
            }
        }
    }
}
