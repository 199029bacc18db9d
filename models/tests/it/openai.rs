//! An OpenAI-compatible endpoint, as a server of our own writes it on the wire: answers in chunks,
//! and everything that goes wrong.

use std::sync::{Arc, Once};

use frontdesk_models::llm::openai::OpenAi;
use frontdesk_models::llm::{
    Budget, CallMade, ChatModel, Message, ModelEvent, ModelFailure, ModelRequest, ToolDefinition,
    Usage,
};
use frontdesk_models::openai::OpenAiSettings;
use frontdesk_types::Phi;
use futures_util::StreamExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the server does with a request, after its head was read.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Another status, with a body.
    Status(u16, &'static str),
    /// A stream of events: pieces of the body as they are sent, and whether it is ended in order.
    Stream { pieces: Vec<String>, ended: bool },
    /// Sends this much and then nothing, until the other side is gone.
    Stalls(Vec<String>),
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) requests: Vec<(String, Value)>,
    /// Connections that the client closed while the server had more to say.
    abandoned: usize,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<Seen>>,
    /// Ends with the server.
    _connections: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(reply: Reply) -> Self {
        static TLS: Once = Once::new();
        TLS.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut served = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                served.spawn(serve(socket, reply.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, seen, _connections: connections }
    }

    fn model(&self) -> OpenAi {
        let (url, model) = (self.url.clone() + "/", "small".to_owned());
        let key = Some(Phi::new("sesame".to_owned()));
        OpenAi::new(&OpenAiSettings { url, model, key }).expect("a model")
    }

    async fn answers(&self) -> Vec<ModelEvent> {
        self.model().stream(request()).collect().await
    }

    fn requests(&self) -> usize {
        self.seen.lock().requests.len()
    }
}

async fn serve(mut socket: tokio::net::TcpStream, reply: Reply, seen: Arc<Mutex<Seen>>) {
    let (read, mut write) = socket.split();
    let mut read = BufReader::new(read);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if read.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        read.read_exact(&mut body).await.expect("a body");
        seen.lock().requests.push((head, serde_json::from_slice(&body).expect("JSON")));
        let (pieces, ended, stalls) = match &reply {
            Reply::Status(status, body) => {
                let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = write.write_all((head + body).as_bytes()).await;
                continue;
            }
            Reply::Stream { pieces, ended } => (pieces, *ended, false),
            Reply::Stalls(pieces) => (pieces, false, true),
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let _ = write.write_all(head.as_bytes()).await;
        for piece in pieces {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            let _ = write.write_all(chunk.as_bytes()).await;
            let _ = write.flush().await;
        }
        if stalls {
            let mut rest = Vec::new();
            let _ = read.read_to_end(&mut rest).await;
            seen.lock().abandoned += 1;
            return;
        }
        if !ended {
            return;
        }
        let _ = write.write_all(b"0\r\n\r\n").await;
    }
}

fn request() -> ModelRequest {
    let text = |text: &str| Phi::new(text.to_owned());
    let call = CallMade {
        id: "c1".to_owned(),
        name: "find_slots".to_owned(),
        args: text("{\"limit\":2}"),
    };
    ModelRequest {
        model: None,
        messages: vec![
            Message::System { text: text("Be brief.") },
            Message::User { text: text("Sunday?") },
            Message::Assistant { text: text(""), calls: vec![call] },
            Message::Tool { id: "c1".to_owned(), text: text("{\"result\":\"slots\"}") },
            Message::Assistant { text: text("At nine."), calls: Vec::new() },
            Message::User { text: text("Good.") },
        ],
        tools: Arc::from([ToolDefinition {
            name: "find_slots".to_owned(),
            description: "Searches.".to_owned(),
            schema: json!({ "type": "object" }),
        }]),
        budget: Budget { max_tokens: 77, ..Budget::default() },
        begun: false,
    }
}

/// An event of the stream.
fn data(chunk: &Value) -> String {
    format!("data: {chunk}\n\n")
}

