//! Which local address media is bound to.
//!
//! One UDP socket per peer connection (the server tells connections behind its one UDP port apart
//! by our address, so two connections cannot share a socket). It is bound to the address from which
//! the kernel routes to the server's signalling host: loopback for a loopback server, the right
//! interface otherwise. No interface is enumerated; behind a NAT the server learns the outer
//! address from our connectivity checks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{UdpSocket, lookup_host};

use crate::RtcError;

/// The local address that reaches the host of `url`.
pub(super) async fn local_address(url: &str) -> Result<IpAddr, RtcError> {
    let bad = |reason: &str| RtcError::Url { reason: reason.to_owned() };
    let url = url::Url::parse(url).map_err(|e| bad(&e.to_string()))?;
    if !matches!(url.scheme(), "ws" | "wss" | "http" | "https") {
        return Err(bad("its scheme is not ws, wss, http or https"));
    }
    let host = url.host_str().ok_or_else(|| bad("it names no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or(80);
    let unreachable = |reason: String| RtcError::Unreachable { reason };
    let mut targets: Vec<SocketAddr> = lookup_host((host, port))
        .await
        .map_err(|e| unreachable(format!("the name {host} does not resolve: {e}")))?
        .collect();
    // The server's media addresses are IPv4 by default.
    targets.sort_by_key(SocketAddr::is_ipv6);
    for target in &targets {
        if let Some(local) = routed_from(*target).await {
            return Ok(local);
        }
    }
    Err(unreachable(format!("no route to {host}")))
}

/// Connecting a UDP socket sends nothing; it makes the kernel choose the source address.
async fn routed_from(target: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    socket.connect(target).await.ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn media_for_a_loopback_server_is_bound_to_loopback() {
        for url in ["ws://127.0.0.1:7880", "http://localhost:1", "ws://127.0.0.1"] {
            assert_eq!(local_address(url).await.unwrap(), IpAddr::from([127, 0, 0, 1]), "{url}");
        }
    }

    #[tokio::test]
    async fn a_url_that_is_none_is_refused_with_the_reason() {
        for url in ["", "localhost:7880", "ftp://localhost", "ws://"] {
            let error = local_address(url).await.unwrap_err();
            assert!(matches!(error, RtcError::Url { .. }), "{url}: {error}");
        }
    }
}
