//! Our own tracks, and the remote tracks that we receive.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use frontdesk_line::{Ordered, Reorder};
use livekit_protocol as proto;
use proto::signal_request::Message as Request;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid, Pt};
use str0m::rtp::{RtpPacket, Ssrc};

use super::peer::{Peer, now};
use super::shared::Reply;
use super::{Session, Side, sdp};
use crate::local::LocalTrack;
use crate::stats::Counters;
use crate::{AudioPublish, LocalAudio, PacketRing, RemoteAudio, RoomEvent, RtcError, TrackKind};

/// Streams whose media line is remembered.
const MAX_SSRCS: usize = 256;

/// An audio track of ours.
pub(super) struct Published {
    pub(super) track: Arc<LocalTrack>,
    /// Ties the media line to the request: the line's track id.
    pub(super) cid: String,
    pub(super) mid: Option<Mid>,
    pt: Option<Pt>,
    /// The server's answer to the request.
    pub(super) response: Option<proto::TrackPublishedResponse>,
    /// What the server was told last.
    pub(super) sent_muted: bool,
    waiting: Option<(Reply<LocalAudio>, Instant)>,
}

impl Published {
    pub(super) const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }
}

/// A remote audio track that somebody wants.
pub(super) struct Subscription {
    pub(super) audio: RemoteAudio,
    /// The media line that it arrives on.
    pub(super) mid: Option<Mid>,
    ssrc: Option<Ssrc>,
    /// str0m could put them in order, but its buffer belongs to the media line: when the server
    /// gives the line of somebody who left to somebody else, whose sequence numbers start anew, it
    /// takes their packets for old ones and drops them. This one belongs to the sender's SSRC.
    reorder: Reorder<RtpPacket>,
    ordered: Vec<Ordered<RtpPacket>>,
}

impl Subscription {
    const fn new(audio: RemoteAudio) -> Self {
        let ordered = Vec::new();
        Self { audio, mid: None, ssrc: None, reorder: Reorder::new(), ordered }
    }

    /// Delivers what has waited long enough; everything, at a stream's end.
    fn flush(&mut self, now: Instant, end: bool, counters: &Counters) {
        self.reorder.release(now, &mut self.ordered);
        self.deliver(counters);
        if end {
            self.reorder = Reorder::new();
        }
    }

    /// The connection that it came over is gone.
    pub(super) fn interrupt(&mut self) {
        self.mid = None;
        self.ssrc = None;
        self.reorder = Reorder::new();
    }

    fn deliver(&mut self, counters: &Counters) {
        counters.audio_lost.add(std::mem::take(&mut self.reorder.lost));
        for Ordered { seq, packet } in self.ordered.drain(..) {
            // Probes and muted browsers send packets without content.
            if !packet.payload.is_empty() {
                let payload = Bytes::copy_from_slice(&packet.payload);
                self.audio.packets.push(payload, packet.time.numer(), seq, packet.timestamp);
            }
        }
    }
}

impl Session {
    pub(super) async fn publish(&mut self, options: AudioPublish, reply: Reply<LocalAudio>) {
        let track = Arc::new(LocalTrack::new(options, self.audio.clone()));
        let deadline = now() + self.options.media_timeout;
        self.published.push(Published {
            sent_muted: track.is_muted(),
            track,
            cid: String::new(),
            mid: None,
            pt: None,
            response: None,
            waiting: Some((reply, deadline)),
        });
        let last = self.published.len() - 1;
        self.announce(last);
        if let Err(error) = self.ensure_publisher().await {
            if let Some(Published { waiting: Some((reply, _)), .. }) = self.published.pop() {
                let _ = reply.send(Err(error));
            }
            return;
        }
        self.negotiate();
    }

    /// Asks the server to publish one of our tracks; the offer follows.
    fn announce(&mut self, index: usize) {
        let Some(published) = self.published.get_mut(index) else { return };
        published.cid = crate::random_id("TR_f");
        published.mid = None;
        published.pt = None;
        published.response = None;
        published.sent_muted = published.track.is_muted();
        let options = &published.track.options;
        let request = proto::AddTrackRequest {
            cid: published.cid.clone(),
            name: options.name.clone(),
            r#type: proto::TrackType::Audio as i32,
            source: options.source.to_proto() as i32,
            muted: published.sent_muted,
            disable_red: true,
            audio_features: vec![proto::AudioTrackFeature::TfNoDtx as i32],
            ..Default::default()
        };
        self.send(Request::AddTrack(request));
    }

