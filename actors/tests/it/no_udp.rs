//! A LiveKit server whose media cannot be reached: signalling passes through, but every ICE
//! candidate that one side tells the other leads to a socket that nobody reads.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::LazyLock;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use regex::bytes::{Captures, Regex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::{Error, Message, client::IntoClientRequest};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// Address and port of a candidate, in an SDP or in a trickled one.
static CANDIDATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<host>127\.0\.0\.1 )(?P<port>[0-9]{4,5})(?P<kind> typ )")
        .expect("an expression")
});

/// See the module's documentation.
pub(crate) struct NoUdp {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl NoUdp {
    /// In front of the server whose signalling is at `url`.
    pub(crate) async fn in_front_of(url: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let url = url.to_owned();
        // Ports stay taken, so that what is sent there is dropped and not refused.
        let holes = [Hole::dug(5), Hole::dug(4)];
        let task = tokio::spawn(async move {
            let mut passing = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let ports = holes.each_ref().map(|hole| hole.port.clone());
                passing.spawn(pass(client, url.clone(), ports));
            }
        });
        Self { address, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

impl Drop for NoUdp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A UDP port that swallows everything.
struct Hole {
    port: String,
    _socket: UdpSocket,
}

impl Hole {
    /// With a number of so many digits: messages keep their lengths.
    fn dug(digits: usize) -> Self {
        let range = if digits == 5 { 20_000..30_000_u16 } else { 5_000..10_000 };
        let socket = range
            .clone()
            .find_map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok())
            .expect("a free port");
        let port = socket.local_addr().expect("an address").port().to_string();
        Self { port, _socket: socket }
    }
}

async fn pass(client: TcpStream, url: String, holes: [String; 2]) {
    let mut asked = None;
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    let note = |request: &Request, response: Response| {
        let path = request.uri().path_and_query().map(|path| path.as_str().to_owned());
        asked = Some((path.unwrap_or_default(), request.headers().get(AUTHORIZATION).cloned()));
        Ok(response)
    };
    let Ok(client) = accept_hdr_async(client, note).await else { return };
    let Some((path, authorization)) = asked else { return };
    let mut request = format!("{url}{path}").into_client_request().expect("a request");
    request.headers_mut().extend(authorization.map(|token| (AUTHORIZATION, token)));
    let Ok((server, _)) = connect_async(request).await else { return };
    let (to_client, from_client) = client.split();
    let (to_server, from_server) = server.split();
    tokio::select! {
        () = forward(from_client, to_server, &holes) => {}
        () = forward(from_server, to_client, &holes) => {}
    }
}

async fn forward(
    mut from: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut to: impl Sink<Message, Error = Error> + Unpin,
    holes: &[String; 2],
) {
    while let Some(Ok(message)) = from.next().await {
        let message = match message {
            Message::Binary(bytes) => Message::Binary(astray(&bytes, holes).into()),
            other => other,
        };
        if to.send(message).await.is_err() {
            return;
        }
    }
}

/// The message with every candidate led astray.
fn astray(message: &[u8], holes: &[String; 2]) -> Vec<u8> {
    let replaced = CANDIDATE.replace_all(message, |found: &Captures<'_>| {
        let [five, four] = holes;
        let hole = if found["port"].len() == 5 { five } else { four };
        [&found["host"], hole.as_bytes(), &found["kind"]].concat()
    });
    replaced.into_owned()
}
