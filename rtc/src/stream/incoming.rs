//! Reassembly of received streams, against peers that mean no good.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use livekit_protocol as proto;
use proto::data_stream::{self, header::ContentHeader};

use super::reader::{ByteStreamReader, StreamInfo, StreamState, TextStreamReader};
use crate::stats::Counters;
use crate::{Limits, RoomEvent, StreamError};

struct Open {
    state: Arc<StreamState>,
    next_chunk: u64,
    bytes: usize,
    limit: usize,
    total: Option<u64>,
    last: Instant,
}

/// The open received streams of a room.
pub(crate) struct Incoming {
    limits: Limits,
    /// By sender's sid and stream id, so that a peer cannot write into another's stream. Not by
    /// identity: an agent may put another one on a header, but not on chunks.
    open: HashMap<(String, String), Open>,
    buffered: Arc<AtomicUsize>,
}

impl Incoming {
    /// `buffered` counts the bytes that nobody has read.
    pub(crate) fn new(limits: Limits, buffered: Arc<AtomicUsize>) -> Self {
        Self { limits, open: HashMap::new(), buffered }
    }

    /// A header: the event that hands out the reader, unless a limit is passed.
    pub(crate) fn header(
        &mut self,
        sender: &str,
        from: &str,
        header: data_stream::Header,
        now: Instant,
        counters: &Counters,
    ) -> Option<RoomEvent> {
        let of_sender = self.open.keys().filter(|(open, _)| open == sender).count();
        let key = (sender.to_owned(), header.stream_id.clone());
        let Some(content) = header.content_header else {
            counters.malformed.add(1);
            return None;
        };
        // Compressed content is sent only to clients that say they can read it; we do not.
        if header.compression != data_stream::CompressionType::None as i32
            || header.stream_id.is_empty()
            || header.stream_id.len() > 256
            || self.open.contains_key(&key)
        {
            counters.malformed.add(1);
            return None;
        }
        let limit = match content {
            ContentHeader::TextHeader(_) => self.limits.text_stream,
            ContentHeader::ByteHeader(_) => self.limits.byte_stream,
        };
        if self.open.len() >= self.limits.streams
            || of_sender >= self.limits.streams_per_sender
            || header.total_length.is_some_and(|total| total > limit as u64)
        {
            counters.streams_refused.add(1);
            return None;
        }
        let state = Arc::new(StreamState::new(self.buffered.clone()));
        let mut info = StreamInfo {
            id: header.stream_id,
            topic: header.topic,
            mime_type: header.mime_type,
            from: from.to_owned().into(),
            from_sid: sender.to_owned(),
            attributes: header.attributes,
            total_length: header.total_length,
            name: String::new(),
            timestamp_ms: header.timestamp,
            generated: false,
        };
        let inline = header.inline_content.map(Bytes::from);
        let total = info.total_length;
        let event = match content {
            ContentHeader::TextHeader(text) => {
                info.generated = text.generated;
                RoomEvent::TextStream(TextStreamReader::new(info, state.clone()))
            }
            ContentHeader::ByteHeader(bytes) => {
                info.name = bytes.name;
                RoomEvent::ByteStream(ByteStreamReader::new(info, state.clone()))
            }
        };
        if let Some(content) = inline {
            // The whole stream in one packet: no chunks, no trailer.
            if content.len() > limit {
                counters.streams_refused.add(1);
                return None;
            }
            state.push(content);
            state.finish(Ok(HashMap::new()));
            return Some(event);
        }
        self.open.insert(key, Open { state, next_chunk: 0, bytes: 0, limit, total, last: now });
        Some(event)
    }

    pub(crate) fn chunk(
        &mut self,
        sender: &str,
        chunk: data_stream::Chunk,
        now: Instant,
        counters: &Counters,
    ) {
        let key = (sender.to_owned(), chunk.stream_id);
        let Some(open) = self.open.get_mut(&key) else {
            // Of a stream that was refused or given up; its sender does not know.
            counters.malformed.add(1);
            return;
        };
        if chunk.chunk_index < open.next_chunk {
            counters.malformed.add(1);
            return;
        }
        let size = chunk.content.len();
        let end = if chunk.chunk_index > open.next_chunk {
            Some(StreamError::Incomplete)
        } else if open.bytes + size > open.limit
            || open.total.is_some_and(|total| (open.bytes + size) as u64 > total)
            || self.buffered.load(Ordering::Relaxed) + size > self.limits.stream_buffer
        {
            Some(StreamError::TooLarge)
        } else {
            None
        };
        if let Some(error) = end {
            counters.streams_refused.add(1);
            open.state.finish(Err(error));
            self.open.remove(&key);
            return;
        }
        open.next_chunk += 1;
        open.bytes += size;
        open.last = now;
        if size > 0 && !open.state.push(chunk.content.into()) {
            self.open.remove(&key);
        }
    }

    pub(crate) fn trailer(&mut self, sender: &str, trailer: data_stream::Trailer) {
        let Some(open) = self.open.remove(&(sender.to_owned(), trailer.stream_id)) else { return };
        let end = if !trailer.reason.is_empty() {
            Err(StreamError::Aborted)
        } else if open.total.is_some_and(|total| total != open.bytes as u64) {
            Err(StreamError::Incomplete)
        } else {
            Ok(trailer.attributes)
        };
        open.state.finish(end);
    }

    /// Ends what a participant who left did not finish.
    pub(crate) fn sender_left(&mut self, sender: &str) {
        self.open.retain(|(of, _), open| {
            let gone = of == sender;
            if gone {
                open.state.finish(Err(StreamError::SenderGone));
            }
            !gone
        });
    }

    /// Gives up streams without a chunk for [`Limits::stream_idle`].
    pub(crate) fn expire(&mut self, now: Instant, counters: &Counters) {
        let idle = self.limits.stream_idle;
        self.open.retain(|_, open| {
            let stalled = now.saturating_duration_since(open.last) >= idle;
            if stalled {
                counters.streams_refused.add(1);
                open.state.finish(Err(StreamError::Stalled));
            }
            !stalled
        });
    }

    pub(crate) fn close(&mut self) {
        for (_, open) in self.open.drain() {
            open.state.finish(Err(StreamError::SenderGone));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Streams being received.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}
