//! From the database into the indexes: the passages of documents by their meaning, and patients'
//! records no longer than they exist.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use frontdesk_retrieval::index::Delete;
use frontdesk_retrieval::meaning::{Meaning, MeaningError};
use frontdesk_tenants::directory::{self, Clinic};
use frontdesk_tenants::{Database, Error, TenantTx, documents, patient};
use frontdesk_types::{ClinicId, PatientId};
use uuid::Uuid;

/// Looks that are left out after one that failed.
const REST: u32 = 3;

/// What is known of a clinic's documents.
#[derive(Default)]
struct Known {
    /// Version of the clinic's facts that this is of.
    version: Option<i64>,
    passages: BTreeSet<Uuid>,
}

/// See the module's documentation.
pub(super) struct Learner {
    meaning: Arc<Meaning>,
    database: Database,
    clinics: HashMap<ClinicId, Known>,
    /// Looks that are still left out.
    rest: u32,
    /// What was wrong at the last look; told once.
    trouble: Option<String>,
}

/// Why something was not learned.
#[derive(Debug, thiserror::Error)]
enum LearnError {
    #[error(transparent)]
    Database(#[from] Error),
    #[error(transparent)]
    Meaning(#[from] MeaningError),
}

impl Learner {
    pub(super) fn new(meaning: Arc<Meaning>, database: Database) -> Self {
        Self { meaning, database, clinics: HashMap::new(), rest: 0, trouble: None }
    }

    /// Brings the indexes in step with the database.
    pub(super) async fn look(&mut self) {
        if self.rest > 0 {
            self.rest -= 1;
            return;
        }
        let trouble = self.keep_in_step().await.err().map(|error| error.to_string());
        if let Some(error) = trouble.as_ref().filter(|error| self.trouble.as_ref() != Some(*error))
        {
            tracing::warn!(error, "documents are found by words alone for now; trying again");
        } else if trouble.is_none() && self.trouble.is_some() {
            tracing::info!("documents are found by their meaning again");
        }
        self.rest = if trouble.is_some() { REST } else { 0 };
        self.trouble = trouble;
    }

    async fn keep_in_step(&mut self) -> Result<(), LearnError> {
        let clinics = directory::active_clinics(&self.database).await?;
        self.forget_records(&clinics).await?;
        for clinic in &clinics {
            self.learn(clinic).await?;
        }
        Ok(())
    }

    async fn learn(&mut self, clinic: &Clinic) -> Result<(), LearnError> {
        let known = self.clinics.entry(clinic.id).or_default();
        let Some(tenant) = clinic.tenant().filter(|_| known.version != Some(clinic.facts_version))
        else {
            return Ok(());
        };
        let mut tx = TenantTx::begin(&self.database, &tenant).await?;
        let passages = documents::passages(&mut tx).await?;
        drop(tx);
        let now: BTreeSet<Uuid> = passages.iter().map(|(id, _)| *id).collect();
        if known.version.is_none() {
            // An index that outlives this process may hold what was removed meanwhile.
            let all = now.iter().copied().collect();
            self.meaning.forget_documents(clinic.id, Delete::AllBut(all)).await?;
        }
        let gone: Vec<Uuid> = known.passages.difference(&now).copied().collect();
        if !gone.is_empty() {
            self.meaning.forget_documents(clinic.id, Delete::Only(gone)).await?;
        }
        known.passages.retain(|id| now.contains(id));
        let new: Vec<(Uuid, String)> =
            passages.into_iter().filter(|(id, _)| !known.passages.contains(id)).collect();
        let learned = new.len();
        self.meaning.learn_documents(clinic.id, new).await?;
        if learned > 0 {
            tracing::info!(
                clinic = clinic.slug,
                passages = learned,
                "documents are found by their meaning"
            );
        }
        known.passages = now;
        known.version = Some(clinic.facts_version);
        Ok(())
    }

    /// Records that were erased, and those of clinics that are closed, are forgotten.
    async fn forget_records(&self, clinics: &[Clinic]) -> Result<(), LearnError> {
        let mut by_clinic: HashMap<ClinicId, Vec<PatientId>> = HashMap::new();
        for (clinic, patient) in self.meaning.patients() {
            by_clinic.entry(clinic).or_default().push(patient);
        }
        for (id, patients) in by_clinic {
            let clinic = clinics.iter().find(|clinic| clinic.id == id);
            let gone = match clinic.and_then(Clinic::tenant) {
                Some(tenant) => {
                    let mut tx = TenantTx::begin(&self.database, &tenant).await?;
                    patient::without_record(&mut tx, &patients).await?
                }
                None => patients,
            };
            for patient in gone {
                self.meaning.forget_record(id, patient).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "learner_tests.rs"]
mod tests;
