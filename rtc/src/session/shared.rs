//! What the session's task and the holders of the room share, and what they ask of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::event::EventQueue;
use crate::stats::Counters;
use crate::{
    AudioPublish, DisconnectReason, LocalAudio, Participant, RemoteAudio, RtcError, Simulate,
};

/// What the session's task and the holders of the room both see.
pub(crate) struct Shared {
    pub(crate) state: Mutex<Snapshot>,
    pub(crate) events: Arc<EventQueue>,
    pub(crate) counters: Counters,
    /// Streams being received.
    pub(crate) streams: AtomicUsize,
    /// Bytes of received streams that nobody has read.
    pub(crate) stream_bytes: Arc<AtomicUsize>,
    pub(crate) clock: Arc<dyn frontdesk_types::Clock>,
}

/// The room as last known.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) name: String,
    pub(crate) room_sid: String,
    pub(crate) local: Option<Participant>,
    pub(crate) remote: BTreeMap<String, Participant>,
    pub(crate) audio: BTreeMap<String, RemoteAudio>,
    pub(crate) connected: bool,
    pub(crate) closed: Option<DisconnectReason>,
}

/// What a holder asks of the session.
pub(crate) enum Command {
    Publish(AudioPublish, Reply<LocalAudio>),
    Unpublish(String, Reply<()>),
    Subscribe(String, bool, Reply<()>),
    /// Our tracks are for these identities alone.
    Permit(Vec<String>),
    Update {
        name: Option<String>,
        attributes: HashMap<String, String>,
        reply: Reply<()>,
    },
    Simulate(Simulate),
    Close(oneshot::Sender<()>),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, RtcError>>;
