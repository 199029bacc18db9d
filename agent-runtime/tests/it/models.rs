//! Endpoints of our own that speak OpenAI's wire format: embeddings, and a chat model that obeys
//! whoever speaks to it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinSet;

async fn serve(router: Router) -> (String, JoinSet<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.expect("serves") });
    (url, serving)
}

/// How the embedding endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Works,
    Down,
    Silent,
}

/// An embedding model that knows what a few words mean.
#[derive(Clone)]
pub(crate) struct Embeddings(Arc<Mutex<Manner>>);

/// Words that mean the same, one meaning a line.
const MEANINGS: [&[&str]; 3] = [
    &["dog", "puppy", "terrier"],
    &["locker", "luggage", "suitcase"],
    &["allergies", "intolerances"],
];

/// Places for what it does not know.
const UNKNOWN: usize = 997;

impl Embeddings {
    pub(crate) async fn start() -> (Self, String, JoinSet<()>) {
        let model = Self(Arc::new(Mutex::new(Manner::Works)));
        let router = Router::new().route("/v1/embeddings", post(embed)).with_state(model.clone());
        let (url, serving) = serve(router).await;
        (model, url, serving)
    }

    pub(crate) fn set(&self, manner: Manner) {
        *self.0.lock() = manner;
    }
}

async fn embed(State(model): State<Embeddings>, headers: HeaderMap, body: String) -> Response {
    let manner = *model.0.lock();
    match manner {
        Manner::Works => {}
        Manner::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Manner::Silent => std::future::pending().await,
    }
    assert_eq!(headers[header::AUTHORIZATION], "Bearer sesame");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let texts = body["input"].as_array().expect("texts");
    let data = texts.iter().enumerate().map(|(index, text)| {
        let text = text.as_str().expect("text").to_lowercase();
        let mut vector = vec![0.0; MEANINGS.len() + UNKNOWN];
        for (words, part) in MEANINGS.iter().zip(&mut vector) {
            if words.iter().any(|word| text.contains(word)) {
                *part = 1.0;
            }
        }
        // What it does not know is near nothing else.
        if vector.iter().all(|part| *part == 0.0) {
            let sum = text.bytes().fold(7, |sum: usize, b| (sum * 31 + usize::from(b)) % UNKNOWN);
            vector[MEANINGS.len() + sum] = 1.0;
        }
        json!({ "object": "embedding", "index": index, "embedding": vector })
    });
    let data: Vec<Value> = data.collect();
    let answer = json!({ "object": "list", "data": data, "model": body["model"] }).to_string();
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

/// A chat model that does what it is told: `call NAME {…}` calls that tool with those arguments,
/// and what a tool returns it tells the caller word by word.
#[derive(Clone, Default)]
pub(crate) struct Obedient(Arc<Mutex<Vec<Value>>>);

impl Obedient {
    pub(crate) async fn start() -> (Self, String, JoinSet<()>) {
        let model = Self::default();
        let path = "/v1/chat/completions";
        let router = Router::new().route(path, post(complete)).with_state(model.clone());
        let (url, serving) = serve(router).await;
        (model, url, serving)
    }

    /// All that it was ever asked, each request's messages.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.0.lock().clone()
    }
}

async fn complete(State(model): State<Obedient>, body: String) -> Response {
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let messages = body["messages"].as_array().expect("messages").clone();
    model.0.lock().push(body["messages"].clone());
    let last = messages.last().expect("a message");
    let content = last["content"].as_str().unwrap_or_default();
    let (delta, reason) = match content.strip_prefix("call ").and_then(|call| call.split_once(' '))
    {
        Some((name, args)) if last["role"] == "user" => {
            let call = json!({ "name": name, "arguments": args });
            let call = json!({ "index": 0, "id": "c", "type": "function", "function": call });
            (json!({ "tool_calls": [call] }), "tool_calls")
        }
        _ if last["role"] == "tool" => {
            // A sentence, whatever the result has of marks.
            let plain: String =
                content.chars().map(|c| if ".!?\n".contains(c) { ' ' } else { c }).collect();
            (json!({ "content": format!("The tool says: {plain} End of answer.") }), "stop")
        }
        _ => (json!({ "content": "Which tool shall I call?" }), "stop"),
    };
    let chunk = |delta: &Value, reason: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        format!("data: {}\n\n", json!({ "object": "chat.completion.chunk", "choices": [choice] }))
    };
    let stream =
        format!("{}{}data: [DONE]\n\n", chunk(&delta, None), chunk(&json!({}), Some(reason)));
    ([(header::CONTENT_TYPE, "text/event-stream")], stream).into_response()
}
