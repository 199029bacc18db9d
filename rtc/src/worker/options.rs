//! How to run a worker, and what can go wrong with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, SystemClock};
use livekit_protocol as proto;

use crate::RetryPolicy;
use crate::token::ApiKey;

/// Tells how busy this process is: 0 (idle) to 1 (full). Called every [`WorkerOptions::report_every`]
/// and when a job begins or ends; it must not block. What is beyond 0 to 1 is cut off.
///
/// The server is told less: by default it places no job on workers that say 0.7 or more, however
/// much is free, so what this source gives is scaled to stay below until the worker is full.
pub type LoadSource = Arc<dyn Fn() -> f32 + Send + Sync>;

/// How to run a worker. Build with [`WorkerOptions::new`] and change what differs.
#[derive(Clone)]
pub struct WorkerOptions {
    /// The server: `ws://`, `wss://`, `http://` or `https://`.
    pub url: String,
    /// API key and secret of the server.
    pub key: ApiKey,
    /// Name by which dispatches ask for this agent. Empty: it is offered every new room.
    pub agent_name: String,
    /// Version of the agent, shown by the server's tools.
    pub version: String,
    /// What the agent may do in a room.
    pub permissions: Permissions,
    /// How busy the process is.
    pub load: LoadSource,
    /// At this load the worker calls itself full and the server asks others. Above 0, at most 1.
    pub full_at: f32,
    /// How long the acceptor may think before the worker refuses for it. The server gives up after
    /// 10 s.
    pub accept_within: Duration,
    /// How long the server may take from an acceptance to the assignment.
    pub assign_within: Duration,
    /// How long connecting and registering may take, each. The server gives up after 10 s.
    pub register_within: Duration,
    /// How often load and number of jobs are told to the server.
    pub report_every: Duration,
    /// How often the server is pinged. A server that is silent for three times as long is taken
    /// for lost.
    pub ping_every: Duration,
    /// Waits between attempts to connect. Its `attempts` count only for the first registration;
    /// later the worker tries forever, at most [`RetryPolicy::cap`] apart.
    pub retry: RetryPolicy,
    /// Assigned jobs that may wait to be taken from the queue; beyond, offers are refused.
    pub waiting_jobs: usize,
    /// Time stamps of pings.
    pub clock: Arc<dyn Clock>,
}

impl WorkerOptions {
    /// A worker of that name; everything else as documented on the fields.
    #[must_use]
    pub fn new(url: impl Into<String>, key: ApiKey, agent_name: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key,
            agent_name: agent_name.into(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            permissions: Permissions::default(),
            load: Arc::new(|| 0.0),
            full_at: 1.0,
            accept_within: Duration::from_secs(5),
            assign_within: Duration::from_millis(7500),
            register_within: Duration::from_secs(10),
            report_every: Duration::from_millis(2500),
            ping_every: Duration::from_secs(5),
            retry: RetryPolicy::default(),
            waiting_jobs: 64,
            clock: Arc::new(SystemClock::new()),
        }
    }
}

impl fmt::Debug for WorkerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerOptions")
            .field("url", &self.url)
            .field("key", &self.key)
            .field("agent_name", &self.agent_name)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

/// What an agent may do in its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Speak.
    pub publish: bool,
    /// Hear.
    pub subscribe: bool,
    /// Send data: transcripts, chat.
    pub publish_data: bool,
    /// Change its own name, metadata and attributes (`lk.agent.state`).
    pub update_metadata: bool,
    /// Be invisible to the other participants.
    pub hidden: bool,
}

impl Default for Permissions {
    fn default() -> Self {
        Self {
            publish: true,
            subscribe: true,
            publish_data: true,
            update_metadata: true,
            hidden: false,
        }
    }
}

impl Permissions {
    #[expect(deprecated, reason = "servers before the participant kinds read `agent`")]
    pub(super) fn to_proto(self) -> proto::ParticipantPermission {
        proto::ParticipantPermission {
            can_publish: self.publish,
            can_subscribe: self.subscribe,
            can_publish_data: self.publish_data,
            can_update_metadata: self.update_metadata,
            hidden: self.hidden,
            agent: true,
            ..Default::default()
        }
    }
}

/// A worker could not be started, or lost its connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The server's address is not usable.
    #[error("the LiveKit url is not valid ({reason}): use ws://host:port or wss://host")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The key cannot sign a token.
    #[error("the LiveKit API key cannot sign a token: {reason}")]
    Key {
        /// Why.
        reason: String,
    },
    /// The server refused the key.
    #[error(
        "the LiveKit server refused the API key (HTTP {status}): check LIVEKIT_API_KEY and \
             LIVEKIT_API_SECRET"
    )]
    Unauthorized {
        /// The HTTP status.
        status: u16,
    },
    /// The server cannot be reached, or does not answer.
    #[error("cannot reach the LiveKit server: {reason}")]
    Unreachable {
        /// What was seen.
        reason: String,
    },
    /// The server does not speak the worker protocol.
    #[error("the LiveKit server did not register the worker: {reason}")]
    Protocol {
        /// What it did.
        reason: String,
    },
}

impl WorkerError {
    /// Whether trying again with the same options can help.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Url { .. } | Self::Key { .. } | Self::Unauthorized { .. })
    }
}
