//! What happens in a room, as told to its holder.
//!
//! One queue per room, bounded, with one reader at a time. A reader that dies leaves the queue
//! behind: [`crate::Room::events`] hands what was not read to its successor.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use frontdesk_types::Phi;

use crate::{ByteStreamReader, DisconnectReason, PacketRing, Participant, TextStreamReader, Track};

/// A remote audio track that is being received.
#[derive(Clone, Debug)]
pub struct RemoteAudio {
    /// The track's sid.
    pub sid: String,
    /// Its publisher's sid.
    pub participant_sid: String,
    /// Its publisher's identity.
    pub identity: Phi<String>,
    /// Its packets. The same ring for the life of the track, also across a rejoin.
    pub packets: Arc<PacketRing>,
}

/// A packet of a peer.
#[derive(Clone)]
pub struct DataPacket {
    /// Identity of the sender; `None` when the server itself (its API) sent it.
    pub from: Option<Phi<String>>,
    /// The topic, empty if none.
    pub topic: String,
    /// The payload, at most [`crate::Limits::data_packet`] bytes.
    pub payload: Bytes,
    /// Whether it came over the reliable channel.
    pub reliable: bool,
}

impl fmt::Debug for DataPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataPacket({} bytes, reliable={})", self.payload.len(), self.reliable)
    }
}

/// Something that happened in a room.
#[derive(Debug)]
#[non_exhaustive]
pub enum RoomEvent {
    /// The media path is up for the first time.
    Connected,
    /// Somebody joined (or was there before us). Comes before any event of their tracks.
    ParticipantJoined(Participant),
    /// Somebody left.
    ParticipantLeft {
        /// As they were last known.
        participant: Participant,
        /// Why, as far as the server says.
        reason: DisconnectReason,
    },
    /// Name, metadata, attributes or state of somebody changed.
    ParticipantUpdated {
        /// As they are now.
        participant: Participant,
        /// The attributes that changed; a removed one is empty.
        changed_attributes: BTreeMap<String, Phi<String>>,
    },
    /// A track was published.
    TrackPublished {
        /// Its publisher's sid.
        participant_sid: String,
        /// Its publisher's identity.
        identity: Phi<String>,
        /// The track.
        track: Track,
    },
    /// A track was unpublished.
    TrackUnpublished {
        /// Its publisher's sid.
        participant_sid: String,
        /// The track's sid.
        sid: String,
    },
    /// A published track was muted or unmuted by its publisher.
    TrackMuted {
        /// Its publisher's sid.
        participant_sid: String,
        /// The track's sid.
        sid: String,
        /// Muted now.
        muted: bool,
    },
    /// A track of ours was muted by the server (a moderator), or our own mute took effect.
    LocalTrackMuted {
        /// The track's sid.
        sid: String,
        /// Muted now.
        muted: bool,
    },
    /// Somebody subscribed to a track of ours, which nobody had before: it is heard from now on.
    LocalTrackSubscribed {
        /// The track's sid.
        sid: String,
    },
    /// The packets of a subscribed track arrive from now on.
    TrackSubscribed(RemoteAudio),
    /// A subscribed track arrives no more.
    TrackUnsubscribed {
        /// The track's sid.
        sid: String,
    },
    /// The server could not subscribe a track.
    SubscriptionFailed {
        /// The track's sid.
        sid: String,
        /// Why.
        reason: String,
    },
    /// A data packet of a peer.
    Data(DataPacket),
    /// Keypad digits of a phone line.
    Dtmf {
        /// Identity of the sender.
        from: Phi<String>,
        /// Sid of the sender's presence; empty if the server does not say.
        from_sid: String,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
    },
    /// A text stream began; read it from the reader while it arrives.
    TextStream(TextStreamReader),
    /// A byte stream began; read it from the reader while it arrives.
    ByteStream(ByteStreamReader),
    /// The connection was lost; attempts to get it back have begun. Media may go on meanwhile.
    Reconnecting,
    /// The same session goes on: nothing was lost but signalling.
    Resumed,
    /// A new session under the same identity replaced the old one: own tracks are published again
    /// (under new sids) and subscriptions made again; the room's handles go on working.
    Rejoined,
    /// Who is speaking, by sid, loudest first; our own sid included.
    ActiveSpeakers(Vec<String>),
    /// Events were dropped because nobody read them: take a new snapshot.
    Lagged {
        /// How many.
        dropped: u64,
    },
    /// The session has ended. Nothing comes after this.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
}

impl RoomEvent {
    /// Whether a peer can make as many of these as it likes.
    const fn is_floodable(&self) -> bool {
        matches!(
            self,
            Self::Data(_)
                | Self::Dtmf { .. }
                | Self::TextStream(_)
                | Self::ByteStream(_)
                | Self::ActiveSpeakers(_)
        )
    }
}

struct Queue {
    events: VecDeque<RoomEvent>,
    /// Control events that did not fit.
    lagged: u64,
    reader: u64,
    closed: bool,
}

