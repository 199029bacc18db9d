//! The server's API, as far as it concerns agents and rooms.

use std::fmt;
use std::time::Duration;

use livekit_api::services::agent_dispatch::AgentDispatchClient;
use livekit_api::services::room::RoomClient;
use livekit_api::services::sip::{SIPClient, TransferSIPParticipantOptions};
use livekit_api::services::{ServerError, ServerErrorCode, ServiceError};
use livekit_protocol as proto;

use crate::token::{AgentRequest, ApiKey};

/// A call of the server's API failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The server refused the key.
    #[error("the LiveKit server refused the API key to {action}: {reason}")]
    Unauthorized {
        /// What was asked for.
        action: &'static str,
        /// What the server said.
        reason: String,
    },
    /// There is no such room or dispatch.
    #[error("cannot {action}: there is none of that name or id")]
    NotFound {
        /// What was asked for.
        action: &'static str,
    },
    /// The server cannot be reached or does not answer.
    #[error("cannot reach the LiveKit server to {action}: {reason}")]
    Unreachable {
        /// What was asked for.
        action: &'static str,
        /// What was seen.
        reason: String,
    },
    /// The server said no.
    #[error("the LiveKit server did not {action}: {reason}")]
    Refused {
        /// What was asked for.
        action: &'static str,
        /// What the server said.
        reason: String,
    },
}

impl ApiError {
    fn from_service(action: &'static str, error: &ServiceError) -> Self {
        let reason = error.to_string();
        match error {
            ServiceError::Twirp(ServerError::Twirp(code)) => match code.code.as_str() {
                ServerErrorCode::UNAUTHENTICATED | ServerErrorCode::PERMISSION_DENIED => {
                    Self::Unauthorized { action, reason: code.msg.clone() }
                }
                ServerErrorCode::NOT_FOUND => Self::NotFound { action },
                _ => Self::Refused { action, reason: code.msg.clone() },
            },
            ServiceError::Twirp(ServerError::Request(_)) => Self::Unreachable { action, reason },
            _ => Self::Refused { action, reason },
        }
    }
}

/// A request for an agent in a room.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dispatch {
    /// `AD_…`.
    pub id: String,
    /// The room's name.
    pub room: String,
    /// Name of the agent; empty for the server's own of every room.
    pub agent_name: String,
    /// What the agent is told.
    pub metadata: String,
    /// Ids of its jobs (`AJ_…`) and whether each has ended.
    pub jobs: Vec<(String, bool)>,
    /// When it was made, by the server's clock, in milliseconds since 1970.
    pub made_ms: i64,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("id", &self.id)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

impl Dispatch {
    fn from_proto(dispatch: proto::AgentDispatch) -> Self {
        let state = dispatch.state.unwrap_or_default();
        // livekit-server (1.11) tells nanoseconds.
        let made_ms = state.created_at / 1_000_000;
        let jobs = state.jobs.into_iter();
        let jobs = jobs.map(|job| {
            let status = job.state.unwrap_or_default().status();
            (job.id, matches!(status, proto::JobStatus::JsSuccess | proto::JobStatus::JsFailed))
        });
        Self {
            id: dispatch.id,
            room: dispatch.room,
            agent_name: dispatch.agent_name,
            metadata: dispatch.metadata,
            jobs: jobs.collect(),
            made_ms,
        }
    }
}

/// A room that is open.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenRoom {
    /// `RM_…`.
    pub sid: String,
    /// Its name.
    pub name: String,
    /// Participants in it, hidden ones not counted.
    pub participants: u32,
}

impl fmt::Debug for OpenRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenRoom")
            .field("sid", &self.sid)
            .field("participants", &self.participants)
            .finish_non_exhaustive()
    }
}

/// Somebody in a room, whether or not the others see them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Present {
    /// The identity of their token.
    pub identity: String,
    /// Whether nobody sees them.
    pub hidden: bool,
    /// Whether they are an agent.
    pub agent: bool,
    /// When they joined, by the server's clock, in milliseconds since 1970.
    pub joined_ms: i64,
}

impl fmt::Debug for Present {
    // An identity may be a telephone number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present").field("hidden", &self.hidden).finish_non_exhaustive()
    }
}

/// Client of the server's API. Requests give up after 10 s; a transfer when nobody has answered.
#[derive(Debug)]
pub struct ServerApi {
    dispatches: AgentDispatchClient,
    rooms: RoomClient,
    sip: SIPClient,
}

impl ServerApi {
    /// For the server at `url` (`ws://`, `wss://`, `http://` or `https://`). Connects when asked
    /// something.
    #[must_use]
    pub fn new(url: &str, key: &ApiKey) -> Self {
        let url = url.trim_end_matches('/');
        Self {
            dispatches: AgentDispatchClient::with_api_key(url, key.key(), key.secret()),
            rooms: RoomClient::with_api_key(url, key.key(), key.secret()),
            sip: SIPClient::with_api_key(url, key.key(), key.secret()),
        }
    }

