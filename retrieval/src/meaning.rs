//! An embedding model and its indexes, as whoever answers a question uses them.
//!
//! Everything here may fail or be late; then questions are answered by words alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::embed::{EmbedFailure, Embedder};
use frontdesk_types::{ClinicId, PatientId, Phi};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use uuid::Uuid;

use crate::Scope;
use crate::index::{Delete, ExactIndex, IndexError, Near, VectorIndex, Vectored};

/// Texts of one request to the model.
const BATCH: usize = 64;

/// How long a request with texts to be learned may take.
const LEARNING: Duration = Duration::from_secs(20);

/// Passages that one search gives at most.
const LIMIT: usize = 8;

/// Patients of whose records something is kept at most: those who asked last.
const RECORDS: usize = 64;

/// How near is near, and how long a question may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeaningSettings {
    /// Cosine similarity from which on a passage answers a question; depends on the model.
    pub least: f32,
    /// How long a caller's question may take here before it is answered by words alone.
    pub patience: Duration,
}

impl Default for MeaningSettings {
    fn default() -> Self {
        Self { least: 0.5, patience: Duration::from_millis(1500) }
    }
}

/// Why something was not learned; it is tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeaningError {
    /// The model.
    #[error("the embedding model: {0}")]
    Model(#[from] EmbedFailure),
    /// An index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The model has taken too long.
    #[error("the embedding model gave no answer within {} s", LEARNING.as_secs())]
    Late,
}

/// What answers a question by its meaning, best first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answering {
    /// Passages of the clinic's documents, by their ids.
    pub documents: Vec<(Uuid, f32)>,
    /// Passages of the patient's record, by their places.
    pub record: Vec<(usize, f32)>,
}

/// Whose record is searched besides the documents, and what it says now.
#[derive(Debug, Clone, Copy)]
pub struct RecordNow<'a> {
    /// The patient whom the guard vouches for.
    pub patient: PatientId,
    /// The record's passages, just read.
    pub passages: &'a [Phi<String>],
}

/// See the module's documentation. The vectors of patients' records never leave this process and
/// are gone with it.
pub struct Meaning {
    embedder: Arc<dyn Embedder>,
    documents: Arc<dyn VectorIndex>,
    records: ExactIndex,
    /// Whose records those are; who asked last is last.
    patients: Mutex<VecDeque<(ClinicId, PatientId)>>,
    settings: MeaningSettings,
}

