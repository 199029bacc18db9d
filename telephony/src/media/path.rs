//! Where packets go and where they may come from.
//!
//! They go to the address of the caller's SDP until a packet comes, and then to where that came from
//! (symmetric RTP, RFC 4961): behind a translator of addresses the SDP's is of no use. It must come
//! from the SDP's address or from that of the caller's SIP messages, so that nobody else can have the
//! call sent to them.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A sender that was heard keeps its place as long; then another port may take it.
const HOLD: Duration = Duration::from_millis(500);

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Path {
    /// Where the SIP messages come from.
    signalling: IpAddr,
    /// What the SDP says; `None` while nothing is to be sent there.
    told: Option<SocketAddr>,
    /// Where packets came from, and when the last one.
    heard: Option<(SocketAddr, Instant)>,
}

impl Path {
    pub(crate) const fn new(signalling: IpAddr, told: Option<SocketAddr>) -> Self {
        Self { signalling, told, heard: None }
    }

    /// The SDP says something else now.
    pub(crate) fn tell(&mut self, told: Option<SocketAddr>) {
        if told != self.told {
            self.told = told;
            self.heard = None;
        }
    }

    /// Whether a packet from there is of this call.
    pub(crate) fn accept(&mut self, now: Instant, from: SocketAddr) -> bool {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let known = from.ip() == self.signalling.to_canonical()
            || self.told.is_some_and(|told| told.ip() == from.ip());
        let taken = self
            .heard
            .is_some_and(|(heard, at)| heard != from && now.saturating_duration_since(at) < HOLD);
        if known && !taken {
            self.heard = Some((from, now));
        }
        known && !taken
    }

    /// Where packets go.
    pub(crate) fn target(&self) -> Option<SocketAddr> {
        self.told.map(|told| self.heard.map_or(told, |(heard, _)| heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn sound_goes_to_where_it_comes_from_and_strangers_are_not_heard() {
        let now = start();
        let mut path = Path::new(at("192.0.2.1:0").ip(), Some(at("10.0.0.5:4000")));
        assert_eq!(path.target(), Some(at("10.0.0.5:4000")));
        assert!(!path.accept(now, at("203.0.113.9:4000")));
        assert!(path.accept(now, at("192.0.2.1:61000")), "through a translator of addresses");
        assert_eq!(path.target(), Some(at("192.0.2.1:61000")));
        assert!(!path.accept(now, at("10.0.0.5:4000")), "somebody has the place");
        let later = now + HOLD;
        assert!(path.accept(later, at("192.0.2.1:61002")), "the translator chose another port");
        assert_eq!(path.target(), Some(at("192.0.2.1:61002")));
    }

    #[test]
    fn a_new_address_in_the_sdp_counts_at_once() {
        let now = start();
        let mut path = Path::new(at("192.0.2.1:0").ip(), Some(at("192.0.2.1:4000")));
        assert!(path.accept(now, at("192.0.2.1:4000")));
        path.tell(Some(at("192.0.2.7:5000")));
        assert_eq!(path.target(), Some(at("192.0.2.7:5000")));
        assert!(path.accept(now, at("192.0.2.7:5000")));
        path.tell(None);
        assert_eq!(path.target(), None);
    }
}
