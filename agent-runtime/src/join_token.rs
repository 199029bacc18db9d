//! Join tokens that dispatch the agent.

use std::time::Duration;

use frontdesk_rtc::line::PROOF_ATTRIBUTE;
use frontdesk_rtc::token::{AgentRequest, ApiKey, JoinToken};
use frontdesk_tenants::directory::is_slug;
use frontdesk_types::{Channel, IdSource};
use serde::{Deserialize, Serialize};

use crate::job_metadata::MAX_IDENTITY;
use crate::rejoin_proof::RejoinProofs;

/// How long a token is valid if nobody says otherwise.
pub const DEFAULT_TTL: Duration = Duration::from_secs(15 * 60);

/// Shortest and longest validity that is granted.
const TTL_SECONDS: std::ops::RangeInclusive<u64> = 10..=86_400;

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a slug.
    #[error("{0:?} is not a clinic's slug: expected something like nile-heart")]
    Clinic(String),
    /// Not an identity or room name.
    #[error("the {what} must have 1 to 128 characters, none of them a control character")]
    Name {
        /// `identity` or `room`.
        what: &'static str,
    },
    /// Too short or too long.
    #[error("a token is valid for 10 to 86400 seconds, not {0}")]
    Ttl(u64),
    /// The key or the secret cannot sign.
    #[error(transparent)]
    Sign(#[from] frontdesk_rtc::token::TokenError),
}

/// What a front end asks for; everything has a default.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TokenRequest {
    /// Slug of the clinic; the default clinic if `None`.
    pub clinic: Option<String>,
    /// The caller's identity; invented if `None`.
    #[serde(alias = "participant_identity")]
    pub identity: Option<String>,
    /// The room; invented if `None`, so that each call has its own.
    #[serde(alias = "room_name")]
    pub room: Option<String>,
    /// Language of the caller.
    pub language: Option<String>,
    /// How the caller reaches the agent: by voice ([`Channel::Web`]) or by typing.
    #[serde(skip)]
    pub channel: Channel,
    /// Validity in seconds; [`DEFAULT_TTL`] if `None`.
    pub ttl_seconds: Option<u64>,
    /// Moment at which the call is pinned, where the worker allows it.
    #[serde(skip)]
    pub now: Option<String>,
}

/// What a caller needs to join.
#[derive(Clone, Serialize)]
pub struct Join {
    /// LiveKit server.
    pub url: String,
    /// Join token; whoever has it can join, so it is not logged.
    pub token: String,
    /// The room.
    pub room: String,
    /// The caller's identity.
    pub identity: String,
    /// The agent that the token dispatches when the room is made, if any.
    #[serde(skip)]
    pub agent: Option<AgentRequest>,
}

impl std::fmt::Debug for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Join")
            .field("url", &self.url)
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

/// Signs join tokens for one LiveKit server.
#[derive(Debug, Clone)]
pub struct TokenSigner {
    /// The server's URL, as a browser reaches it.
    pub url: String,
    /// API key and secret.
    pub key: ApiKey,
    /// The agent to dispatch.
    pub agent_name: String,
}

impl TokenSigner {
    /// A token for a caller, whose room dispatches the agent with the clinic as metadata.
    ///
    /// # Errors
    /// [`TokenError`] for an impossible request, or a key that cannot sign.
    pub fn join(&self, request: &TokenRequest, ids: &dyn IdSource) -> Result<Join, TokenError> {
        if let Some(clinic) = request.clinic.as_deref().filter(|slug| !is_slug(slug)) {
            return Err(TokenError::Clinic(clinic.to_owned()));
        }
        let ttl = request.ttl_seconds.unwrap_or(DEFAULT_TTL.as_secs());
        if !TTL_SECONDS.contains(&ttl) {
            return Err(TokenError::Ttl(ttl));
        }
        // Version 7 ids begin with the time; the tail keeps two of one millisecond apart.
        let unique = || ids.uuid().simple().to_string();
        let room = request.room.clone().unwrap_or_else(|| format!("call-{}", unique()));
        let identity = request.identity.clone().unwrap_or_else(|| format!("caller-{}", unique()));
        for (what, name) in [("room", &room), ("identity", &identity)] {
            if name.is_empty() || name.len() > MAX_IDENTITY || name.chars().any(char::is_control) {
                return Err(TokenError::Name { what });
            }
        }
        let agent = AgentRequest {
            agent_name: self.agent_name.clone(),
            metadata: metadata(request, &identity),
            ..AgentRequest::default()
        };
        let token = JoinToken::caller(&room, &identity)
            .ttl(Duration::from_secs(ttl))
            .agent(agent.clone())
            .sign(&self.key)?;
        Ok(Join { url: self.url.clone(), token, room, identity, agent: Some(agent) })
    }

    /// Another token for a caller whose call is under way, for whoever has shown that the call is
    /// theirs: it carries a proof of that, which counts once. It dispatches nobody, so that it cannot
    /// begin a second call.
    ///
    /// # Errors
    /// [`TokenError::Sign`] with a key that cannot sign.
    pub fn rejoin(
        &self,
        room: String,
        identity: String,
        ttl: Duration,
        ids: &dyn IdSource,
    ) -> Result<Join, TokenError> {
        let number = ids.uuid().simple().to_string();
        let proof = RejoinProofs::new(&self.key).make(&room, &identity, &number);
        let token = JoinToken::caller(&room, &identity)
            .attribute(PROOF_ATTRIBUTE, proof)
            .ttl(ttl)
            .sign(&self.key)?;
        Ok(Join { url: self.url.clone(), token, room, identity, agent: None })
    }
}

