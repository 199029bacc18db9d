//! The socket of one call's sound.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk_line::LineEvent;
use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::g711::Law;
use super::hearing::{Heard, Hearing};
use super::path::Path;
use super::rtp::Packet;
use super::speaking::Speaking;
use super::voice_in::VoiceIn;

const FRAME: Duration = Duration::from_millis(20);

/// A caller who is to be heard and of whom no packet came for as long has no line any more.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// An answer that is not acknowledged is spoken to for as long: whoever asked for it may be somebody
/// who gave another's address, and is not to have us send there.
const UNCONFIRMED_LIMIT: Duration = Duration::from_secs(2);

/// What both sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Talk {
    pub(crate) law: Law,
    /// Payload type of sound.
    pub(crate) sound_type: u8,
    /// Payload type of keys, if the caller's end has them.
    pub(crate) key_type: Option<u8>,
    /// Where the caller's end wants packets; `None` on the old way of holding (`0.0.0.0`).
    pub(crate) remote: Option<SocketAddr>,
    /// Whether the caller's end sends.
    pub(crate) hears: bool,
    /// Whether the caller's end receives.
    pub(crate) speaks: bool,
}

struct Out {
    /// `None` once the session has ended.
    socket: Option<UdpSocket>,
    speaking: Speaking,
    path: Path,
    /// Whether the caller's end receives.
    on: bool,
    began: Instant,
    /// Whether the caller's end has acknowledged the answer.
    confirmed: bool,
    bytes: Vec<u8>,
}

struct In {
    hearing: Hearing,
    /// When a packet came, or its absence began to count.
    last: Instant,
    /// Whether packets are to come.
    on: bool,
}

/// See the module's documentation.
pub(crate) struct Media {
    pub(crate) voice: Arc<VoiceIn>,
    out: Mutex<Out>,
    hearing: Mutex<In>,
    stop: CancellationToken,
}

/// Tokio's clock, as the socket is tokio's.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Media {
    /// A session on `socket`. Nothing is sent or heard before [`Media::agree`] and [`Media::run`].
    pub(crate) fn new(socket: UdpSocket, signalling: IpAddr) -> Arc<Self> {
        let now = now();
        let law = Law::Mu;
        let sound_type = law.payload_type();
        let out = Out {
            socket: Some(socket),
            speaking: Speaking::new(law, sound_type, now),
            path: Path::new(signalling, None),
            on: false,
            began: now,
            confirmed: false,
            bytes: Vec::new(),
        };
        let hearing = In { hearing: Hearing::new(law, sound_type, None), last: now, on: false };
        Arc::new(Self {
            voice: VoiceIn::new(),
            out: Mutex::new(out),
            hearing: Mutex::new(hearing),
            stop: CancellationToken::new(),
        })
    }

    /// What both sides agreed on, at first or anew.
    pub(crate) fn agree(&self, talk: &Talk) {
        {
            let mut out = self.out.lock();
            out.speaking.agree(talk.law, talk.sound_type);
            out.path.tell(talk.remote);
            out.on = talk.speaks;
        }
        let mut hearing = self.hearing.lock();
        hearing.hearing.agree(talk.law, talk.sound_type, talk.key_type);
        hearing.on = talk.hears;
        hearing.last = now();
    }

    /// The caller's end has acknowledged the answer.
    pub(crate) fn confirm(&self) {
        self.out.lock().confirmed = true;
    }

    /// Plays a frame; false if it did not go out.
    pub(crate) fn play(&self, frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        let now = now();
        let mut out = self.out.lock();
        if !out.may_send(now) {
            return false;
        }
        let Out { speaking, bytes, .. } = &mut *out;
        speaking.speak(now, frame, bytes);
        out.send()
    }

    /// Ends the session: nothing is sent any more, and [`Media::run`] returns.
    pub(crate) fn stop(&self) {
        self.out.lock().socket = None;
        self.stop.cancel();
    }

    /// Carries the session until it is stopped.
    pub(crate) async fn run(&self, socket: tokio::net::UdpSocket, tell: impl Fn(LineEvent)) {
        let mut tick = tokio::time::interval(FRAME);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut datagram = [0; 2048];
        loop {
            let mut heard = Heard::default();
            tokio::select! {
                () = self.stop.cancelled() => return,
                got = socket.recv_from(&mut datagram) => match got {
                    Ok((length, from)) => {
                        let bytes = datagram.get(..length).unwrap_or_default();
                        self.on_datagram(bytes, from, &mut heard);
                    }
                    // What an earlier packet met with; the next may fare better.
                    Err(error) => tracing::debug!(%error, "sound not received"),
                },
                _ = tick.tick() => {
                    self.on_tick();
                    let mut hearing = self.hearing.lock();
                    let now = now();
                    hearing.hearing.release(now, &mut heard);
                    if hearing.on && now.saturating_duration_since(hearing.last) >= SILENCE_LIMIT {
                        hearing.on = false;
                        drop(hearing);
                        tell(LineEvent::Over(format!(
                            "no packet of the caller's for {} s",
                            SILENCE_LIMIT.as_secs()
                        )));
                    }
                }
            }
            for frame in heard.frames {
                self.voice.push(frame);
            }
            self.voice.concealed(heard.concealed_ms);
            heard.keys.into_iter().for_each(|key| tell(LineEvent::Dtmf(key)));
        }
    }

    fn on_datagram(&self, bytes: &[u8], from: SocketAddr, heard: &mut Heard) {
        let now = now();
        let mut hearing = self.hearing.lock();
        let packet = Packet::parse(bytes).filter(|packet| hearing.hearing.expects(packet));
        let packet = packet.filter(|_| self.out.lock().path.accept(now, from));
        let Some(packet) = packet else {
            drop(hearing);
            return self.voice.strange();
        };
        hearing.last = now;
        if hearing.on {
            hearing.hearing.push(now, &packet, heard);
        }
    }

    fn on_tick(&self) {
        let now = now();
        let mut out = self.out.lock();
        if !out.may_send(now) {
            return;
        }
        let Out { speaking, bytes, .. } = &mut *out;
        if speaking.pass(now, bytes) {
            out.send();
        }
    }
}

