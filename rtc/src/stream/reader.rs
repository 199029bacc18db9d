//! Streams coming in, as their reader sees them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use frontdesk_types::Phi;

use crate::StreamError;

/// What the header of a received stream says.
#[derive(Clone)]
pub struct StreamInfo {
    /// The stream's id, unique per sender.
    pub id: String,
    /// The topic.
    pub topic: String,
    /// The type of the content.
    pub mime_type: String,
    /// Identity of the sender.
    pub from: Phi<String>,
    /// Sid of the sender's presence, which may not have been told of yet; empty if the server does
    /// not say.
    pub from_sid: String,
    /// Attributes of the header.
    pub attributes: HashMap<String, String>,
    /// Total bytes, if announced.
    pub total_length: Option<u64>,
    /// The file's name; empty for text.
    pub name: String,
    /// The sender's clock, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Whether the text is a transcript that an agent sent in somebody's name.
    pub generated: bool,
}

impl fmt::Debug for StreamInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamInfo({} bytes announced)", self.total_length.unwrap_or(0))
    }
}

#[derive(Default)]
struct Buffer {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    end: Option<Result<HashMap<String, String>, StreamError>>,
    abandoned: bool,
}

/// Shared by the session, which fills, and the reader, which empties.
pub(crate) struct StreamState {
    buffer: Mutex<Buffer>,
    notify: Notify,
    /// Bytes of all streams of the room that nobody has read.
    buffered: Arc<AtomicUsize>,
}

impl StreamState {
    pub(crate) fn new(buffered: Arc<AtomicUsize>) -> Self {
        Self { buffer: Mutex::default(), notify: Notify::new(), buffered }
    }

    /// Adds a chunk; false if nobody will read it.
    pub(crate) fn push(&self, chunk: Bytes) -> bool {
        {
            let mut b = self.buffer.lock();
            if b.abandoned {
                return false;
            }
            b.bytes += chunk.len();
            self.buffered.fetch_add(chunk.len(), Ordering::Relaxed);
            b.chunks.push_back(chunk);
        }
        self.notify.notify_one();
        true
    }

    pub(crate) fn finish(&self, end: Result<HashMap<String, String>, StreamError>) {
        let mut b = self.buffer.lock();
        if b.end.is_none() {
            b.end = Some(end);
        }
        drop(b);
        self.notify.notify_one();
    }

    async fn next(&self) -> Option<Result<Bytes, StreamError>> {
        loop {
            {
                let mut b = self.buffer.lock();
                if let Some(chunk) = b.chunks.pop_front() {
                    b.bytes -= chunk.len();
                    self.buffered.fetch_sub(chunk.len(), Ordering::Relaxed);
                    return Some(Ok(chunk));
                }
                match &b.end {
                    Some(Ok(_)) => return None,
                    Some(Err(e)) => return Some(Err(*e)),
                    None => {}
                }
            }
            self.notify.notified().await;
        }
    }

    fn trailer(&self) -> HashMap<String, String> {
        match &self.buffer.lock().end {
            Some(Ok(attributes)) => attributes.clone(),
            _ => HashMap::new(),
        }
    }

    fn abandon(&self) {
        let mut b = self.buffer.lock();
        b.abandoned = true;
        self.buffered.fetch_sub(b.bytes, Ordering::Relaxed);
        b.bytes = 0;
        b.chunks.clear();
    }
}

struct Reader {
    info: StreamInfo,
    state: Arc<StreamState>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.state.abandon();
    }
}

/// Reads a byte stream. Dropping it gives the rest of the stream up.
pub struct ByteStreamReader(Reader);

impl ByteStreamReader {
    pub(crate) const fn new(info: StreamInfo, state: Arc<StreamState>) -> Self {
        Self(Reader { info, state })
    }

    /// What the header says.
    #[must_use]
    pub const fn info(&self) -> &StreamInfo {
        &self.0.info
    }

    /// The next chunk; `None` at the stream's end. Cancel-safe.
    ///
    /// # Errors
    /// [`StreamError`] if the rest will not come; asked again, the same error.
    pub async fn next(&mut self) -> Option<Result<Bytes, StreamError>> {
        self.0.state.next().await
    }

    /// The whole stream.
    ///
    /// # Errors
    /// [`StreamError`] if it does not arrive whole.
    pub async fn read_all(mut self) -> Result<Vec<u8>, StreamError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all)
    }

    /// Attributes of the trailer; empty before the stream's end.
    #[must_use]
    pub fn trailer_attributes(&self) -> HashMap<String, String> {
        self.0.state.trailer()
    }
}

impl fmt::Debug for ByteStreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.info.fmt(f)
    }
}

/// Reads a text stream. Dropping it gives the rest of the stream up.
pub struct TextStreamReader {
    reader: Reader,
    /// Bytes of a character that a chunk cut in two.
    cut: Vec<u8>,
}

impl TextStreamReader {
    pub(crate) const fn new(info: StreamInfo, state: Arc<StreamState>) -> Self {
        Self { reader: Reader { info, state }, cut: Vec::new() }
    }

    /// What the header says.
    #[must_use]
    pub const fn info(&self) -> &StreamInfo {
        &self.reader.info
    }

    /// The next piece of text; `None` at the stream's end. Bytes that are not UTF-8 become
    /// replacement characters. Cancel-safe.
    ///
    /// # Errors
    /// [`StreamError`] if the rest will not come; asked again, the same error.
    pub async fn next(&mut self) -> Option<Result<String, StreamError>> {
        loop {
            match self.reader.state.next().await {
                Some(Ok(chunk)) => {
                    self.cut.extend_from_slice(&chunk);
                    let text = take_utf8(&mut self.cut);
                    if !text.is_empty() {
                        return Some(Ok(text));
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None if self.cut.is_empty() => return None,
                None => {
                    let rest = std::mem::take(&mut self.cut);
                    return Some(Ok(String::from_utf8_lossy(&rest).into_owned()));
                }
            }
        }
    }

    /// The whole text.
    ///
    /// # Errors
    /// [`StreamError`] if it does not arrive whole.
    pub async fn read_all(mut self) -> Result<String, StreamError> {
        let mut all = String::new();
        while let Some(text) = self.next().await {
            all.push_str(&text?);
        }
        Ok(all)
    }

    /// Attributes of the trailer; empty before the stream's end.
    #[must_use]
    pub fn trailer_attributes(&self) -> HashMap<String, String> {
        self.reader.state.trailer()
    }
}

impl fmt::Debug for TextStreamReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.info.fmt(f)
    }
}

/// Takes all whole characters off the front of `bytes`, leaving at most an unfinished one.
fn take_utf8(bytes: &mut Vec<u8>) -> String {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        // Only the end of what came is unfinished; anything else is not UTF-8 at all.
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => bytes.len(),
    };
    let rest = bytes.split_off(whole);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_between_chunks_is_put_together() {
        let whole = "عيادة 🏥".as_bytes();
        for cut in 0..=whole.len() {
            let mut bytes = whole[..cut].to_vec();
            let mut text = take_utf8(&mut bytes);
            assert!(bytes.len() < 4);
            bytes.extend_from_slice(&whole[cut..]);
            text.push_str(&take_utf8(&mut bytes));
            assert_eq!(text.as_bytes(), whole);
        }
    }

    #[test]
    fn bytes_that_are_not_text_become_replacement_characters() {
        let mut bytes = vec![b'a', 0xff, b'b'];
        assert_eq!(take_utf8(&mut bytes), "a\u{fffd}b");
        assert!(bytes.is_empty());
    }
}
