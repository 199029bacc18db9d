//! A room, as its holder sees it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use livekit_protocol as proto;
use tokio::sync::{mpsc, oneshot};

use crate::data::DataSender;
use crate::session;
use crate::session::shared::{Command, Reply, Shared};
use crate::{
    AudioPublish, ByteStreamOptions, ByteStreamWriter, DisconnectReason, LocalAudio, Participant,
    RemoteAudio, RoomEvents, RoomOptions, RoomStats, RtcError, Simulate, TextStreamOptions,
    TextStreamWriter,
};

/// Bytes of the largest payload of one data packet; what does not fit goes as a byte stream.
pub const MAX_DATA_PAYLOAD: usize = 60_000;

/// A room that was joined. Cheap to clone. The session is a task of its own: it lives until
/// [`Room::close`], until the last handle is dropped, or until the server ends it, whatever happens
/// to those who listen to its events or read its packets.
#[derive(Clone)]
pub struct Room {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    data: DataSender,
}

impl Room {
    /// Joins a room. Returns when the server has accepted; the media path comes up meanwhile
    /// ([`crate::RoomEvent::Connected`]). Tries only once: the caller knows best whether to retry.
    ///
    /// # Errors
    /// [`RtcError::Url`], [`RtcError::Unauthorized`], [`RtcError::Unreachable`] or
    /// [`RtcError::Socket`].
    pub async fn connect(options: RoomOptions) -> Result<(Self, RoomEvents), RtcError> {
        let runtime = match &options.runtime {
            Some(handle) => handle.clone(),
            None => tokio::runtime::Handle::current(),
        };
        let session::Started { shared, commands, data } = runtime
            .spawn(session::start(options))
            .await
            .map_err(|e| RtcError::Unreachable { reason: format!("joining was aborted: {e}") })??;
        let events = shared.events.reader();
        Ok((Self { shared, commands, data: DataSender(data) }, events))
    }

