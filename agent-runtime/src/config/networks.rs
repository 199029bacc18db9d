//! Networks by address and length of prefix, such as `10.0.0.0/8`.

use std::net::IpAddr;

/// Some networks; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// Only the bits of the prefix are set.
    bits: u128,
    mask: u128,
}

/// An address as 128 bits; one of IPv4 in its IPv6 form (`::ffff:…`).
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Networks {
    /// Reads addresses and networks, separated by commas or spaces; `None` if one cannot be read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        parts.map(network).collect::<Option<_>>().map(Self)
    }

    /// Whether the address is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = bits(address);
        self.0.iter().any(|network| address & network.mask == network.bits)
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let free = width.checked_sub(length.unwrap_or(width))?;
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    Some(Network { bits: bits(address) & mask, mask })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_the_networks_that_begin_like_it() {
        let networks = Networks::parse("10.0.0.0/8, 127.0.0.1 2001:db8::/32").expect("read");
        let contains = |address: &str| networks.contains(address.parse().expect("an address"));
        for inside in ["10.255.0.1", "127.0.0.1", "::ffff:10.1.2.3", "2001:db8:7::1"] {
            assert!(contains(inside), "{inside}");
        }
        for outside in ["11.0.0.1", "127.0.0.2", "::1", "2001:db9::1"] {
            assert!(!contains(outside), "{outside}");
        }
        assert!(!Networks::default().contains("127.0.0.1".parse().expect("an address")));
        assert!(Networks::parse("::/0").expect("read").contains([1, 2, 3, 4].into()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["10.0.0.0/33", "proxy", "10.0.0/8", "::1/129", "10.0.0.1/x"] {
            assert_eq!(Networks::parse(text), None, "{text}");
        }
    }
}
