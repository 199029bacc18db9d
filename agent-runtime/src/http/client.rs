//! Who asks: address and scheme of a request, as far as they can be believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Networks;

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    /// The nearest address that is no trusted proxy's.
    pub(super) address: IpAddr,
    /// Whether the browser speaks HTTPS, with a trusted proxy that ends it.
    pub(super) https: bool,
}

impl Client {
    /// Headers count only as far as trusted proxies wrote them: each adds the address that it was
    /// asked from at the end of `X-Forwarded-For`.
    pub(super) fn of(peer: SocketAddr, headers: &HeaderMap, proxies: &Networks) -> Self {
        let mut address = peer.ip().to_canonical();
        if !proxies.contains(address) {
            return Self { address, https: false };
        }
        let text = |name| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).map(str::trim).collect::<Vec<_>>()
        };
        for hop in text("x-forwarded-for").into_iter().rev() {
            let Some(hop) = parse(hop) else { break };
            address = hop;
            if !proxies.contains(address) {
                break;
            }
        }
        let https = text("x-forwarded-proto").last().is_some_and(|proto| *proto == "https");
        Self { address, https }
    }

    /// What is counted as one caller's address: of IPv6 a /64, which is one household's.
    pub(super) fn network(&self) -> u128 {
        match self.address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        }
    }
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let address = hop.parse::<IpAddr>().ok();
    let address = address.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> Client {
        let proxies = Networks::parse("10.0.0.0/8, ::1").expect("networks");
        let mut all = HeaderMap::new();
        for &(name, value) in headers {
            all.append(name, value.parse().expect("a header"));
        }
        Client::of(SocketAddr::new(peer.parse().expect("an address"), 1), &all, &proxies)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn nobody_but_a_trusted_proxy_says_who_asks() {
        let forged = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")];
        let stranger = client("203.0.113.9", &forged);
        assert_eq!(stranger, Client { address: address("203.0.113.9"), https: false });
        let proxied = client("10.0.0.1", &forged);
        assert_eq!(proxied, Client { address: address("1.2.3.4"), https: true });
    }

    #[test]
    fn the_nearest_address_that_is_no_proxy_counts() {
        // The first is what the client claims, the last but one a proxy of ours.
        let hops = [("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")];
        assert_eq!(client("::1", &hops).address, address("203.0.113.9"));
        let port = [("x-forwarded-for", "203.0.113.9:5061")];
        assert_eq!(client("::ffff:10.0.0.1", &port).address, address("203.0.113.9"));
        let nonsense = [("x-forwarded-for", "6.6.6.6, unknown")];
        assert_eq!(client("10.0.0.1", &nonsense).address, address("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[]).address, address("10.0.0.1"));
    }

    #[test]
    fn addresses_of_one_household_are_one() {
        let network = |peer: &str| client(peer, &[]).network();
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("203.0.113.9"), network("203.0.113.8"));
        assert_eq!(network("203.0.113.9"), network("::ffff:203.0.113.9"));
    }
}
