#!/usr/bin/env bash
# async-openai writes the whole content of a chunk that it cannot parse to the log, at level error. A
# compatible server that sends one unusual field (a time with decimals) is enough, and the content is
# what was said in a conversation.
#
# Seen with async-openai 0.43.0, tracing-subscriber 0.3, Rust 1.95:
#   the log holds the words: true
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "logged"
version = "0.1.0"
edition = "2024"

[dependencies]
async-openai = { version = "=0.43.0", default-features = false, features = ["chat-completion"] }
futures-util = "0.3"
rustls = { version = "0.23", default-features = false, features = ["ring"] }
serde_json = "1"
tokio = { version = "1", features = ["io-util", "macros", "net", "rt-multi-thread"] }
tracing-subscriber = "0.3"
TOML
cat >src/main.rs <<'RUST'
use std::io::Write;
use std::sync::{Arc, Mutex};

use async_openai::{Client, config::OpenAIConfig};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).init();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4096]).await;
        let chunk = r#"{"id":"1","object":"chat.completion.chunk","created":1.5,"model":"m","choices":[{"index":0,"delta":{"content":"words of a patient"},"finish_reason":null}]}"#;
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {chunk}\n\n");
        socket.write_all(answer.as_bytes()).await.unwrap();
    });
    let config = OpenAIConfig::new().with_api_base(url).with_api_key("none");
    let request = serde_json::from_value(serde_json::json!({
        "model": "m", "stream": true, "messages": [{ "role": "user", "content": "hello" }],
    }));
    let client = Client::with_config(config);
    let mut stream = client.chat().create_stream(request.unwrap()).await.unwrap();
    while stream.next().await.is_some() {}
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    println!("the log holds the words: {}", log.contains("words of a patient"));
}
RUST
said=$(cargo run --quiet)
printf '%s\n' "$said"
if [ "$said" != "the log holds the words: true" ]; then
    echo "this has changed: async_openai=off in agent-runtime/src/telemetry.rs may not be needed any more"
    exit 1
fi