    /// Publishes all tracks again, on a new session.
    pub(super) async fn republish(&mut self) {
        if self.published.is_empty() && self.outbox.is_empty() {
            return;
        }
        for index in 0..self.published.len() {
            self.announce(index);
        }
        if let Err(error) = self.ensure_publisher().await {
            tracing::warn!(%error, "cannot publish again");
            return;
        }
        self.negotiate();
    }

    pub(super) async fn ensure_publisher(&mut self) -> Result<(), RtcError> {
        if self.publisher.is_none() {
            let peer = Peer::new(self.local_ip, proto::SignalTarget::Publisher).await?;
            self.publisher = Some(peer);
        }
        Ok(())
    }

    /// Offers what changed on the publisher connection; later, if an offer is under way.
    pub(super) fn negotiate(&mut self) {
        let Some(peer) = self.publisher.as_mut() else { return };
        if peer.pending.is_some() {
            peer.renegotiate = true;
            return;
        }
        peer.renegotiate = false;
        let restart = std::mem::take(&mut peer.restart_ice);
        let mut change = peer.rtc.sdp_api();
        for published in self.published.iter_mut().filter(|p| p.mid.is_none()) {
            let cid = published.cid.clone();
            published.mid = Some(change.add_media(
                MediaKind::Audio,
                Direction::SendOnly,
                None,
                Some(cid),
                None,
            ));
        }
        for mid in self.retired.drain(..) {
            change.set_direction(mid, Direction::Inactive);
        }
        self.channels.open(&mut change);
        if restart {
            change.ice_restart(true);
        }
        let Some((offer, pending)) = change.apply() else { return };
        let id = self.next_offer;
        self.next_offer += 1;
        peer.pending = Some((id, pending));
        let offer = proto::SessionDescription {
            r#type: "offer".into(),
            sdp: offer.to_sdp_string(),
            id,
            ..Default::default()
        };
        self.send(Request::Offer(offer));
        self.drive(Side::Publisher);
    }

    pub(super) fn on_answer(&mut self, answer: &proto::SessionDescription) {
        let Some(peer) = self.publisher.as_mut() else { return };
        let Some((id, pending)) = peer.pending.take() else { return };
        if answer.id != 0 && answer.id != id {
            // The answer to an offer of before a resume.
            peer.pending = Some((id, pending));
            return;
        }
        if let Err(error) = peer.accept_answer(pending, &answer.sdp) {
            tracing::warn!(%error, "the server's answer cannot be used");
            peer.dead = true;
            return;
        }
        let again = peer.renegotiate;
        self.drive(Side::Publisher);
        if again {
            self.negotiate();
        }
        self.update_live();
    }

    pub(super) fn on_track_published(&mut self, response: proto::TrackPublishedResponse) {
        let Some(info) = &response.track else { return };
        let Some(published) = self.published.iter_mut().find(|p| p.cid == response.cid) else {
            return;
        };
        published.track.set_sid(info.sid.clone());
        published.response = Some(response);
        self.update_live();
    }

    /// Tells writers whether what they write goes out, and those who wait that it does.
    pub(super) fn update_live(&mut self) {
        let path = self.publisher.as_ref().is_some_and(Peer::is_connected);
        let negotiated = self.publisher.as_ref().is_some_and(|p| p.pending.is_none());
        for published in &mut self.published {
            let known = published.response.is_some() && published.mid.is_some();
            // A line that was negotiated before stays usable during the next negotiation.
            let live = path && known && (negotiated || published.track.is_live());
            if live != published.track.is_live() {
                published.track.set_live(live);
            }
            if live && let Some((reply, _)) = published.waiting.take() {
                let _ = reply.send(Ok(LocalAudio { track: published.track.clone() }));
            }
        }
    }

    pub(super) fn expire_publishing(&mut self, now: Instant) {
        let seconds = self.options.media_timeout.as_secs();
        let late = |p: &mut Published| p.waiting.as_ref().is_some_and(|(_, at)| *at <= now);
        let expired: Vec<Published> = self.published.extract_if(.., late).collect();
        for mut published in expired {
            self.withdraw(&published);
            if let Some((reply, _)) = published.waiting.take() {
                let _ = reply.send(Err(RtcError::Timeout { what: "the published track", seconds }));
            }
        }
    }

