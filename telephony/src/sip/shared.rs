//! What every call shares, and what is known of one before it is decided on.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use rsipstack::dialog::dialog_layer::DialogLayer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::headers::Attempt;
use super::sdp::Offer;
use crate::media::Ports;
use crate::reception::Reception;

/// What every call shares.
pub(crate) struct Shared {
    pub(crate) dialogs: DialogLayer,
    pub(crate) ports: Ports,
    /// Where sound and where everything else runs.
    pub(crate) media: tokio::runtime::Handle,
    pub(crate) main: tokio::runtime::Handle,
    pub(crate) tasks: TaskTracker,
    pub(crate) calls: AtomicUsize,
    pub(crate) sockets: AtomicUsize,
    pub(crate) reception: Arc<dyn Reception>,
    pub(crate) listen: SocketAddr,
    pub(crate) attempts: Mutex<HashSet<Attempt>>,
    pub(crate) draining: AtomicBool,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// Runs until the telephone is closed, at most.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let work = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        };
        self.tasks.spawn_on(work, &self.main);
    }

    /// Our address as `peer` sees it.
    pub(crate) fn local_ip(&self, peer: SocketAddr) -> IpAddr {
        let ip = self.listen.ip();
        if !ip.is_unspecified() {
            return ip;
        }
        // Connecting a datagram socket sends nothing; it finds the way there.
        let found = UdpSocket::bind(SocketAddr::new(ip, 0)).and_then(|socket| {
            socket.connect(peer)?;
            socket.local_addr()
        });
        found.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

/// The attempt to call that is under way.
pub(crate) struct Attempted {
    pub(crate) shared: Arc<Shared>,
    pub(crate) attempt: Attempt,
}

impl Drop for Attempted {
    fn drop(&mut self) {
        self.shared.attempts.lock().remove(&self.attempt);
    }
}

/// An INVITE that may be decided on.
pub(crate) struct Invited {
    pub(crate) attempted: Attempted,
    /// Where it came from.
    pub(crate) peer: SocketAddr,
    /// What it offers; nothing if the offer is to be ours.
    pub(crate) offer: Option<Offer>,
}
