//! Why a runtime does not serve.

use std::net::SocketAddr;

use frontdesk_rtc::worker::WorkerError;

use crate::announce::AnnounceError;
use crate::clinics::ClinicsError;
use crate::data_keys::KeysError;
use crate::documents::DocumentsError;
use crate::engines::EngineError;
use crate::mail::SmtpError;
use crate::servers::ServerError;

/// Why a runtime does not serve. One line; what had been started was stopped again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The HTTP listener.
    #[error(
        "cannot listen on {address}: {reason}; stop what listens there, or set FRONTDESK_LISTEN to \
         another address"
    )]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        reason: std::io::Error,
    },
    /// An embedded server.
    #[error(transparent)]
    Servers(#[from] ServerError),
    /// The database.
    #[error(transparent)]
    Clinics(#[from] ClinicsError),
    /// The keys of its sealed columns, or those of supervisors' tokens.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The engines of speech.
    #[error(transparent)]
    Engines(#[from] EngineError),
    /// LiveKit refuses the worker or cannot be reached.
    #[error("LIVEKIT_URL {url}: {error}")]
    Worker {
        /// The server.
        url: String,
        /// What it said.
        error: WorkerError,
    },
    /// The telephone.
    #[error("{0}; stop what listens there, or set FRONTDESK_SIP_LISTEN to another address")]
    Telephone(#[from] frontdesk_telephony::StartError),
    /// The clinics' documents.
    #[error(transparent)]
    Documents(#[from] DocumentsError),
    /// The data folder, where the runtime is to be announced in it.
    #[error(transparent)]
    Announce(#[from] AnnounceError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] SmtpError),
    /// Threads or actors.
    #[error("the runtime's own parts could not be started: {0}")]
    Parts(String),
}

impl StartError {
    pub(crate) fn parts(error: impl std::fmt::Display) -> Self {
        Self::Parts(error.to_string())
    }
}