/// The queue between a session and the reader of its events.
pub(crate) struct EventQueue {
    queue: Mutex<Queue>,
    notify: Notify,
    limit: usize,
    dropped: AtomicU64,
}

impl EventQueue {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            queue: Mutex::new(Queue {
                events: VecDeque::new(),
                lagged: 0,
                reader: 0,
                closed: false,
            }),
            notify: Notify::new(),
            limit: limit.max(16),
            dropped: AtomicU64::new(0),
        }
    }

    /// Queues an event. Packets and streams of peers may fill half of the queue, so that a flood
    /// of them does not push out what tells the room's state.
    pub(crate) fn push(&self, event: RoomEvent) {
        {
            let mut q = self.queue.lock();
            if q.closed {
                return;
            }
            let limit = if event.is_floodable() { self.limit / 2 } else { self.limit };
            if matches!(event, RoomEvent::Disconnected { .. }) {
                q.closed = true;
            } else if q.events.len() >= limit {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                if !event.is_floodable() {
                    q.lagged += 1;
                }
                return;
            }
            q.events.push_back(event);
        }
        self.notify.notify_waiters();
    }

    /// A new reader; the one before gets nothing more.
    pub(crate) fn reader(self: &Arc<Self>) -> RoomEvents {
        let id = {
            let mut q = self.queue.lock();
            q.reader += 1;
            q.reader
        };
        self.notify.notify_waiters();
        RoomEvents { queue: self.clone(), id }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The events of a room, in order.
pub struct RoomEvents {
    queue: Arc<EventQueue>,
    id: u64,
}

/// Why there is no event.
enum Nothing {
    Yet,
    More,
}

impl RoomEvents {
    /// The next event; `None` after [`RoomEvent::Disconnected`], or when another reader was taken
    /// with [`crate::Room::events`]. Cancel-safe.
    pub async fn recv(&mut self) -> Option<RoomEvent> {
        loop {
            let mut notified = std::pin::pin!(self.queue.notify.notified());
            // Registered before looking, so that an event pushed in between wakes us.
            notified.as_mut().enable();
            match self.take() {
                Ok(event) => return Some(event),
                Err(Nothing::More) => return None,
                Err(Nothing::Yet) => notified.await,
            }
        }
    }

    /// The next event if there is one now.
    pub fn try_recv(&mut self) -> Option<RoomEvent> {
        self.take().ok()
    }

    fn take(&self) -> Result<RoomEvent, Nothing> {
        let mut q = self.queue.queue.lock();
        if q.reader != self.id {
            return Err(Nothing::More);
        }
        match q.events.pop_front() {
            Some(event) => Ok(event),
            None if q.lagged > 0 => {
                Ok(RoomEvent::Lagged { dropped: std::mem::take(&mut q.lagged) })
            }
            None if q.closed => Err(Nothing::More),
            None => Err(Nothing::Yet),
        }
    }
}

impl fmt::Debug for RoomEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomEvents({} waiting)", self.queue.queue.lock().events.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> RoomEvent {
        RoomEvent::Data(DataPacket {
            from: None,
            topic: String::new(),
            payload: Bytes::new(),
            reliable: true,
        })
    }

    #[test]
    fn a_flood_of_packets_leaves_room_for_what_tells_the_state() {
        let queue = Arc::new(EventQueue::new(16));
        let mut events = queue.reader();
        (0..100).for_each(|_| queue.push(data()));
        queue.push(RoomEvent::Reconnecting);
        let seen: Vec<_> = std::iter::from_fn(|| events.try_recv()).collect();
        assert_eq!(seen.len(), 9);
        assert!(matches!(seen.last(), Some(RoomEvent::Reconnecting)));
        assert_eq!(queue.dropped(), 92);
    }

    #[tokio::test]
    async fn a_successor_gets_what_its_predecessor_did_not_read() {
        let queue = Arc::new(EventQueue::new(16));
        let mut first = queue.reader();
        queue.push(RoomEvent::Connected);
        queue.push(RoomEvent::Resumed);
        assert!(matches!(first.recv().await, Some(RoomEvent::Connected)));
        let mut second = queue.reader();
        assert!(first.recv().await.is_none());
        assert!(matches!(second.recv().await, Some(RoomEvent::Resumed)));
        queue.push(RoomEvent::Disconnected { reason: DisconnectReason::RoomDeleted });
        queue.push(RoomEvent::Connected);
        assert!(matches!(second.recv().await, Some(RoomEvent::Disconnected { .. })));
        assert!(second.recv().await.is_none());
    }

    #[test]
    fn state_that_did_not_fit_is_told_as_a_lag() {
        let queue = Arc::new(EventQueue::new(16));
        let mut events = queue.reader();
        (0..20).for_each(|_| queue.push(RoomEvent::Connected));
        let seen: Vec<_> = std::iter::from_fn(|| events.try_recv()).collect();
        assert!(matches!(seen.last(), Some(RoomEvent::Lagged { dropped: 4 })));
    }
}
