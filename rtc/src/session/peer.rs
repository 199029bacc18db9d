//! One WebRTC connection: str0m's state machine, its UDP socket, its negotiation.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use livekit_protocol as proto;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::CryptoProvider;
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;

use crate::RtcError;
use crate::stats::Counters;

/// Remote candidates that may come before the remote description.
const MAX_EARLY_CANDIDATES: usize = 64;

/// Packets read from a socket before the rest of the session has its turn.
const READ_BURST: usize = 64;

/// Rounds of due timeouts before the loop yields; str0m needs a handful.
const TIMEOUT_ROUNDS: usize = 64;

/// The largest message that the server may send us: what its own SCTP takes.
const MAX_MESSAGE: u32 = 65_535;

pub(super) struct Peer {
    pub(super) rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    target: proto::SignalTarget,
    /// When str0m wants to be woken next.
    pub(super) deadline: Instant,
    /// Our offer that waits for its answer, with its id. str0m keeps no queue of offers: there is
    /// one at a time.
    pub(super) pending: Option<(u32, SdpPendingOffer)>,
    /// Something changed while an offer was pending: offer again after its answer.
    pub(super) renegotiate: bool,
    /// The next offer restarts ICE.
    pub(super) restart_ice: bool,
    remote_described: bool,
    early: Vec<Candidate>,
    /// The state machine cannot go on.
    pub(super) dead: bool,
}

impl Peer {
    pub(super) async fn new(ip: IpAddr, target: proto::SignalTarget) -> Result<Self, RtcError> {
        let broken = |reason: String| RtcError::Socket { reason };
        let socket = UdpSocket::bind((ip, 0)).await.map_err(|e| broken(e.to_string()))?;
        let local = socket.local_addr().map_err(|e| broken(e.to_string()))?;
        let now = now();
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(crypto())
            .clear_codecs()
            .enable_opus(true, false)
            // Received packets come as they are, see `reorder`.
            .set_rtp_mode(target == proto::SignalTarget::Subscriber)
            .set_sctp_max_message_size(MAX_MESSAGE)
            .build(now);
        let candidate = Candidate::host(local, "udp").map_err(|e| broken(e.to_string()))?;
        rtc.add_local_candidate(candidate);
        Ok(Self {
            rtc,
            socket,
            local,
            target,
            deadline: now,
            pending: None,
            renegotiate: false,
            restart_ice: false,
            remote_described: false,
            early: Vec::new(),
            dead: false,
        })
    }

    pub(super) async fn readable(&self) {
        // An error shows again when reading.
        let _ = self.socket.readable().await;
    }

    /// Reads what has arrived.
    pub(super) fn receive(&mut self, events: &mut Vec<Event>, counters: &Counters) {
        let mut buffer = [0_u8; 2048];
        for _ in 0..READ_BURST {
            match self.socket.try_recv_from(&mut buffer) {
                Ok((n, source)) => {
                    counters.datagrams_rx.add(1);
                    let now = now();
                    let Some(bytes) = buffer.get(..n) else { continue };
                    // Neither STUN, DTLS nor RTP: not for us.
                    let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, bytes) else {
                        counters.malformed.add(1);
                        continue;
                    };
                    self.input(Input::Receive(now, receive));
                    self.drive(now, events, counters);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                // The server's port is closed (ICMP): ICE will notice, if it stays so.
                Err(_) => {}
            }
        }
    }

    fn input(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::warn!(target = ?self.target, %error, "media connection failed");
            self.dead = true;
        }
    }

    /// Lets the state machine do all that is due, and sends what it has to send. Must follow every
    /// change made to it. A written packet leaves in a timeout that is already due, so due timeouts
    /// are handled here and not by the timer.
    pub(super) fn drive(&mut self, now: Instant, events: &mut Vec<Event>, counters: &Counters) {
        let mut rounds = 0;
        while !self.dead {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    if transmit.proto != Protocol::Udp {
                        continue;
                    }
                    match self.socket.try_send_to(&transmit.contents, transmit.destination) {
                        Ok(_) => counters.datagrams_tx.add(1),
                        Err(_) => counters.datagrams_dropped.add(1),
                    }
                }
                Ok(Output::Event(event)) => events.push(event),
                Ok(Output::Timeout(at)) if at <= now && rounds < TIMEOUT_ROUNDS => {
                    rounds += 1;
                    self.input(Input::Timeout(now));
                }
                Ok(Output::Timeout(at)) => {
                    self.deadline = at;
                    return;
                }
                Err(error) => {
                    tracing::warn!(target = ?self.target, %error, "media connection failed");
                    self.dead = true;
                }
            }
        }
    }

    /// Handles a timeout that is due.
    pub(super) fn tick(&mut self, now: Instant, events: &mut Vec<Event>, counters: &Counters) {
        if self.deadline <= now {
            self.input(Input::Timeout(now));
            self.drive(now, events, counters);
        }
    }

    /// Accepts the server's offer; the answer to send.
    pub(super) fn accept_offer(&mut self, sdp: &str) -> Result<String, String> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|e| e.to_string())?;
        self.described();
        Ok(answer.to_sdp_string())
    }

    /// Accepts the server's answer to our offer.
    pub(super) fn accept_answer(
        &mut self,
        pending: SdpPendingOffer,
        sdp: &str,
    ) -> Result<(), String> {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|e| e.to_string())?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|e| e.to_string())?;
        self.described();
        Ok(())
    }

    fn described(&mut self) {
        self.remote_described = true;
        for candidate in self.early.drain(..) {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// Adds a candidate that the server trickled (`{"candidate": "candidate:…", …}`).
    pub(super) fn trickle(&mut self, init: &str) {
        let Some(candidate) = parse_candidate(init) else { return };
        if self.remote_described {
            self.rtc.add_remote_candidate(candidate);
        } else if self.early.len() < MAX_EARLY_CANDIDATES {
            self.early.push(candidate);
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        !self.dead && self.rtc.is_connected()
    }
}

/// A UDP candidate from its JSON; others cannot be used.
fn parse_candidate(init: &str) -> Option<Candidate> {
    let json: serde_json::Value = serde_json::from_str(init).ok()?;
    let line = json.get("candidate")?.as_str()?;
    if line.is_empty() {
        return None;
    }
    let candidate = Candidate::from_sdp_string(line).ok()?;
    (candidate.proto() == Protocol::Udp).then_some(candidate)
}

/// The one crypto provider of the process.
fn crypto() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(str0m::crypto::from_feature_flags())).clone()
}

/// The monotonic clock that str0m is driven with; tokio's, as all sockets and timers here are its.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_udp_candidates_are_used() {
        let udp = r#"{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 5000 typ host"}"#;
        let tcp = r#"{"candidate":
            "candidate:1 1 tcp 1671430143 127.0.0.1 7881 typ host tcptype passive"}"#;
        assert!(parse_candidate(udp).is_some());
        for init in [tcp, "", "{}", r#"{"candidate":""}"#, r#"{"candidate":"candidate:x"}"#] {
            assert!(parse_candidate(init).is_none(), "{init}");
        }
    }
}
