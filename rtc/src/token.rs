//! Access tokens: for callers, listeners and workers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use livekit_api::access_token::{AccessToken, VideoGrants};
use livekit_protocol as proto;

/// What the identities of those who listen to calls begin with; nobody in the room sees them.
pub const LISTENER_PREFIX: &str = "listener-";

/// What the identities of supervisors who speak in a call begin with; none of them is its caller.
pub const SUPERVISOR_PREFIX: &str = "supervisor-";

/// API key and secret of a LiveKit server.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    key: String,
    secret: String,
}

impl ApiKey {
    /// From the two strings of the server's configuration.
    #[must_use]
    pub fn new(key: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { key: key.into(), secret: secret.into() }
    }

    /// The key, which is not secret.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The secret, to sign with or to derive keys from; never for a log.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// No token could be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// Room or identity is empty.
    #[error("a join token needs a {0}")]
    Missing(&'static str),
    /// The key or the secret is empty or cannot sign.
    #[error("the API key cannot sign: {0}")]
    Sign(String),
}

/// An agent that joining the room calls in.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct AgentRequest {
    /// Name under which its workers register.
    pub agent_name: String,
    /// What to tell it; by convention JSON. Readable by whoever has the token.
    pub metadata: String,
    /// Attributes of the dispatch.
    pub attributes: BTreeMap<String, String>,
}

impl fmt::Debug for AgentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentRequest").field("agent_name", &self.agent_name).finish_non_exhaustive()
    }
}

/// A token to join one room as one participant.
#[derive(Clone)]
pub struct JoinToken {
    room: String,
    identity: String,
    name: String,
    metadata: String,
    attributes: BTreeMap<String, String>,
    ttl: Duration,
    agents: Vec<AgentRequest>,
    rights: Rights,
}

/// What whoever has the token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rights {
    Caller,
    Listener,
    Supervisor,
    Agent,
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinToken")
            .field("ttl", &self.ttl)
            .field("agents", &self.agents)
            .field("rights", &self.rights)
            .finish_non_exhaustive()
    }
}

impl JoinToken {
    /// For a caller: hears, speaks, sends data. Valid for 15 minutes: joining must begin by then.
    #[must_use]
    pub fn caller(room: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            room: room.into(),
            identity: identity.into(),
            name: String::new(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            ttl: Duration::from_secs(15 * 60),
            agents: Vec::new(),
            rights: Rights::Caller,
        }
    }

    /// For a listener whom nobody in the room sees: hears, neither speaks nor sends data. Of kind
    /// AGENT: a hidden participant of another kind is counted, keeps the room open, and is taken
    /// for a caller (livekit-server 1.11.0).
    #[must_use]
    pub fn listener(room: impl Into<String>, identity: impl Into<String>) -> Self {
        Self { rights: Rights::Listener, ..Self::caller(room, identity) }
    }

    /// For a supervisor who speaks with the caller and is seen: publishes microphone and camera,
    /// sends no data.
    #[must_use]
    pub fn supervisor(room: impl Into<String>, identity: impl Into<String>) -> Self {
        Self { rights: Rights::Supervisor, ..Self::caller(room, identity) }
    }

    /// For an agent who joins without a job: as those whose token comes with one.
    #[must_use]
    pub fn agent_in(room: impl Into<String>, identity: impl Into<String>) -> Self {
        Self { rights: Rights::Agent, ..Self::caller(room, identity) }
    }

    /// With a display name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: impl Into<String>) -> Self {
        self.metadata = metadata.into();
        self
    }

    /// With an attribute.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    /// Calls this agent into the room if joining creates it (the claim `roomConfig.agents`).
    #[must_use]
    pub fn agent(mut self, agent: AgentRequest) -> Self {
        self.agents.push(agent);
        self
    }

    /// Valid for this long.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Signs it.
    ///
    /// # Errors
    /// [`TokenError`] without a room or an identity, or with a key that cannot sign.
    pub fn sign(self, key: &ApiKey) -> Result<String, TokenError> {
        for (what, text) in [("room", &self.room), ("identity", &self.identity)] {
            if text.is_empty() {
                return Err(TokenError::Missing(what));
            }
        }
        let listens = self.rights == Rights::Listener;
        let agent = self.rights == Rights::Agent;
        let sources: &[&str] = match self.rights {
            Rights::Supervisor => &["microphone", "camera"],
            Rights::Caller | Rights::Listener | Rights::Agent => &[],
        };
        let grants = VideoGrants {
            room_join: true,
            room: self.room,
            can_publish: Some(!listens),
            can_publish_sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            can_publish_data: Some(agent || self.rights == Rights::Caller),
            can_subscribe: Some(true),
            can_update_own_metadata: Some(agent),
            agent,
            hidden: listens,
            ..Default::default()
        };
        let mut token = access_token(key, self.ttl, grants)?
            .with_identity(&self.identity)
            .with_name(&self.name)
            .with_metadata(&self.metadata)
            .with_attributes(self.attributes);
        if listens || agent {
            token = token.with_kind("agent");
        }
        if !self.agents.is_empty() {
            let agents = self.agents.into_iter().map(|agent| proto::RoomAgentDispatch {
                agent_name: agent.agent_name,
                metadata: agent.metadata,
                attributes: agent.attributes.into_iter().collect(),
                ..Default::default()
            });
            token = token.with_room_config(proto::RoomConfiguration {
                agents: agents.collect(),
                ..Default::default()
            });
        }
        token.to_jwt().map_err(|error| TokenError::Sign(error.to_string()))
    }
}

