//! Finds the caller among a room's participants, follows them, and says what happens to them.
//!
//! The caller is the participant of the identity that the call was told of, else the first one who
//! can be a caller. Of all others nothing is heard or read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use frontdesk_line::{CallerFacts, CallerKind, Gone, LineEvent, Listener};
use frontdesk_types::Phi;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::captions::{Captions, Speaker};
use super::proof::{ProofCheck, Proofs};
use super::supervisor::Supervisor;
use super::voice_in::VoiceIn;
use crate::token::SUPERVISOR_PREFIX;
use crate::{
    DisconnectReason, Participant, ParticipantKind, Room, RoomEvent, TextStreamReader, Track,
    TrackKind, TrackSource,
};

/// Topic of typed messages of a front end.
const CHAT_TOPIC: &str = "lk.chat";

/// Set on a participant that speaks for another one (an avatar): never the caller.
const ON_BEHALF_ATTRIBUTE: &str = "lk.publish_on_behalf";

/// Attributes of a telephone caller, as livekit-sip sets them.
const CALLING_ATTRIBUTE: &str = "sip.phoneNumber";
const DIALLED_ATTRIBUTE: &str = "sip.trunkPhoneNumber";

/// Messages of the caller that may be under way at once; the oldest makes room.
const MAX_OPEN: usize = 2;

/// How long a message may be under way: front ends send one at once.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// Whose message it is: their identity, and the sid of their connection.
#[derive(Clone)]
struct Sender {
    identity: Phi<String>,
    sid: String,
}

/// Messages kept of senders whom the server has not introduced yet. It tells of a participant who
/// publishes nothing only every 3 s, but passes on their messages at once.
const MAX_EARLY: usize = 8;

/// What somebody sent.
enum Sent {
    Text(String),
    Key(char),
}

/// Who is waited for.
pub(super) struct Expected {
    /// Their identity; anybody who can be a caller if `None`.
    pub(super) caller: Option<String>,
    /// What shows that a later connection is theirs.
    pub(super) proof: Option<ProofCheck>,
}

/// See the module's documentation.
pub(super) struct Finder {
    room: Room,
    listener: Listener,
    voice: Arc<VoiceIn>,
    captions: Arc<Captions>,
    /// Who is waited for; anybody who can be a caller if `None`.
    expected: Option<Phi<String>>,
    caller: Option<Phi<String>>,
    /// The caller's identity, if they came by telephone.
    phone: Arc<OnceLock<Phi<String>>>,
    /// Sid of the caller's connection.
    sid: String,
    /// Whether the agent was removed from the room.
    removed: Arc<AtomicBool>,
    track: Option<String>,
    /// Whether the caller is in the room.
    here: bool,
    proofs: Proofs,
    /// Sid of the room in which the caller was seen last.
    in_room: String,
    /// Whether another connection has, or may have, taken the caller's place and is not judged yet.
    replaced: bool,
    /// Those of the clinic who may hear the agent.
    staff: watch::Receiver<Vec<String>>,
    /// What came before the server told who is there.
    early: VecDeque<(Sender, Sent)>,
    supervisor: Supervisor,
}

impl Finder {
    pub(super) fn new(
        room: Room,
        listener: Listener,
        voice: Arc<VoiceIn>,
        captions: Arc<Captions>,
        expected: Expected,
        supervisor: Supervisor,
        staff: watch::Receiver<Vec<String>>,
    ) -> Self {
        Self {
            room,
            listener,
            voice,
            captions,
            expected: expected.caller.map(Phi::new),
            caller: None,
            phone: Arc::default(),
            sid: String::new(),
            removed: Arc::default(),
            track: None,
            here: false,
            proofs: Proofs::new(expected.proof),
            in_room: String::new(),
            replaced: false,
            staff,
            early: VecDeque::new(),
            supervisor,
        }
    }

    /// Where the identity of a telephone caller is told, once they are there.
    pub(super) fn phone(&self) -> Arc<OnceLock<Phi<String>>> {
        Arc::clone(&self.phone)
    }

