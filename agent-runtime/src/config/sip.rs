//! Settings of the telephone.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::{ConfigError, Values};

/// Where SIP is listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipListen {
    /// Loopback, the usual port or the next free one.
    Auto,
    /// There.
    At(SocketAddr),
}

/// The telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipConfig {
    /// Where SIP is listened on.
    pub listen: SipListen,
    /// Ports of sound.
    pub rtp_ports: RangeInclusive<u16>,
}

impl Values<'_> {
    pub(super) fn sip(&self) -> Result<Option<SipConfig>, ConfigError> {
        let rtp_ports = self.value(
            "FRONTDESK_RTP_PORTS",
            "a range of ports from 1024 on such as 20000-20999",
            ports,
        )?;
        let listen = self.get("FRONTDESK_SIP_LISTEN").parse(
            "an address and port such as 192.0.2.10:5060, or auto",
            |text| match text {
                "auto" => Some(SipListen::Auto),
                text => text.replace("localhost", "127.0.0.1").parse().ok().map(SipListen::At),
            },
        )?;
        Ok(listen.map(|listen| SipConfig { listen, rtp_ports }))
    }
}

/// `first-last`, both included, with room for a call.
fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first >= 1024 && first < last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_is_two_numbers_in_order() {
        assert_eq!(ports("20000-20999"), Some(20_000..=20_999));
        for text in ["", "20000", "80-90", "5-4", "20000-20000", "20000-70000", "a-b"] {
            assert_eq!(ports(text), None, "{text}");
        }
    }
}
