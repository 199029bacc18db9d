//! RoomLink: the call's side of the room.
//!
//! Supervised by the CallSupervisor. Finds the caller among the participants and listens to their
//! microphone; publishes the agent's state, the caller's words and what of the agent was heard,
//! under the names that LiveKit's front ends depend on. The room's session outlives it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use frontdesk_pipelines::dialogue::{Input, UtteranceId};
use frontdesk_rtc::{
    DisconnectReason, Participant, ParticipantKind, RedactedString, RemoteAudio, TextStreamOptions,
    Track, TrackKind, TrackSource, TranscriptionSegment,
};
use frontdesk_types::{CallOutcome, Mono};
use ractor::ActorProcessingErr;
use tokio_util::task::AbortOnDropHandle;

use super::Call;
use super::ingest::IngestInput;
use super::pump::pump;
use crate::stage::Stage;

const TRANSCRIPTION_TOPIC: &str = "lk.transcription";
const STATE_ATTRIBUTE: &str = "lk.agent.state";
/// Set on a participant that speaks for another one (an avatar): never the caller.
const ON_BEHALF_ATTRIBUTE: &str = "lk.publish_on_behalf";

/// Typed messages longer than this are cut: nobody types more to a clinic in one go, and what is
/// longer is not a message.
const MAX_CHAT_CHARS: usize = 2000;

/// Messages kept of senders whom the server has not introduced yet. It tells of a participant who
/// publishes nothing only every 3 s, but passes on their messages at once.
const MAX_EARLY_CHATS: usize = 8;

/// What the agent is doing, as front ends know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentState {
    Initializing,
    Listening,
    Thinking,
    Speaking,
}

impl AgentState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Listening => "listening",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
        }
    }
}

/// What RoomLink is told.
#[derive(Debug, Clone)]
pub(crate) enum LinkInput {
    /// Somebody is in the room, or changed.
    Here(Participant),
    /// Somebody left.
    Gone { identity: RedactedString, reason: DisconnectReason },
    /// Somebody published a track.
    Track { identity: RedactedString, track: Track },
    /// A subscribed track arrives.
    Audio(RemoteAudio),
    /// Somebody typed.
    Chat { identity: RedactedString, text: String },
    /// The session was replaced: look at everything anew.
    Rejoined,
    /// The session is over.
    Disconnected(DisconnectReason),
    /// The agent's state changed.
    State(AgentState),
    /// A piece of the agent's utterance begins to be heard.
    AgentText { utterance: UtteranceId, text: String },
    /// The agent's utterance is over.
    AgentTextDone { utterance: UtteranceId, heard: String, complete: bool },
    /// The caller's words.
    CallerText { number: u64, text: String, is_final: bool },
}

/// What RoomLink leaves for its successor.
#[derive(Default)]
pub(crate) struct Memory {
    caller: Option<RedactedString>,
    caller_track: Option<String>,
    pub(crate) began: bool,
    /// Messages that came before the server told who is there.
    early: VecDeque<(RedactedString, String)>,
    /// When a caller who lost the connection is given up.
    away_until: Option<Mono>,
    state: Option<AgentState>,
    /// The agent's utterance under way and its text so far.
    segment: Option<(UtteranceId, String)>,
}

pub(crate) struct RoomLink {
    call: Arc<Call>,
    writer: Option<(UtteranceId, frontdesk_rtc::TextStreamWriter)>,
    _pump: AbortOnDropHandle<()>,
}

impl RoomLink {
    pub(crate) fn build(call: Arc<Call>) -> Self {
        // A successor looks at the room as it is: what happened in between is in its state.
        call.mails.link.post(LinkInput::Rejoined);
        let pump = pump(&call.room, Arc::clone(&call.mails.link));
        Self { call, writer: None, _pump: pump }
    }

    async fn look_around(&mut self) {
        for participant in self.call.room.participants() {
            self.on_here(&participant).await;
        }
    }

    async fn on_here(&mut self, participant: &Participant) {
        let is_caller = {
            let mut memory = self.call.linked.lock();
            match &memory.caller {
                Some(caller) => **caller == *participant.identity,
                None if may_be_caller(participant) => {
                    memory.caller = Some(participant.identity.clone().into());
                    true
                }
                None => false,
            }
        };
        if !is_caller {
            return;
        }
        let begin = {
            let mut memory = self.call.linked.lock();
            memory.away_until = None;
            !std::mem::replace(&mut memory.began, true)
        };
        if begin {
            tracing::info!("caller is here");
            self.call.mails.dialogue.post(Input::Begin);
        }
        let early = std::mem::take(&mut self.call.linked.lock().early);
        for (identity, text) in early {
            self.on_chat(&identity, &text);
        }
        for track in &participant.tracks {
            self.on_track(&participant.identity, track).await;
        }
    }

