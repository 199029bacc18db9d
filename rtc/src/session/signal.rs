//! What the server says.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use livekit_protocol as proto;
use proto::signal_response::Message as Response;

use super::Session;
use super::link::LinkCommand;
use crate::{DisconnectReason, Participant, RoomEvent, RtcError, Track, TrackKind};

impl Session {
    pub(super) fn on_message(&mut self, message: Response) {
        match message {
            Response::Offer(offer) => self.on_offer(&offer),
            Response::Answer(answer) => self.on_answer(&answer),
            Response::Trickle(trickle) => self.on_trickle(&trickle),
            Response::Update(update) => {
                for info in update.participants {
                    self.on_participant(&info);
                }
            }
            Response::TrackPublished(response) => self.on_track_published(response),
            Response::TrackUnpublished(response) => {
                let sid = response.track_sid;
                if self.published.iter().any(|p| p.track.sid() == sid) {
                    // A moderator's doing; our side of the line goes with it.
                    let _ = self.unpublish(&sid);
                }
            }
            Response::Mute(mute) => self.on_mute(&mute),
            Response::TrackSubscribed(subscribed) => {
                self.emit(RoomEvent::LocalTrackSubscribed { sid: subscribed.track_sid });
            }
            Response::Leave(leave) => self.on_leave(&leave),
            Response::SpeakersChanged(changed) => {
                let mut speakers: Vec<_> =
                    changed.speakers.into_iter().filter(|s| s.active).collect();
                speakers.sort_by(|a, b| b.level.total_cmp(&a.level));
                self.emit(RoomEvent::ActiveSpeakers(speakers.into_iter().map(|s| s.sid).collect()));
            }
            Response::RoomUpdate(update) => {
                if let Some(room) = update.room {
                    let mut state = self.shared.state.lock();
                    state.name = room.name;
                    state.room_sid = room.sid;
                }
            }
            Response::SubscriptionResponse(response)
                if response.err != proto::SubscriptionError::SeUnknown as i32 =>
            {
                let reason = response.err().as_str_name().to_owned();
                if let Some(old) = self.subscriptions.remove(&response.track_sid) {
                    self.unsubscribed(&response.track_sid, &old);
                    let sid = response.track_sid;
                    self.emit(RoomEvent::SubscriptionFailed { sid, reason });
                }
            }
            Response::RequestResponse(response) => self.on_request_response(&response),
            // The rest is for video, data tracks, single connections and quality displays.
            _ => {}
        }
    }

    fn on_trickle(&mut self, trickle: &proto::TrickleRequest) {
        let side = match trickle.target() {
            proto::SignalTarget::Publisher => super::Side::Publisher,
            proto::SignalTarget::Subscriber => super::Side::Subscriber,
        };
        if let Some(peer) = self.peer(side) {
            peer.trickle(&trickle.candidate_init);
            self.drive(side);
        }
    }

    fn on_mute(&mut self, mute: &proto::MuteTrackRequest) {
        let published = self.published.iter_mut().find(|p| p.track.sid() == mute.sid);
        if let Some(published) = published {
            published.track.set_muted(mute.muted);
            published.sent_muted = mute.muted;
            let (sid, muted) = (mute.sid.clone(), mute.muted);
            self.emit(RoomEvent::LocalTrackMuted { sid, muted });
        }
    }

    fn on_leave(&mut self, leave: &proto::LeaveRequest) {
        use proto::leave_request::Action;
        let reason = DisconnectReason::from_proto(leave.reason());
        tracing::info!(?reason, action = ?leave.action(), "the server asks to leave");
        match leave.action() {
            Action::Disconnect => self.end = Some(reason),
            Action::Resume => {
                self.lost();
                let reason = proto::ReconnectReason::RrUnknown;
                let _ = self.link.send(LinkCommand::Resume(reason));
            }
            Action::Reconnect => self.start_rejoin(),
        }
    }

    fn on_request_response(&mut self, response: &proto::RequestResponse) {
        use proto::request_response::{Reason, Request};
        let reason = response.reason();
        if matches!(reason, Reason::Queued) {
            return;
        }
        let refused = || format!("{} {}", reason.as_str_name(), response.message);
        if let Some(at) = self.updates.iter().position(|u| u.request == response.request_id)
            && matches!(response.request, Some(Request::UpdateMetadata(_)) | None)
        {
            self.updates.remove(at).answer(match reason {
                Reason::Ok => Ok(()),
                _ => Err(RtcError::Refused { what: "a metadata change", reason: refused() }),
            });
            return;
        }
        if reason != Reason::Ok
            && let Some(Request::AddTrack(add)) = &response.request
        {
            let (cid, why) = (add.cid.clone(), refused());
            self.refuse_publishing(&cid, &why);
        }
    }

