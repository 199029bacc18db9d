//! Sockets of RTP from a range of ports.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use rand::Rng as _;

/// No port of the range is free.
#[derive(Debug, thiserror::Error)]
#[error("no free port for sound from {} to {}: {reason}", range.start(), range.end())]
pub(crate) struct NoPort {
    range: RangeInclusive<u16>,
    reason: std::io::Error,
}

/// The range. Ports are even, as RTP's are by custom (RFC 3550, section 11).
#[derive(Debug, Clone)]
pub(crate) struct Ports {
    address: IpAddr,
    range: RangeInclusive<u16>,
}

impl Ports {
    pub(crate) const fn new(address: IpAddr, range: RangeInclusive<u16>) -> Self {
        Self { address, range }
    }

    /// Binds a free port, looked for from a random one on: a port that was just given up may still
    /// be sent to.
    pub(crate) fn bind(&self) -> Result<UdpSocket, NoPort> {
        let first = self.range.start().next_multiple_of(2);
        let count = (u32::from(*self.range.end()).saturating_sub(u32::from(first)) + 2) / 2;
        let from = rand::rng().random_range(0..count.max(1));
        let mut reason = std::io::ErrorKind::AddrInUse.into();
        for n in 0..count {
            let Ok(port) = u16::try_from(u32::from(first) + (from + n) % count * 2) else {
                continue;
            };
            match UdpSocket::bind(SocketAddr::new(self.address, port)) {
                Ok(socket) => {
                    socket.set_nonblocking(true).map_err(|reason| self.none(reason))?;
                    return Ok(socket);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => reason = error,
                Err(error) => return Err(self.none(error)),
            }
        }
        Err(self.none(reason))
    }

    fn none(&self, reason: std::io::Error) -> NoPort {
        NoPort { range: self.range.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_even_port_of_the_range_is_used_and_then_there_is_none() {
        let ports = Ports::new(IpAddr::from([127, 0, 0, 1]), 28_001..=28_007);
        let sockets: Vec<_> = std::iter::from_fn(|| ports.bind().ok()).take(9).collect();
        let mut bound: Vec<u16> =
            sockets.iter().filter_map(|socket| Some(socket.local_addr().ok()?.port())).collect();
        bound.sort_unstable();
        assert_eq!(bound, [28_002, 28_004, 28_006]);
    }
}