    /// Whether the agent was removed from the room, while the caller stayed.
    pub(super) fn removed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.removed)
    }

    /// Follows the room until its session ends.
    pub(super) async fn run(mut self) {
        let mut events = self.room.events();
        let mut chats = FuturesUnordered::new();
        // Of the messages that are read, the oldest first.
        let mut open: VecDeque<AbortHandle> = VecDeque::new();
        self.look_around().await;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(RoomEvent::TextStream(reader)) if reader.info().topic == CHAT_TOPIC => {
                        // Others' are not read at all, whether they come to an end or not.
                        if self.may_write(&reader.info().from) {
                            open.retain(|chat| !chat.is_aborted());
                            if open.len() >= MAX_OPEN && let Some(oldest) = open.pop_front() {
                                oldest.abort();
                            }
                            let (handle, registration) = AbortHandle::new_pair();
                            chats.push(read_chat(reader, handle.clone(), registration));
                            open.push_back(handle);
                        }
                    }
                    Some(event) => {
                        self.supervisor.on_event(&event).await;
                        self.on_event(event).await;
                    }
                    None => return,
                },
                () = self.supervisor.changed() => self.supervisor.look_around().await,
                Ok(()) = self.staff.changed() => self.permit().await,
                Some(chat) = chats.next() => {
                    if let Some((from, text)) = chat {
                        self.on_sent(from, Sent::Text(text));
                    }
                }
            }
        }
    }

    /// The agent's voice is for the caller, who may be known before they are there, and for those of
    /// the clinic who were named: nobody else can subscribe to it. Where the caller is whoever comes
    /// first, everybody can until they are known: livekit-server tells of somebody who publishes
    /// nothing up to 3 s late.
    pub(super) async fn permit(&mut self) {
        let mut identities = self.staff.borrow_and_update().clone();
        let Some(caller) = self.caller.as_ref().or(self.expected.as_ref()) else { return };
        identities.push(caller.expose().clone());
        if let Err(error) = self.room.permit_subscribers(identities).await {
            tracing::debug!(%error, "subscribers not named");
        }
    }

    /// Whether somebody is the caller, or may turn out to be.
    fn may_write(&self, from: &Phi<String>) -> bool {
        match &self.caller {
            Some(caller) => caller == from,
            None => self.may_be(from.expose()) && !from.expose().starts_with(SUPERVISOR_PREFIX),
        }
    }

    fn tell(&self, event: LineEvent) {
        (self.listener)(event);
    }

    async fn on_event(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::ParticipantJoined(participant)
            | RoomEvent::ParticipantUpdated { participant, .. } => self.on_here(&participant).await,
            RoomEvent::ParticipantLeft { participant, reason } => {
                self.on_gone(&participant.identity, reason);
            }
            RoomEvent::TrackPublished { identity, track, .. } => {
                self.on_track(identity.expose(), &track).await;
            }
            RoomEvent::TrackSubscribed(audio) if self.track.as_ref() == Some(&audio.sid) => {
                self.voice.set_source(&audio.packets);
            }
            RoomEvent::Dtmf { from: identity, from_sid: sid, digit } => {
                self.on_sent(Sender { identity, sid }, Sent::Key(digit));
            }
            RoomEvent::SubscriptionFailed { sid, reason } => {
                tracing::warn!(track = sid, reason, "track not subscribed");
            }
            RoomEvent::Rejoined => {
                self.tell(LineEvent::Back);
                self.captions.repeat_state().await;
                self.look_around().await;
            }
            RoomEvent::Disconnected { reason } => {
                let removed = reason == DisconnectReason::ParticipantRemoved;
                self.removed.store(removed, Ordering::SeqCst);
                self.tell(LineEvent::Over(format!("room disconnected: {reason:?}")));
            }
            RoomEvent::Reconnecting => self.tell(LineEvent::Lost),
            RoomEvent::Resumed => self.tell(LineEvent::Back),
            RoomEvent::Lagged { dropped } => {
                tracing::warn!(dropped, "room events dropped");
                self.look_around().await;
            }
            // Nothing to do: media state, who is loud, video, streams of other topics.
            _ => {}
        }
    }

    async fn look_around(&mut self) {
        for participant in self.room.participants() {
            self.on_here(&participant).await;
        }
        // A subscription may have come while nobody looked.
        for audio in self.room.remote_audio() {
            if self.track.as_ref() == Some(&audio.sid) {
                self.voice.set_source(&audio.packets);
            }
        }
    }

    async fn on_here(&mut self, participant: &Participant) {
        match &self.caller {
            Some(caller) if *caller.expose() == participant.identity => {}
            None if may_be_caller(participant) && self.may_be(&participant.identity) => {
                let identity = Phi::new(participant.identity.clone());
                if participant.kind == ParticipantKind::Sip {
                    // There is one caller, found once.
                    let _ = self.phone.set(identity.clone());
                }
                self.caller = Some(identity);
                self.permit().await;
            }
            _ => return,
        }
        let comes = !std::mem::replace(&mut self.here, true);
        if comes {
            self.sid.clone_from(&participant.sid);
            self.judge(participant).await;
            self.introduce();
            self.tell(LineEvent::CallerHere(facts(participant)));
        }
        for (from, sent) in std::mem::take(&mut self.early) {
            self.on_sent(from, sent);
        }
        if comes {
            // Of a connection that is gone.
            self.early.clear();
        }
        for track in &participant.tracks {
            self.on_track(&participant.identity, track).await;
        }
    }

    /// A connection of the caller's identity has come. One that took the place of another must show
    /// that it is theirs, else the call is told. In a room that a restarted server made anew
    /// everybody's connection is another one.
    async fn judge(&mut self, participant: &Participant) {
        let proven = self.proofs.shows(participant);
        let replaced = std::mem::take(&mut self.replaced) && self.in_room == self.room.sid();
        self.in_room = self.room.sid();
        if replaced && !proven {
            self.captions.forget().await;
            self.tell(LineEvent::CallerReplaced);
        }
    }

    fn may_be(&self, identity: &str) -> bool {
        self.expected.as_ref().is_none_or(|expected| expected.expose() == identity)
    }

    fn introduce(&self) {
        if let Some(caller) = &self.caller {
            let (identity, track) = (caller.expose().clone(), self.track.clone());
            self.captions.set_caller(Speaker { identity, track });
        }
    }

    /// Listens to the caller's first microphone and to nothing else.
    async fn on_track(&mut self, identity: &str, track: &Track) {
        let from_caller = self.caller.as_ref().is_some_and(|caller| caller.expose() == identity);
        let microphone = track.kind == TrackKind::Audio
            && matches!(track.source, TrackSource::Microphone | TrackSource::Unknown);
        let other = self.track.as_ref().is_some_and(|sid| {
            *sid != track.sid && self.room.participants().iter().any(|p| p.track(sid).is_some())
        });
        if !from_caller || !microphone || other {
            return;
        }
        self.track = Some(track.sid.clone());
        self.introduce();
        if let Err(error) = self.room.subscribe(&track.sid).await {
            tracing::warn!(%error, "cannot subscribe to the caller");
        }
    }

    fn on_gone(&mut self, identity: &str, reason: DisconnectReason) {
        if self.caller.as_ref().is_none_or(|caller| caller.expose() != identity) {
            return;
        }
        self.here = false;
        // What happened while we were not in the room ourselves, nobody knows.
        self.replaced =
            matches!(reason, DisconnectReason::DuplicateIdentity | DisconnectReason::Unknown);
        tracing::info!(?reason, "caller left");
        let meant = matches!(
            reason,
            DisconnectReason::ClientInitiated
                | DisconnectReason::RoomDeleted
                | DisconnectReason::UserRejected
                | DisconnectReason::ParticipantRemoved
        );
        self.tell(LineEvent::CallerGone(if meant { Gone::Left } else { Gone::Lost }));
    }

    fn on_sent(&mut self, from: Sender, sent: Sent) {
        let identity = from.identity.expose();
        match &self.caller {
            Some(caller) if caller.expose() != identity => {}
            // A connection that has taken the caller's place, of which nothing is known yet.
            Some(_) if from.sid != self.sid && !from.sid.is_empty() => self.keep(from, sent),
            Some(_) => match sent {
                Sent::Text(text) => self.tell(LineEvent::Typed(text)),
                Sent::Key(digit) => self.tell(LineEvent::Dtmf(digit)),
            },
            None if identity.starts_with(SUPERVISOR_PREFIX) => {}
            None if !self.may_be(identity) => {}
            None => self.keep(from, sent),
        }
    }

    /// Keeps it until the server has told who that is.
    fn keep(&mut self, from: Sender, sent: Sent) {
        match self.early.len() {
            0..MAX_EARLY => self.early.push_back((from, sent)),
            _ => tracing::warn!("message dropped: too many from senders not yet known"),
        }
    }
}

