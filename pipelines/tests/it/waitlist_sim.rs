//! The waiting list of the clinic in memory.

use frontdesk_pipelines::dialogue::tools::{ToolCall, ToolResult, WaitlistFacts, WaitlistWish};
use frontdesk_types::{Offer, SeededIds, WaitlistEntryId};

/// Who waits, by the number of the patient, and for what.
#[derive(Default)]
pub(crate) struct Waitlist(pub(crate) Vec<(usize, WaitlistFacts, WaitlistWish)>);

impl Waitlist {
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn keep_for_first(&mut self, offer: Offer) {
        self.0[0].1.offered = Some(offer);
    }

    /// What was kept for an entry, which ends.
    pub(crate) fn accept(&mut self, entry: WaitlistEntryId) -> Offer {
        let at = self.0.iter().position(|(_, known, _)| known.id == entry).expect("it waits");
        self.0.remove(at).1.offered.expect("kept")
    }

    pub(crate) fn run(&mut self, me: usize, tool: &ToolCall, ids: &SeededIds) -> ToolResult {
        match tool {
            ToolCall::JoinWaitlist(wish) => {
                let same = |(who, known, _): &&mut (usize, WaitlistFacts, WaitlistWish)| {
                    *who == me && (known.doctor, &known.specialty) == (wish.doctor, &wish.specialty)
                };
                if let Some(known) = self.0.iter_mut().find(same) {
                    known.2 = wish.clone();
                    return ToolResult::WaitlistJoined { known: true };
                }
                let (doctor, specialty) = (wish.doctor, wish.specialty.clone());
                let id = WaitlistEntryId::new(ids);
                let facts = WaitlistFacts { id, doctor, specialty, offered: None };
                self.0.push((me, facts, wish.clone()));
                ToolResult::WaitlistJoined { known: false }
            }
            ToolCall::LeaveWaitlist { entry } => {
                self.0.retain(|(_, known, _)| known.id != *entry);
                ToolResult::WaitlistLeft
            }
            _ => {
                let own = self.0.iter().filter(|(who, ..)| *who == me);
                ToolResult::Waitlist { entries: own.map(|(_, known, _)| known.clone()).collect() }
            }
        }
    }
}
