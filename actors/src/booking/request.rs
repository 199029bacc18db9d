//! What may be asked of a slot.

use frontdesk_tenants::booking::{Book, Hold, HoldRequest, Move};

/// What may be asked of a slot.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Hold(HoldRequest),
    Book(Book),
    Move(Move),
    Release(Hold),
}
