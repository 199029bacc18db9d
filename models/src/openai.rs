//! An OpenAI-compatible endpoint and the client of it, for every kind of model behind one.

use std::time::Duration;

use async_openai::Client;
use async_openai::config::Config;
use async_openai::middleware::ReqwestService;
use frontdesk_types::Phi;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// Longest until the server is connected.
const CONNECT: Duration = Duration::from_secs(3);

/// Where a model is found.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// Base of the endpoint, to which `/chat/completions` or `/embeddings` is added:
    /// `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// Name of the model there.
    pub model: String,
    /// The key, if it wants one.
    pub key: Option<Phi<String>>,
}

/// Why no model can be made of the settings.
#[derive(Debug, thiserror::Error)]
pub enum OpenAiError {
    /// The key cannot be sent.
    #[error("the key of the model has characters that no header may have")]
    Key,
    /// There is no client.
    #[error("no HTTP client for the model: {0}")]
    Client(reqwest::Error),
}

/// The endpoint, as the client wants to know it: nothing comes from environment variables.
pub(crate) struct Endpoint {
    url: String,
    key: SecretString,
    headers: HeaderMap,
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.url
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// The client of an endpoint, which tries nothing twice.
///
/// # Errors
/// If the key cannot be sent, or there is no HTTP client.
pub(crate) fn client(settings: &OpenAiSettings) -> Result<Client<Endpoint>, OpenAiError> {
    let key = SecretString::from(settings.key.clone().map_or_else(String::new, Phi::into_exposed));
    let mut headers = HeaderMap::new();
    if settings.key.is_some() {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
        let mut value = value.map_err(|_| OpenAiError::Key)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let http = reqwest::Client::builder().connect_timeout(CONNECT).build();
    let http = http.map_err(OpenAiError::Client)?;
    let endpoint = Endpoint { url: settings.url.trim_end_matches('/').to_owned(), key, headers };
    // The plain service: without it the client tries again by itself.
    Ok(Client::build(http.clone(), endpoint).with_http_service(ReqwestService::new(http)))
}
