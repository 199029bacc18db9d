//! Streams going out.

use std::collections::HashMap;
use std::fmt;

use livekit_protocol as proto;
use proto::data_packet::Value;
use proto::data_stream::{self, header::ContentHeader};

use super::{CHUNK_BYTES, utf8_chunks};
use crate::RtcError;
use crate::data::DataSender;

/// How to open a text stream.
#[derive(Clone, Default)]
pub struct TextStreamOptions {
    /// The topic: `lk.transcription`, `lk.chat`, …
    pub topic: String,
    /// Attributes of the header.
    pub attributes: HashMap<String, String>,
    /// Identities to send to; everybody if empty.
    pub destinations: Vec<String>,
    /// Send under this identity. The server lets only agents do so (a transcript of the user).
    pub sender_identity: Option<String>,
    /// The stream's id; random if `None`.
    pub stream_id: Option<String>,
    /// Total bytes, if known beforehand.
    pub total_length: Option<u64>,
}

/// How to open a byte stream.
#[derive(Clone, Default)]
pub struct ByteStreamOptions {
    /// The topic.
    pub topic: String,
    /// The file's name.
    pub name: String,
    /// Its type; `application/octet-stream` if empty.
    pub mime_type: String,
    /// Attributes of the header.
    pub attributes: HashMap<String, String>,
    /// Identities to send to; everybody if empty.
    pub destinations: Vec<String>,
    /// The stream's id; random if `None`.
    pub stream_id: Option<String>,
    /// Total bytes, if known beforehand.
    pub total_length: Option<u64>,
}

impl fmt::Debug for TextStreamOptions {
    // Attributes and identities may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextStreamOptions").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl fmt::Debug for ByteStreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStreamOptions").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// What both kinds of stream share: the envelope, the chunk counter, and the trailer on drop.
struct Outgoing {
    data: DataSender,
    id: String,
    destinations: Vec<String>,
    sender_identity: String,
    next_chunk: u64,
    open: bool,
}

impl Outgoing {
    fn packet(&self, value: Value) -> proto::DataPacket {
        proto::DataPacket {
            participant_identity: self.sender_identity.clone(),
            destination_identities: self.destinations.clone(),
            value: Some(value),
            ..Default::default()
        }
    }

    async fn header(&mut self, header: data_stream::Header) -> Result<(), RtcError> {
        self.data.send(self.packet(Value::StreamHeader(header)), true).await?;
        self.open = true;
        Ok(())
    }

    async fn chunk(&mut self, content: Vec<u8>) -> Result<(), RtcError> {
        let chunk = data_stream::Chunk {
            stream_id: self.id.clone(),
            chunk_index: self.next_chunk,
            content,
            ..Default::default()
        };
        self.data.send(self.packet(Value::StreamChunk(chunk)), true).await?;
        self.next_chunk += 1;
        Ok(())
    }

    fn trailer(&self, reason: &str, attributes: HashMap<String, String>) -> proto::DataPacket {
        self.packet(Value::StreamTrailer(data_stream::Trailer {
            stream_id: self.id.clone(),
            reason: reason.to_owned(),
            attributes,
        }))
    }

    async fn close(
        mut self,
        reason: &str,
        attributes: HashMap<String, String>,
    ) -> Result<(), RtcError> {
        let trailer = self.trailer(reason, attributes);
        self.data.send(trailer, true).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        if self.open {
            // A writer that died (an actor restarted) must not leave its readers waiting.
            self.data.try_send(self.trailer("interrupted", HashMap::new()), true);
        }
    }
}

/// Writes a text stream. Dropped without [`TextStreamWriter::close`] it ends as interrupted.
pub struct TextStreamWriter(Outgoing);

impl TextStreamWriter {
    pub(crate) async fn open(
        data: DataSender,
        timestamp: i64,
        options: TextStreamOptions,
    ) -> Result<Self, RtcError> {
        let id = options.stream_id.unwrap_or_else(|| crate::random_id("TS_"));
        let generated = options.sender_identity.is_some();
        let mut stream = Outgoing {
            data,
            id: id.clone(),
            destinations: options.destinations,
            sender_identity: options.sender_identity.unwrap_or_default(),
            next_chunk: 0,
            open: false,
        };
        let header = data_stream::Header {
            stream_id: id,
            timestamp,
            topic: options.topic,
            mime_type: "text/plain".into(),
            total_length: options.total_length,
            attributes: options.attributes,
            content_header: Some(ContentHeader::TextHeader(data_stream::TextHeader {
                operation_type: data_stream::OperationType::Create as i32,
                generated,
                ..Default::default()
            })),
            ..Default::default()
        };
        stream.header(header).await?;
        Ok(Self(stream))
    }

    /// The stream's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Sends more text, in chunks of at most [`CHUNK_BYTES`] that end between characters. Waits
    /// while the send buffer is full.
    ///
    /// # Errors
    /// [`RtcError::Closed`] when the session has ended.
    pub async fn write(&mut self, text: &str) -> Result<(), RtcError> {
        for chunk in utf8_chunks(text, CHUNK_BYTES) {
            self.0.chunk(chunk.as_bytes().to_vec()).await?;
        }
        Ok(())
    }

    /// Ends the stream; the attributes are added to the header's.
    ///
    /// # Errors
    /// [`RtcError::Closed`] when the session has ended.
    pub async fn close(self, attributes: HashMap<String, String>) -> Result<(), RtcError> {
        self.0.close("", attributes).await
    }

    /// Ends the stream early, for a reason such as `interrupted` or `error`.
    ///
    /// # Errors
    /// [`RtcError::Closed`] when the session has ended.
    pub async fn abort(
        self,
        reason: &str,
        attributes: HashMap<String, String>,
    ) -> Result<(), RtcError> {
        self.0.close(reason, attributes).await
    }
}

impl fmt::Debug for TextStreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextStreamWriter({})", self.0.id)
    }
}

/// Writes a byte stream. Dropped without [`ByteStreamWriter::close`] it ends as interrupted.
pub struct ByteStreamWriter(Outgoing);

impl ByteStreamWriter {
    pub(crate) async fn open(
        data: DataSender,
        timestamp: i64,
        options: ByteStreamOptions,
    ) -> Result<Self, RtcError> {
        let id = options.stream_id.unwrap_or_else(|| crate::random_id("BS_"));
        let mut stream = Outgoing {
            data,
            id: id.clone(),
            destinations: options.destinations,
            sender_identity: String::new(),
            next_chunk: 0,
            open: false,
        };
        let mime_type = if options.mime_type.is_empty() {
            "application/octet-stream".into()
        } else {
            options.mime_type
        };
        let header = data_stream::Header {
            stream_id: id,
            timestamp,
            topic: options.topic,
            mime_type,
            total_length: options.total_length,
            attributes: options.attributes,
            content_header: Some(ContentHeader::ByteHeader(data_stream::ByteHeader {
                name: options.name,
            })),
            ..Default::default()
        };
        stream.header(header).await?;
        Ok(Self(stream))
    }

    /// The stream's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Sends more bytes. Waits while the send buffer is full.
    ///
    /// # Errors
    /// [`RtcError::Closed`] when the session has ended.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), RtcError> {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            self.0.chunk(chunk.to_vec()).await?;
        }
        Ok(())
    }

    /// Ends the stream; the attributes are added to the header's.
    ///
    /// # Errors
    /// [`RtcError::Closed`] when the session has ended.
    pub async fn close(self, attributes: HashMap<String, String>) -> Result<(), RtcError> {
        self.0.close("", attributes).await
    }
}

impl fmt::Debug for ByteStreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByteStreamWriter({})", self.0.id)
    }
}
