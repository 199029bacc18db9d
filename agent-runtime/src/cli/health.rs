//! `frontdesk health`: whether the runtime of this configuration takes calls. For a container's
//! health check, whose image has no other program to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use frontdesk::config::Config;

use super::{Exit, Failure, Out};

/// A runtime that does not answer within this is not well.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn health(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    let url = format!("http://{}/readyz", reached(config.listen));
    super::serve::on_runtimes(async |_| {
        let failed = |error: reqwest::Error| {
            Failure::new(Exit::Failed, format!("{url} does not answer: {error}"))
        };
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(failed)?;
        let answer = client.get(&url).send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_success() {
            out.line("ready");
            return Ok(Exit::Done);
        }
        let why = answer.text().await.unwrap_or_default();
        Err(Failure::new(Exit::Failed, format!("{url} answers {status}: {why}")))
    })
}

/// Where a listener on this address is reached from the same machine.
pub(super) fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("10.1.2.3:9", "10.1.2.3:9"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reached(listen).to_string(), asked);
        }
    }
}
