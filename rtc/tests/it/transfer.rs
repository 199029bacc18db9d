//! A telephone caller is transferred by the server's API, which here is a small server that speaks
//! its wire format: the real one needs a telephone bridge.

use std::sync::Arc;

use frontdesk_line::{Line, LineError, LineEvent, Transfer};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::ApiKey;
use frontdesk_rtc::{Room, RoomOptions};
use frontdesk_types::Phi;
use livekit_protocol::TransferSipParticipantRequest;
use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::line::{connected_with, phone};
use crate::support::{KEY, SECRET, Server, eventually, token};

const OK: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\nContent-Length: 0\r\n\r\n";

/// Answers one request with `answer`, and tells what was asked.
async fn api(
    answer: String,
) -> (ServerApi, mpsc::Receiver<(String, TransferSipParticipantRequest)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (tell, asked) = mpsc::channel(1);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut read = Vec::new();
        let (head, body) = loop {
            socket.read_buf(&mut read).await.expect("a request");
            let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
            let length = head.split("content-length: ").nth(1).expect("a length");
            let length: usize = length.split("\r\n").next().unwrap_or(length).parse().expect("one");
            if read.len() >= end + 4 + length {
                break (head, read[end + 4..end + 4 + length].to_vec());
            }
        };
        let request = TransferSipParticipantRequest::decode(&*body).expect("a request");
        tell.send((head, request)).await.expect("the test listens");
        socket.write_all(answer.as_bytes()).await.expect("answered");
    });
    (ServerApi::new(&url, &ApiKey::new(KEY, SECRET)), asked)
}

async fn line_with(server: &Server, api: ServerApi, caller: String) -> (Arc<dyn Line>, Room) {
    let (line, told) = connected_with(server, "transfer", None, Some(Arc::new(api))).await;
    let (caller, _events) =
        Room::connect(RoomOptions::new(server.url(), caller)).await.expect("joins");
    let here = || told.lock().iter().any(|event| matches!(event, LineEvent::CallerHere(_)));
    eventually("the caller is known", here).await;
    (line, caller)
}

fn desk() -> Transfer {
    Transfer { to: Phi::new("+20235550199".to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_caller_is_transferred_by_the_servers_api() {
    let server = Server::start().await;
    let (api, mut asked) = api(OK.to_owned()).await;
    let (line, caller) = line_with(&server, api, phone("transfer")).await;
    assert!(line.abilities().transfer);
    line.transfer(desk()).await.expect("somebody took it");
    let (head, request) = asked.recv().await.expect("asked");
    assert!(head.starts_with("post /twirp/livekit.sip/transfersipparticipant"), "{head}");
    assert!(head.contains("authorization: bearer "), "{head}");
    assert_eq!(request.room_name, "transfer");
    assert_eq!(request.participant_identity, "sip_+201005500012");
    assert_eq!(request.transfer_to, "tel:+20235550199");
    caller.close().await;
    line.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_nobody_takes_is_told_and_the_line_stays() {
    let server = Server::start().await;
    let body = r#"{"code":"unavailable","msg":"call transfer failed: 486 busy"}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (api, _asked) = api(answer).await;
    let (line, caller) = line_with(&server, api, phone("transfer")).await;
    let error = line.transfer(desk()).await.expect_err("nobody took it");
    assert!(matches!(error, LineError::Failed(_)), "{error}");
    assert!(error.to_string().contains("486 busy"), "{error}");
    assert!(caller.participants().iter().any(|p| p.identity == "agent"), "the line is there");
    caller.close().await;
    line.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_in_a_browser_cannot_be_transferred() {
    let server = Server::start().await;
    let (api, _asked) = api(OK.to_owned()).await;
    let browser = token("transfer", "caller", "standard");
    let (line, caller) = line_with(&server, api, browser).await;
    assert!(!line.abilities().transfer);
    let error = line.transfer(desk()).await.expect_err("cannot");
    assert!(matches!(error, LineError::Unable(_)), "{error}");
    caller.close().await;
    line.hang_up().await;
}
