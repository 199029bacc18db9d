//! What the SQL functions answer.

use std::time::Duration;

use frontdesk_types::{AppointmentId, DoctorId, HoldId, PatientId, SlotId, named_enum};
use jiff::Timestamp;
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::types::Json;

use super::header::Scalar;
use crate::{By, Database, Error, Reference, Refusal, Result};

named_enum! {
    /// Where an appointment is in its life. The legal moves are a table of the database [BOOK-4].
    pub enum Status: "status of an appointment" {
        /// Waiting for payment.
        Scheduled = "scheduled",
        /// Firm.
        Confirmed = "confirmed",
        /// The patient has arrived.
        CheckedIn = "checked_in",
        /// Over.
        Completed = "completed",
        /// Cancelled; the row stays.
        Cancelled = "cancelled",
        /// The patient did not come.
        NoShow = "no_show",
    }
}

impl Status {
    /// Whether it takes up its slot.
    #[must_use]
    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Cancelled | Self::NoShow)
    }
}

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Id.
    pub id: AppointmentId,
    /// Its slot.
    pub slot: SlotId,
    /// Its doctor.
    pub doctor: DoctorId,
    /// Its patient.
    pub patient: PatientId,
    /// Start.
    pub starts_at: Timestamp,
    /// End, without the buffer.
    pub ends_at: Timestamp,
    /// `in_person` or `teleconsultation`.
    pub visit_type: String,
    /// Status.
    pub status: Status,
    /// The reference that the patient is told.
    pub reference: Reference,
    /// Until when it must be paid, if it waits for that.
    pub payment_deadline: Option<Timestamp>,
    /// Row version, for conditional changes.
    pub version: i64,
    /// The first appointment of the double visit that it was booked as a half of.
    #[serde(default)]
    pub double_visit: Option<AppointmentId>,
}

impl Appointment {
    /// Whether the other one is the second half of a double visit of which this is the first: both
    /// stand, and are neighbours still.
    #[must_use]
    pub fn is_followed_by(&self, other: &Self) -> bool {
        let length = self.ends_at.duration_since(self.starts_at);
        // A slot between them would fill the gap; less than one is the buffer.
        let gap = other.starts_at.duration_since(self.ends_at);
        self.double_visit.is_some()
            && self.double_visit == other.double_visit
            && self.doctor == other.doctor
            && self.status.is_live()
            && other.status.is_live()
            && !gap.is_negative()
            && gap < length
    }
}

/// A change that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The appointment as it was right after the change.
    pub appointment: Appointment,
    /// Nothing was written now: this is the first answer to the same idempotency key.
    pub replayed: bool,
}

/// A hold on a slot. Keep it as it is: naming a hold means naming its latest fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Id, the same through renewals.
    pub id: HoldId,
    /// The slot.
    pub slot: SlotId,
    /// Version of the slot as of the last renewal; an older one is refused.
    pub fence: i64,
    /// Until when.
    pub until: Timestamp,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) appointment: Option<Appointment>,
    /// The second of a double visit.
    pub(crate) second: Option<Appointment>,
    pub(crate) hold: Option<Hold>,
    pub(crate) refused: Option<Refusal>,
    #[serde(default)]
    pub(crate) replayed: bool,
}

impl Answer {
    /// Both appointments of a double visit.
    pub(crate) fn booked_double(mut self) -> Result<(Booked, Appointment)> {
        let second = self.second.take();
        let first = self.booked()?;
        let second = second.ok_or_else(|| Error::Answer("no second appointment".to_owned()))?;
        Ok((first, second))
    }

    pub(crate) fn booked(self) -> Result<Booked> {
        match (self.appointment, self.refused) {
            (Some(appointment), _) => Ok(Booked { appointment, replayed: self.replayed }),
            (None, Some(refusal)) => Err(refusal.into()),
            (None, None) => Err(Error::Answer("neither appointment nor refusal".to_owned())),
        }
    }

    pub(crate) fn held(self) -> Result<Hold> {
        match (self.hold, self.refused) {
            (Some(hold), _) => Ok(hold),
            (None, Some(refusal)) => Err(refusal.into()),
            (None, None) => Err(Error::Answer("neither hold nor refusal".to_owned())),
        }
    }
}

/// Identifies a request under its idempotency key: the same key with another request is refused.
pub(crate) fn request_hash(request: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(request).map_err(|e| Error::Answer(e.to_string()))?;
    Ok(Sha256::digest(json).to_vec())
}

const ATTEMPTS: u32 = 12;

/// Calls one SQL function; again when another writer was in the way, and once more after a lost
/// connection if the key makes that harmless.
///
/// On a repeat of ours, "in progress" means our own attempt before: the server says that it failed
/// before it gives its locks back, and a lost connection's statement may still run. So that is
/// waited for too, and told only if it does not end.
pub(crate) async fn call<'q, F>(db: &Database, by: &By, make: F) -> Result<Answer>
where
    F: Fn() -> Scalar<'q, Json<Answer>>,
{
    let mut lost = 0;
    let mut last = Error::Contended(ATTEMPTS);
    for attempt in 0..ATTEMPTS {
        match make().fetch_one(db.pool()).await {
            Ok(Json(answer)) if attempt > 0 && answer.refused == Some(Refusal::InProgress) => {
                last = Refusal::InProgress.into();
            }
            Ok(Json(answer)) => return Ok(answer),
            Err(error) => {
                let gone = matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_))
                    || matches!(&error, sqlx::Error::Database(e) if e.code().as_deref() == Some("57P01"));
                let error = Error::from(error);
                if gone && by.key.is_some() && lost < 2 {
                    lost += 1;
                } else if !error.is_retryable() {
                    return Err(error);
                }
                last = Error::Contended(ATTEMPTS);
            }
        }
        // The other writer needs a few milliseconds; the jitter keeps us apart.
        let wait = rand::rng().random_range(1..=4_u64) << attempt.min(5);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    Err(last)
}