    /// Listens to the caller's first microphone and to nothing else.
    async fn on_track(&self, identity: &str, track: &Track) {
        let wanted = {
            let mut memory = self.call.linked.lock();
            let from_caller = memory.caller.as_deref().is_some_and(|caller| *caller == *identity);
            let microphone = track.kind == TrackKind::Audio
                && matches!(track.source, TrackSource::Microphone | TrackSource::Unknown);
            let other = memory.caller_track.as_ref().is_some_and(|sid| {
                *sid != track.sid
                    && self.call.room.participants().iter().any(|p| p.track(sid).is_some())
            });
            let wanted = from_caller && microphone && !other;
            if wanted {
                memory.caller_track = Some(track.sid.clone());
            }
            wanted
        };
        if wanted && let Err(error) = self.call.room.subscribe(&track.sid).await {
            tracing::warn!(%error, "cannot subscribe to the caller");
        }
    }

    fn on_gone(&self, identity: &str, reason: DisconnectReason) {
        let now = self.call.clock.mono();
        let mut memory = self.call.linked.lock();
        if memory.caller.as_deref().is_none_or(|caller| *caller != *identity) {
            return;
        }
        tracing::info!(?reason, "caller left");
        let meant = matches!(
            reason,
            DisconnectReason::ClientInitiated
                | DisconnectReason::RoomDeleted
                | DisconnectReason::UserRejected
                | DisconnectReason::ParticipantRemoved
        );
        if meant {
            drop(memory);
            self.call.mails.dialogue.post(Input::CallerLeft);
            self.call.caller_left();
        } else {
            memory.away_until = Some(now + self.call.services.settings.return_timeout);
        }
    }

    fn on_chat(&self, identity: &str, text: &str) {
        {
            let mut memory = self.call.linked.lock();
            match memory.caller.as_deref() {
                Some(caller) if *caller == *identity => {}
                Some(_) => return,
                None => {
                    if memory.early.len() < MAX_EARLY_CHATS {
                        memory.early.push_back((identity.to_owned().into(), text.to_owned()));
                    } else {
                        tracing::warn!("message dropped: too many from senders not yet known");
                    }
                    return;
                }
            }
        }
        let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_CHAT_CHARS).collect();
        if text.trim().is_empty() {
            return;
        }
        self.call.outlet.stop();
        self.call.mails.dialogue.post(Input::Heard { text, confidence: None });
    }

    async fn set_state(&self, state: AgentState) {
        if self.call.linked.lock().state.replace(state) == Some(state) {
            return;
        }
        let attributes = HashMap::from([(STATE_ATTRIBUTE.to_owned(), state.as_str().to_owned())]);
        // A caller's words wait behind this: the server's answer is not waited for.
        if let Err(error) = self.call.room.announce_attributes(attributes).await {
            tracing::debug!(%error, "agent state not published");
        }
    }

    fn agent_segment(&self, utterance: UtteranceId) -> String {
        format!("SG_{}a{}", self.call.id.uuid().simple(), utterance.0)
    }

    fn options(&self, segment: &str, is_final: bool, track: Option<String>) -> TextStreamOptions {
        let mut attributes = HashMap::from([
            ("lk.segment_id".to_owned(), segment.to_owned()),
            ("lk.transcription_final".to_owned(), is_final.to_string()),
        ]);
        if let Some(track) = track {
            attributes.insert("lk.transcribed_track_id".to_owned(), track);
        }
        TextStreamOptions {
            topic: TRANSCRIPTION_TOPIC.to_owned(),
            attributes,
            ..TextStreamOptions::default()
        }
    }

    async fn on_agent_text(
        &mut self,
        utterance: UtteranceId,
        text: &str,
    ) -> Result<(), ActorProcessingErr> {
        let (delta, so_far) = {
            let mut memory = self.call.linked.lock();
            match &mut memory.segment {
                Some((open, so_far)) if *open == utterance => {
                    let delta = format!(" {text}");
                    so_far.push_str(&delta);
                    (delta, so_far.clone())
                }
                segment => {
                    *segment = Some((utterance, text.to_owned()));
                    (text.to_owned(), text.to_owned())
                }
            }
        };
        let segment = self.agent_segment(utterance);
        match &mut self.writer {
            Some((open, writer)) if *open == utterance => writer.write(&delta).await?,
            _ => {
                // A new segment, or one whose stream died with a predecessor: all of it again.
                let options = self.options(&segment, false, self.call.own_track());
                let mut writer = self.call.room.open_text_stream(options).await?;
                writer.write(&so_far).await?;
                self.writer = Some((utterance, writer));
            }
        }
        self.legacy(None, &segment, &so_far, false).await;
        Ok(())
    }

    async fn on_agent_done(
        &mut self,
        utterance: UtteranceId,
        heard: &str,
        complete: bool,
    ) -> Result<(), ActorProcessingErr> {
        let segment = self.agent_segment(utterance);
        let shown = self.call.linked.lock().segment.take_if(|(open, _)| *open == utterance);
        if let Some((open, writer)) = self.writer.take() {
            let is_final = open == utterance && complete;
            let attributes =
                HashMap::from([("lk.transcription_final".to_owned(), is_final.to_string())]);
            writer.close(attributes).await?;
            if is_final {
                self.legacy(None, &segment, heard, true).await;
                return Ok(());
            }
        }
        if shown.is_some() || !heard.is_empty() {
            // Cut short, or its stream is gone: the segment is replaced by what was heard.
            let options = self.options(&segment, true, self.call.own_track());
            self.call.room.send_text(heard, options).await?;
            self.legacy(None, &segment, heard, true).await;
        }
        Ok(())
    }

    async fn on_caller_text(
        &self,
        number: u64,
        text: &str,
        is_final: bool,
    ) -> Result<(), ActorProcessingErr> {
        let (caller, track) = {
            let memory = self.call.linked.lock();
            (memory.caller.clone(), memory.caller_track.clone())
        };
        let Some(caller) = caller else { return Ok(()) };
        let segment = format!("SG_{}u{number}", self.call.id.uuid().simple());
        let options = TextStreamOptions {
            sender_identity: Some(caller.to_string()),
            ..self.options(&segment, is_final, track)
        };
        self.call.room.send_text(text, options).await?;
        self.legacy(Some(&caller), &segment, text, is_final).await;
        Ok(())
    }

    /// The older transcription packet, which some front ends still read.
    async fn legacy(&self, caller: Option<&str>, segment: &str, text: &str, is_final: bool) {
        let (identity, track) = match caller {
            Some(caller) => (caller.to_owned(), self.call.linked.lock().caller_track.clone()),
            None => {
                let local = self.call.room.local().map(|local| local.identity);
                (local.unwrap_or_default(), self.call.own_track())
            }
        };
        let segment = TranscriptionSegment {
            id: segment.to_owned(),
            text: text.to_owned(),
            language: self.call.facts.language.clone(),
            is_final,
        };
        let track = track.unwrap_or_default();
        if let Err(error) =
            self.call.room.send_transcription(&identity, &track, vec![segment]).await
        {
            tracing::debug!(%error, "transcription packet not sent");
        }
    }
}

