//! What can go wrong. A [`Refusal`] is the domain saying no; everything else is trouble.

use frontdesk_types::UnknownName;
use serde::{Deserialize, Serialize};

/// The domain says no. Written nowhere, told to the caller in words of their own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Somebody else has an appointment in the slot.
    #[error("the slot is taken")]
    SlotTaken,
    /// Somebody else is deciding on the slot.
    #[error("the slot is held by somebody else")]
    SlotHeld,
    /// No row: the doctor is not available then.
    #[error("there is no such slot")]
    SlotUnknown,
    /// The staff blocked or removed the slot.
    #[error("the slot is not available")]
    SlotUnavailable,
    /// The appointment is in this slot already.
    #[error("the appointment is in this slot already")]
    SlotSame,
    /// The hold expired and the slot went to somebody else, or the call goes on elsewhere.
    #[error("the hold is lost")]
    HoldLost,
    /// Nobody who was asked for is free.
    #[error("no slot is free")]
    NoFreeSlot,
    /// It begins too soon to be booked, or has not begun.
    #[error("too soon")]
    TooSoon,
    /// It lies beyond the clinic's booking window.
    #[error("too far ahead")]
    TooFar,
    /// Too late to cancel or move it without the staff.
    #[error("too late to change it without the staff")]
    TooLate,
    /// The clinic has no such patient.
    #[error("the patient is unknown here")]
    PatientUnknown,
    /// The patient has another appointment at that time.
    #[error("the patient has another appointment then")]
    PatientBusy,
    /// The clinic, or that patient, has no such appointment.
    #[error("the appointment is unknown")]
    AppointmentUnknown,
    /// It was changed since it was read.
    #[error("it was changed meanwhile; read it again")]
    VersionMismatch,
    /// Its status does not allow that.
    #[error("its status does not allow that")]
    WrongStatus,
    /// The clinic is deactivated.
    #[error("the clinic is not active")]
    ClinicInactive,
    /// The doctor is unknown or deactivated.
    #[error("the doctor is not active")]
    DoctorInactive,
    /// The login is unknown or deactivated.
    #[error("the user is not active")]
    UserUnknown,
    /// The login belongs to another clinic as well.
    #[error("the user belongs to another clinic as well")]
    UserElsewhere,
    /// The idempotency key was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The first request with this idempotency key is still running.
    #[error("the first request with this key is still running")]
    InProgress,
    /// The waitlist entry is unknown or its offer has run out.
    #[error("there is no such offer any more")]
    OfferGone,
    /// Appointments stand in the way, and rebooking was not asked for.
    #[error("appointments stand in the way")]
    AppointmentsInTheWay,
}

impl Refusal {
    /// Its code: what the SQL functions, the API and a language model call it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SlotTaken => "slot_taken",
            Self::SlotHeld => "slot_held",
            Self::SlotUnknown => "slot_unknown",
            Self::SlotUnavailable => "slot_unavailable",
            Self::SlotSame => "slot_same",
            Self::HoldLost => "hold_lost",
            Self::NoFreeSlot => "no_free_slot",
            Self::TooSoon => "too_soon",
            Self::TooFar => "too_far",
            Self::TooLate => "too_late",
            Self::PatientUnknown => "patient_unknown",
            Self::PatientBusy => "patient_busy",
            Self::AppointmentUnknown => "appointment_unknown",
            Self::VersionMismatch => "version_mismatch",
            Self::WrongStatus => "wrong_status",
            Self::ClinicInactive => "clinic_inactive",
            Self::DoctorInactive => "doctor_inactive",
            Self::UserUnknown => "user_unknown",
            Self::UserElsewhere => "user_elsewhere",
            Self::KeyReused => "key_reused",
            Self::InProgress => "in_progress",
            Self::OfferGone => "offer_gone",
            Self::AppointmentsInTheWay => "appointments_in_the_way",
        }
    }
}

/// Trouble of a datastore call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The domain says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed or cannot be reached.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
    /// Contention did not end within the retries.
    #[error("the database is too busy: {0} attempts met another writer; try again")]
    Contended(u32),
    /// The database answered what this version does not understand.
    #[error("the database answered what this version does not understand: {0}")]
    Answer(String),
    /// The time zone of a clinic is unknown to this build.
    #[error("unknown time zone {0}; use an IANA name such as Africa/Cairo")]
    TimeZone(String),
    /// A value that the caller gave is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// Sealed data cannot be opened.
    #[error("sealed data: {0}")]
    Crypt(#[from] crate::crypt::CryptError),
}

