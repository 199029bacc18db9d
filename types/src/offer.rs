//! A free slot as it is offered to a caller.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{DoctorId, OfferId, SlotId, time_zone};

/// A free slot that was offered. A write tool takes the id of one of these, never a free time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Id of this offer, within the call that it was made in.
    pub id: OfferId,
    /// The slot.
    pub slot: SlotId,
    /// The slot right after it, where the visit takes both.
    #[serde(default)]
    pub second: Option<SlotId>,
    /// The doctor of the slot.
    pub doctor: DoctorId,
    /// The doctor's name as spoken, without a title.
    pub doctor_name: String,
    /// The specialty that was searched for, or the doctor's first.
    pub specialty: String,
    /// Start of the visit.
    pub starts_at: Timestamp,
    /// End of the visit, without the buffer.
    pub ends_at: Timestamp,
    /// IANA name of the clinic's time zone, in which the offer is spoken.
    pub time_zone: String,
}

impl Offer {
    /// End of the visit in the clinic's time zone.
    #[must_use]
    pub fn local_end(&self) -> jiff::Zoned {
        self.ends_at.to_zoned(time_zone(&self.time_zone).unwrap_or(TimeZone::UTC))
    }

    /// Minutes that the visit lasts.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        self.ends_at.duration_since(self.starts_at).as_mins()
    }

    /// Start of the visit in the clinic's time zone; UTC if the zone is unknown to this build.
    #[must_use]
    pub fn local_start(&self) -> jiff::Zoned {
        self.starts_at.to_zoned(time_zone(&self.time_zone).unwrap_or(TimeZone::UTC))
    }
}
