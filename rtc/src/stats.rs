//! Counters of a session: the same numbers in tests, the console and metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        /// Counters of a session since it began, across rejoins.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
        #[non_exhaustive]
        pub struct RoomStats {
            $($(#[$doc])* pub $name: u64,)*
            /// Events dropped because nobody read them.
            pub events_dropped: u64,
            /// Streams being received now.
            pub streams_open: u64,
            /// Bytes of received streams that nobody has read.
            pub stream_bytes: u64,
        }

        impl Counters {
            pub(crate) fn snapshot(&self) -> RoomStats {
                RoomStats { $($name: self.$name.get(),)* ..RoomStats::default() }
            }
        }
    };
}

counters! {
    /// Audio packets sent.
    audio_tx,
    /// Audio packets received.
    audio_rx,
    /// Audio packets lost on the way to us: gaps in their sequence.
    audio_lost,
    /// Packets on the wire, out.
    datagrams_tx,
    /// Packets on the wire, in.
    datagrams_rx,
    /// Packets that the operating system did not take.
    datagrams_dropped,
    /// Data packets sent.
    data_tx,
    /// Data packets received.
    data_rx,
    /// Received data packets that could not be read, or made no sense.
    malformed,
    /// Received data packets beyond a limit.
    oversized,
    /// Received data packets that had come before.
    duplicates,
    /// Received data packets of kinds that are for other clients, such as transcripts of the older
    /// form.
    unread,
    /// Received streams refused or given up by a limit.
    streams_refused,
    /// Subscriptions refused by a limit.
    subscriptions_refused,
    /// Participants beyond the limit.
    participants_refused,
    /// Times the session's task woke up.
    wakeups,
    /// Signalling drops after which the session went on.
    resumes,
    /// Full rejoins.
    rejoins,
}