fn delta(delta: &Value) -> String {
    data(&json!({
        "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "small",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": null }],
    }))
}

fn finish(reason: &str) -> String {
    data(&json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] }))
}

fn stream(pieces: &[String]) -> Reply {
    let done = "data: [DONE]\n\n".to_owned();
    Reply::Stream { pieces: pieces.iter().cloned().chain([done]).collect(), ended: true }
}

fn said(text: &str) -> ModelEvent {
    ModelEvent::Text(Phi::new(text.to_owned()))
}

const fn broken() -> ModelEvent {
    ModelEvent::Failed(ModelFailure::Broken)
}

#[tokio::test]
async fn text_comes_piece_by_piece_and_the_request_is_what_a_server_expects() {
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 40, "completion_tokens": 5 } });
    let pieces = [
        delta(&json!({ "role": "assistant", "content": "" })),
        delta(&json!({ "content": "Good " })),
        delta(&json!({ "content": "morning." })),
        finish("stop"),
        data(&usage),
    ];
    let server = Server::start(stream(&pieces)).await;
    let done = ModelEvent::Done(Usage { prompt: 40, answer: 5 });
    assert_eq!(server.answers().await, [said("Good "), said("morning."), done]);
    let seen = server.seen.lock();
    let (head, body) = &seen.requests[0];
    assert!(head.starts_with("POST /v1/chat/completions "), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer sesame"), "{head}");
    assert_eq!(body["model"], "small");
    assert_eq!((&body["stream"], &body["max_tokens"]), (&json!(true), &json!(77)));
    assert_eq!(body["tools"][0]["function"]["name"], "find_slots");
    assert_eq!(body["tools"][0]["type"], "function");
    let messages = body["messages"].as_array().expect("messages");
    let roles: Vec<_> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
    assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], "{\"limit\":2}");
    assert_eq!(messages[2]["content"], Value::Null);
    assert_eq!(messages[3]["tool_call_id"], "c1");
}

#[tokio::test]
async fn a_request_may_name_another_model_of_the_same_endpoint() {
    let server =
        Server::start(stream(&[delta(&json!({ "content": "Yes." })), finish("stop")])).await;
    let named = ModelRequest { model: Some("quick".into()), ..request() };
    let _: Vec<ModelEvent> = server.model().stream(named).collect().await;
    assert_eq!(server.seen.lock().requests[0].1["model"], "quick");
}

#[tokio::test]
async fn calls_are_put_together_from_their_pieces() {
    let call = |index: u64, rest: Value| {
        let mut call = rest;
        call["index"] = index.into();
        delta(&json!({ "tool_calls": [call] }))
    };
    let pieces = [
        call(
            0,
            json!({ "id": "a", "type": "function", "function": { "name": "book", "arguments": "" } }),
        ),
        call(0, json!({ "function": { "arguments": "{\"off" } })),
        call(1, json!({ "id": "b", "function": { "name": "release", "arguments": "{}" } })),
        call(0, json!({ "function": { "arguments": "er\":\"1\"}" } })),
        finish("tool_calls"),
    ];
    let server = Server::start(stream(&pieces)).await;
    let made = |id: &str, name: &str, args: &str| {
        let args = Phi::new(args.to_owned());
        ModelEvent::Call(CallMade { id: id.to_owned(), name: name.to_owned(), args })
    };
    let done = ModelEvent::Done(Usage::default());
    let wanted = [made("a", "book", "{\"offer\":\"1\"}"), made("b", "release", "{}"), done];
    assert_eq!(server.answers().await, wanted);
}

