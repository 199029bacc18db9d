//! The patient's line: a participant of the room like any front end, who types or speaks.
//!
//! Words go out as text streams on `lk.chat` or as sound on a microphone track; the agent's come in
//! on `lk.transcription`, where its attribute `lk.agent.state` shows whether it listens.

use std::time::Duration;

use frontdesk_rtc::dispatch::ApiError;
use frontdesk_rtc::token::{AgentRequest, ApiKey, JoinToken, TokenError};
use frontdesk_rtc::{
    DisconnectReason, Participant, ParticipantKind, Room, RoomEvent, RoomEvents, RoomOptions,
    RtcError, TextStreamOptions, TextStreamReader,
};
use frontdesk_types::IdSource;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::format::Medium;
pub use super::heard::Heard;
use super::speech::words::LANGUAGE;
use super::speech::{Said, SpeechError, Told, Voice};

const CHAT: &str = "lk.chat";
const TRANSCRIPTION: &str = "lk.transcription";
const READING: &str = "frontdesk.reading";
const AGENT_STATE: &str = "lk.agent.state";
/// Words of the agent that may wait for the patient.
const MAX_HEARD: usize = 256;
/// How long words of an agent that has left may still be under way.
const ECHO: Duration = Duration::from_millis(150);

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The token.
    #[error("no join token could be made: {0}")]
    Token(#[from] TokenError),
    /// The agent.
    #[error("the agent could not be called: {0}")]
    Dispatch(#[from] ApiError),
    /// The room.
    #[error("the room could not be joined: {0}")]
    Room(#[from] RtcError),
    /// The voice.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The voice is gone.
    #[error("the patient's microphone is gone")]
    Mute,
}

/// Where to call.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// LiveKit server.
    pub url: String,
    /// Its API key.
    pub key: ApiKey,
    /// The agent to dispatch.
    pub agent_name: String,
}

/// Whom to call, and as whom.
#[derive(Debug, Clone)]
pub struct Dial {
    /// The clinic's slug.
    pub clinic: String,
    /// Typing or speaking.
    pub medium: Medium,
    /// The moment at which the call's clock is pinned.
    pub now: Option<jiff::Timestamp>,
    /// Whether the agent tells what it reads into the words.
    pub explain: bool,
}

/// An open line.
pub struct Line {
    room: Room,
    room_name: String,
    events: RoomEvents,
    identity: String,
    /// Readers of the agent's streams; they end with the line.
    readers: JoinSet<()>,
    words_in: mpsc::Sender<Heard>,
    words: mpsc::Receiver<Heard>,
    agent: Option<String>,
    state: Option<String>,
    /// Where the patient speaks.
    voice: Option<(Voice, Said)>,
    /// The agent is gone; what it said last may still be read.
    gone: bool,
}

impl Line {
    /// Joins a new room, which calls the agent in. With a `voice` the patient speaks, else types.
    ///
    /// # Errors
    /// [`LineError`] if the server cannot be reached or refuses.
    pub async fn open(
        exchange: &Exchange,
        dial: &Dial,
        voice: Option<Voice>,
        ids: &dyn IdSource,
    ) -> Result<Self, LineError> {
        let room_name = format!("call-{}", ids.uuid().simple());
        let identity = format!("caller-{}", ids.uuid().simple());
        let metadata = json!({
            "clinic": dial.clinic,
            "channel": dial.medium.as_str(),
            "language": LANGUAGE,
            "now": dial.now.map(|now| now.to_string()),
            "explain": dial.explain,
        });
        let agent = AgentRequest {
            agent_name: exchange.agent_name.clone(),
            metadata: metadata.to_string(),
            ..AgentRequest::default()
        };
        let token = JoinToken::caller(&room_name, &identity).agent(agent).sign(&exchange.key)?;
        let options = RoomOptions {
            subscribe_audio: voice.is_some(),
            ..RoomOptions::new(&exchange.url, &token)
        };
        let (room, events) = Room::connect(options).await?;
        let (words_in, words) = mpsc::channel(MAX_HEARD);
        let mut readers = JoinSet::new();
        let mut speaking = None;
        if let Some(voice) = voice {
            let audio = room.publish_audio(Voice::track()).await?;
            let (sending, said) = voice.speaking(audio, Told(words_in.clone()))?;
            readers.spawn(sending);
            speaking = Some((voice, said));
        }
        let mut line = Self {
            room,
            room_name,
            events,
            identity,
            readers,
            words_in,
            words,
            agent: None,
            state: None,
            voice: speaking,
            gone: false,
        };
        for participant in line.room.participants() {
            if let Some(heard) = line.look_at(&participant) {
                // The queue is empty.
                let _ = line.words_in.try_send(heard);
            }
        }
        Ok(line)
    }

    /// The room's name, by which the call's record is found.
    #[must_use]
    pub fn room_name(&self) -> &str {
        &self.room_name
    }

    /// Whether the patient speaks: then the line tells when the words are out.
    #[must_use]
    pub const fn is_spoken(&self) -> bool {
        self.voice.is_some()
    }

    /// Types, or begins to say.
    ///
    /// # Errors
    /// [`LineError`] if the room or the microphone is gone.
    pub async fn say(&self, text: &str) -> Result<(), LineError> {
        if let Some((_, said)) = &self.voice {
            return if said.say(text).await { Ok(()) } else { Err(LineError::Mute) };
        }
        let options = TextStreamOptions { topic: CHAT.to_owned(), ..TextStreamOptions::default() };
        Ok(self.room.send_text(text, options).await?)
    }

    /// What comes next; after [`Heard::Gone`] nothing more does. Cancel-safe.
    pub async fn next(&mut self) -> Heard {
        loop {
            if self.gone {
                let last = tokio::time::timeout(ECHO, self.words.recv()).await;
                return last.ok().flatten().unwrap_or(Heard::Gone);
            }
            tokio::select! {
                biased;
                Some(heard) = self.words.recv() => return heard,
                Some(_) = self.readers.join_next() => {}
                event = self.events.recv() => {
                    let Some(event) = event else {
                        self.gone = true;
                        continue;
                    };
                    if let Some(heard) = self.on_event(event) {
                        return heard;
                    }
                }
            }
        }
    }

    /// Leaves.
    pub async fn close(mut self) {
        self.room.close().await;
        self.readers.shutdown().await;
    }

    fn on_event(&mut self, event: RoomEvent) -> Option<Heard> {
        match event {
            RoomEvent::ParticipantJoined(participant)
            | RoomEvent::ParticipantUpdated { participant, .. } => self.look_at(&participant),
            RoomEvent::ParticipantLeft { participant, reason } => {
                if self.agent.as_ref() == Some(&participant.sid) {
                    match lost(reason) {
                        // Another runtime may take the call over, or the same comes back.
                        true => (self.agent, self.state) = (None, None),
                        false => self.gone = true,
                    }
                }
                None
            }
            RoomEvent::Disconnected { .. } => {
                self.gone = true;
                None
            }
            RoomEvent::TrackSubscribed(audio) => {
                if let Some((voice, _)) = &self.voice {
                    let told = Told(self.words_in.clone());
                    self.readers.spawn(voice.listen(audio.packets, told));
                }
                None
            }
            RoomEvent::TextStream(reader) if reader.info().topic == TRANSCRIPTION => {
                // A stream under one's own identity is what the agent understood.
                let own = *reader.info().from.expose() == self.identity;
                self.readers.spawn(read(reader, own, self.words_in.clone()));
                None
            }
            RoomEvent::TextStream(reader) if reader.info().topic == READING => {
                self.readers.spawn(read_reading(reader, self.words_in.clone()));
                None
            }
            _ => None,
        }
    }

    fn look_at(&mut self, participant: &Participant) -> Option<Heard> {
        if participant.kind != ParticipantKind::Agent {
            return None;
        }
        self.agent.get_or_insert_with(|| participant.sid.clone());
        let state = participant.attributes.get(AGENT_STATE)?;
        if self.state.as_ref() == Some(state) {
            return None;
        }
        self.state = Some(state.clone());
        Some(Heard::Listening(matches!(state.as_str(), "listening" | "idle")))
    }
}

/// Whether somebody left who did not mean to.
const fn lost(reason: DisconnectReason) -> bool {
    use DisconnectReason::{
        ConnectionTimeout, DuplicateIdentity, MediaFailure, ParticipantRemoved, SignalClose,
        StateMismatch, Unknown,
    };
    // Whoever goes on with a call removes the agent that it had; what happened while the line itself
    // was broken is unknown.
    matches!(
        reason,
        ConnectionTimeout
            | DuplicateIdentity
            | MediaFailure
            | ParticipantRemoved
            | SignalClose
            | StateMismatch
            | Unknown
    )
}

/// A reading comes as a whole, or not at all.
async fn read_reading(mut reader: TextStreamReader, words: mpsc::Sender<Heard>) {
    let mut json = String::new();
    while let Some(part) = reader.next().await {
        let Ok(part) = part else { return };
        json.push_str(&part);
    }
    let _ = words.send(Heard::Read(json)).await;
}

async fn read(mut reader: TextStreamReader, own: bool, words: mpsc::Sender<Heard>) {
    let stream = reader.info().id.clone();
    let attributes = reader.info().attributes.clone();
    let segment = attributes.get("lk.segment_id").cloned().unwrap_or(stream);
    let says_final = |attributes: &std::collections::HashMap<String, String>| {
        attributes.get("lk.transcription_final").map(|value| value == "true")
    };
    let heard = |text: &str, is_final| {
        let (segment, text) = (segment.clone(), text.to_owned());
        match own {
            true => Heard::Understood { segment, text, is_final },
            false => Heard::Agent { segment, text, is_final },
        }
    };
    let mut text = String::new();
    loop {
        match reader.next().await {
            Some(Ok(part)) => {
                text.push_str(&part);
                if words.send(heard(&text, false)).await.is_err() {
                    return;
                }
            }
            // The rest will not come: a stream that replaces it will.
            Some(Err(_)) => return,
            None => break,
        }
    }
    let trailer = says_final(&reader.trailer_attributes());
    if trailer.or_else(|| says_final(&attributes)).unwrap_or(true) {
        let _ = words.send(heard(&text, true)).await;
    }
}