/// Whether a participant can be the caller: a person's client, not one that speaks for another.
fn may_be_caller(participant: &Participant) -> bool {
    matches!(
        participant.kind,
        ParticipantKind::Standard | ParticipantKind::Sip | ParticipantKind::Connector
    ) && !participant.identity.starts_with(SUPERVISOR_PREFIX)
        && participant.attributes.get(ON_BEHALF_ATTRIBUTE).is_none_or(String::is_empty)
}

fn facts(participant: &Participant) -> CallerFacts {
    let attributes = &participant.attributes;
    let attribute = |key: &str| attributes.get(key).filter(|value| !value.is_empty()).cloned();
    let is_phone = participant.kind == ParticipantKind::Sip;
    // Only the telephone bridge sets these; a browser could claim any number.
    let number = |key| attribute(key).filter(|_| is_phone);
    CallerFacts {
        identity: Some(Phi::new(participant.identity.clone())),
        kind: if is_phone { CallerKind::Phone } else { CallerKind::App },
        number: number(CALLING_ATTRIBUTE).map(Phi::new),
        dialled: number(DIALLED_ATTRIBUTE),
        attributes: Phi::new(BTreeMap::clone(attributes)),
    }
}

/// Reads a message to its end; one that is given up is none. Its handle counts as aborted after it.
async fn read_chat(
    reader: TextStreamReader,
    handle: AbortHandle,
    registration: AbortRegistration,
) -> Option<(Sender, String)> {
    let info = reader.info();
    let from = Sender { identity: info.from.clone(), sid: info.from_sid.clone() };
    let read = tokio::time::timeout(READ_LIMIT, reader.read_all());
    let read = Abortable::new(read, registration).await;
    handle.abort();
    match read {
        Ok(Ok(Ok(text))) => Some((from, text)),
        Ok(Ok(Err(error))) => {
            tracing::debug!(%error, "chat message dropped");
            None
        }
        Ok(Err(_)) | Err(_) => {
            tracing::debug!("chat message dropped: it did not come to an end");
            None
        }
    }
}