#[tokio::test]
async fn what_servers_write_otherwise_is_understood_all_the_same() {
    let odd = data(&json!({
        "created": 1.5, "model": 7, "system_fingerprint": [], "usage": null, "error": null,
        "choices": [{ "delta": { "content": "Yes.", "reasoning_content": "hm", "refusal": 1 } }],
    }));
    let call = data(&json!({ "choices": [{
        "delta": { "tool_calls": [{ "function": { "name": "book", "arguments": { "offer": "1" } } }] },
        "finish_reason": "stop",
    }] }));
    let pieces =
        [": keep-alive\n\n".to_owned(), odd.replace('\n', "\r\n"), "data: {}\n\n".into(), call];
    let server = Server::start(stream(&pieces)).await;
    let args = Phi::new("{\"offer\":\"1\"}".to_owned());
    let call = CallMade { id: "call-0".to_owned(), name: "book".to_owned(), args };
    let wanted = [said("Yes."), ModelEvent::Call(call), ModelEvent::Done(Usage::default())];
    assert_eq!(server.answers().await, wanted);
}

#[tokio::test]
async fn an_answer_that_ends_without_saying_why_has_broken_off() {
    let hello = delta(&json!({ "content": "Hello" }));
    let replies = [
        stream(std::slice::from_ref(&hello)),
        Reply::Stream { pieces: vec![hello.clone()], ended: true },
        // The connection is cut within an event.
        Reply::Stream { pieces: vec![hello.clone(), "data: {\"cho".to_owned()], ended: false },
        Reply::Stream { pieces: vec![hello, "data: not json\n\n".to_owned()], ended: true },
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let server = Server::start(reply).await;
        assert_eq!(server.answers().await, [said("Hello"), broken()], "{number}");
        assert_eq!(server.requests(), 1, "{number}: nothing is tried twice");
    }
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_ends_it() {
    let hello = delta(&json!({ "content": "Hello" }));
    for (error, failure) in [
        (json!({ "message": "oops", "type": "server_error" }), ModelFailure::Broken),
        (json!({ "message": "slow down", "type": "rate_limit_error" }), ModelFailure::RateLimited),
        (json!({ "code": "context_length_exceeded" }), ModelFailure::TooLong),
        (json!("just text"), ModelFailure::Broken),
    ] {
        let pieces = [hello.clone(), data(&json!({ "error": error })), finish("stop")];
        let server = Server::start(stream(&pieces)).await;
        assert_eq!(server.answers().await, [said("Hello"), ModelEvent::Failed(failure)], "{error}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_is_asked_once() {
    let limited =
        r#"{"error":{"message":"later","type":"rate_limit_error","param":null,"code":null}}"#;
    let long =
        r#"{"error":{"message":"long","type":"x","param":null,"code":"context_length_exceeded"}}"#;
    let key = r#"{"error":{"message":"who?","type":"x","param":null,"code":"invalid_api_key"}}"#;
    for (status, body, failure) in [
        (429, limited, ModelFailure::RateLimited),
        (503, "out of order", ModelFailure::Overloaded),
        (500, "", ModelFailure::Overloaded),
        (400, long, ModelFailure::TooLong),
        (401, key, ModelFailure::Rejected),
        (404, "<html>", ModelFailure::Broken),
    ] {
        let server = Server::start(Reply::Status(status, body)).await;
        assert_eq!(server.answers().await, [ModelEvent::Failed(failure)], "{status}");
        assert_eq!(server.requests(), 1, "{status}: nothing is tried twice");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_reached() {
    let server = Server::start(Reply::Status(500, "")).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", nobody.local_addr().expect("an address"));
    drop(nobody);
    let gone = Server { url, ..server };
    assert_eq!(gone.answers().await, [ModelEvent::Failed(ModelFailure::Unreachable)]);
}

#[tokio::test]
async fn an_answer_that_is_dropped_is_given_up_at_the_server() {
    let hello = delta(&json!({ "content": "Hello" }));
    let server = Server::start(Reply::Stalls(vec![hello])).await;
    let mut answer = server.model().stream(request());
    assert_eq!(answer.next().await, Some(said("Hello")));
    assert_eq!(server.seen.lock().abandoned, 0);
    drop(answer);
    while server.seen.lock().abandoned == 0 {
        tokio::task::yield_now().await;
    }
}