    pub(super) fn refuse_publishing(&mut self, cid: &str, reason: &str) {
        let Some(at) = self.published.iter().position(|p| p.cid == cid) else { return };
        let mut published = self.published.remove(at);
        self.withdraw(&published);
        if let Some((reply, _)) = published.waiting.take() {
            let reason = reason.to_owned();
            let _ = reply.send(Err(RtcError::Refused { what: "to publish the track", reason }));
        }
    }

    pub(super) fn unpublish(&mut self, sid: &str) -> Result<(), RtcError> {
        let at = self.published.iter().position(|p| p.track.sid() == sid);
        let Some(at) = at else { return Err(RtcError::NoSuchTrack { sid: sid.to_owned() }) };
        let published = self.published.remove(at);
        self.withdraw(&published);
        Ok(())
    }

    /// Makes the line inactive, upon which the server unpublishes the track.
    fn withdraw(&mut self, published: &Published) {
        published.track.set_live(false);
        if let Some(mid) = published.mid {
            self.retired.push(mid);
            self.negotiate();
        }
    }

    /// Sends what was written to our tracks, and their mute states.
    pub(super) fn send_audio(&mut self) {
        let mut mutes = Vec::new();
        let now = now();
        let mut sent = false;
        for published in &mut self.published {
            let muted = published.track.is_muted();
            if muted != published.sent_muted && published.response.is_some() {
                published.sent_muted = muted;
                mutes.push(proto::MuteTrackRequest { sid: published.track.sid(), muted });
            }
            let (Some(mid), Some(peer)) = (published.mid, self.publisher.as_mut()) else {
                continue;
            };
            while let Some(packet) = published.track.pop() {
                if published.pt.is_none() {
                    published.pt = peer.rtc.writer(mid).and_then(|w| {
                        w.payload_params().next().map(str0m::format::PayloadParams::pt)
                    });
                }
                let (Some(pt), Some(writer)) = (published.pt, peer.rtc.writer(mid)) else {
                    published.track.count_dropped();
                    continue;
                };
                let time = MediaTime::new(packet.rtp_time, Frequency::FORTY_EIGHT_KHZ);
                let writer = writer.start_of_talkspurt(packet.talkspurt);
                match writer.write(pt, now, time, &packet.payload[..]) {
                    Ok(()) => {
                        published.track.count_sent();
                        self.shared.counters.audio_tx.add(1);
                        sent = true;
                    }
                    Err(error) => {
                        tracing::debug!(%error, "audio packet not sent");
                        published.track.count_dropped();
                    }
                }
                // One change, one drain: str0m's contract.
                peer.drive(now, &mut self.events, &self.shared.counters);
            }
        }
        for mute in mutes {
            self.send(Request::Mute(mute));
        }
        if sent {
            let events = std::mem::take(&mut self.events);
            self.peer_events(Side::Publisher, events);
        }
    }

    pub(super) fn subscribe(&mut self, sid: &str, on: bool) -> Result<(), RtcError> {
        if !on {
            if let Some(subscription) = self.subscriptions.remove(sid) {
                self.ask_subscription(sid, false);
                self.unsubscribed(sid, &subscription);
            }
            return Ok(());
        }
        if self.subscriptions.contains_key(sid) {
            return Ok(());
        }
        let found = {
            let state = self.shared.state.lock();
            state.remote.values().find_map(|p| {
                let track = p.track(sid)?;
                Some((p.sid.clone(), p.identity.clone(), track.kind))
            })
        };
        let Some((participant_sid, identity, kind)) = found else {
            return Err(RtcError::NoSuchTrack { sid: sid.to_owned() });
        };
        if kind != TrackKind::Audio {
            return Err(RtcError::NotAudio { sid: sid.to_owned() });
        }
        let limit = self.options.limits.subscriptions;
        if self.subscriptions.len() >= limit {
            self.shared.counters.subscriptions_refused.add(1);
            return Err(RtcError::Limit { what: "subscribed tracks", limit });
        }
        let audio = RemoteAudio {
            sid: sid.to_owned(),
            participant_sid,
            identity: identity.into(),
            packets: Arc::new(PacketRing::new(self.options.limits.ring_packets)),
        };
        let subscription = Subscription::new(audio);
        self.subscriptions.insert(sid.to_owned(), subscription);
        self.ask_subscription(sid, true);
        // Soon after an unsubscription the server still sends, and makes no new offer.
        self.match_lines();
        Ok(())
    }