impl TokenSigner {
    /// A token for a supervisor who listens unseen.
    ///
    /// # Errors
    /// [`TokenError::Sign`] with a key that cannot sign.
    pub fn listener(
        &self,
        room: String,
        identity: String,
        ttl: Duration,
    ) -> Result<Join, TokenError> {
        let token = JoinToken::listener(&room, &identity).ttl(ttl).sign(&self.key)?;
        Ok(Join { url: self.url.clone(), token, room, identity, agent: None })
    }

    /// A token for a supervisor who speaks with the caller, under the name that they see.
    ///
    /// # Errors
    /// [`TokenError::Sign`] with a key that cannot sign.
    pub fn supervisor(
        &self,
        room: String,
        identity: String,
        name: &str,
        ttl: Duration,
    ) -> Result<Join, TokenError> {
        let token = JoinToken::supervisor(&room, &identity).name(name).ttl(ttl).sign(&self.key)?;
        Ok(Join { url: self.url.clone(), token, room, identity, agent: None })
    }
}

/// The job's metadata; see [`crate::job_metadata`].
fn metadata(request: &TokenRequest, caller: &str) -> String {
    let keys =
        [("clinic", &request.clinic), ("language", &request.language), ("now", &request.now)];
    let mut object: serde_json::Map<_, _> = keys
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into())))
        .collect();
    object.insert("channel".to_owned(), request.channel.as_str().into());
    // Who the caller is stands in the call from its first moment: whoever else may join later.
    object.insert("caller".to_owned(), caller.into());
    serde_json::Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use frontdesk_types::SeededIds;
    use livekit_api::access_token::TokenVerifier;

    use super::*;

    const SECRET: &str = "a secret of more than thirty-two letters";

    fn signer() -> TokenSigner {
        TokenSigner {
            url: "ws://127.0.0.1:7880".to_owned(),
            key: ApiKey::new("key", SECRET),
            agent_name: "desk".to_owned(),
        }
    }

    #[test]
    fn a_token_joins_one_room_and_dispatches_the_agent_to_the_clinic() {
        let request = TokenRequest {
            clinic: Some("nile-heart".to_owned()),
            now: Some("2026-03-02T09:00:00Z".to_owned()),
            ..TokenRequest::default()
        };
        let join = signer().join(&request, &SeededIds::new(1)).expect("a token");
        let claims = TokenVerifier::with_api_key("key", SECRET).verify(&join.token).expect("valid");
        assert_eq!(claims.sub, join.identity);
        assert_eq!(claims.video.room, join.room);
        assert!(claims.video.room_join && !claims.video.room_admin && !claims.video.agent);
        let agents = claims.room_config.expect("a room configuration").agents;
        assert_eq!(agents.len(), 1);
        assert_eq!(agents[0].agent_name, "desk");
        let dispatch =
            crate::job_metadata::JobMetadata::parse(&agents[0].metadata, true).expect("valid");
        assert_eq!(dispatch.clinic.as_deref(), Some("nile-heart"));
        assert!(dispatch.now.is_some());
        assert_eq!(dispatch.caller.as_deref(), Some(join.identity.as_str()));
    }

    #[test]
    fn a_second_token_for_a_call_dispatches_nobody_and_carries_a_proof_of_its_own() {
        let ids = SeededIds::new(1);
        let rejoin = || {
            let (room, caller) = ("room".to_owned(), "caller".to_owned());
            signer().rejoin(room, caller, Duration::from_secs(120), &ids).expect("a token")
        };
        let verifier = TokenVerifier::with_api_key("key", SECRET);
        let proof = |join: &Join| {
            verifier.verify(&join.token).expect("valid").attributes.get(PROOF_ATTRIBUTE).cloned()
        };
        let join = rejoin();
        assert!(proof(&join).is_some());
        assert_ne!(proof(&join), proof(&rejoin()));
        let claims = TokenVerifier::with_api_key("key", SECRET).verify(&join.token).expect("valid");
        assert_eq!((claims.sub.as_str(), claims.video.room.as_str()), ("caller", "room"));
        assert!(claims.room_config.is_none());
    }

    #[test]
    fn each_call_has_a_room_of_its_own() {
        let (signer, ids) = (signer(), SeededIds::new(1));
        let join = || signer.join(&TokenRequest::default(), &ids).expect("a token");
        let (one, two) = (join(), join());
        assert_ne!(one.room, two.room);
        assert_ne!(one.identity, two.identity);
    }

    #[test]
    fn impossible_requests_are_refused_and_the_token_is_not_in_the_debug_output() {
        let ids = SeededIds::new(1);
        let refused = |request: TokenRequest| signer().join(&request, &ids).expect_err("refused");
        let request = TokenRequest::default;
        refused(TokenRequest { clinic: Some("Nile Heart".to_owned()), ..request() });
        refused(TokenRequest { identity: Some(String::new()), ..request() });
        refused(TokenRequest { room: Some("a\nb".to_owned()), ..request() });
        refused(TokenRequest { ttl_seconds: Some(1), ..request() });
        let join = signer().join(&request(), &ids).expect("a token");
        assert!(!format!("{join:?}").contains(&join.token));
    }
}
