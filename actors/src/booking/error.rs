//! Why a slot gave no answer, or no.

use frontdesk_tenants::{Error, Refusal};

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// The domain refused, or the database is in trouble.
    #[error(transparent)]
    Domain(#[from] Error),
    /// Too many wait for this slot already.
    #[error("too many requests wait for this slot; try again")]
    Busy,
    /// The actor died while it worked, and without an idempotency key nobody may ask again.
    #[error("the outcome is unknown: read the slot, or ask with an idempotency key")]
    Lost,
}

impl SlotError {
    /// The refusal, if it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Domain(error) => error.refusal(),
            Self::Busy | Self::Lost => None,
        }
    }
}
