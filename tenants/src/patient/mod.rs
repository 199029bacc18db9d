//! Patients: registration, verification, the clinic's record, export and erasure.
//!
//! [`VerifiedPatient`] is the only key to a patient's data and to booking for them, and this module
//! its only maker: who is verified by name and date of birth, who registers just now, or who speaks
//! to us without having given a name yet (a *provisional* patient, known to this call alone).

mod asked;
mod claim;
mod erasure;
mod guesses;
mod merge;
mod name;
mod people;
mod record;
mod register;
mod verify;

pub use asked::{ask_erasure, erase_asked};
pub use claim::Claim;
pub use erasure::{Export, erase, export};
pub use merge::merge;
pub use name::name_key;
pub use people::{
    Contact, Identity, Person, Sought, audit_reading, named_by_staff, people, person,
    record_version, update_contact,
};
pub(crate) use record::some_keys;
pub use record::{Record, RecordUpdate, record, rewrap_keys, update_record};
pub use register::{
    Draft, Registration, complete, register, register_or_identify, register_provisional, resume,
};
pub use verify::{Verification, identify, names_born_on, verify, without_record};

use frontdesk_types::{ClinicId, PatientId};

/// A patient of a clinic whom we may speak of with whoever is on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifiedPatient {
    clinic: ClinicId,
    patient: PatientId,
}

impl VerifiedPatient {
    /// A patient of the benchmark's database.
    #[cfg(feature = "testing")]
    pub(crate) const fn of_bench(clinic: ClinicId, patient: PatientId) -> Self {
        Self { clinic, patient }
    }

    /// The clinic in which they were verified; the key opens nothing elsewhere.
    #[must_use]
    pub const fn clinic(&self) -> ClinicId {
        self.clinic
    }

    /// The patient.
    #[must_use]
    pub const fn patient(&self) -> PatientId {
        self.patient
    }
}
