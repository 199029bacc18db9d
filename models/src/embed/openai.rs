//! Embedding models behind any endpoint that speaks OpenAI's `/embeddings`.
//!
//! One request each time, with only the fields that every compatible server knows.

use std::sync::Arc;

use async_openai::Client;
use async_openai::error::OpenAIError;
use frontdesk_types::Phi;
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::{EmbedFailure, Embedded, Embedder};
use crate::openai::{Endpoint, OpenAiError, OpenAiSettings, client};

/// Longest vector that is taken, in numbers: those of the largest models have 4096.
const MAX_LENGTH: usize = 16_384;

/// An embedding model behind an OpenAI-compatible endpoint.
#[derive(Clone)]
pub struct OpenAiEmbedder {
    client: Arc<Client<Endpoint>>,
    model: Arc<str>,
}

impl OpenAiEmbedder {
    /// The model of these settings; `/embeddings` is added to their address. Nothing is sent before
    /// it is asked. A provider of TLS must be installed.
    ///
    /// # Errors
    /// If the key cannot be sent, or there is no HTTP client.
    pub fn new(settings: &OpenAiSettings) -> Result<Self, OpenAiError> {
        Ok(Self { client: Arc::new(client(settings)?), model: settings.model.as_str().into() })
    }
}

impl Embedder for OpenAiEmbedder {
    fn embed(&self, texts: Vec<Phi<String>>) -> Embedded {
        let (client, model) = (Arc::clone(&self.client), Arc::clone(&self.model));
        async move {
            if texts.is_empty() {
                return Ok(Vec::new());
            }
            let input: Vec<&str> = texts.iter().map(|text| text.expose().as_str()).collect();
            let body = json!({ "model": &*model, "input": input });
            let answer = client.embeddings().create_byot::<Value, Value>(body).await;
            let answer = answer.map_err(|error| failure(&error))?;
            vectors(&answer, texts.len()).ok_or(EmbedFailure::Broken)
        }
        .boxed()
    }
}

/// The vectors of an answer by their `index`, which some servers leave out; `None` unless there is
/// one for each text, all of one length.
fn vectors(answer: &Value, count: usize) -> Option<Vec<Vec<f32>>> {
    let data = answer.get("data")?.as_array()?;
    let mut all = vec![Vec::new(); count];
    for (place, entry) in data.iter().enumerate() {
        let index = entry.get("index").and_then(Value::as_u64);
        let index = index.map_or(Some(place), |index| usize::try_from(index).ok())?;
        let numbers = entry.get("embedding")?.as_array()?;
        #[expect(clippy::cast_possible_truncation, reason = "no model is that exact")]
        let number = |value: &Value| Some(value.as_f64()? as f32).filter(|n| n.is_finite());
        *all.get_mut(index)? = numbers.iter().map(number).collect::<Option<Vec<f32>>>()?;
    }
    let length = all.first()?.len();
    let usable = (1..=MAX_LENGTH).contains(&length) && all.iter().all(|v| v.len() == length);
    usable.then_some(all)
}

/// What an error of the client means. Its text may quote the request and is told to nobody.
fn failure(error: &OpenAIError) -> EmbedFailure {
    match error {
        OpenAIError::Reqwest(error) if error.is_connect() || error.is_timeout() => {
            EmbedFailure::Unreachable
        }
        OpenAIError::ApiError(error) => match error.status_code.as_u16() {
            408 | 429 | 500.. => EmbedFailure::Overloaded,
            _ => EmbedFailure::Rejected,
        },
        _ => EmbedFailure::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_by_their_index_and_only_if_each_text_has_one_of_the_same_length() {
        let of = |data: Value, count| vectors(&json!({ "data": data }), count);
        let entry = |index: Option<u64>, embedding: Value| match index {
            Some(index) => json!({ "index": index, "embedding": embedding }),
            None => json!({ "embedding": embedding }),
        };
        let (one, two) = (json!([1, 0.5]), json!([0, 2]));
        let turned = json!([entry(Some(1), two.clone()), entry(Some(0), one.clone())]);
        assert_eq!(of(turned, 2), Some(vec![vec![1.0, 0.5], vec![0.0, 2.0]]));
        let plain = json!([entry(None, one.clone()), entry(None, two.clone())]);
        assert_eq!(of(plain, 2), Some(vec![vec![1.0, 0.5], vec![0.0, 2.0]]));
        for bad in [
            json!([entry(None, one.clone())]),
            json!([entry(None, one.clone()), entry(None, json!([1]))]),
            json!([entry(Some(0), one.clone()), entry(Some(0), one.clone())]),
            json!([entry(Some(0), one.clone()), entry(Some(7), two)]),
            json!([entry(None, json!([])), entry(None, json!([]))]),
            json!([entry(None, json!(["a"])), entry(None, one)]),
            json!("none"),
        ] {
            assert_eq!(of(bad.clone(), 2), None, "{bad}");
        }
    }
}
