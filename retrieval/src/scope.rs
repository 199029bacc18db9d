//! Whose passages.

use frontdesk_types::{ClinicId, PatientId};

/// Whose passages are stored, searched or deleted: a clinic's documents, or one patient's record in
/// that clinic. A scope is exactly one of these: no search sees two.
///
/// It comes from what is verified (the tenant of a call, the patient whom the guard vouches for),
/// never from what somebody says or a model writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    clinic: ClinicId,
    patient: Option<PatientId>,
}

impl Scope {
    /// The clinic's documents.
    #[must_use]
    pub const fn documents(clinic: ClinicId) -> Self {
        Self { clinic, patient: None }
    }

    /// The patient's record in the clinic.
    #[must_use]
    pub const fn record(clinic: ClinicId, patient: PatientId) -> Self {
        Self { clinic, patient: Some(patient) }
    }

    /// The clinic.
    #[must_use]
    pub const fn clinic(&self) -> ClinicId {
        self.clinic
    }

    /// The patient, if it is a record.
    #[must_use]
    pub const fn patient(&self) -> Option<PatientId> {
        self.patient
    }
}