/// A token for a worker's connection.
///
/// # Errors
/// [`TokenError::Sign`] with a key that cannot sign.
pub fn agent_worker(key: &ApiKey, ttl: Duration) -> Result<String, TokenError> {
    let grants = VideoGrants { agent: true, ..Default::default() };
    let token = access_token(key, ttl, grants)?;
    token.to_jwt().map_err(|error| TokenError::Sign(error.to_string()))
}

fn access_token(
    key: &ApiKey,
    ttl: Duration,
    grants: VideoGrants,
) -> Result<AccessToken, TokenError> {
    if key.key.is_empty() || key.secret.is_empty() {
        return Err(TokenError::Sign("key or secret is empty".to_owned()));
    }
    Ok(AccessToken::with_api_key(&key.key, &key.secret).with_ttl(ttl).with_grants(grants))
}

#[cfg(test)]
mod tests {
    use livekit_api::access_token::{Claims, TokenVerifier};

    use super::*;

    const SECRET: &str = "a secret of at least thirty-two characters";

    fn claims(token: &str) -> Claims {
        TokenVerifier::with_api_key("key", SECRET).verify(token).expect("well signed")
    }

    #[test]
    fn a_callers_token_calls_the_agent_with_metadata() {
        let agent = AgentRequest {
            agent_name: "frontdesk".to_owned(),
            metadata: r#"{"clinic":"nile-heart"}"#.to_owned(),
            ..Default::default()
        };
        let token = JoinToken::caller("room-1", "caller-1").agent(agent);
        let claims = claims(&token.sign(&ApiKey::new("key", SECRET)).expect("signed"));
        assert_eq!((claims.sub.as_str(), claims.video.room.as_str()), ("caller-1", "room-1"));
        assert!(claims.video.room_join && !claims.video.hidden && claims.video.can_publish());
        let agents = claims.room_config.expect("a room configuration").agents;
        assert_eq!(agents.len(), 1);
        assert_eq!(agents[0].agent_name, "frontdesk");
        assert_eq!(agents[0].metadata, r#"{"clinic":"nile-heart"}"#);
    }

    #[test]
    fn a_listener_is_hidden_and_silent() {
        let token = JoinToken::listener("room-1", "supervisor-1");
        let claims = claims(&token.sign(&ApiKey::new("key", SECRET)).expect("signed"));
        assert!(claims.video.hidden && claims.video.can_subscribe());
        assert_eq!(claims.kind, "agent");
        assert!(!claims.video.can_publish() && !claims.video.can_publish_data());
    }

    #[test]
    fn a_supervisor_is_seen_and_speaks_and_may_nothing_else() {
        let token = JoinToken::supervisor("room-1", "supervisor-1").name("Mona");
        let claims = claims(&token.sign(&ApiKey::new("key", SECRET)).expect("signed"));
        assert!(!claims.video.hidden && claims.video.can_publish() && !claims.video.room_admin);
        assert_eq!(claims.video.can_publish_sources, ["microphone", "camera"]);
        assert!(!claims.video.can_publish_data());
        assert_eq!((claims.name.as_str(), claims.kind.as_str()), ("Mona", ""));
    }

    #[test]
    fn an_agent_without_a_job_may_what_one_with_a_job_may() {
        let token = JoinToken::agent_in("room-1", "agent-1");
        let claims = claims(&token.sign(&ApiKey::new("key", SECRET)).expect("signed"));
        assert_eq!(claims.kind, "agent");
        assert!(claims.video.agent && claims.video.room_join && !claims.video.hidden);
        assert!(claims.video.can_publish() && claims.video.can_publish_data());
        assert_eq!(claims.video.can_update_own_metadata, Some(true));
    }

    #[test]
    fn a_worker_may_be_a_worker_and_nothing_else() {
        let token = agent_worker(&ApiKey::new("key", SECRET), Duration::from_secs(60));
        let claims = claims(&token.expect("signed"));
        assert_eq!(claims.video, VideoGrants { agent: true, ..Default::default() });
    }

    #[test]
    fn nothing_secret_is_shown_and_nothing_empty_is_signed() {
        let key = ApiKey::new("key", SECRET);
        assert!(!format!("{key:?}").contains(SECRET));
        let no_room = JoinToken::caller("", "caller").sign(&key);
        assert!(matches!(no_room, Err(TokenError::Missing("room"))));
        let no_secret = JoinToken::caller("room", "caller").sign(&ApiKey::new("key", ""));
        assert!(matches!(no_secret, Err(TokenError::Sign(_))));
    }
}
