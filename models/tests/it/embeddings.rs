//! An embedding endpoint as a server of our own writes it on the wire, and everything that goes
//! wrong.

use frontdesk_models::embed::openai::OpenAiEmbedder;
use frontdesk_models::embed::{EmbedFailure, Embedder};
use frontdesk_models::openai::OpenAiSettings;
use frontdesk_types::Phi;
use serde_json::json;

use crate::openai::{Reply, Server};

async fn embeds(url: &str) -> Result<Vec<Vec<f32>>, EmbedFailure> {
    let settings = OpenAiSettings {
        url: url.to_owned(),
        model: "small".to_owned(),
        key: Some(Phi::new("sesame".to_owned())),
    };
    let model = OpenAiEmbedder::new(&settings).expect("a model");
    let texts = ["one", "two"].map(|text| Phi::new(text.to_owned()));
    model.embed(texts.into()).await
}

#[tokio::test]
async fn texts_are_sent_with_model_and_key_and_come_back_as_vectors() {
    let answer = r#"{"object": "list", "model": "small", "usage": {"total_tokens": 2}, "data": [
        {"object": "embedding", "index": 1, "embedding": [0, 1]},
        {"object": "embedding", "index": 0, "embedding": [0.25, -1.5e-1]}]}"#;
    let server = Server::start(Reply::Status(200, answer)).await;
    assert_eq!(embeds(&server.url).await, Ok(vec![vec![0.25, -0.15], vec![0.0, 1.0]]));
    let seen = server.seen.lock();
    let [(head, body)] = seen.requests.as_slice() else { panic!("one request") };
    assert!(head.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer sesame\r\n"), "{head}");
    assert_eq!(*body, json!({ "model": "small", "input": ["one", "two"] }));
}

#[tokio::test]
async fn what_goes_wrong_is_told_and_tried_once() {
    for (status, body, failure) in [
        (401, r#"{"error": {"message": "no such key"}}"#, EmbedFailure::Rejected),
        (404, r#"{"error": {"message": "no such model"}}"#, EmbedFailure::Rejected),
        (404, "nothing here", EmbedFailure::Broken),
        (429, r#"{"error": {"message": "slowly"}}"#, EmbedFailure::Overloaded),
        (503, "", EmbedFailure::Overloaded),
        (200, "not JSON", EmbedFailure::Broken),
        (200, r#"{"data": []}"#, EmbedFailure::Broken),
        (200, r#"{"data": [{"embedding": [1]}]}"#, EmbedFailure::Broken),
    ] {
        let server = Server::start(Reply::Status(status, body)).await;
        assert_eq!(embeds(&server.url).await, Err(failure), "{status} {body}");
        assert_eq!(server.seen.lock().requests.len(), 1, "{status}: it is not tried again");
    }
    assert_eq!(embeds("http://127.0.0.1:1/v1").await, Err(EmbedFailure::Unreachable));
}