    pub(super) fn ask_subscription(&self, sid: &str, subscribe: bool) {
        self.send(Request::Subscription(proto::UpdateSubscription {
            track_sids: vec![sid.to_owned()],
            subscribe,
            ..Default::default()
        }));
    }

    pub(super) fn unsubscribed(&self, sid: &str, subscription: &Subscription) {
        self.shared.state.lock().audio.remove(sid);
        if subscription.mid.is_some() {
            self.emit(RoomEvent::TrackUnsubscribed { sid: sid.to_owned() });
        }
    }

    /// The server's offer on the subscriber connection says which track each line carries.
    pub(super) fn on_offer(&mut self, offer: &proto::SessionDescription) {
        let Some(peer) = self.subscriber.as_mut() else { return };
        let answer = match peer.accept_offer(&offer.sdp) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "the server's offer cannot be used");
                peer.dead = true;
                return;
            }
        };
        self.described = Some((offer.sdp.clone(), answer.clone()));
        self.send(Request::Answer(proto::SessionDescription {
            r#type: "answer".into(),
            sdp: answer,
            id: offer.id,
            ..Default::default()
        }));
        let lines: Vec<(Mid, String)> = sdp::sending_audio(&offer.sdp)
            .into_iter()
            .map(|line| {
                let sid = offer.mid_to_track_id.get(line.mid).map_or(line.track, String::as_str);
                (Mid::from(line.mid), sid.to_owned())
            })
            .collect();
        self.lines = lines;
        self.ssrcs.clear();
        self.match_lines();
        self.drive(Side::Subscriber);
        self.update_live();
    }

    /// Finds the subscribed tracks among the lines of the last offer.
    fn match_lines(&mut self) {
        let mut gone = Vec::new();
        for (sid, subscription) in &mut self.subscriptions {
            let mid = self.lines.iter().find(|(_, s)| s == sid).map(|(mid, _)| *mid);
            if mid == subscription.mid {
                continue;
            }
            let was = std::mem::replace(&mut subscription.mid, mid);
            match (was, mid) {
                (_, Some(_)) => {
                    let audio = subscription.audio.clone();
                    self.shared.state.lock().audio.insert(sid.clone(), audio.clone());
                    self.shared.events.push(RoomEvent::TrackSubscribed(audio));
                }
                (Some(_), None) => gone.push(sid.clone()),
                (None, None) => {}
            }
        }
        for sid in gone {
            self.shared.state.lock().audio.remove(&sid);
            self.emit(RoomEvent::TrackUnsubscribed { sid });
        }
    }

    pub(super) fn on_media(&mut self, packet: RtpPacket) {
        self.shared.counters.audio_rx.add(1);
        let ssrc = packet.header.ssrc;
        let Some(mid) = self.line_of(ssrc) else { return };
        let subscription = self.subscriptions.values_mut().find(|s| s.mid == Some(mid));
        let Some(subscription) = subscription else { return };
        if subscription.ssrc != Some(ssrc) {
            // Another stream: its numbers and times do not continue the former's.
            subscription.flush(packet.timestamp, true, &self.shared.counters);
            subscription.ssrc = Some(ssrc);
            subscription.audio.packets.begin_epoch();
        }
        let (now, seq) = (packet.timestamp, *packet.seq_no);
        subscription.reorder.push(now, seq, packet, &mut subscription.ordered);
        subscription.deliver(&self.shared.counters);
    }

    /// The media line that an SSRC belongs to; looked up once per stream.
    fn line_of(&mut self, ssrc: Ssrc) -> Option<Mid> {
        if let Some(mid) = self.ssrcs.get(&ssrc) {
            return Some(*mid);
        }
        let mid = self.subscriber.as_mut()?.rtc.direct_api().stream_rx(&ssrc)?.mid();
        if self.ssrcs.len() >= MAX_SSRCS {
            self.ssrcs.clear();
        }
        self.ssrcs.insert(ssrc, mid);
        Some(mid)
    }

    /// When packets that wait for a missing one have waited long enough.
    pub(super) fn reorder_deadline(&self) -> Option<Instant> {
        self.subscriptions.values().filter_map(|s| s.reorder.deadline()).min()
    }

    pub(super) fn release_reordered(&mut self, now: Instant) {
        for subscription in self.subscriptions.values_mut() {
            subscription.flush(now, false, &self.shared.counters);
        }
    }
}
