//! One call by telephone: SIP over UDP and µ-law sound, made by hand. The caller waits for the greeting,
//! asks, waits for the answer and hangs up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::tts::flite::Flite;
use frontdesk_types::{FRAME_MS, IdSource, SAMPLES_PER_FRAME};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::caller::Course;

/// Samples of one packet at 8 kHz.
const PACKET: usize = SAMPLES_PER_FRAME / 2;
/// How long the other end may take to answer a request, and to begin to speak.
const PATIENCE: Duration = Duration::from_secs(20);
/// A request over UDP is sent again after so long.
const AGAIN: Duration = Duration::from_millis(500);
/// How long the agent must say nothing until it is the caller's turn.
const TURN_OVER: Duration = Duration::from_millis(800);
/// The longest greeting or answer.
const LONGEST: Duration = Duration::from_secs(40);

/// A sentence in packets.
pub(super) type Sentence = Arc<Vec<[u8; PACKET]>>;

/// Synthesizes what telephone callers say. Blocks: it computes.
pub(super) fn sentence(text: &str) -> Result<Sentence, String> {
    use frontdesk_models::tts::TextToSpeech as _;
    let mut samples = Vec::new();
    let mut take = |more: &[i16]| {
        samples.extend_from_slice(more);
        std::ops::ControlFlow::Continue(())
    };
    Flite::new().synthesize(text, "slt", &mut take).map_err(|error| error.to_string())?;
    let packet = |frame: &[i16; SAMPLES_PER_FRAME]| {
        let mut packet = [0; PACKET];
        for (byte, pair) in packet.iter_mut().zip(frame.chunks_exact(2)) {
            *byte = mu_law(i16::midpoint(pair[0], pair[1]));
        }
        packet
    };
    Ok(Arc::new(samples.as_chunks().0.iter().map(packet).collect()))
}