    /// The room's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.shared.state.lock().name.clone()
    }

    /// The server's id of the room (`RM_…`).
    #[must_use]
    pub fn sid(&self) -> String {
        self.shared.state.lock().room_sid.clone()
    }

    /// Ourselves, as the server last told. After a rejoin the sid is another. `None` only if the
    /// server did not introduce us.
    #[must_use]
    pub fn local(&self) -> Option<Participant> {
        self.shared.state.lock().local.clone()
    }

    /// Everybody else, as last told.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        self.shared.state.lock().remote.values().cloned().collect()
    }

    /// Whom this identity belongs to, unless they left.
    #[must_use]
    pub fn participant(&self, identity: &str) -> Option<Participant> {
        self.shared.state.lock().remote.values().find(|p| p.identity == identity).cloned()
    }

    /// The audio tracks received now.
    #[must_use]
    pub fn remote_audio(&self) -> Vec<RemoteAudio> {
        self.shared.state.lock().audio.values().cloned().collect()
    }

    /// Takes the events over from whoever read them before; what was not read comes first. With
    /// [`Room::participants`] and [`Room::remote_audio`] a successor knows all there is to know.
    #[must_use]
    pub fn events(&self) -> RoomEvents {
        self.shared.events.reader()
    }

    /// Whether the media path is up.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.state.lock().connected
    }

    /// Why the session ended; `None` while it lives.
    #[must_use]
    pub fn closed(&self) -> Option<DisconnectReason> {
        self.shared.state.lock().closed
    }

    /// Counters of the session.
    #[must_use]
    pub fn stats(&self) -> RoomStats {
        let mut stats = self.shared.counters.snapshot();
        stats.events_dropped = self.shared.events.dropped();
        stats.streams_open = self.shared.streams.load(Ordering::Relaxed) as u64;
        stats.stream_bytes = self.shared.stream_bytes.load(Ordering::Relaxed) as u64;
        stats
    }

    /// Publishes an audio track. Returns when packets written to it go out, so that the first word
    /// is not cut.
    ///
    /// # Errors
    /// [`RtcError::Refused`], [`RtcError::Timeout`] or [`RtcError::Closed`].
    pub async fn publish_audio(&self, options: AudioPublish) -> Result<LocalAudio, RtcError> {
        self.ask(|reply| Command::Publish(options, reply)).await
    }

    /// From now on only these identities may subscribe to our tracks; whoever else is subscribed is
    /// cut off. Identities may be named that are not there yet. Set before publishing it counts from
    /// the first packet, and after a rejoin it is set again.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn permit_subscribers(&self, identities: Vec<String>) -> Result<(), RtcError> {
        self.tell(Command::Permit(identities)).await
    }

    /// Takes a published track away.
    ///
    /// # Errors
    /// [`RtcError::NoSuchTrack`] or [`RtcError::Closed`].
    pub async fn unpublish(&self, audio: &LocalAudio) -> Result<(), RtcError> {
        let sid = audio.sid();
        self.ask(|reply| Command::Unpublish(sid, reply)).await
    }

    /// Asks for a remote audio track; its packets come with
    /// [`crate::RoomEvent::TrackSubscribed`]. Asking twice is harmless.
    ///
    /// # Errors
    /// [`RtcError::NoSuchTrack`], [`RtcError::NotAudio`], [`RtcError::Limit`] or
    /// [`RtcError::Closed`].
    pub async fn subscribe(&self, sid: &str) -> Result<(), RtcError> {
        let sid = sid.to_owned();
        self.ask(|reply| Command::Subscribe(sid, true, reply)).await
    }

    /// Gives a remote audio track up.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn unsubscribe(&self, sid: &str) -> Result<(), RtcError> {
        let sid = sid.to_owned();
        self.ask(|reply| Command::Subscribe(sid, false, reply)).await
    }

    /// Sends a payload of at most [`MAX_DATA_PAYLOAD`] bytes to the identities named, to everybody
    /// if none is. `reliable` packets arrive, in order; others may be lost. Waits while the send
    /// buffer is full; while reconnecting, reliable packets are kept and unreliable ones dropped.
    ///
    /// # Errors
    /// [`RtcError::TooLarge`] or [`RtcError::Closed`].
    pub async fn publish_data(
        &self,
        payload: Bytes,
        topic: &str,
        reliable: bool,
        destinations: &[String],
    ) -> Result<(), RtcError> {
        if payload.len() > MAX_DATA_PAYLOAD {
            return Err(RtcError::TooLarge { size: payload.len(), limit: MAX_DATA_PAYLOAD });
        }
        let user = proto::UserPacket {
            payload: payload.into(),
            topic: (!topic.is_empty()).then(|| topic.to_owned()),
            ..Default::default()
        };
        let packet = proto::DataPacket {
            destination_identities: destinations.to_vec(),
            value: Some(proto::data_packet::Value::User(user)),
            ..Default::default()
        };
        self.send(packet, reliable).await
    }

    /// Sends a transcript in the older packet form, which some front ends read alone: what the
    /// participant `identity` said on the track `track_sid`. Only agents may.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn send_transcription(
        &self,
        identity: &str,
        track_sid: &str,
        segments: Vec<TranscriptionSegment>,
        to: &[String],
    ) -> Result<(), RtcError> {
        let transcription = proto::Transcription {
            transcribed_participant_identity: identity.to_owned(),
            track_id: track_sid.to_owned(),
            segments: segments
                .into_iter()
                .map(|s| proto::TranscriptionSegment {
                    id: s.id,
                    text: s.text,
                    r#final: s.is_final,
                    language: s.language,
                    ..Default::default()
                })
                .collect(),
        };
        let packet = proto::DataPacket {
            value: Some(proto::data_packet::Value::Transcription(transcription)),
            destination_identities: to.to_vec(),
            ..Default::default()
        };
        self.send(packet, true).await
    }

    /// Presses a key towards a phone line: `0`–`9`, `*`, `#`, `A`–`D`; other characters are
    /// ignored.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn send_dtmf(&self, digit: char) -> Result<(), RtcError> {
        let Some(code) = dtmf_code(digit) else { return Ok(()) };
        let dtmf = proto::SipDtmf { code, digit: digit.to_ascii_uppercase().to_string() };
        let packet = proto::DataPacket {
            value: Some(proto::data_packet::Value::SipDtmf(dtmf)),
            ..Default::default()
        };
        self.send(packet, true).await
    }

    /// Sends any packet of LiveKit's protocol, for what has no method of its own. Sequence number
    /// and sender are filled in.
    ///
    /// # Errors
    /// [`RtcError::TooLarge`] or [`RtcError::Closed`].
    pub async fn publish_packet(
        &self,
        packet: proto::DataPacket,
        reliable: bool,
    ) -> Result<(), RtcError> {
        let size = prost::Message::encoded_len(&packet);
        if size > MAX_DATA_PAYLOAD {
            return Err(RtcError::TooLarge { size, limit: MAX_DATA_PAYLOAD });
        }
        self.send(packet, reliable).await
    }

    /// Opens a text stream; returns when its header is on the way.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn open_text_stream(
        &self,
        options: TextStreamOptions,
    ) -> Result<TextStreamWriter, RtcError> {
        let now = self.shared.clock.wall().as_millisecond();
        TextStreamWriter::open(self.data.clone(), now, options).await
    }

    /// Sends a whole text as a stream; its length is announced.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn send_text(
        &self,
        text: &str,
        mut options: TextStreamOptions,
    ) -> Result<(), RtcError> {
        options.total_length = Some(text.len() as u64);
        let mut stream = self.open_text_stream(options).await?;
        stream.write(text).await?;
        stream.close(HashMap::new()).await
    }

    /// Opens a byte stream; returns when its header is on the way.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn open_byte_stream(
        &self,
        options: ByteStreamOptions,
    ) -> Result<ByteStreamWriter, RtcError> {
        let now = self.shared.clock.wall().as_millisecond();
        ByteStreamWriter::open(self.data.clone(), now, options).await
    }

    /// Sends whole bytes as a stream; their length is announced.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn send_bytes(
        &self,
        bytes: &[u8],
        mut options: ByteStreamOptions,
    ) -> Result<(), RtcError> {
        options.total_length = Some(bytes.len() as u64);
        let mut stream = self.open_byte_stream(options).await?;
        stream.write(bytes).await?;
        stream.close(HashMap::new()).await
    }

    /// Sets attributes of our own; those not named stay, an empty value removes one. Needs the
    /// token's grant to update own metadata.
    ///
    /// # Errors
    /// [`RtcError::Refused`], [`RtcError::Timeout`] or [`RtcError::Closed`].
    pub async fn set_attributes(
        &self,
        attributes: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), RtcError> {
        let attributes = attributes.into_iter().collect();
        self.ask(|reply| Command::Update { name: None, attributes, reply }).await
    }

    /// Sets attributes of our own without waiting for the server's word, which takes a round trip
    /// of signalling: for what is to be seen soon and must not hold up anything. What the server
    /// refuses is logged.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn announce_attributes(
        &self,
        attributes: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), RtcError> {
        let attributes = attributes.into_iter().collect();
        let (reply, _) = oneshot::channel();
        self.tell(Command::Update { name: None, attributes, reply }).await
    }

    /// Sets our display name.
    ///
    /// # Errors
    /// As [`Room::set_attributes`].
    pub async fn set_name(&self, name: &str) -> Result<(), RtcError> {
        let (name, attributes) = (Some(name.to_owned()), HashMap::new());
        self.ask(|reply| Command::Update { name, attributes, reply }).await
    }

    /// Asks the server to simulate a failure, for tests of reconnecting.
    ///
    /// # Errors
    /// [`RtcError::Closed`].
    pub async fn simulate(&self, what: Simulate) -> Result<(), RtcError> {
        self.tell(Command::Simulate(what)).await
    }

    /// Leaves the room; returns when the session's task has ended. Harmless when it has already.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.commands.send(Command::Close(done)).await.is_ok() {
            // The task drops the sender when it ends, whatever the reason.
            let _ = ended.await;
        }
    }

    async fn send(&self, packet: proto::DataPacket, reliable: bool) -> Result<(), RtcError> {
        self.data.send(packet, reliable).await.map_err(|_| self.gone())
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, RtcError> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    async fn tell(&self, command: Command) -> Result<(), RtcError> {
        self.commands.send(command).await.map_err(|_| self.gone())
    }

    fn gone(&self) -> RtcError {
        RtcError::Closed(self.closed().unwrap_or(DisconnectReason::Unknown))
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock();
        f.debug_struct("Room")
            .field("sid", &state.room_sid)
            .field("participants", &state.remote.len())
            .field("closed", &state.closed)
            .finish_non_exhaustive()
    }
}