impl std::fmt::Debug for Meaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meaning").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Meaning {
    /// With clinics' documents in `documents`.
    #[must_use]
    pub fn new(
        embedder: Arc<dyn Embedder>,
        documents: Arc<dyn VectorIndex>,
        settings: MeaningSettings,
    ) -> Self {
        let (records, patients) = (ExactIndex::new(), Mutex::default());
        Self { embedder, documents, records, patients, settings }
    }

    /// What answers the question among the clinic's documents, and in the patient's record if there
    /// is one. If the model or an index fails or is late, nothing is: words alone answer then.
    pub async fn find(
        &self,
        clinic: ClinicId,
        record: Option<RecordNow<'_>>,
        question: &Phi<String>,
    ) -> Answering {
        match timeout(self.settings.patience, self.look(clinic, record, question)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "question is answered by words alone");
                Answering::default()
            }
            Err(_) => {
                let patience_ms = self.settings.patience.as_millis();
                tracing::warn!(patience_ms, "question is answered by words alone: no meaning yet");
                Answering::default()
            }
        }
    }

    async fn look(
        &self,
        clinic: ClinicId,
        record: Option<RecordNow<'_>>,
        question: &Phi<String>,
    ) -> Result<Answering, MeaningError> {
        let vectors = self.embedder.embed(vec![question.clone()]).await?;
        let Some(question) = vectors.into_iter().next() else { return Ok(Answering::default()) };
        let scope = Scope::documents(clinic);
        let documents = self.documents.search(scope, question.clone(), LIMIT).await?;
        let documents = self.answering(documents).collect();
        let record = match record {
            Some(record) => self.look_in_record(clinic, record, question).await?,
            None => Vec::new(),
        };
        Ok(Answering { documents, record })
    }

    /// What of the record is not known yet is learned first; what it no longer holds is forgotten.
    async fn look_in_record(
        &self,
        clinic: ClinicId,
        record: RecordNow<'_>,
        question: Vec<f32>,
    ) -> Result<Vec<(usize, f32)>, MeaningError> {
        let scope = Scope::record(clinic, record.patient);
        self.remember(clinic, record.patient).await;
        let ids: Vec<Uuid> = record.passages.iter().map(content_id).collect();
        self.records.delete(scope, Delete::AllBut(ids.clone())).await?;
        let missing = self.records.missing(scope, &ids);
        let learned = ids.iter().zip(record.passages).filter(|(id, _)| missing.contains(id));
        let learned = learned.map(|(id, text)| (*id, text.clone())).collect();
        self.learn(&self.records, scope, learned).await?;
        let near = self.records.search(scope, question, LIMIT).await?;
        let place = |id: Uuid| ids.iter().position(|known| *known == id);
        Ok(self.answering(near).filter_map(|(id, near)| Some((place(id)?, near))).collect())
    }

    /// Makes place for what is kept of a patient's record.
    async fn remember(&self, clinic: ClinicId, patient: PatientId) {
        let over = {
            let mut patients = self.patients.lock();
            patients.retain(|known| *known != (clinic, patient));
            patients.push_back((clinic, patient));
            if patients.len() > RECORDS { patients.pop_front() } else { None }
        };
        if let Some((clinic, patient)) = over {
            self.forget_record(clinic, patient).await;
        }
    }

    fn answering(&self, near: Vec<Near>) -> impl Iterator<Item = (Uuid, f32)> {
        let least = self.settings.least;
        let answers = near.into_iter().filter(move |near| near.similarity >= least);
        answers.map(|near| (near.id, near.similarity))
    }

    /// Learns passages of the clinic's documents.
    ///
    /// # Errors
    /// [`MeaningError`]; some of them may be learned.
    pub async fn learn_documents(
        &self,
        clinic: ClinicId,
        passages: Vec<(Uuid, String)>,
    ) -> Result<(), MeaningError> {
        let passages = passages.into_iter().map(|(id, text)| (id, Phi::new(text))).collect();
        self.learn(self.documents.as_ref(), Scope::documents(clinic), passages).await
    }

    /// Forgets passages of the clinic's documents.
    ///
    /// # Errors
    /// If the index fails.
    pub async fn forget_documents(
        &self,
        clinic: ClinicId,
        what: Delete,
    ) -> Result<(), MeaningError> {
        Ok(self.documents.delete(Scope::documents(clinic), what).await?)
    }

    /// The patients of whose records something is known.
    #[must_use]
    pub fn patients(&self) -> Vec<(ClinicId, PatientId)> {
        self.patients.lock().iter().copied().collect()
    }

    /// Forgets what is known of a patient's record.
    pub async fn forget_record(&self, clinic: ClinicId, patient: PatientId) {
        self.patients.lock().retain(|known| *known != (clinic, patient));
        // Nothing fails in memory.
        let _ = self.records.delete(Scope::record(clinic, patient), Delete::All).await;
    }

    async fn learn(
        &self,
        index: &dyn VectorIndex,
        scope: Scope,
        passages: Vec<(Uuid, Phi<String>)>,
    ) -> Result<(), MeaningError> {
        for batch in passages.chunks(BATCH) {
            let texts = batch.iter().map(|(_, text)| text.clone()).collect();
            let vectors = timeout(LEARNING, self.embedder.embed(texts)).await;
            let vectors = vectors.map_err(|_| MeaningError::Late)??;
            let passages = batch.iter().zip(vectors);
            let passages = passages.map(|((id, _), vector)| Vectored { id: *id, vector });
            index.upsert(scope, passages.collect()).await?;
        }
        Ok(())
    }
}

/// The same for the same text.
fn content_id(text: &Phi<String>) -> Uuid {
    let digest = Sha256::digest(text.expose().as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
