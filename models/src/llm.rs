//! Language models: what a request holds, what a model's stream of answers brings.
//!
//! A request is one exchange: messages so far, the tools that the model may call, and how long it
//! may take. What comes back is a stream of events that ends with [`ModelEvent::Done`] or
//! [`ModelEvent::Failed`]. Nothing here knows a clinic.
//!
//! Unlike the other kinds of models a [`ChatModel`] computes somewhere else: its stream may be read
//! on an async worker.

#[cfg(feature = "openai")]
pub mod openai;
pub mod scripted;

use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::Phi;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// What a model's answer brings, one event after the other; the last is
/// [last](ModelEvent::is_last). One that ends without it broke off. Dropped, the request is given
/// up, also at the model's server.
pub type ModelStream = BoxStream<'static, ModelEvent>;

/// A language model, wherever it runs.
pub trait ChatModel: Send + Sync {
    /// Asks. Nothing is sent before the stream is read. It tries nothing twice, and keeps no time
    /// but that of its connection: whoever reads the stream does both.
    fn stream(&self, request: ModelRequest) -> ModelStream;
}

/// One exchange with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// What the model is told, oldest first; the first is its instructions.
    pub messages: Vec<Message>,
    /// Tools that it may call.
    pub tools: Arc<[ToolDefinition]>,
    /// How long it may take, and how much it may say.
    pub budget: Budget,
    /// Name of the model at the provider; the one of the provider's settings if `None`.
    #[serde(default)]
    pub model: Option<Arc<str>>,
    /// Text of this very request has been passed on before: whoever does not have the request under
    /// way must fail it ([`ModelFailure::Lost`]), not ask it again.
    #[serde(default)]
    pub begun: bool,
}

/// A part of what the model is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Instructions.
    System {
        /// The words.
        text: Phi<String>,
    },
    /// What the caller said.
    User {
        /// The words.
        text: Phi<String>,
    },
    /// What the model said and which tools it called then.
    Assistant {
        /// The words, as far as they were heard; empty if it said nothing.
        text: Phi<String>,
        /// Tools that it called.
        calls: Vec<CallMade>,
    },
    /// What came of a tool that the model called.
    Tool {
        /// The id of the call.
        id: String,
        /// The result.
        text: Phi<String>,
    },
}

/// A tool that a model called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallMade {
    /// The id that the model gave it.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Its arguments as JSON, as the model wrote them: perhaps none at all, or no JSON.
    pub args: Phi<String>,
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// Its name.
    pub name: String,
    /// What it does and when to call it.
    pub description: String,
    /// JSON schema of its arguments.
    pub schema: serde_json::Value,
}

/// How long a model may take, and how much it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Until the first piece of text or the first call.
    pub first: Duration,
    /// From one piece to the next.
    pub gap: Duration,
    /// All of it.
    pub total: Duration,
    /// Tokens of the answer at most.
    pub max_tokens: u32,
}

impl Default for Budget {
    /// A caller takes some three seconds of silence for a thought, and not more.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(4),
            gap: Duration::from_secs(3),
            total: Duration::from_secs(20),
            max_tokens: 400,
        }
    }
}

/// What a model's stream brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelEvent {
    /// The next piece of what it says; pieces follow one another without anything between them.
    Text(Phi<String>),
    /// It calls a tool.
    Call(CallMade),
    /// It is done: the last event.
    Done(Usage),
    /// There is no answer, or no more of it: the last event.
    Failed(ModelFailure),
}

impl ModelEvent {
    /// Whether nothing follows it.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Failed(_))
    }
}

/// What an exchange cost, in tokens; zero where the model does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt: u32,
    /// Tokens of the answer.
    pub answer: u32,
}

/// Why a model's answer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelFailure {
    /// The server cannot be reached.
    Unreachable,
    /// The server is out of order or has too much to do; the same request may succeed later.
    Overloaded,
    /// The server does not accept so many requests.
    RateLimited,
    /// The server does not accept the request or the key: it never will.
    Rejected,
    /// The messages are longer than the model can read.
    TooLong,
    /// The stream broke off, or is not what it should be.
    Broken,
    /// It took too long ([`Budget`]).
    TooSlow,
    /// Whoever had it under way is gone, after a part of it was passed on.
    Lost,
    /// It was cancelled: nobody wants it any more.
    Cancelled,
    /// There is no model.
    None,
}
