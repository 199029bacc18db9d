//! Language models behind any endpoint that speaks OpenAI's chat completions: a server in the same
//! house as well as a provider's.
//!
//! One request each time: the client's own retries are off, since whoever asks knows whether there
//! is time for another. Answers are read field by field, so that what a server adds, leaves out or
//! writes otherwise than the original does not matter where it is not needed. An answer that ends
//! without saying why (`finish_reason`) has broken off.

mod assembly;

use std::sync::Arc;
use std::time::Duration;

use async_openai::Client;
use async_openai::error::OpenAIError;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{ChatModel, Message, ModelEvent, ModelFailure, ModelRequest, ModelStream};
use crate::openai::{Endpoint, OpenAiError, OpenAiSettings, client};
use assembly::Assembly;

/// How long the end of an answer that is complete is waited for, so that the connection can be used
/// again.
const TAIL: Duration = Duration::from_millis(250);

/// A model behind an OpenAI-compatible endpoint.
#[derive(Clone)]
pub struct OpenAi {
    client: Arc<Client<Endpoint>>,
    model: Arc<str>,
}

impl OpenAi {
    /// The model of these settings. Nothing is sent before it is asked. A provider of TLS must be
    /// installed.
    ///
    /// # Errors
    /// If the key cannot be sent, or there is no HTTP client.
    pub fn new(settings: &OpenAiSettings) -> Result<Self, OpenAiError> {
        Ok(Self { client: Arc::new(client(settings)?), model: settings.model.as_str().into() })
    }
}

impl ChatModel for OpenAi {
    fn stream(&self, request: ModelRequest) -> ModelStream {
        let (client, body) = (Arc::clone(&self.client), body(&self.model, &request));
        let answer = async move {
            let chat = client.chat();
            match chat.create_stream_byot::<Value, Value>(body).await {
                Ok(chunks) => chunks.boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        let chunks = stream::once(answer).flatten();
        stream::unfold((chunks.boxed(), Some(Assembly::default())), next).flatten().boxed()
    }
}

type Chunks = futures_util::stream::BoxStream<'static, Result<Value, OpenAIError>>;
type Events = stream::Iter<std::vec::IntoIter<ModelEvent>>;

/// What the next chunk brings; the assembly is gone once the answer has ended.
async fn next(
    (mut chunks, assembly): (Chunks, Option<Assembly>),
) -> Option<(Events, (Chunks, Option<Assembly>))> {
    let mut assembly = assembly?;
    let (events, rest) = match chunks.next().await {
        Some(Ok(chunk)) => match assembly.take(&chunk) {
            Ok(mut events) if assembly.is_finished() => {
                while let Ok(Some(Ok(chunk))) = tokio::time::timeout(TAIL, chunks.next()).await {
                    assembly.take_usage(&chunk);
                }
                events.push(ModelEvent::Done(assembly.usage()));
                (events, None)
            }
            Ok(events) => (events, Some(assembly)),
            Err(failure) => (vec![ModelEvent::Failed(failure)], None),
        },
        Some(Err(error)) => (vec![ModelEvent::Failed(failure(&error))], None),
        None => (vec![ModelEvent::Failed(ModelFailure::Broken)], None),
    };
    Some((stream::iter(events), (chunks, rest)))
}

/// What an error of the client means. Its text may quote the conversation and is told to nobody.
fn failure(error: &OpenAIError) -> ModelFailure {
    match error {
        OpenAIError::Reqwest(error) if error.is_connect() || error.is_timeout() => {
            ModelFailure::Unreachable
        }
        OpenAIError::ApiError(error) => {
            let status = error.status_code.as_u16();
            tracing::warn!(status, "the language model's server refuses");
            match status {
                429 => ModelFailure::RateLimited,
                408 | 500.. => ModelFailure::Overloaded,
                _ if error.api_error.code.as_deref() == Some(assembly::TOO_LONG) => {
                    ModelFailure::TooLong
                }
                _ => ModelFailure::Rejected,
            }
        }
        _ => ModelFailure::Broken,
    }
}

/// The request as it is sent. Only fields that every compatible server knows.
fn body(model: &str, request: &ModelRequest) -> Value {
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    let mut body = json!({
        "model": request.model.as_deref().unwrap_or(model),
        "messages": messages,
        "stream": true,
        "max_tokens": request.budget.max_tokens,
    });
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let (name, description, schema) = (&tool.name, &tool.description, &tool.schema);
            let function =
                json!({ "name": name, "description": description, "parameters": schema });
            json!({ "type": "function", "function": function })
        });
        body["tools"] = tools.collect();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant { text, calls } if calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant { text, calls } => {
            let calls: Vec<Value> = calls
                .iter()
                .map(|call| {
                    let function = json!({ "name": call.name, "arguments": call.args });
                    json!({ "id": call.id, "type": "function", "function": function })
                })
                .collect();
            let content = Some(text).filter(|text| !text.expose().is_empty());
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
        Message::Tool { id, text } => {
            json!({ "role": "tool", "tool_call_id": id, "content": text })
        }
    }
}
