//! What the forms keep of the course of a call: what is still to be done, and what was done.

use frontdesk_types::{Offer, Phi, WaitlistEntryId};
use serde::{Deserialize, Serialize};

use crate::dialogue::tools::AppointmentFacts;
use crate::dialogue::understand::parts::{Part, Want};
use crate::wish::When;

/// Something that is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Todo {
    pub(super) want: Want,
    /// The caller's words for it.
    pub(super) words: Phi<String>,
    /// The appointment that it is about, where that is known.
    pub(super) target: Option<AppointmentFacts>,
    /// The words by which another appointment is to be cancelled for it.
    pub(super) instead_of: Option<Phi<String>>,
    /// The place on the waiting list that is given up.
    #[serde(default)]
    pub(super) entry: Option<WaitlistEntryId>,
    /// When, where the words do not say it themselves.
    pub(super) when: When,
}

impl Todo {
    fn new(want: Want, words: Phi<String>) -> Self {
        let (target, instead_of, entry) = (None, None, None);
        Self { want, words, target, instead_of, entry, when: When::default() }
    }

    pub(super) fn of(part: Part) -> Self {
        let when = part.heard.wish.when;
        Self { when, ..Self::new(part.want, Phi::new(part.text)) }
    }

    /// This appointment is to be moved or cancelled as well.
    pub(super) fn with(want: Want, words: Phi<String>, target: AppointmentFacts) -> Self {
        Self { target: Some(target), ..Self::new(want, words) }
    }

    /// This place on the waiting list is to be given up as well.
    pub(super) fn giving_up(entry: WaitlistEntryId) -> Self {
        Self { entry: Some(entry), ..Self::new(Want::Wait, Phi::new(String::new())) }
    }
}

/// A write of this call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Done {
    Booked(AppointmentFacts),
    /// The appointment as it is now, and the visit that it was.
    Moved(AppointmentFacts, Offer),
    Cancelled(AppointmentFacts),
}

impl Done {
    /// The visits before and after.
    pub(super) fn visits(&self) -> [Option<&Offer>; 2] {
        match self {
            Self::Booked(known) => [None, Some(&known.visit)],
            Self::Moved(known, before) => [Some(before), Some(&known.visit)],
            Self::Cancelled(known) => [Some(&known.visit), None],
        }
    }
}
