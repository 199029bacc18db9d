//! The embedding model of the configuration and its index.

use std::sync::Arc;

#[cfg(feature = "openai")]
use frontdesk_retrieval::index::{ExactIndex, VectorIndex};
use frontdesk_retrieval::meaning::Meaning;

use super::DocumentsError;
use crate::config::EmbeddingsConfig;
#[cfg(all(feature = "openai", feature = "qdrant"))]
use crate::config::QdrantConfig;

/// The embedding model of the configuration, if there is one. It is asked nothing yet: whether it
/// answers shows in calls, which go on without it.
///
/// # Errors
/// [`DocumentsError::Meaning`] if it cannot be asked at all.
#[cfg(feature = "openai")]
pub(super) fn meaning(
    config: Option<&EmbeddingsConfig>,
) -> Result<Option<Arc<Meaning>>, DocumentsError> {
    use frontdesk_models::embed::openai::OpenAiEmbedder;
    use frontdesk_models::openai::OpenAiSettings;
    use frontdesk_retrieval::meaning::MeaningSettings;
    use frontdesk_types::Phi;

    let Some(config) = config else { return Ok(None) };
    let key = config.key.as_ref().map(|key| Phi::new(key.reveal().to_owned()));
    let (url, model) = (config.url.clone(), config.model.clone());
    let embedder = OpenAiEmbedder::new(&OpenAiSettings { url, model, key }).map_err(|error| {
        let setting = "FRONTDESK_EMBEDDINGS_URL";
        DocumentsError::Meaning { setting, reason: error.to_string() }
    })?;
    let settings = MeaningSettings { least: config.similarity, ..MeaningSettings::default() };
    Ok(Some(Arc::new(Meaning::new(Arc::new(embedder), index(config)?, settings))))
}

/// The embedding model of the configuration, which this build cannot ask.
///
/// # Errors
/// [`DocumentsError::Meaning`] if there is one.
#[cfg(not(feature = "openai"))]
pub(super) fn meaning(
    config: Option<&EmbeddingsConfig>,
) -> Result<Option<Arc<Meaning>>, DocumentsError> {
    match config {
        None => Ok(None),
        Some(_) => Err(DocumentsError::Meaning {
            setting: "FRONTDESK_EMBEDDINGS_URL",
            reason: "this program was built without models: build it with the feature openai"
                .to_owned(),
        }),
    }
}

#[cfg(feature = "openai")]
fn index(config: &EmbeddingsConfig) -> Result<Arc<dyn VectorIndex>, DocumentsError> {
    match &config.qdrant {
        None => Ok(Arc::new(ExactIndex::new())),
        #[cfg(feature = "qdrant")]
        Some(qdrant) => in_qdrant(qdrant, &config.model),
        #[cfg(not(feature = "qdrant"))]
        Some(_) => Err(DocumentsError::Meaning {
            setting: "FRONTDESK_QDRANT_URL",
            reason: "this program was built without Qdrant: build it with the feature qdrant"
                .to_owned(),
        }),
    }
}

/// Each model has a collection of its own: vectors of two do not compare.
#[cfg(all(feature = "openai", feature = "qdrant"))]
fn in_qdrant(qdrant: &QdrantConfig, model: &str) -> Result<Arc<dyn VectorIndex>, DocumentsError> {
    use frontdesk_retrieval::index::qdrant::{QdrantIndex, QdrantSettings};
    use frontdesk_types::Phi;

    let usable = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let collection = format!("frontdesk-{}", model.chars().map(usable).collect::<String>());
    let key = qdrant.key.as_ref().map(|key| Phi::new(key.reveal().to_owned()));
    let settings = QdrantSettings { url: qdrant.url.clone(), key, collection };
    match QdrantIndex::new(&settings) {
        Ok(index) => Ok(Arc::new(index)),
        Err(error) => Err(DocumentsError::Meaning {
            setting: "FRONTDESK_QDRANT_URL",
            reason: error.to_string(),
        }),
    }
}