/// A piece of a transcript in the older packet form.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TranscriptionSegment {
    /// The same id for all versions of one segment (`SG_…`).
    pub id: String,
    /// What was said.
    pub text: String,
    /// Whether the text will not change any more.
    pub is_final: bool,
    /// Language tag; empty if unknown.
    pub language: String,
}

impl fmt::Debug for TranscriptionSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TranscriptionSegment({} final={})", self.id, self.is_final)
    }
}

fn dtmf_code(digit: char) -> Option<u32> {
    "0123456789*#ABCD".chars().position(|c| c == digit.to_ascii_uppercase()).map(|n| n as u32)
}

/// The key of a received digit, if it is one.
pub(crate) fn dtmf_digit(code: u32, digit: &str) -> Option<char> {
    let mut chars = digit.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if dtmf_code(c).is_some() => Some(c.to_ascii_uppercase()),
        (None, None) => "0123456789*#ABCD".chars().nth(code as usize),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_phone_have_the_codes_of_rfc_4733() {
        for (key, code) in [('0', 0), ('9', 9), ('*', 10), ('#', 11), ('a', 12), ('D', 15)] {
            assert_eq!(dtmf_code(key), Some(code));
            assert_eq!(dtmf_digit(code, ""), Some(key.to_ascii_uppercase()));
        }
        assert_eq!(dtmf_code('x'), None);
        assert_eq!(dtmf_digit(99, ""), None);
        assert_eq!(dtmf_digit(1, "12"), None);
    }
}
