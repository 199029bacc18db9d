//! Typed ids, and where new ones come from.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not the UUID that the id needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id: expected a UUID")]
pub struct ParseIdError {
    kind: &'static str,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from `ids`.
            pub fn new(ids: &dyn IdSource) -> Self {
                Self(ids.uuid())
            }

            /// The id whose UUID is known (a database row, a parsed token).
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for the database.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", $kind, self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(s: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(s).map(Self).map_err(|_| ParseIdError { kind: $kind })
            }
        }
    )*};
}

typed_ids! {
    /// A tenant: a clinic or a pharmacy.
    ClinicId = "clinic";
    /// A doctor of one clinic.
    DoctorId = "doctor";
    /// A patient's global identity.
    PatientId = "patient";
    /// One bookable slot: doctor and start.
    SlotId = "slot";
    /// An appointment; it outlives its cancellation.
    AppointmentId = "appointment";
    /// A hold on a slot.
    HoldId = "hold";
    /// An offer of a free slot, as made to one caller.
    OfferId = "offer";
    /// A call.
    CallId = "call";
    /// A staff login.
    UserId = "user";
    /// A console of a supervisor, as long as it is open.
    ConsoleId = "console";
    /// A domain event.
    EventId = "event";
    /// A doctor's weekly template of slots.
    TemplateId = "template";
    /// An absence of a doctor, or a closure of the clinic.
    AbsenceId = "absence";
    /// A patient's place on the waitlist.
    WaitlistEntryId = "waitlist entry";
    /// A callback that somebody was promised.
    CallbackId = "callback";
}

/// Source of new ids. Code that makes ids takes one, so that a test can repeat itself.
pub trait IdSource: Send + Sync + 'static {
    /// A new UUID; version 7 (time-ordered) in production.
    fn uuid(&self) -> Uuid;
}

/// Time-ordered random ids of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn uuid(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that draws ids")]
        Uuid::now_v7()
    }
}

/// Repeatable ids for tests: the same seed gives the same ids in the same order.
#[derive(Debug)]
pub struct SeededIds(Mutex<StdRng>);

impl SeededIds {
    /// A source that starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl IdSource for SeededIds {
    fn uuid(&self) -> Uuid {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        uuid::Builder::from_random_bytes(rng.random()).into_uuid()
    }
}
