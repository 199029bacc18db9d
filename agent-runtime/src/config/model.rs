//! The language model, and which dialogue holds the calls of clinics that set none.

use std::path::PathBuf;

use frontdesk_pipelines::dialogue::DialogueKind;

use super::{ConfigError, Secret, Values};

/// Where the language model is.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// Base of an OpenAI-compatible endpoint, `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// Name of the model there.
    pub name: String,
    /// The key, if the endpoint wants one.
    pub key: Option<Secret>,
}

impl Values<'_> {
    /// The language model if there is one, and the dialogue of clinics that set none.
    pub(super) fn model(&self) -> Result<(Option<ModelConfig>, DialogueKind), ConfigError> {
        let conflict = |text: &str| Err(ConfigError::Conflict(text.to_owned()));
        let url = self
            .get("FRONTDESK_LLM_URL")
            .parse("a URL such as http://127.0.0.1:8080/v1", http_url)?;
        let name = self.get("FRONTDESK_LLM_MODEL").parse("the name of a model", some_text)?;
        let key = self.key("FRONTDESK_LLM_KEY", "FRONTDESK_LLM_KEY_FILE")?;
        let kind = self.get("FRONTDESK_DIALOGUE").parse("forms or model", |text| match text {
            "forms" => Some(DialogueKind::Forms),
            "model" => Some(DialogueKind::Model),
            _ => None,
        })?;
        match (url, name) {
            (Some(url), Some(name)) => {
                let model = ModelConfig { url, name, key };
                Ok((Some(model), kind.unwrap_or(DialogueKind::Model)))
            }
            (Some(_), None) => conflict(
                "FRONTDESK_LLM_URL is set but FRONTDESK_LLM_MODEL is not: name the model that is \
                 to be asked there",
            ),
            (None, Some(_)) => conflict(
                "FRONTDESK_LLM_MODEL is set but FRONTDESK_LLM_URL is not: set the address of an \
                 OpenAI-compatible endpoint, or neither",
            ),
            (None, None) if key.is_some() => conflict(
                "FRONTDESK_LLM_KEY is set but FRONTDESK_LLM_URL is not: set the address of an \
                 OpenAI-compatible endpoint, or neither",
            ),
            (None, None) if kind == Some(DialogueKind::Model) => conflict(
                "FRONTDESK_DIALOGUE is model but FRONTDESK_LLM_URL is not set: set the address of \
                 an OpenAI-compatible endpoint, or use the built-in forms",
            ),
            (None, None) => Ok((None, DialogueKind::Forms)),
        }
    }

    /// The key itself, or what is in the file that holds it.
    pub(super) fn key(
        &self,
        env: &'static str,
        file_env: &'static str,
    ) -> Result<Option<Secret>, ConfigError> {
        let key = self.secret(env, "a key", |text| some_text(text).is_some())?;
        let file: Option<PathBuf> = self.path(file_env)?;
        let path = match (key, file) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::Conflict(format!(
                    "{env} and {file_env} are both set: set one of them"
                )));
            }
            (key, None) => return Ok(key),
            (None, Some(path)) => self.env.working_dir.join(path),
        };
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ConfigError::File { path: shown(), reason: error.to_string() })?;
        match some_text(text.trim()) {
            Some(key) => Ok(Some(Secret::new(key))),
            None => Err(ConfigError::File { path: shown(), reason: "holds no key".to_owned() }),
        }
    }
}

pub(super) fn some_text(text: &str) -> Option<String> {
    let fits = !text.is_empty() && !text.contains(|c: char| c.is_control());
    fits.then(|| text.to_owned())
}

/// An address without a slash at its end.
pub(super) fn http_url(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let http = matches!(url.scheme(), "http" | "https") && url.has_host();
    (http && url.username().is_empty() && url.password().is_none())
        .then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Environment};
    use super::*;

    fn load(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let working_dir = std::env::temp_dir();
        Config::load(&Environment {
            vars: vars.iter().map(own).collect(),
            working_dir,
            root: false,
        })
    }

    const URL: (&str, &str) = ("FRONTDESK_LLM_URL", "http://127.0.0.1:8080/v1/");
    const MODEL: (&str, &str) = ("FRONTDESK_LLM_MODEL", "small");

    #[test]
    fn a_model_holds_the_calls_as_soon_as_there_is_one_unless_told_otherwise() {
        let config = load(&[]).expect("loads");
        assert!(config.model.is_none() && config.dialogue == DialogueKind::Forms);
        let config = load(&[URL, MODEL]).expect("loads");
        let model = config.model.expect("a model");
        assert_eq!(
            (model.url.as_str(), model.name.as_str()),
            ("http://127.0.0.1:8080/v1", "small")
        );
        assert_eq!(config.dialogue, DialogueKind::Model);
        let config = load(&[URL, MODEL, ("FRONTDESK_DIALOGUE", "forms")]).expect("loads");
        assert_eq!(config.dialogue, DialogueKind::Forms);
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_the_settings_that_are_missing() {
        for (vars, part) in [
            (&[URL][..], "FRONTDESK_LLM_MODEL is not"),
            (&[MODEL], "FRONTDESK_LLM_URL is not"),
            (&[("FRONTDESK_LLM_KEY", "sesame")], "FRONTDESK_LLM_URL is not"),
            (&[("FRONTDESK_DIALOGUE", "model")], "FRONTDESK_LLM_URL is not set"),
            (&[("FRONTDESK_DIALOGUE", "magic")], "forms or model"),
            (&[MODEL, ("FRONTDESK_LLM_URL", "localhost:8080")], "http://127.0.0.1:8080/v1"),
            (
                &[URL, MODEL, ("FRONTDESK_LLM_KEY", "a"), ("FRONTDESK_LLM_KEY_FILE", "b")],
                "both set",
            ),
            (&[URL, MODEL, ("FRONTDESK_LLM_KEY_FILE", "/no/such/file")], "/no/such/file"),
        ] {
            let error = load(vars).expect_err("refused").to_string();
            assert!(error.contains(part), "{vars:?}: {error}");
            assert!(!error.contains("sesame"), "{error}");
        }
    }

    #[test]
    fn a_key_is_read_from_a_file_and_shown_nowhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "sesame\n").expect("written");
        let file = ("FRONTDESK_LLM_KEY_FILE", path.to_str().expect("UTF-8"));
        let config = load(&[URL, MODEL, file]).expect("loads");
        assert!(!format!("{config:?}").contains("sesame"));
        let key = config.model.and_then(|model| model.key).expect("a key");
        assert_eq!(key.reveal(), "sesame");
    }
}