/// Whether a participant can be the caller: a person's client, not one that speaks for another.
fn may_be_caller(participant: &Participant) -> bool {
    matches!(
        participant.kind,
        ParticipantKind::Standard | ParticipantKind::Sip | ParticipantKind::Connector
    ) && participant.attributes.get(ON_BEHALF_ATTRIBUTE).is_none_or(String::is_empty)
}

impl Stage for RoomLink {
    type Input = LinkInput;

    async fn handle(&mut self, input: LinkInput, _attempt: u32) -> Result<(), ActorProcessingErr> {
        match input {
            LinkInput::Here(participant) => self.on_here(&participant).await,
            LinkInput::Gone { identity, reason } => self.on_gone(&identity, reason),
            LinkInput::Track { identity, track } => self.on_track(&identity, &track).await,
            LinkInput::Audio(audio) => {
                let ours = self.call.linked.lock().caller_track.as_ref() == Some(&audio.sid);
                if ours {
                    self.call.mails.ingest.post(IngestInput::Source(audio.packets));
                }
            }
            LinkInput::Chat { identity, text } => self.on_chat(&identity, &text),
            LinkInput::Rejoined => {
                let state = self.call.linked.lock().state.take();
                self.set_state(state.unwrap_or(AgentState::Initializing)).await;
                self.look_around().await;
            }
            LinkInput::Disconnected(reason) => {
                self.call.mails.dialogue.post(Input::CallerLeft);
                let why = format!("room disconnected: {reason:?}");
                self.call.finish(CallOutcome::Abandoned, Some(&why));
            }
            LinkInput::State(state) => self.set_state(state).await,
            LinkInput::AgentText { utterance, text } => {
                self.on_agent_text(utterance, &text).await?;
            }
            LinkInput::AgentTextDone { utterance, heard, complete } => {
                self.on_agent_done(utterance, &heard, complete).await?;
            }
            LinkInput::CallerText { number, text, is_final } => {
                self.on_caller_text(number, &text, is_final).await?;
            }
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Mono> {
        self.call.linked.lock().away_until
    }

    async fn on_deadline(&mut self) -> Result<(), ActorProcessingErr> {
        let away = self.call.linked.lock().away_until.take();
        if away.is_some() {
            tracing::info!("caller did not come back");
            self.call.mails.dialogue.post(Input::CallerLeft);
            self.call.caller_left();
        }
        Ok(())
    }
}

impl Call {
    /// Sid of the agent's own track, once it is published.
    fn own_track(&self) -> Option<String> {
        self.outlet.track_sid()
    }
}

/// Longest that publishing to the room may take before RoomLink counts as hung.
pub(crate) const LINK_LIMIT: Duration = Duration::from_secs(5);
