//! The connections of the HTTP listener: how many there may be, and how long one may say nothing.
//!
//! Whoever can reach the port can open connections and say nothing on them. They must not take the
//! descriptors that calls need: beyond [`Limits::connections`] the oldest on which nothing is being
//! answered is closed for the new one, and one that sends no request within [`Limits::silence`] is closed.
//! A connection that became a WebSocket is no longer counted here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// After an accept that failed, most likely for want of descriptors: until some are free again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long an idle connection may take to send what is left in its buffers.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) connections: usize,
    /// How long a connection may take to send the head of its next request.
    pub(crate) silence: Duration,
    /// How long a request may take to be answered, its body included.
    pub(crate) answer: Duration,
}

impl Limits {
    /// For a process that may have `descriptors` open files: an eighth of them, since calls need
    /// some six each, and never more than 512.
    #[must_use]
    pub(crate) fn of(descriptors: u64) -> Self {
        let connections = usize::try_from(descriptors / 8).unwrap_or(usize::MAX).clamp(16, 512);
        Self { connections, silence: Duration::from_secs(15), answer: Duration::from_secs(60) }
    }
}

/// One connection, as the others see it.
#[derive(Default)]
struct Connection {
    /// Requests that are being answered.
    busy: AtomicUsize,
    close: Notify,
}

/// The connections there are, the oldest first.
#[derive(Default)]
struct Connections {
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

impl Connections {
    /// Enters a connection; closes the oldest idle one if there are too many. `None` if all are
    /// busy: then the new one is not served.
    fn enter(&self, id: u64, limits: Limits) -> Option<Arc<Connection>> {
        let mut open = self.open.lock();
        if open.len() >= limits.connections {
            let idle = open.iter().find(|(_, other)| other.busy.load(Ordering::SeqCst) == 0);
            let oldest = idle.map(|(id, _)| *id)?;
            if let Some(connection) = open.remove(&oldest) {
                connection.close.notify_one();
            }
        }
        let connection = Arc::new(Connection::default());
        open.insert(id, Arc::clone(&connection));
        Some(connection)
    }

    fn leave(&self, id: u64) {
        self.open.lock().remove(&id);
    }
}

/// Counts a request for as long as it lives.
struct Busy(Arc<Connection>);

impl Busy {
    fn new(connection: &Arc<Connection>) -> Self {
        connection.busy.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(connection))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves `router` on the connections of `listener` until `stop` says so (or is gone); then takes
/// no more and comes back when those that are being answered are.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections::default());
    let mut tasks = JoinSet::new();
    let mut next = 0_u64;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = tasks.join_next() => continue,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        next += 1;
        let id = next;
        let Some(connection) = connections.enter(id, limits) else { continue };
        let _ = socket.set_nodelay(true);
        let (router, connections, stop) = (router.clone(), Arc::clone(&connections), stop.clone());
        tasks.spawn(async move {
            one(socket, peer, router, limits, &connection, stop).await;
            connections.leave(id);
        });
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn one(
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    connection: &Arc<Connection>,
    mut stop: watch::Receiver<bool>,
) {
    let inner = TowerToHyperService::new(router);
    let counted = Arc::clone(connection);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let busy = Busy::new(&counted);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = inner.call(request);
        async move {
            let answered = tokio::time::timeout(limits.answer, answer).await;
            drop(busy);
            answered.unwrap_or_else(|_| {
                let mut late = Response::new(Body::empty());
                *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
                Ok::<_, Infallible>(late)
            })
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.silence)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        // A client that goes away or stays silent is no error of ours.
        _ = serving.as_mut() => return,
        () = connection.close.notified() => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    // What is being answered is answered; then the connection is closed. A client that does not
    // read what is left for it is not waited for.
    serving.as_mut().graceful_shutdown();
    let busy = connection.busy.load(Ordering::SeqCst) > 0;
    let patience = if busy { limits.answer } else { CLOSE_PATIENCE };
    let _ = tokio::time::timeout(patience, serving).await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

    async fn served(limits: Limits) -> (SocketAddr, watch::Sender<bool>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        );
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(serve(listener, router, limits, stopped));
        (address, stop)
    }

    async fn ask(socket: &mut TcpStream) -> String {
        socket.write_all(REQUEST).await.expect("sent");
        let mut answer = vec![0; 1024];
        let length = socket.read(&mut answer).await.expect("answered");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    fn limits(connections: usize, silence: Duration) -> Limits {
        Limits { connections, silence, answer: Duration::from_secs(60) }
    }

    /// Whether the other side has closed it.
    async fn is_closed(socket: &mut TcpStream) -> bool {
        matches!(socket.read(&mut [0]).await, Ok(0) | Err(_))
    }

    #[tokio::test]
    async fn the_oldest_idle_connection_is_closed_for_a_new_one() {
        let (address, _stop) = served(limits(3, Duration::from_secs(600))).await;
        let mut sockets = Vec::new();
        for _ in 0..5 {
            let mut socket = TcpStream::connect(address).await.expect("connected");
            // Asked once, so that the server has taken it before the next one comes.
            assert!(ask(&mut socket).await.starts_with("HTTP/1.1 200"));
            sockets.push(socket);
        }
        assert!(is_closed(&mut sockets[0]).await && is_closed(&mut sockets[1]).await);
        for socket in &mut sockets[2..] {
            let own = socket.local_addr().expect("an address").to_string();
            assert!(ask(socket).await.ends_with(&own), "the handler sees who asks");
        }
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed() {
        let (address, _stop) = served(limits(3, Duration::from_millis(20))).await;
        let mut silent = TcpStream::connect(address).await.expect("connected");
        assert!(is_closed(&mut silent).await);
        let mut asked = TcpStream::connect(address).await.expect("connected");
        assert!(ask(&mut asked).await.starts_with("HTTP/1.1 200"));
        assert!(is_closed(&mut asked).await, "one that was answered may not stay for ever either");
    }

    #[tokio::test]
    async fn a_listener_that_stops_closes_idle_connections() {
        let (address, stop) = served(limits(3, Duration::from_secs(600))).await;
        let mut socket = TcpStream::connect(address).await.expect("connected");
        assert!(ask(&mut socket).await.starts_with("HTTP/1.1 200"));
        stop.send_replace(true);
        assert!(is_closed(&mut socket).await);
        assert!(TcpStream::connect(address).await.is_err());
    }
}