    /// Calls an agent into a room, which is made if there is none of that name.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn dispatch(&self, room: &str, agent: AgentRequest) -> Result<Dispatch, ApiError> {
        let request = proto::CreateAgentDispatchRequest {
            agent_name: agent.agent_name,
            room: room.to_owned(),
            metadata: agent.metadata,
            attributes: agent.attributes.into_iter().collect(),
            ..Default::default()
        };
        let created = self.dispatches.create_dispatch(request).await;
        created
            .map(Dispatch::from_proto)
            .map_err(|error| ApiError::from_service("dispatch an agent", &error))
    }

    /// The dispatches of a room.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn dispatches(&self, room: &str) -> Result<Vec<Dispatch>, ApiError> {
        let listed = self.dispatches.list_dispatch(room).await;
        listed
            .map(|list| list.into_iter().map(Dispatch::from_proto).collect())
            .map_err(|error| ApiError::from_service("list dispatches", &error))
    }

    /// Takes a dispatch back: its jobs are terminated.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_dispatch(&self, room: &str, id: &str) -> Result<(), ApiError> {
        let deleted = self.dispatches.delete_dispatch(id, room).await;
        deleted.map(|_| ()).map_err(|error| ApiError::from_service("delete a dispatch", &error))
    }

    /// The open rooms.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn rooms(&self) -> Result<Vec<OpenRoom>, ApiError> {
        let listed = self.rooms.list_rooms(Vec::new()).await;
        let open = |room: proto::Room| OpenRoom {
            sid: room.sid,
            name: room.name,
            participants: room.num_participants,
        };
        listed
            .map(|list| list.into_iter().map(open).collect())
            .map_err(|error| ApiError::from_service("list rooms", &error))
    }

    /// Whether an agent that can be seen is in that room: then its call is under way.
    ///
    /// # Errors
    /// [`ApiError`], except where there is no such room.
    pub async fn has_agent(&self, room: &str) -> Result<bool, ApiError> {
        let listed = self.rooms.list_participants(room).await;
        let here = |who: &proto::ParticipantInfo| {
            let hidden = who.permission.as_ref().is_some_and(|permission| permission.hidden);
            who.kind() == proto::participant_info::Kind::Agent && !hidden
        };
        match listed.map_err(|error| ApiError::from_service("list participants", &error)) {
            Ok(participants) => Ok(participants.iter().any(here)),
            Err(ApiError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Who is in a room, those included whom nobody sees; nobody where there is no such room.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn present(&self, room: &str) -> Result<Vec<Present>, ApiError> {
        let listed = self.rooms.list_participants(room).await;
        let present = |who: proto::ParticipantInfo| Present {
            hidden: who.permission.as_ref().is_some_and(|permission| permission.hidden),
            agent: who.kind() == proto::participant_info::Kind::Agent,
            joined_ms: who.joined_at_ms.max(who.joined_at.saturating_mul(1000)),
            identity: who.identity,
        };
        match listed.map_err(|error| ApiError::from_service("list participants", &error)) {
            Ok(participants) => Ok(participants.into_iter().map(present).collect()),
            Err(ApiError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Removes somebody from a room. A token that they still have opens it again.
    ///
    /// # Errors
    /// [`ApiError`], except where they are gone already.
    pub async fn remove(&self, room: &str, identity: &str) -> Result<(), ApiError> {
        let removed = self.rooms.remove_participant(room, identity).await;
        match removed.map_err(|error| ApiError::from_service("remove a participant", &error)) {
            Err(ApiError::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Has a telephone caller of a room transferred to `to`, a `tel:` or `sip:` address: returns when
    /// somebody has answered there, or nobody did within `ringing`.
    ///
    /// # Errors
    /// [`ApiError`]: among it that nobody took the call, or that the server has no telephone bridge.
    pub async fn transfer(
        &self,
        room: &str,
        identity: &str,
        to: &str,
        ringing: Duration,
    ) -> Result<(), ApiError> {
        let options = TransferSIPParticipantOptions {
            ringing_timeout: Some(ringing),
            ..TransferSIPParticipantOptions::default()
        };
        let (room, identity, to) = (room.to_owned(), identity.to_owned(), to.to_owned());
        let transferred = self.sip.transfer_sip_participant(room, identity, to, options).await;
        transferred.map_err(|error| ApiError::from_service("transfer a caller", &error))
    }

    /// Closes a room and removes everybody from it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_room(&self, name: &str) -> Result<(), ApiError> {
        let deleted = self.rooms.delete_room(name).await;
        deleted.map_err(|error| ApiError::from_service("delete a room", &error))
    }
}
