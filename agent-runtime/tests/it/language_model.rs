//! Calls that a language model holds, behind an endpoint of our own that speaks the wire format;
//! and that the built-in dialogue goes on with where it is down, slow or breaks off.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use parking_lot::Mutex;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::desk::Desk;

/// How the endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As a model that is of use.
    Works,
    /// With an error.
    Down,
    /// Never.
    Slow,
    /// It breaks off in the middle of a sentence, once the patient is known.
    BreaksOff,
}

/// How it answers, and how often it was asked.
#[derive(Clone)]
struct Endpoint(Arc<Mutex<(Manner, usize)>>);

impl Endpoint {
    async fn start() -> (Self, String, JoinSet<()>) {
        let endpoint = Self(Arc::new(Mutex::new((Manner::Works, 0))));
        let path = "/v1/chat/completions";
        let router = Router::new().route(path, post(complete)).with_state(endpoint.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.expect("serves") });
        (endpoint, url, serving)
    }

    /// From now on it answers so; gives how often it was asked before.
    fn set(&self, manner: Manner) -> usize {
        let mut state = self.0.lock();
        state.0 = manner;
        std::mem::take(&mut state.1)
    }
}

async fn complete(State(endpoint): State<Endpoint>, body: String) -> Response {
    let manner = {
        let mut state = endpoint.0.lock();
        state.1 += 1;
        state.0
    };
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let messages = body["messages"].as_array().expect("messages");
    let (text, call) = receptionist(messages);
    let known = messages.iter().any(|message| message["role"] == "tool");
    let stream = match manner {
        Manner::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Manner::Slow => std::future::pending().await,
        Manner::BreaksOff if known => chunk(&json!({ "content": "On Thursday morn" }), None),
        _ => {
            let first = match &call {
                Some((name, args)) => {
                    let function = json!({ "name": name, "arguments": args.to_string() });
                    let call = json!({ "index": 0, "id": "c", "function": function });
                    chunk(&json!({ "tool_calls": [call] }), None)
                }
                None => chunk(&json!({ "content": text }), None),
            };
            let reason = if call.is_some() { "tool_calls" } else { "stop" };
            format!("{first}{}data: [DONE]\n\n", chunk(&json!({}), Some(reason)))
        }
    };
    ([(header::CONTENT_TYPE, "text/event-stream")], stream).into_response()
}

fn chunk(delta: &Value, reason: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
    format!("data: {}\n\n", json!({ "object": "chat.completion.chunk", "choices": [choice] }))
}

/// What a model that is of use says next, or which tool it calls.
fn receptionist(messages: &[Value]) -> (String, Option<(&'static str, Value)>) {
    let last = messages.last().expect("a message");
    let content = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let results = || {
        let tools = messages.iter().rev().filter(|message| message["role"] == "tool");
        tools.filter_map(|message| serde_json::from_str::<Value>(&content(message)).ok())
    };
    let say = |text: &str| (text.to_owned(), None);
    let call = |name, args| (String::new(), Some((name, args)));
    if last["role"] == "tool" {
        let result = results().next().expect("a result");
        return match result["result"].as_str() {
            Some("identified") => call(
                "find_slots",
                json!({
                    "specialty": "cardiology", "part_of_day": "morning",
                    "from": "2026-06-11", "to": "2026-06-11",
                }),
            ),
            Some("slots") => {
                let offer = &result["offers"][0];
                let (doctor, time) = (&offer["doctor"], &offer["time"]);
                let (doctor, time) = (doctor.as_str().expect("one"), time.as_str().expect("one"));
                say(&format!("There is {time} with Dr. {doctor}, or later. Which one do you like?"))
            }
            Some("booked") => {
                let reference = result["reference"].as_str().expect("one");
                say(&format!("It is booked, reference {reference}. Is there anything else?"))
            }
            other => say(&format!("That did not work: {other:?}.")),
        };
    }
    match content(last) {
        words if words.contains("cardiologist") => say("Of course. What is your full name?"),
        words if words.contains("Mary Johnson") => say("Thank you. And your date of birth?"),
        words if words.contains("March") => call(
            "identify_patient",
            json!({ "full_name": "Mary Johnson", "date_of_birth": "1984-03-12" }),
        ),
        words if words.contains("first of those") => {
            let slots = results().find(|result| result["result"] == "slots").expect("offers");
            call("book", json!({ "offer": slots["offers"][0]["offer"] }))
        }
        _ => say("Excuse me, what was that?"),
    }
}

#[tokio::test]
async fn a_model_books_and_where_it_is_down_slow_or_breaks_off_the_forms_do() {
    let (endpoint, url, _serving) = Endpoint::start().await;
    let desk = Desk::new()
        .with("FRONTDESK_ANNOUNCE", "1")
        .with("FRONTDESK_ALLOW_CALL_CLOCK", "1")
        .with("FRONTDESK_LLM_URL", url)
        .with("FRONTDESK_LLM_MODEL", "small")
        .with("FRONTDESK_LLM_KEY", "sesame");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let scenario = format!("{root}/books_a_cardiologist_tomorrow.yaml");
    for manner in [Manner::Works, Manner::Down, Manner::Slow, Manner::BreaksOff] {
        endpoint.set(manner);
        let failures = serve.log().matches("model failed").count();
        let output = desk.run(&["call", "--scenario", &scenario, "--channel", "text"]).await;
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{manner:?}: {text}\n{}", serve.log());
        let failed = serve.log().matches("model failed").count() - failures;
        assert_eq!(failed, usize::from(manner != Manner::Works), "{manner:?}: {}", serve.log());
        assert!(endpoint.set(manner) > 0, "{manner:?}: it was asked");
    }
    assert!(!serve.log().contains("sesame"), "the key is in no log");
    assert!(!serve.log().contains("Johnson"), "nor is anybody's name");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
}
