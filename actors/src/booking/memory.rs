//! What an actor knows of its slot, and what it may refuse from that. Pure.

use std::time::Duration;

use frontdesk_tenants::booking::SlotState;
use frontdesk_tenants::{By, Refusal};
use frontdesk_types::Mono;
use jiff::Timestamp;

use super::request::Request;

/// The last own write or read.
#[derive(Debug)]
pub(super) struct Memory {
    known: Option<(SlotState, Mono)>,
    /// Older knowledge is none: another node may have freed the slot.
    fresh: Duration,
}

impl Memory {
    pub(super) const fn new(fresh: Duration) -> Self {
        Self { known: None, fresh }
    }

    pub(super) fn learn(&mut self, state: SlotState, at: Mono) {
        self.known = Some((state, at));
    }

    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    /// The refusal that the database would give, if that is certain enough. Never for somebody who
    /// may have the slot themselves: a repeated request must get its first answer.
    pub(super) fn refusal(
        &self,
        request: &Request,
        by: &By,
        now: Timestamp,
        at: Mono,
    ) -> Option<Refusal> {
        let (state, read) = self.known.as_ref()?;
        if at.since(*read) >= self.fresh {
            return None;
        }
        let override_of_holds = match request {
            Request::Book(book) => book.staff.is_some(),
            Request::Hold(_) => false,
            // A move may be a repeat by somebody whom the appointment does not name.
            Request::Move(_) | Request::Release(_) => return None,
        };
        let me = by.principal.to_string();
        match state {
            SlotState::Booked { by } if *by != me => Some(Refusal::SlotTaken),
            SlotState::Held { owner, until }
                if *owner != me && *until > now && !override_of_holds =>
            {
                Some(match request {
                    Request::Book(book) if book.hold.is_some() => Refusal::HoldLost,
                    _ => Refusal::SlotHeld,
                })
            }
            _ => None,
        }
    }
}