/// Result of a datastore call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The refusal, if it is one.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused(refusal) => Some(*refusal),
            _ => None,
        }
    }

    /// The rule of the database that refused, by its name in the schema.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }

    /// Whether a value was outside of what the database can keep.
    #[must_use]
    pub fn is_bad_value(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code.starts_with("22"))
    }

    /// Whether the transaction met another writer and may simply be tried again: our own "try
    /// again", a deadlock, a serialization failure, a lock that was not granted in time.
    pub(crate) fn is_retryable(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        matches!(error.code().as_deref(), Some("FD002" | "40001" | "40P01" | "55P03"))
    }
}

impl From<UnknownName> for Error {
    fn from(error: UnknownName) -> Self {
        Self::Answer(error.to_string())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(db) = &error {
            // FD001: a SQL function undid its transaction to refuse.
            if db.code().as_deref() == Some("FD001")
                && let Ok(refusal) =
                    serde_json::from_value(serde_json::Value::String(db.message().to_owned()))
            {
                return Self::Refused(refusal);
            }
            // Constraints that stand behind a rule speak for it.
            let refusal = match db.constraint() {
                Some("appointments_one_live_per_slot" | "booking_slots_guard") => {
                    Some(Refusal::SlotTaken)
                }
                Some("appointments_patient_busy") => Some(Refusal::PatientBusy),
                Some("appointments_guard" | "patients_once") => Some(Refusal::WrongStatus),
                Some(
                    "appointments_live_doctor" | "templates_live_doctor" | "waitlist_live_doctor",
                ) => Some(Refusal::DoctorInactive),
                Some("memberships_live_user") => Some(Refusal::UserUnknown),
                Some("waitlist_live_clinic") => Some(Refusal::ClinicInactive),
                _ => None,
            };
            if let Some(refusal) = refusal {
                return Self::Refused(refusal);
            }
        }
        Self::Database(error)
    }
}

/// The database cannot be used as it is; each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Not a PostgreSQL URL.
    #[error("the database URL is not valid: {0}; expected postgres://user@host:port/database")]
    Url(#[source] sqlx::Error),
    /// No connection.
    #[error("cannot connect to the database: {0}; check that it runs and that the URL is right")]
    Connect(#[source] sqlx::Error),
    /// No answer.
    #[error(
        "the database does not answer within {seconds} s; check that it runs, that the URL is right \
         and that nothing between drops what is sent"
    )]
    Silent {
        /// How long was waited.
        seconds: u64,
    },
    /// Too old a server.
    #[error("PostgreSQL {found} is too old; version 15 or later is needed")]
    ServerVersion {
        /// What the server says.
        found: String,
    },
    /// The login would see all clinics' rows.
    #[error("the login {role} bypasses row-level security; use frontdesk_app in DATABASE_URL")]
    Bypass {
        /// The login.
        role: String,
    },
    /// No schema at all.
    #[error("the database is empty; run `frontdesk migrate` with FRONTDESK_MIGRATE_URL")]
    Empty,
    /// Migrations are missing.
    #[error(
        "the database is at schema version {found}, this program needs {needed}; run \
         `frontdesk migrate` with FRONTDESK_MIGRATE_URL"
    )]
    Old {
        /// Version in the database.
        found: i64,
        /// Version of this program.
        needed: i64,
    },
    /// A later program has been here.
    #[error(
        "the database is at schema version {found}, this program knows only {known}; run a newer \
         version of this program"
    )]
    Newer {
        /// Version in the database.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// A migration failed, or one that was applied is not the one of this program.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement of the set-up failed.
    #[error("the database cannot be set up: {0}")]
    Statement(#[source] sqlx::Error),
    /// The file of demo clinics is not right.
    #[error("the demo clinics cannot be read: {0}")]
    Demo(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_refusal_is_what_it_is_read_from() {
        for code in ["slot_taken", "hold_lost", "appointments_in_the_way", "version_mismatch"] {
            let refusal: Refusal = serde_json::from_value(code.into()).expect("a refusal");
            assert_eq!(refusal.code(), code);
        }
    }
}
