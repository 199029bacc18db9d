//! The clinics' documents: their folder, the embedding model, where vectors are kept.

use std::path::PathBuf;

use super::model::{http_url, some_text};
use super::{ConfigError, Secret, Values};

/// The clinics' documents.
#[derive(Debug, Clone)]
pub struct DocumentsConfig {
    /// Folder with one folder a clinic, if documents come from files.
    pub folder: Option<PathBuf>,
    /// The embedding model; without it questions are answered by words alone.
    pub embeddings: Option<EmbeddingsConfig>,
}

/// Where the embedding model is, and what becomes of its vectors.
#[derive(Debug, Clone)]
pub struct EmbeddingsConfig {
    /// Base of an OpenAI-compatible endpoint, `http://127.0.0.1:8081/v1`.
    pub url: String,
    /// Name of the model there.
    pub model: String,
    /// The key, if the endpoint wants one.
    pub key: Option<Secret>,
    /// Cosine similarity from which on a passage answers a question.
    pub similarity: f32,
    /// Where the vectors of documents are; none keeps them in this process.
    pub qdrant: Option<QdrantConfig>,
}

/// A Qdrant server.
#[derive(Debug, Clone)]
pub struct QdrantConfig {
    /// Its gRPC address.
    pub url: String,
    /// The key, if it wants one.
    pub key: Option<Secret>,
}

impl Values<'_> {
    pub(super) fn documents(&self) -> Result<DocumentsConfig, ConfigError> {
        let folder = self.path("FRONTDESK_DOCUMENTS")?;
        Ok(DocumentsConfig { folder, embeddings: self.embeddings()? })
    }

    fn embeddings(&self) -> Result<Option<EmbeddingsConfig>, ConfigError> {
        let needs = |name: &str, missing: &str| {
            let text = format!("{name} is set but {missing} is not: set both, or neither");
            Err(ConfigError::Conflict(text))
        };
        let (url_env, model_env) = ("FRONTDESK_EMBEDDINGS_URL", "FRONTDESK_EMBEDDINGS_MODEL");
        let url = self.get(url_env).parse("a URL such as http://127.0.0.1:8081/v1", http_url)?;
        let model = self.get(model_env).parse("the name of a model", some_text)?;
        let key = self.key("FRONTDESK_EMBEDDINGS_KEY", "FRONTDESK_EMBEDDINGS_KEY_FILE")?;
        let similarity = self.value(
            "FRONTDESK_EMBEDDINGS_SIMILARITY",
            "a number from 0 to 1 such as 0.5",
            |text| text.parse().ok().filter(|least| (0.0..=1.0).contains(least)),
        )?;
        let qdrant = self.qdrant()?;
        match (url, model) {
            (Some(url), Some(model)) => {
                Ok(Some(EmbeddingsConfig { url, model, key, similarity, qdrant }))
            }
            (Some(_), None) => needs(url_env, model_env),
            (None, Some(_)) => needs(model_env, url_env),
            (None, None) if key.is_some() => needs("FRONTDESK_EMBEDDINGS_KEY", url_env),
            (None, None) if qdrant.is_some() => needs("FRONTDESK_QDRANT_URL", url_env),
            (None, None) => Ok(None),
        }
    }

    fn qdrant(&self) -> Result<Option<QdrantConfig>, ConfigError> {
        let url = self
            .get("FRONTDESK_QDRANT_URL")
            .parse("a URL such as http://127.0.0.1:6334", http_url)?;
        let key = self.secret("FRONTDESK_QDRANT_KEY", "a key", |text| some_text(text).is_some())?;
        match (url, key) {
            (Some(url), key) => Ok(Some(QdrantConfig { url, key })),
            (None, Some(_)) => Err(ConfigError::Conflict(
                "FRONTDESK_QDRANT_KEY is set but FRONTDESK_QDRANT_URL is not: set both, or neither"
                    .to_owned(),
            )),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Environment};
    use super::*;

    fn load(vars: &[(&str, &str)]) -> Result<DocumentsConfig, ConfigError> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let working_dir = std::env::temp_dir();
        let env = Environment { vars: vars.iter().map(own).collect(), working_dir, root: false };
        Config::load(&env).map(|config| config.documents)
    }

    const URL: (&str, &str) = ("FRONTDESK_EMBEDDINGS_URL", "http://127.0.0.1:8081/v1/");
    const MODEL: (&str, &str) = ("FRONTDESK_EMBEDDINGS_MODEL", "small");

    #[test]
    fn documents_are_answered_by_words_unless_there_is_an_embedding_model() {
        let config = load(&[]).expect("loads");
        assert!(config.folder.is_none() && config.embeddings.is_none());
        let folder = ("FRONTDESK_DOCUMENTS", "/srv/documents");
        let key = ("FRONTDESK_EMBEDDINGS_KEY", "sesame");
        let config = load(&[folder, URL, MODEL, key]).expect("loads");
        assert_eq!(config.folder, Some(PathBuf::from("/srv/documents")));
        assert!(!format!("{config:?}").contains("sesame"));
        let embeddings = config.embeddings.expect("a model");
        assert_eq!(embeddings.url, "http://127.0.0.1:8081/v1");
        assert!((embeddings.similarity - 0.5).abs() < f32::EPSILON);
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_the_settings_that_are_missing() {
        for (vars, part) in [
            (&[URL][..], "FRONTDESK_EMBEDDINGS_MODEL is not"),
            (&[MODEL], "FRONTDESK_EMBEDDINGS_URL is not"),
            (&[("FRONTDESK_EMBEDDINGS_KEY", "sesame")], "FRONTDESK_EMBEDDINGS_URL is not"),
            (&[("FRONTDESK_QDRANT_URL", "http://[::1]:6334")], "FRONTDESK_EMBEDDINGS_URL is not"),
            (&[URL, MODEL, ("FRONTDESK_QDRANT_KEY", "sesame")], "FRONTDESK_QDRANT_URL is not"),
            (&[URL, MODEL, ("FRONTDESK_EMBEDDINGS_SIMILARITY", "50")], "from 0 to 1"),
        ] {
            let error = load(vars).expect_err("refused").to_string();
            assert!(error.contains(part), "{vars:?}: {error}");
            assert!(!error.contains("sesame"), "{error}");
        }
    }
}