    /// Somebody joined, changed or left; ourselves too.
    pub(super) fn on_participant(&mut self, info: &proto::ParticipantInfo) {
        let own = {
            let state = self.shared.state.lock();
            state.local.as_ref().is_some_and(|l| l.identity == info.identity)
        };
        if own {
            self.on_own_update(info);
            return;
        }
        if info.state() == proto::participant_info::State::Disconnected {
            let reason = DisconnectReason::from_proto(info.disconnect_reason());
            self.participant_left(&info.sid, reason);
            return;
        }
        let new = Participant::from_proto(info);
        let old = {
            let mut state = self.shared.state.lock();
            let known = state.remote.contains_key(&new.sid);
            if !known && state.remote.len() >= self.options.limits.participants {
                self.shared.counters.participants_refused.add(1);
                return;
            }
            state.remote.insert(new.sid.clone(), new.clone())
        };
        match &old {
            None => {
                self.replace_presence(&new);
                self.emit(RoomEvent::ParticipantJoined(Participant {
                    tracks: Vec::new(),
                    ..new.clone()
                }));
            }
            Some(old) => self.tell_changes(old, &new),
        }
        let before = old.map(|o| o.tracks).unwrap_or_default();
        self.tell_tracks(&new, &before);
    }

    /// The same identity under an earlier sid is gone: its client joined anew.
    fn replace_presence(&mut self, new: &Participant) {
        let stale: Vec<String> = {
            let state = self.shared.state.lock();
            let same = |p: &&Participant| p.identity == new.identity && p.sid != new.sid;
            state.remote.values().filter(same).map(|p| p.sid.clone()).collect()
        };
        for sid in stale {
            self.participant_left(&sid, DisconnectReason::DuplicateIdentity);
        }
    }

    fn tell_changes(&self, old: &Participant, new: &Participant) {
        let mut changed_attributes = BTreeMap::new();
        for (key, value) in &new.attributes {
            if old.attributes.get(key) != Some(value) {
                changed_attributes.insert(key.clone(), value.clone().into());
            }
        }
        for key in old.attributes.keys().filter(|k| !new.attributes.contains_key(*k)) {
            changed_attributes.insert(key.clone(), String::new().into());
        }
        let same = old.name == new.name
            && old.metadata == new.metadata
            && old.active == new.active
            && old.kind == new.kind;
        if !same || !changed_attributes.is_empty() {
            let participant = new.clone();
            self.emit(RoomEvent::ParticipantUpdated { participant, changed_attributes });
        }
    }

    fn tell_tracks(&mut self, participant: &Participant, before: &[Track]) {
        for track in &participant.tracks {
            match before.iter().find(|t| t.sid == track.sid) {
                None => {
                    self.emit(RoomEvent::TrackPublished {
                        participant_sid: participant.sid.clone(),
                        identity: participant.identity.clone().into(),
                        track: track.clone(),
                    });
                    if self.options.subscribe_audio && track.kind == TrackKind::Audio {
                        // Beyond the limit it is counted there.
                        let _ = self.subscribe(&track.sid, true);
                    }
                }
                Some(old) if old.muted != track.muted => self.emit(RoomEvent::TrackMuted {
                    participant_sid: participant.sid.clone(),
                    sid: track.sid.clone(),
                    muted: track.muted,
                }),
                Some(_) => {}
            }
        }
        let gone: Vec<&Track> =
            before.iter().filter(|t| participant.track(&t.sid).is_none()).collect();
        for track in gone {
            self.track_gone(&participant.sid, &track.sid);
        }
    }

    fn track_gone(&mut self, participant_sid: &str, sid: &str) {
        if let Some(old) = self.subscriptions.remove(sid) {
            self.unsubscribed(sid, &old);
        }
        self.emit(RoomEvent::TrackUnpublished {
            participant_sid: participant_sid.to_owned(),
            sid: sid.to_owned(),
        });
    }

    pub(super) fn participant_left(&mut self, sid: &str, reason: DisconnectReason) {
        let Some(participant) = self.shared.state.lock().remote.remove(sid) else { return };
        for track in &participant.tracks {
            self.track_gone(sid, &track.sid);
        }
        self.received.remove(sid);
        self.incoming.sender_left(sid);
        self.shared.streams.store(self.incoming.len(), Ordering::Relaxed);
        self.emit(RoomEvent::ParticipantLeft { participant, reason });
    }

    fn on_own_update(&mut self, info: &proto::ParticipantInfo) {
        let own = Participant::from_proto(info);
        {
            let mut state = self.shared.state.lock();
            // An update of the session before a rejoin may come late.
            if state.local.as_ref().is_some_and(|l| l.sid != own.sid) {
                return;
            }
            state.local = Some(own.clone());
        }
        let confirmed = |u: &mut super::PendingUpdate| {
            !u.attributes.is_empty()
                && u.attributes
                    .iter()
                    .all(|(k, v)| own.attributes.get(k).map_or(v.is_empty(), |now| now == v))
        };
        let done: Vec<_> = self.updates.extract_if(.., confirmed).collect();
        for update in done {
            update.answer(Ok(()));
        }
    }
}