impl Out {
    fn may_send(&self, now: Instant) -> bool {
        let early = now.saturating_duration_since(self.began) < UNCONFIRMED_LIMIT;
        self.on && (self.confirmed || early)
    }

    fn send(&self) -> bool {
        let (Some(socket), Some(target)) = (&self.socket, self.path.target()) else { return false };
        match socket.send_to(&self.bytes, target) {
            Ok(_) => true,
            // A full buffer, or nobody there at the moment: as good as a lost packet.
            Err(error) => {
                tracing::debug!(%error, "sound not sent");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    fn talk(hears: bool) -> Talk {
        let remote = Some("127.0.0.1:40009".parse().expect("an address"));
        Talk { law: Law::Mu, sound_type: 0, key_type: None, remote, hears, speaks: hears }
    }

    fn media() -> (Arc<Media>, UdpSocket) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_nonblocking(true).expect("a socket");
        let sending = socket.try_clone().expect("a socket");
        (Media::new(sending, IpAddr::from([127, 0, 0, 1])), socket)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_acknowledge_the_answer_is_not_sent_to_for_long() {
        let (media, _socket) = media();
        let silence = [0; SAMPLES_PER_FRAME];
        media.agree(&talk(true));
        assert!(media.play(&silence), "from the answer on");
        tokio::time::advance(UNCONFIRMED_LIMIT).await;
        assert!(!media.play(&silence));
        media.confirm();
        assert!(media.play(&silence));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_sends_nothing_is_gone_after_a_while_unless_on_hold() {
        let (media, socket) = media();
        let socket = tokio::net::UdpSocket::from_std(socket).expect("a socket");
        let (tell, mut told) = mpsc::channel(4);
        let run = media.run(socket, move |event| tell.try_send(event).expect("few events"));
        let watch = async {
            media.agree(&talk(false));
            assert!(timeout(SILENCE_LIMIT * 3, told.recv()).await.is_err(), "on hold");
            media.agree(&talk(true));
            let almost = timeout(SILENCE_LIMIT - FRAME * 2, told.recv()).await;
            assert!(almost.is_err(), "too early");
            let over = timeout(FRAME * 4, told.recv()).await.expect("in time");
            assert!(matches!(over, Some(LineEvent::Over(_))), "{over:?}");
            media.stop();
        };
        tokio::join!(run, watch);
        assert!(!media.play(&[0; SAMPLES_PER_FRAME]), "nothing is sent any more");
    }
}
