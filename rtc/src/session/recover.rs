//! Losing the connection and getting it back.
//!
//! Two ways, as in LiveKit's own SDKs. *Resume*: signalling came back to the same session; tell the
//! server what we have, restart ICE on the publisher, go on. *Rejoin*: a new session under the same
//! identity, with new connections; everything is published and subscribed again behind the same
//! handles.

use std::time::Instant;

use livekit_protocol as proto;
use proto::signal_request::Message as Request;

use super::link::{LinkCommand, LinkEvent};
use super::packets::Channels;
use super::peer::{Peer, now};
use super::{Session, Side};
use crate::{DisconnectReason, Participant, RoomEvent};

/// Rejoins in a row whose media path does not come up before the session is given up.
const MAX_MEDIA_FAILURES: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Joined; the media path must be up by then.
    Connecting { until: Instant },
    /// All is well.
    Up,
    /// Signalling is gone and being sought; media may go on.
    Resuming,
    /// Signalling is back; the media path must be confirmed by then.
    Confirming { until: Instant },
    /// A new session is being sought.
    Rejoining,
}

impl Phase {
    pub(super) const fn until(self) -> Option<Instant> {
        match self {
            Self::Connecting { until } | Self::Confirming { until } => Some(until),
            Self::Up | Self::Resuming | Self::Rejoining => None,
        }
    }
}

impl Session {
    pub(super) async fn link_event(&mut self, event: Option<LinkEvent>) {
        match event {
            None => self.end = Some(DisconnectReason::Internal),
            Some(LinkEvent::Message(message)) => self.on_message(*message),
            Some(LinkEvent::Lost) => self.lost(),
            Some(LinkEvent::Resumed { epoch }) => self.resumed(epoch),
            Some(LinkEvent::NotResumable) => self.start_rejoin(),
            Some(LinkEvent::Joined { epoch, join }) => {
                self.epoch = epoch;
                self.rejoined(*join).await;
            }
            Some(LinkEvent::GaveUp(reason)) => self.end = Some(reason),
        }
    }

    /// Takes over what the server says of a new session.
    pub(super) fn joined(&mut self, join: proto::JoinResponse) {
        {
            let mut state = self.shared.state.lock();
            if let Some(room) = join.room {
                state.name = room.name;
                state.room_sid = room.sid;
            }
            state.local = join.participant.as_ref().map(Participant::from_proto);
        }
        let sids = |p: &proto::ParticipantInfo| p.sid.clone();
        let present: Vec<String> = join.other_participants.iter().map(sids).collect();
        let absent: Vec<String> = {
            let state = self.shared.state.lock();
            state.remote.keys().filter(|sid| !present.contains(sid)).cloned().collect()
        };
        for sid in absent {
            self.participant_left(&sid, DisconnectReason::Unknown);
        }
        for info in &join.other_participants {
            self.on_participant(info);
        }
    }

    pub(super) fn lost(&mut self) {
        if matches!(self.phase, Phase::Resuming | Phase::Rejoining) {
            return;
        }
        if !matches!(self.phase, Phase::Confirming { .. }) && self.was_connected {
            self.emit(RoomEvent::Reconnecting);
        }
        self.phase = Phase::Resuming;
    }

    /// A media path failed while signalling is well: resume to have ICE restarted.
    pub(super) fn media_lost(&mut self, side: Side) {
        if self.phase != Phase::Up {
            return;
        }
        tracing::info!(?side, "media path lost");
        self.lost();
        let reason = match side {
            Side::Publisher => proto::ReconnectReason::RrPublisherFailed,
            Side::Subscriber => proto::ReconnectReason::RrSubscriberFailed,
        };
        let _ = self.link.send(LinkCommand::Resume(reason));
    }

    fn resumed(&mut self, epoch: u64) {
        if self.phase == Phase::Rejoining {
            return;
        }
        self.epoch = epoch;
        self.phase = Phase::Confirming { until: now() + self.options.media_timeout };
        self.send_sync_state();
        if let Some(peer) = self.publisher.as_mut() {
            // What was offered on the old signalling connection will not be answered any more.
            peer.pending = None;
            peer.restart_ice = true;
            // Lines whose offer was lost are offered anew.
            for published in &mut self.published {
                if published.mid.is_some_and(|mid| peer.rtc.media(mid).is_none()) {
                    published.mid = None;
                }
            }
            self.negotiate();
        }
    }

    /// What a server that lost track of us needs to know. The subscriber's last offer and answer,
    /// subscriptions, our tracks.
    fn send_sync_state(&self) {
        let description = |kind: &str, sdp: &str| proto::SessionDescription {
            r#type: kind.to_owned(),
            sdp: sdp.to_owned(),
            ..Default::default()
        };
        let (offer, answer) = match &self.described {
            Some((offer, answer)) => {
                (Some(description("offer", offer)), Some(description("answer", answer)))
            }
            None => (None, None),
        };
        let state = proto::SyncState {
            offer,
            answer,
            subscription: Some(proto::UpdateSubscription {
                track_sids: self.subscriptions.keys().cloned().collect(),
                subscribe: true,
                ..Default::default()
            }),
            publish_tracks: self.published.iter().filter_map(|p| p.response.clone()).collect(),
            datachannel_receive_states: self.receive_states(),
            ..Default::default()
        };
        // Passes what is held back until the media path is confirmed.
        let message = Box::new(Request::SyncState(state));
        let _ = self.link.send(LinkCommand::Send { epoch: self.epoch, message });
    }

