//! An audio track of our own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::TrackSource;

/// Packets of 20 ms that may wait for the session's task: half a second. It drains them at once
/// unless the machine is overloaded, and then late audio is worse than lost audio.
const QUEUE_PACKETS: usize = 25;

/// An RTP packet must fit the path: larger ones are refused. 20 ms of speech has 40 to 160 bytes.
pub const MAX_OPUS_PACKET: usize = 1150;

/// How to publish an audio track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioPublish {
    /// The track's name. Front ends know an agent's voice as `roomio_audio`.
    pub name: String,
    /// Front ends bind to the agent's `Microphone` track.
    pub source: TrackSource,
    /// Start muted.
    pub muted: bool,
}

impl Default for AudioPublish {
    fn default() -> Self {
        Self { name: "roomio_audio".into(), source: TrackSource::Microphone, muted: false }
    }
}

/// One packet on its way out.
pub(crate) struct OutPacket {
    pub(crate) payload: Bytes,
    pub(crate) rtp_time: u64,
    pub(crate) talkspurt: bool,
}

pub(crate) struct LocalTrack {
    pub(crate) options: AudioPublish,
    sid: Mutex<String>,
    queue: Mutex<VecDeque<OutPacket>>,
    muted: AtomicBool,
    live: AtomicBool,
    dropped: AtomicU64,
    sent: AtomicU64,
    wake: Arc<Notify>,
}

impl LocalTrack {
    pub(crate) fn new(options: AudioPublish, wake: Arc<Notify>) -> Self {
        let muted = AtomicBool::new(options.muted);
        Self {
            options,
            sid: Mutex::default(),
            queue: Mutex::default(),
            muted,
            live: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            wake,
        }
    }

    pub(crate) fn set_sid(&self, sid: String) {
        *self.sid.lock() = sid;
    }

    pub(crate) fn sid(&self) -> String {
        self.sid.lock().clone()
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
        if !live {
            self.dropped.fetch_add(self.queue.lock().drain(..).len() as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    pub(crate) fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Acquire)
    }

    pub(crate) fn set_muted(&self, muted: bool) {
        self.muted.store(muted, Ordering::Release);
    }

    pub(crate) fn pop(&self) -> Option<OutPacket> {
        self.queue.lock().pop_front()
    }

    pub(crate) fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// An audio track of our own; a cheap handle that goes on working across a rejoin.
#[derive(Clone)]
pub struct LocalAudio {
    pub(crate) track: Arc<LocalTrack>,
}

impl LocalAudio {
    /// The track's sid; it changes with a rejoin.
    #[must_use]
    pub fn sid(&self) -> String {
        self.track.sid()
    }

    /// Sends one Opus packet of 20 ms; never blocks. `rtp_time` is in ticks of 48 kHz and advances
    /// by 960 for each 20 ms that pass, sent or not (also while silent or muted); `talkspurt` marks
    /// the first packet after a pause. The packet is dropped, and counted, while the track is muted
    /// or the media path is down, or if it is empty or longer than [`MAX_OPUS_PACKET`].
    pub fn write(&self, payload: Bytes, rtp_time: u64, talkspurt: bool) {
        let track = &self.track;
        let fits = !payload.is_empty() && payload.len() <= MAX_OPUS_PACKET;
        if !fits || track.is_muted() || !track.is_live() {
            track.count_dropped();
            return;
        }
        {
            let mut queue = track.queue.lock();
            if queue.len() >= QUEUE_PACKETS {
                queue.pop_front();
                track.count_dropped();
            }
            queue.push_back(OutPacket { payload, rtp_time, talkspurt });
        }
        track.wake.notify_one();
    }

    /// Throws away what was written and not yet sent, for a barge-in; returns how many packets.
    #[must_use = "what was not sent was not heard"]
    pub fn flush(&self) -> usize {
        self.track.queue.lock().drain(..).len()
    }

    /// Mutes or unmutes; the others are told. Packets written while muted are dropped.
    pub fn set_muted(&self, muted: bool) {
        self.track.set_muted(muted);
        self.track.wake.notify_one();
    }

    /// Whether the track is muted, by us or by the server.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.track.is_muted()
    }

    /// Whether packets written now go out: published, media path up, not muted.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.track.is_live() && !self.track.is_muted()
    }

    /// Packets handed to the network.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.track.sent.load(Ordering::Relaxed)
    }

    /// Packets written but not sent.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.track.dropped.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for LocalAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalAudio({} live={})", self.sid(), self.is_live())
    }
}
