//! The generated configuration: keys, ports, and the file that the server reads.

use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;

use rand::Rng;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};

use crate::error::EmbeddedError;
use crate::folder;

/// API key and secret, made once per data folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    pub(crate) api_key: String,
    pub(crate) api_secret: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

impl Keys {
    /// The keys of the data folder; made if there are none (or what is there is no key file).
    pub(crate) fn of(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("livekit-keys.json");
        let text = folder::read_if_present(&path)?.unwrap_or_default();
        if let Ok(keys) = serde_json::from_str::<Self>(&text)
            && keys.is_sound()
        {
            return Ok(keys);
        }
        let keys = Self { api_key: format!("FD{}", random(14)), api_secret: random(48) };
        folder::write_private(&path, &serde_json::to_string_pretty(&keys).unwrap_or_default())?;
        Ok(keys)
    }

    // The file is written into YAML without quoting, and the server wants 32 characters.
    fn is_sound(&self) -> bool {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain(&self.api_key)
            && plain(&self.api_secret)
            && !self.api_key.is_empty()
            && self.api_secret.len() >= 32
    }
}

fn random(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Which ports the embedded livekit-server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Ports {
    /// Those of the last time, else 7880 (signalling, TCP) and 7882 (media, UDP), else free ones.
    #[default]
    Auto,
    /// Free ones.
    Free,
    /// Exactly these.
    Fixed {
        /// Signalling and API, TCP.
        http: u16,
        /// Media, UDP.
        udp: u16,
    },
}

/// The ports that a server got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) http: u16,
    pub(crate) udp: u16,
}

const USUAL: Bound = Bound { http: 7880, udp: 7882 };
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Bound {
    /// Ports that are free now. The server binds them a moment later, so it can still lose them.
    pub(crate) fn choose(ports: Ports, last: Option<Self>) -> Result<Self, EmbeddedError> {
        match ports {
            Ports::Fixed { http, udp } => {
                let bound = Self { http, udp };
                bound.check()?;
                Ok(bound)
            }
            Ports::Auto => match last.into_iter().chain([USUAL]).find(|b| b.check().is_ok()) {
                Some(bound) => Ok(bound),
                None => Self::free(),
            },
            Ports::Free => Self::free(),
        }
    }

    fn free() -> Result<Self, EmbeddedError> {
        let dir = Path::new("127.0.0.1");
        let http = TcpListener::bind((LOOPBACK, 0)).and_then(|socket| socket.local_addr());
        let udp = UdpSocket::bind((LOOPBACK, 0)).and_then(|socket| socket.local_addr());
        match (http, udp) {
            (Ok(http), Ok(udp)) => Ok(Self { http: http.port(), udp: udp.port() }),
            (Err(error), _) | (_, Err(error)) => {
                Err(EmbeddedError::io("find a free port of", dir, error))
            }
        }
    }

    fn check(self) -> Result<(), EmbeddedError> {
        let taken = |port, purpose| EmbeddedError::PortTaken { address: LOOPBACK, port, purpose };
        TcpListener::bind((LOOPBACK, self.http))
            .map_err(|_| taken(self.http, "LiveKit signalling, TCP"))?;
        UdpSocket::bind((LOOPBACK, self.udp)).map_err(|_| taken(self.udp, "LiveKit media, UDP"))?;
        Ok(())
    }
}

/// The server's configuration. Everything listens on, and is told to clients as, 127.0.0.1.
pub(crate) fn yaml(keys: &Keys, ports: Bound) -> String {
    let Keys { api_key, api_secret } = keys;
    let Bound { http, udp } = ports;
    format!(
        "\
# Written by frontdesk at every start.
port: {http}
bind_addresses: ['127.0.0.1']
keys:
  {api_key}: {api_secret}
rtc:
  udp_port: {udp}
  # ICE over TCP would listen on every address.
  tcp_port: 0
  # Else a client that left soon after joining is offered only TCP when it comes back.
  allow_tcp_fallback: false
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  ips:
    includes: ['127.0.0.1/32']
  # Else clients are sent to public servers to learn their address. Nobody answers there: with the
  # media port itself Chromium takes the answers of its checks for those of a STUN server.
  stun_servers: ['127.0.0.1:{http}']
logging:
  # It names participants where it warns, and identities are whatever a front end takes for one.
  level: error
  pion_level: error
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_a_damaged_file_is_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let keys = Keys::of(dir.path()).expect("made");
        assert!(keys.api_secret.len() >= 32 && keys.is_sound());
        assert_eq!(Keys::of(dir.path()).expect("read"), keys);
        for damaged in ["", "{}", r#"{"api_key":"x","api_secret":"short"}"#] {
            std::fs::write(dir.path().join("livekit-keys.json"), damaged).expect("written");
            assert_ne!(Keys::of(dir.path()).expect("made anew"), keys);
        }
    }

    #[test]
    fn the_secret_is_not_in_the_debug_output() {
        let keys = Keys { api_key: "k".to_owned(), api_secret: random(48) };
        assert!(!format!("{keys:?}").contains(&keys.api_secret));
    }

    #[test]
    fn a_taken_fixed_port_is_named() {
        let taken = TcpListener::bind((LOOPBACK, 0)).expect("a port");
        let http = taken.local_addr().expect("bound").port();
        let free = Bound::free().expect("free");
        let error = Bound::choose(Ports::Fixed { http, udp: free.udp }, None).expect_err("taken");
        let message = error.to_string();
        assert!(message.contains(&http.to_string()) && message.contains("TCP"), "{message}");
        let last = Some(Bound { http, udp: free.udp });
        assert_ne!(Bound::choose(Ports::Auto, last).expect("others").http, http);
    }
}