    pub(super) fn start_rejoin(&mut self) {
        if self.phase == Phase::Rejoining {
            return;
        }
        if self.phase == Phase::Up {
            self.emit(RoomEvent::Reconnecting);
        }
        tracing::info!("rejoining with a new session");
        self.phase = Phase::Rejoining;
        self.drop_media();
        let _ = self.link.send(LinkCommand::Rejoin);
    }

    fn drop_media(&mut self) {
        self.subscriber = None;
        self.publisher = None;
        self.closed_until = None;
        self.channels = Channels::default();
        self.described = None;
        self.lines.clear();
        self.ssrcs.clear();
        self.sequence = 0;
        self.retired.clear();
        for published in &mut self.published {
            published.track.set_live(false);
            published.mid = None;
            published.response = None;
        }
        for subscription in self.subscriptions.values_mut() {
            subscription.interrupt();
        }
        let mut state = self.shared.state.lock();
        state.connected = false;
        state.audio.clear();
    }

    async fn rejoined(&mut self, join: proto::JoinResponse) {
        // A second rejoin may have overtaken the first one's connections.
        self.drop_media();
        match Peer::new(self.local_ip, proto::SignalTarget::Subscriber).await {
            Ok(peer) => self.subscriber = Some(peer),
            Err(error) => {
                tracing::error!(%error, "cannot rejoin");
                self.end = Some(DisconnectReason::MediaFailure);
                return;
            }
        }
        self.phase = Phase::Connecting { until: now() + self.options.media_timeout };
        self.received.clear();
        self.joined(join);
        // Before our tracks are there again.
        self.send_permission();
        let wanted: Vec<String> = self.subscriptions.keys().cloned().collect();
        for sid in wanted {
            self.ask_subscription(&sid, true);
        }
        self.republish().await;
    }

    /// Tells the server who may subscribe to our tracks, if that is limited. It keeps this for
    /// identities that are not there yet.
    pub(super) fn send_permission(&self) {
        let Some(permitted) = &self.permitted else { return };
        let track_permissions = permitted.iter().map(|identity| proto::TrackPermission {
            participant_identity: identity.clone(),
            all_tracks: true,
            ..Default::default()
        });
        self.send(Request::SubscriptionPermission(proto::SubscriptionPermission {
            all_participants: false,
            track_permissions: track_permissions.collect(),
        }));
    }

    /// Looks whether the media path is what it should be.
    pub(super) async fn supervise(&mut self, now: Instant) {
        if self.wants_publisher {
            self.wants_publisher = false;
            match self.ensure_publisher().await {
                Ok(()) => self.negotiate(),
                Err(error) => tracing::warn!(%error, "cannot open the publishing connection"),
            }
        }
        let dead = [&self.subscriber, &self.publisher].into_iter().flatten().any(|p| p.dead);
        if dead && self.phase != Phase::Rejoining {
            self.media_failed();
            return;
        }
        if self.closed_until.is_some_and(|at| at <= now) {
            self.closed_until = None;
            // While signalling is sought, its finding decides.
            if !matches!(self.phase, Phase::Rejoining | Phase::Resuming) {
                self.media_failed();
                return;
            }
        }
        match self.phase {
            Phase::Connecting { until } => {
                if self.media_is_up() {
                    self.up();
                } else if until <= now {
                    tracing::warn!("the media path did not come up");
                    self.media_failed();
                }
            }
            Phase::Confirming { until } => {
                if self.media_is_up() {
                    self.phase = Phase::Up;
                    self.failures = 0;
                    let _ = self.link.send(LinkCommand::Confirm);
                    self.shared.counters.resumes.add(1);
                    self.emit(RoomEvent::Resumed);
                } else if until <= now {
                    tracing::warn!("the media path did not come back");
                    self.media_failed();
                }
            }
            Phase::Up | Phase::Resuming | Phase::Rejoining => {}
        }
    }

    fn media_failed(&mut self) {
        self.failures += 1;
        if self.failures > MAX_MEDIA_FAILURES {
            self.end = Some(DisconnectReason::MediaFailure);
        } else {
            self.start_rejoin();
        }
    }

    fn media_is_up(&self) -> bool {
        let subscriber = self.subscriber.as_ref().is_some_and(Peer::is_connected);
        let publisher =
            self.publisher.as_ref().is_none_or(|p| p.is_connected() && p.pending.is_none());
        subscriber && publisher
    }

    fn up(&mut self) {
        self.phase = Phase::Up;
        self.failures = 0;
        self.shared.state.lock().connected = true;
        if std::mem::replace(&mut self.was_connected, true) {
            self.shared.counters.rejoins.add(1);
            self.emit(RoomEvent::Rejoined);
        } else {
            self.emit(RoomEvent::Connected);
        }
    }
}