/// One sample as µ-law (ITU-T G.711).
fn mu_law(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs().min(32_635) + 132;
    // From 132 to 32,767: 1 to 8 leading zeros.
    let exponent = 8 - magnitude.leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// Whether the µ-law bytes of a packet are more than silence.
fn is_voiced(packet: &[u8]) -> bool {
    packet.iter().skip(12).filter(|byte| (*byte & 0x7F) < 0x50).count() > 20
}

/// Calls `number` at `office` and asks; what came of it.
pub(super) async fn call(
    office: SocketAddr,
    number: String,
    asks: Sentence,
    ids: Arc<dyn IdSource>,
) -> Course {
    let call = format!("soak-{}", ids.uuid().simple());
    let fault = match Phone::dial(office, number, call).await {
        Ok(mut phone) => {
            let held = phone.hold(&asks).await;
            // Also after a fault: the other end may still be there.
            let bye = phone.request("BYE", 2, "").await.map(|_| ());
            held.and(bye).err()
        }
        Err(fault) => Some(fault),
    };
    Course { told: None, fault }
}

struct Phone {
    sip: UdpSocket,
    rtp: UdpSocket,
    office: SocketAddr,
    number: String,
    /// Call-ID.
    call: String,
    /// The other end's tag, once it has answered.
    tag: String,
    sound_to: Option<SocketAddr>,
    sent: u16,
}

impl Phone {
    /// Calls until somebody answers.
    async fn dial(office: SocketAddr, number: String, call: String) -> Result<Self, String> {
        let socket = || async {
            let socket = UdpSocket::bind((office.ip(), 0)).await;
            socket.map_err(|error| format!("no socket: {error}"))
        };
        let (sip, rtp) = (socket().await?, socket().await?);
        let port = rtp.local_addr().map_err(|error| error.to_string())?.port();
        let mut phone =
            Self { sip, rtp, office, number, call, tag: String::new(), sound_to: None, sent: 0 };
        let ip = office.ip();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        let answer = phone.request("INVITE", 1, &sdp).await?;
        let to = answer.lines().find(|line| line.starts_with("To:")).unwrap_or_default();
        to.find(";tag=").map_or("", |at| &to[at..]).clone_into(&mut phone.tag);
        phone.send("ACK", 1, "").await?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        if status != "200" {
            return Err(format!("refused with {status}"));
        }
        let media = answer.lines().find_map(|line| line.strip_prefix("m=audio "));
        let port = media.and_then(|line| line.split(' ').next()?.parse().ok());
        let port = port.ok_or("the answer names no port for sound")?;
        phone.sound_to = Some(SocketAddr::new(ip, port));
        Ok(phone)
    }

    async fn send(&self, method: &str, seq: u32, body: &str) -> Result<(), String> {
        let me = self.sip.local_addr().map_err(|error| error.to_string())?;
        let Self { office, number, tag, call, .. } = self;
        let text = format!(
            "{method} sip:{number}@{office} SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;\
             branch=z9hG4bK{seq}{method}{call}\r\nMax-Forwards: 70\r\n\
             From: <sip:+201001234567@{me}>;tag=1\r\n\
             To: <sip:{number}@{office}>{tag}\r\nCall-ID: {call}\r\nCSeq: {seq} {method}\r\n\
             Contact: <sip:+201001234567@{me}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        let sent = self.sip.send_to(text.as_bytes(), self.office).await;
        sent.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Sends a request, again and again, until its final answer is there.
    async fn request(&self, method: &str, seq: u32, body: &str) -> Result<String, String> {
        let over = Instant::now() + PATIENCE;
        let mut bytes = vec![0; 9000];
        self.send(method, seq, body).await?;
        let mut provisional = false;
        while Instant::now() < over {
            match timeout(AGAIN, self.sip.recv_from(&mut bytes)).await {
                Ok(Ok((length, _))) => {
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let line = text.lines().find(|line| line.starts_with("CSeq:"));
                    let ours = text.starts_with("SIP/2.0")
                        && line.is_some_and(|line| line.contains(method));
                    if ours && !text.starts_with("SIP/2.0 1") {
                        return Ok(text);
                    }
                    provisional |= ours;
                }
                // Nobody listens on the port at the moment.
                Ok(Err(_)) => tokio::time::sleep(AGAIN).await,
                Err(_) if !provisional => self.send(method, seq, body).await?,
                Err(_) => {}
            }
        }
        Err(format!("no answer to {method} within {} s", PATIENCE.as_secs()))
    }

    /// The greeting, the question, the answer.
    async fn hold(&mut self, asks: &Sentence) -> Result<(), String> {
        self.listen("greeting").await?;
        let mut tick = ticks();
        for packet in asks.iter() {
            tick.tick().await;
            self.say(packet).await?;
            self.heard();
        }
        self.listen("answer").await
    }

    /// Hears the agent out. The microphone goes on meanwhile.
    async fn listen(&mut self, what: &str) -> Result<(), String> {
        let (began, mut last) = (Instant::now(), None);
        let mut tick = ticks();
        loop {
            tick.tick().await;
            self.say(&[mu_law(0); PACKET]).await?;
            if self.heard() {
                last = Some(Instant::now());
            }
            match last {
                Some(last) if last.elapsed() > TURN_OVER => return Ok(()),
                None if began.elapsed() > PATIENCE => {
                    return Err(format!("no {what} within {} s", PATIENCE.as_secs()));
                }
                _ if began.elapsed() > LONGEST => return Err(format!("the {what} does not end")),
                _ => {}
            }
        }
    }

    /// Sends one packet of sound.
    async fn say(&mut self, sound: &[u8; PACKET]) -> Result<(), String> {
        let Some(to) = self.sound_to else { return Err("nowhere to send sound".to_owned()) };
        let mut packet = vec![0x80, 0];
        packet.extend(self.sent.to_be_bytes());
        packet.extend((u32::from(self.sent) * PACKET as u32).to_be_bytes());
        packet.extend(1_u32.to_be_bytes());
        packet.extend(sound);
        self.sent = self.sent.wrapping_add(1);
        // A port on which nobody listens any more shows as silence.
        let _ = self.rtp.send_to(&packet, to).await;
        Ok(())
    }

    /// Whether what has come since was voice.
    fn heard(&self) -> bool {
        let mut bytes = [0; 2048];
        let mut voice = false;
        while let Ok((length, _)) = self.rtp.try_recv_from(&mut bytes) {
            voice |= is_voiced(&bytes[..length]);
        }
        voice
    }
}

fn ticks() -> tokio::time::Interval {
    let mut tick = tokio::time::interval(Duration::from_millis(u64::from(FRAME_MS)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    tick
}
