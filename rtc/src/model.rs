//! Participants and tracks as LiveKit tells of them.

use std::collections::BTreeMap;
use std::fmt;

use livekit_protocol as proto;

/// What kind of client a participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParticipantKind {
    /// A browser or an app.
    Standard,
    /// Feeds a stream from outside.
    Ingress,
    /// Records or streams out.
    Egress,
    /// A telephone line.
    Sip,
    /// An agent.
    Agent,
    /// A connector to another service.
    Connector,
    /// A bridge to another protocol.
    Bridge,
}

/// Where a track's media comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackSource {
    /// Not said.
    Unknown,
    /// A camera.
    Camera,
    /// A microphone (also an agent's voice).
    Microphone,
    /// A shared screen.
    ScreenShare,
    /// A shared screen's sound.
    ScreenShareAudio,
}

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrackKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Anything else.
    Data,
}

/// A published track.
#[derive(Clone, PartialEq, Eq)]
pub struct Track {
    /// The server's id of the track (`TR_…`).
    pub sid: String,
    /// The name that its publisher gave it.
    pub name: String,
    /// Sound or pictures.
    pub kind: TrackKind,
    /// Microphone, camera, …
    pub source: TrackSource,
    /// Whether its publisher muted it.
    pub muted: bool,
}

impl fmt::Debug for Track {
    // A track's name is chosen by a peer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?} {:?} muted={})", self.sid, self.kind, self.source, self.muted)
    }
}

/// A participant of the room.
#[derive(Clone, PartialEq, Eq)]
pub struct Participant {
    /// The server's id of this presence (`PA_…`).
    pub sid: String,
    /// The identity of the token; for a phone line it contains the number.
    pub identity: String,
    /// The display name; empty if none.
    pub name: String,
    /// Free text of the participant.
    pub metadata: String,
    /// Browser, phone, agent, …
    pub kind: ParticipantKind,
    /// Attributes; front ends and agents agree on the keys (`lk.agent.state`, `sip.callStatus`).
    pub attributes: BTreeMap<String, String>,
    /// The tracks it has published.
    pub tracks: Vec<Track>,
    /// Whether its media path is up.
    pub active: bool,
}

impl fmt::Debug for Participant {
    // Identity, name and attributes may hold a phone number or a person's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Participant")
            .field("sid", &self.sid)
            .field("kind", &self.kind)
            .field("tracks", &self.tracks)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Why a session ended or a participant left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// Not said.
    Unknown,
    /// The participant left by itself.
    ClientInitiated,
    /// Another participant joined with the same identity.
    DuplicateIdentity,
    /// The server is going down.
    ServerShutdown,
    /// Removed through the server's API.
    ParticipantRemoved,
    /// The room was deleted through the server's API.
    RoomDeleted,
    /// Server and client no longer agree on the session.
    StateMismatch,
    /// The participant could not connect its media.
    JoinFailure,
    /// Moved to another server.
    Migration,
    /// The signalling connection broke.
    SignalClose,
    /// The room was closed because everybody left.
    RoomClosed,
    /// A called phone was not answered.
    UserUnavailable,
    /// A called phone rejected the call.
    UserRejected,
    /// The telephone trunk failed.
    SipTrunkFailure,
    /// The server timed the participant out.
    ConnectionTimeout,
    /// The media path failed.
    MediaFailure,
    /// An agent failed.
    AgentError,
    /// Every attempt of the [`crate::RetryPolicy`] failed.
    RetriesExhausted,
    /// This library failed inside; the log says where.
    Internal,
}

/// What a server can be asked to do to its client, for tests of reconnecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Simulate {
    /// The server asks for a full rejoin (`Leave` with action `RECONNECT`), as it does when it
    /// cannot negotiate with a client.
    FullReconnect,
    /// The server leaves (`Leave`, as at its shutdown).
    ServerLeave,
    /// The server forgets the session's node.
    NodeFailure,
}

impl ParticipantKind {
    pub(crate) fn from_proto(kind: proto::participant_info::Kind) -> Self {
        use proto::participant_info::Kind;
        match kind {
            Kind::Standard => Self::Standard,
            Kind::Ingress => Self::Ingress,
            Kind::Egress => Self::Egress,
            Kind::Sip => Self::Sip,
            Kind::Agent => Self::Agent,
            Kind::Connector => Self::Connector,
            Kind::Bridge => Self::Bridge,
        }
    }
}

impl TrackSource {
    pub(crate) fn from_proto(source: proto::TrackSource) -> Self {
        match source {
            proto::TrackSource::Unknown => Self::Unknown,
            proto::TrackSource::Camera => Self::Camera,
            proto::TrackSource::Microphone => Self::Microphone,
            proto::TrackSource::ScreenShare => Self::ScreenShare,
            proto::TrackSource::ScreenShareAudio => Self::ScreenShareAudio,
        }
    }

    pub(crate) fn to_proto(self) -> proto::TrackSource {
        match self {
            Self::Unknown => proto::TrackSource::Unknown,
            Self::Camera => proto::TrackSource::Camera,
            Self::Microphone => proto::TrackSource::Microphone,
            Self::ScreenShare => proto::TrackSource::ScreenShare,
            Self::ScreenShareAudio => proto::TrackSource::ScreenShareAudio,
        }
    }
}

impl Track {
    pub(crate) fn from_proto(info: &proto::TrackInfo) -> Self {
        Self {
            sid: info.sid.clone(),
            name: info.name.clone(),
            kind: match info.r#type() {
                proto::TrackType::Audio => TrackKind::Audio,
                proto::TrackType::Video => TrackKind::Video,
                proto::TrackType::Data => TrackKind::Data,
            },
            source: TrackSource::from_proto(info.source()),
            muted: info.muted,
        }
    }
}

impl Participant {
    pub(crate) fn from_proto(info: &proto::ParticipantInfo) -> Self {
        Self {
            sid: info.sid.clone(),
            identity: info.identity.clone(),
            name: info.name.clone(),
            metadata: info.metadata.clone(),
            kind: ParticipantKind::from_proto(info.kind()),
            attributes: info.attributes.clone().into_iter().collect(),
            tracks: info.tracks.iter().map(Track::from_proto).collect(),
            active: info.state() == proto::participant_info::State::Active,
        }
    }

    /// Its track with this sid.
    #[must_use]
    pub fn track(&self, sid: &str) -> Option<&Track> {
        self.tracks.iter().find(|t| t.sid == sid)
    }
}

impl DisconnectReason {
    pub(crate) fn from_proto(reason: proto::DisconnectReason) -> Self {
        use proto::DisconnectReason as R;
        match reason {
            R::UnknownReason => Self::Unknown,
            R::ClientInitiated => Self::ClientInitiated,
            R::DuplicateIdentity => Self::DuplicateIdentity,
            R::ServerShutdown => Self::ServerShutdown,
            R::ParticipantRemoved => Self::ParticipantRemoved,
            R::RoomDeleted => Self::RoomDeleted,
            R::StateMismatch => Self::StateMismatch,
            R::JoinFailure => Self::JoinFailure,
            R::Migration => Self::Migration,
            R::SignalClose => Self::SignalClose,
            R::RoomClosed => Self::RoomClosed,
            R::UserUnavailable => Self::UserUnavailable,
            R::UserRejected => Self::UserRejected,
            R::SipTrunkFailure => Self::SipTrunkFailure,
            R::ConnectionTimeout => Self::ConnectionTimeout,
            R::MediaFailure => Self::MediaFailure,
            R::AgentError => Self::AgentError,
        }
    }
}
