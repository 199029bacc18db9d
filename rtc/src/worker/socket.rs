//! The connection: one WebSocket with protobuf messages.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use livekit_protocol as proto;
use prost::Message as _;
use proto::server_message::Message as FromServer;
use proto::worker_message::Message as ToServer;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::options::{WorkerError, WorkerOptions};
use super::status::PROTOCOL_VERSION;
use crate::token;

/// Longest message that is read, in bytes. Metadata has at most 64 kB.
const MAX_MESSAGE: usize = 1024 * 1024;
/// How long a message may wait for a peer that does not read.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// The token is needed only to open the connection.
const TOKEN_TTL: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Came in before the registration was confirmed.
    early: VecDeque<FromServer>,
}

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    Message(Box<FromServer>),
    /// A sign of life without content.
    Alive,
}

fn unreachable(reason: &(impl ToString + ?Sized)) -> WorkerError {
    WorkerError::Unreachable { reason: reason.to_string() }
}

impl Socket {
    /// Connects and registers; the worker's id as the server names it.
    pub(super) async fn register(options: &WorkerOptions) -> Result<(Self, String), WorkerError> {
        let limit = options.register_within;
        let silent = |_| unreachable(&format!("no answer within {} s", limit.as_secs_f32()));
        let connect = Self::connect(options);
        let mut socket = tokio::time::timeout(limit, connect).await.map_err(silent)??;
        let register = proto::RegisterWorkerRequest {
            r#type: proto::JobType::JtRoom.into(),
            agent_name: options.agent_name.clone(),
            version: options.version.clone(),
            ping_interval: u32::try_from(options.ping_every.as_secs()).unwrap_or(u32::MAX).max(1),
            allowed_permissions: Some(options.permissions.to_proto()),
            ..Default::default()
        };
        socket.send(ToServer::Register(register)).await?;
        let registered = async {
            loop {
                if let Incoming::Message(message) = socket.next().await? {
                    let FromServer::Register(reply) = *message else {
                        let reason = "its first message was not the registration".to_owned();
                        return Err(WorkerError::Protocol { reason });
                    };
                    return Ok(reply.worker_id);
                }
            }
        };
        let worker_id = tokio::time::timeout(limit, registered).await.map_err(silent)??;
        let confirmed = socket.confirm(options);
        tokio::time::timeout(limit, confirmed).await.map_err(silent)??;
        Ok((socket, worker_id))
    }

    /// The server answers the registration first and adds the worker to its list afterwards: a job
    /// that is dispatched in between finds nobody and is never offered again. It reads on only
    /// then, so the answer to a ping tells that the worker is in the list.
    async fn confirm(&mut self, options: &WorkerOptions) -> Result<(), WorkerError> {
        let timestamp = options.clock.wall().as_millisecond();
        self.send(ToServer::Ping(proto::WorkerPing { timestamp })).await?;
        let mut early = VecDeque::new();
        loop {
            match self.next().await? {
                Incoming::Alive => {}
                Incoming::Message(message) => match *message {
                    FromServer::Pong(_) => break,
                    other => early.push_back(other),
                },
            }
        }
        self.early = early;
        Ok(())
    }

