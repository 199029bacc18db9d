//! The WebSocket under LiveKit's signalling, with Nagle's algorithm off.
//!
//! livekit-net 0.1.4 leaves it on: of two small messages in a row the second waits until the server
//! has acknowledged the first, which a server that has nothing to say does after 40 ms. A participant
//! pays that in each of its negotiations. Everything else is as in livekit-net; where a proxy is
//! configured, its own client is used, which can speak to one.

use std::sync::{Arc, Once};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use livekit_net::{Header, TransportError, WsClient, WsConnectResult, WsConnection};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Has LiveKit's crates use this socket, from the first call on. A client that the program has
/// registered before stays.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let other = livekit_net::ws_client();
        livekit_net::set_ws_client(Arc::new(Client { other }));
    });
}

struct Client {
    /// For what this one does not do.
    other: Option<Arc<dyn WsClient>>,
}

#[async_trait]
impl WsClient for Client {
    async fn connect(
        &self,
        url: String,
        headers: Vec<Header>,
        timeout_ms: u64,
    ) -> Result<WsConnectResult, TransportError> {
        if let Some(other) = self.other.as_ref().filter(|_| has_proxy()) {
            return other.connect(url, headers, timeout_ms).await;
        }
        let limit = Duration::from_millis(timeout_ms);
        let socket = tokio::time::timeout(limit, open(&url, &headers)).await;
        let (writer, reader) = socket.map_err(|_| TransportError::Timeout)??.split();
        let connection = Connection { writer: Mutex::new(writer), reader: Mutex::new(reader) };
        Ok(WsConnectResult { connection: Arc::new(connection) })
    }
}

/// Whether livekit-net would go through a proxy.
#[expect(clippy::disallowed_methods, reason = "the same variables that livekit-net reads")]
fn has_proxy() -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

async fn open(url: &str, headers: &[Header]) -> Result<Socket, TransportError> {
    let mut request = url.into_client_request().map_err(failed)?;
    for header in headers {
        let bad = |_| TransportError::Other("a header of the signalling request is bad".to_owned());
        let name: HeaderName = header.name.parse().map_err(|_| bad(()))?;
        let value = HeaderValue::from_str(&header.value).map_err(|_| bad(()))?;
        request.headers_mut().insert(name, value);
    }
    let nagle_off = true;
    let opened = connect_async_with_config(request, None, nagle_off).await;
    opened.map(|(socket, _)| socket).map_err(failed)
}

fn failed(error: WsError) -> TransportError {
    match error {
        WsError::Http(response) => TransportError::Http { status: response.status().as_u16() },
        error => TransportError::Connection(error.to_string()),
    }
}

struct Connection {
    writer: Mutex<SplitSink<Socket, Message>>,
    reader: Mutex<SplitStream<Socket>>,
}

#[async_trait]
impl WsConnection for Connection {
    async fn send(&self, frame: Vec<u8>) -> Result<(), TransportError> {
        self.writer.lock().await.send(Message::Binary(frame.into())).await.map_err(failed)
    }

    async fn recv(&self) -> Result<Option<Vec<u8>>, TransportError> {
        let mut reader = self.reader.lock().await;
        loop {
            match reader.next().await {
                Some(Ok(Message::Binary(data))) => return Ok(Some(data.to_vec())),
                Some(Ok(Message::Ping(payload))) => {
                    // A peer that cannot be answered is found out by the next read.
                    let _ = self.writer.lock().await.send(Message::Pong(payload)).await;
                }
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(Message::Text(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) if is_end(&error) => return Ok(None),
                Some(Err(error)) => return Err(failed(error)),
            }
        }
    }

    async fn close(&self) {
        let _ = self.writer.lock().await.close().await;
    }
}

/// Whether the error says only that the peer is gone.
fn is_end(error: &WsError) -> bool {
    match error {
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => true,
        WsError::Io(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    use super::*;

    #[tokio::test]
    async fn the_socket_waits_for_no_acknowledgement_and_carries_binary_messages() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}/rtc", listener.local_addr().expect("an address"));
        let server = async {
            let (stream, _) = listener.accept().await.expect("a caller");
            let mut socket = accept_async(stream).await.expect("a handshake");
            let heard = socket.next().await.expect("a message").expect("whole");
            socket.send(heard).await.expect("sent");
            socket.close(None).await.expect("closed");
        };
        let client = async {
            let socket = open(&url, &[]).await.expect("opens");
            let MaybeTlsStream::Plain(stream) = socket.get_ref() else { panic!("plain") };
            assert!(stream.nodelay().expect("known"));
            let (writer, reader) = socket.split();
            let connection = Connection { writer: Mutex::new(writer), reader: Mutex::new(reader) };
            connection.send(vec![1, 2, 3]).await.expect("sent");
            assert_eq!(connection.recv().await.expect("answered"), Some(vec![1, 2, 3]));
            assert_eq!(connection.recv().await.expect("closed"), None);
        };
        tokio::join!(server, client);
    }

    #[tokio::test]
    async fn a_server_that_refuses_is_told_with_its_status() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}/rtc", listener.local_addr().expect("an address"));
        let server = async {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut asked = [0; 1024];
            let _ = stream.read(&mut asked).await.expect("asked");
            let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.expect("answered");
        };
        let (_, opened) = tokio::join!(server, open(&url, &[]));
        assert!(matches!(opened, Err(TransportError::Http { status: 401 })));
    }
}
