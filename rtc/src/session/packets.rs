//! Data packets, in and out.

use std::sync::atomic::Ordering;

use livekit_protocol as proto;
use prost::Message as _;
use proto::data_packet::Value;
use str0m::change::SdpApi;
use str0m::channel::{ChannelConfig, ChannelData, ChannelId, Reliability};

use super::peer::now;
use super::{Session, Side};
use crate::room::dtmf_digit;
use crate::{DataPacket, RoomEvent};

const RELIABLE: &str = "_reliable";
const LOSSY: &str = "_lossy";

/// Senders whose last sequence number is remembered.
const MAX_SENDERS: usize = 4096;

/// The data channels of both connections.
#[derive(Default)]
pub(super) struct Channels {
    /// Ours, on the publisher connection; usable once open.
    reliable: Option<(ChannelId, bool)>,
    lossy: Option<(ChannelId, bool)>,
    /// The server's, on the subscriber connection.
    incoming_reliable: Option<ChannelId>,
    incoming_lossy: Option<ChannelId>,
}

impl Channels {
    /// Opens our channels with the publisher's first offer.
    pub(super) fn open(&mut self, change: &mut SdpApi<'_>) {
        if self.reliable.is_some() {
            return;
        }
        let reliable = change.add_channel(RELIABLE.to_owned());
        let lossy = change.add_channel_with_config(ChannelConfig {
            label: LOSSY.to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            ..Default::default()
        });
        self.reliable = Some((reliable, false));
        self.lossy = Some((lossy, false));
    }
}

impl Session {
    pub(super) fn channel_open(&mut self, side: Side, id: ChannelId, label: &str) {
        match side {
            Side::Subscriber if label == RELIABLE => self.channels.incoming_reliable = Some(id),
            Side::Subscriber if label == LOSSY => self.channels.incoming_lossy = Some(id),
            Side::Subscriber => {}
            Side::Publisher => {
                for (own, open) in
                    [&mut self.channels.reliable, &mut self.channels.lossy].into_iter().flatten()
                {
                    *open |= *own == id;
                }
                if let Some(mut channel) =
                    self.publisher.as_mut().and_then(|peer| peer.rtc.channel(id))
                {
                    // Wakes us when there is room again, before the buffer runs dry.
                    channel.set_buffered_amount_low_threshold(32 * 1024);
                }
            }
        }
    }

    /// Takes a packet of a holder.
    pub(super) fn send_data(&mut self, mut packet: proto::DataPacket, reliable: bool) {
        if !reliable && self.channels.lossy.is_none_or(|(_, open)| !open) {
            // Late is worse than never for these.
            if self.publisher.is_none() {
                self.outbox_first();
            }
            return;
        }
        if reliable {
            self.sequence = self.sequence.wrapping_add(1);
            packet.sequence = self.sequence;
        }
        let bytes = packet.encode_to_vec();
        self.outbox_bytes += bytes.len();
        self.outbox.push_back((bytes, reliable));
        self.outbox_first();
    }

    /// The first packet opens the publisher connection.
    const fn outbox_first(&mut self) {
        if self.publisher.is_none() {
            self.wants_publisher = true;
        }
    }

    /// Hands over what SCTP takes.
    pub(super) fn send_outbox(&mut self) {
        let mut sent = false;
        while let Some((bytes, reliable)) = self.outbox.front() {
            let channel = if *reliable { self.channels.reliable } else { self.channels.lossy };
            let Some(peer) = self.publisher.as_mut() else { break };
            let Some((id, true)) = channel else { break };
            let Some(mut channel) = peer.rtc.channel(id) else { break };
            match channel.write(true, bytes) {
                Ok(true) => self.shared.counters.data_tx.add(1),
                Ok(false) => break,
                Err(error) => tracing::debug!(%error, "data packet not sent"),
            }
            peer.drive(now(), &mut self.events, &self.shared.counters);
            sent = true;
            if let Some((bytes, _)) = self.outbox.pop_front() {
                self.outbox_bytes -= bytes.len();
            }
        }
        if sent {
            let events = std::mem::take(&mut self.events);
            self.peer_events(Side::Publisher, events);
        }
    }

    pub(super) fn on_data(&mut self, side: Side, data: &ChannelData) {
        let reliable = match side {
            Side::Subscriber if self.channels.incoming_reliable == Some(data.id) => true,
            Side::Subscriber if self.channels.incoming_lossy == Some(data.id) => false,
            _ => return,
        };
        let counters = &self.shared.counters;
        counters.data_rx.add(1);
        let Ok(packet) = proto::DataPacket::decode(&data.data[..]) else {
            counters.malformed.add(1);
            return;
        };
        if reliable && self.is_duplicate(&packet) {
            self.shared.counters.duplicates.add(1);
            return;
        }
        self.on_packet(packet, reliable);
    }

    /// The server repeats packets after a resume.
    fn is_duplicate(&mut self, packet: &proto::DataPacket) -> bool {
        if packet.sequence == 0 || packet.participant_sid.is_empty() {
            return false;
        }
        if let Some(last) = self.received.get_mut(&packet.participant_sid) {
            let old = packet.sequence <= *last;
            *last = packet.sequence.max(*last);
            return old;
        }
        if self.received.len() < MAX_SENDERS {
            self.received.insert(packet.participant_sid.clone(), packet.sequence);
        }
        false
    }

    fn on_packet(&mut self, packet: proto::DataPacket, reliable: bool) {
        let from = packet.participant_identity;
        let sender = packet.participant_sid;
        let shared = self.shared.clone();
        let counters = &shared.counters;
        match packet.value {
            Some(Value::User(user)) => {
                if user.payload.len() > self.options.limits.data_packet {
                    counters.oversized.add(1);
                    return;
                }
                self.emit(RoomEvent::Data(DataPacket {
                    from: (!from.is_empty()).then(|| from.into()),
                    topic: user.topic.unwrap_or_default(),
                    payload: user.payload.into(),
                    reliable,
                }));
            }
            Some(Value::SipDtmf(dtmf)) => match dtmf_digit(dtmf.code, &dtmf.digit) {
                Some(digit) => {
                    let (from, from_sid) = (from.into(), sender);
                    self.emit(RoomEvent::Dtmf { from, from_sid, digit });
                }
                None => counters.malformed.add(1),
            },
            Some(Value::StreamHeader(header)) => {
                if let Some(event) = self.incoming.header(&sender, &from, header, now(), counters) {
                    self.emit(event);
                }
            }
            Some(Value::StreamChunk(chunk)) => {
                self.incoming.chunk(&sender, chunk, now(), counters);
            }
            Some(Value::StreamTrailer(trailer)) => self.incoming.trailer(&sender, trailer),
            // Transcriptions, metrics, chat of the older form and calls to procedures are for
            // other kinds of clients.
            Some(_) => counters.unread.add(1),
            None => counters.malformed.add(1),
        }
        shared.streams.store(self.incoming.len(), Ordering::Relaxed);
    }

    /// What we received last of each sender, so that the server need not repeat it.
    pub(super) fn receive_states(&self) -> Vec<proto::DataChannelReceiveState> {
        self.received
            .iter()
            .map(|(sid, seq)| proto::DataChannelReceiveState {
                publisher_sid: sid.clone(),
                last_seq: *seq,
            })
            .collect()
    }
}