    async fn connect(options: &WorkerOptions) -> Result<Self, WorkerError> {
        let token = token::agent_worker(&options.key, TOKEN_TTL)
            .map_err(|error| WorkerError::Key { reason: error.to_string() })?;
        let bad_url = |reason: String| WorkerError::Url { reason };
        let mut request = endpoint(&options.url)
            .map_err(bad_url)?
            .into_client_request()
            .map_err(|error| bad_url(error.to_string()))?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|error| WorkerError::Key { reason: error.to_string() })?;
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        // Without Nagle's algorithm: two small messages in a row would be 40 ms apart.
        match connect_async_with_config(request, Some(config), true).await {
            Ok((socket, _)) => Ok(Self { stream: socket, early: VecDeque::new() }),
            Err(tungstenite::Error::Http(response)) => Err(match response.status().as_u16() {
                status @ (401 | 403) => WorkerError::Unauthorized { status },
                status @ (404 | 405 | 426) => WorkerError::Protocol {
                    reason: format!("there is no worker endpoint (HTTP {status})"),
                },
                status => unreachable(&format!("it answered HTTP {status}")),
            }),
            Err(tungstenite::Error::Url(error)) => Err(bad_url(error.to_string())),
            Err(error) => Err(unreachable(&error)),
        }
    }

    pub(super) async fn send(&mut self, message: ToServer) -> Result<(), WorkerError> {
        let message = proto::WorkerMessage { message: Some(message) };
        self.write(Frame::binary(message.encode_to_vec())).await
    }

    /// Pings at the level of the WebSocket, which a proxy between may want to see.
    pub(super) async fn ping(&mut self) -> Result<(), WorkerError> {
        self.write(Frame::Ping(tungstenite::Bytes::new())).await
    }

    async fn write(&mut self, frame: Frame) -> Result<(), WorkerError> {
        match tokio::time::timeout(WRITE_WITHIN, self.stream.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unreachable(&error)),
            Err(_) => Err(unreachable("it does not read")),
        }
    }

    /// The next thing that comes in. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Result<Incoming, WorkerError> {
        if let Some(message) = self.early.pop_front() {
            return Ok(Incoming::Message(Box::new(message)));
        }
        match self.stream.next().await {
            Some(Ok(Frame::Binary(bytes))) => match proto::ServerMessage::decode(bytes.as_ref()) {
                Ok(proto::ServerMessage { message: Some(message) }) => {
                    Ok(Incoming::Message(Box::new(message)))
                }
                // A kind of message that this version does not know.
                Ok(_) => Ok(Incoming::Alive),
                Err(error) => {
                    tracing::warn!(%error, "unreadable message from the server");
                    Ok(Incoming::Alive)
                }
            },
            Some(Ok(Frame::Close(_))) | None => Err(unreachable("it closed the connection")),
            Some(Ok(_)) => Ok(Incoming::Alive),
            Some(Err(error)) => Err(unreachable(&error)),
        }
    }

    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(WRITE_WITHIN, self.stream.close(None)).await;
    }
}

/// The worker endpoint of a server's URL.
fn endpoint(url: &str) -> Result<String, String> {
    let parsed = url::Url::parse(url).map_err(|error| error.to_string())?;
    let scheme = match parsed.scheme() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err("its scheme is not ws, wss, http or https".to_owned()),
    };
    let host = parsed.host_str().ok_or("it names no host")?;
    let port = parsed.port().map_or_else(String::new, |port| format!(":{port}"));
    let path = parsed.path().trim_end_matches('/');
    Ok(format!("{scheme}://{host}{port}{path}/agent?protocol={PROTOCOL_VERSION}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::token::ApiKey;

    #[test]
    fn the_endpoint_is_found_from_any_form_of_the_url() {
        for (url, expected) in [
            ("ws://127.0.0.1:7880", "ws://127.0.0.1:7880/agent?protocol=1"),
            ("http://localhost:7880/", "ws://localhost:7880/agent?protocol=1"),
            ("https://x.example/base/", "wss://x.example/base/agent?protocol=1"),
            ("wss://[::1]:443", "wss://[::1]/agent?protocol=1"),
        ] {
            assert_eq!(endpoint(url).as_deref(), Ok(expected));
        }
        for url in ["", "localhost:7880", "ftp://x", "not a url"] {
            assert!(endpoint(url).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_wss_url_speaks_tls_from_the_first_byte() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let key = ApiKey::new("key", "a secret of at least thirty-two characters");
        let options = WorkerOptions::new(format!("wss://127.0.0.1:{port}"), key, "a");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.read_u8().await.expect("a byte")
        };
        let (first, registered) = tokio::join!(server, Socket::register(&options));
        assert_eq!(first, 0x16, "the type of a TLS handshake record");
        assert!(matches!(registered, Err(WorkerError::Unreachable { .. })));
    }
}
