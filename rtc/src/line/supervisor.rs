//! The supervisor who speaks with the caller: their microphone, and whether they are there.
//!
//! Known by the identity that the line was told to attend to and by nothing else, and never taken
//! for the caller. What is heard of them has a way of its own.

use std::sync::Arc;

use frontdesk_line::{LineEvent, Listener};
use frontdesk_types::Phi;
use tokio::sync::watch;

use super::voice_in::VoiceIn;
use crate::{Participant, Room, RoomEvent, Track, TrackKind, TrackSource};

/// See the module's documentation.
pub(super) struct Supervisor {
    room: Room,
    listener: Listener,
    voice: Arc<VoiceIn>,
    attend: watch::Receiver<Option<Phi<String>>>,
    /// Whom we attend to.
    identity: Option<String>,
    here: bool,
    track: Option<String>,
}

impl Supervisor {
    pub(super) fn new(
        room: Room,
        listener: Listener,
        voice: Arc<VoiceIn>,
        attend: watch::Receiver<Option<Phi<String>>>,
    ) -> Self {
        Self { room, listener, voice, attend, identity: None, here: false, track: None }
    }

    /// Waits until somebody else is to be attended to. Never comes back once the line is gone.
    pub(super) async fn changed(&mut self) {
        if self.attend.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Looks who is there: after a change, a rejoin, or events that were missed.
    pub(super) async fn look_around(&mut self) {
        let wanted = self.attend.borrow_and_update().clone().map(Phi::into_exposed);
        if wanted != self.identity {
            self.let_go().await;
            self.identity = wanted;
        }
        let Some(identity) = self.identity.clone() else { return };
        match self.room.participant(&identity) {
            Some(participant) => self.on_here(&participant).await,
            None => self.on_gone(),
        }
        for audio in self.room.remote_audio() {
            if self.track.as_ref() == Some(&audio.sid) {
                self.voice.set_source(&audio.packets);
            }
        }
    }

    pub(super) async fn on_event(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::ParticipantJoined(participant)
            | RoomEvent::ParticipantUpdated { participant, .. }
                if self.is_they(&participant.identity) =>
            {
                self.on_here(participant).await;
            }
            RoomEvent::ParticipantLeft { participant, .. }
                if self.is_they(&participant.identity) =>
            {
                self.on_gone();
            }
            RoomEvent::TrackPublished { identity, track, .. }
                if self.is_they(identity.expose()) =>
            {
                self.on_track(track).await;
            }
            RoomEvent::TrackSubscribed(audio) if self.track.as_ref() == Some(&audio.sid) => {
                self.voice.set_source(&audio.packets);
            }
            RoomEvent::Rejoined | RoomEvent::Lagged { .. } => self.look_around().await,
            _ => {}
        }
    }

    fn is_they(&self, identity: &str) -> bool {
        self.identity.as_deref() == Some(identity)
    }

    async fn on_here(&mut self, participant: &Participant) {
        self.tell(true);
        for track in &participant.tracks {
            self.on_track(track).await;
        }
    }

    /// Listens to their latest microphone.
    async fn on_track(&mut self, track: &Track) {
        let microphone = track.kind == TrackKind::Audio && track.source == TrackSource::Microphone;
        if !microphone || self.track.as_ref() == Some(&track.sid) {
            return;
        }
        self.track = Some(track.sid.clone());
        if let Err(error) = self.room.subscribe(&track.sid).await {
            tracing::warn!(%error, "cannot subscribe to the supervisor");
        }
    }

    fn on_gone(&mut self) {
        self.track = None;
        self.tell(false);
    }

    fn tell(&mut self, here: bool) {
        if std::mem::replace(&mut self.here, here) != here
            && let Some(identity) = self.identity.clone()
        {
            (self.listener)(LineEvent::Supervisor { identity, here });
        }
    }

    async fn let_go(&mut self) {
        self.here = false;
        if let Some(track) = self.track.take() {
            // A session that is over has let go of it.
            let _ = self.room.unsubscribe(&track).await;
        }
    }
}
