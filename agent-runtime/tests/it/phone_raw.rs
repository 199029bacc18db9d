//! A caller's end made by hand: one call, message by message.

use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::phone_rig::PATIENCE;

/// One call's caller.
pub(crate) struct Raw {
    sip: UdpSocket,
    rtp: UdpSocket,
    /// Address and number that are called.
    office: SocketAddr,
    number: String,
    tag: String,
    /// Where the office takes sound.
    sound_to: Option<SocketAddr>,
    /// Packets sent.
    sent: u16,
}

/// Samples of one packet, 20 ms at 8 kHz.
pub(crate) const PACKET: usize = 160;

/// Whether the µ-law bytes of a packet are more than silence.
pub(crate) fn is_voiced(packet: &[u8]) -> bool {
    packet.iter().skip(12).filter(|byte| (*byte & 0x7F) < 0x50).count() > 20
}

/// Whether the µ-law bytes of a packet are anything but digital silence.
pub(crate) fn is_sound(packet: &[u8]) -> bool {
    packet.iter().skip(12).any(|byte| byte & 0x7F != 0x7F)
}

async fn receive(socket: &UdpSocket) -> Vec<u8> {
    let mut bytes = vec![0; 9000];
    let got = timeout(PATIENCE, socket.recv_from(&mut bytes)).await.expect("in time");
    bytes.truncate(got.expect("received").0);
    bytes
}

impl Raw {
    pub(crate) async fn new(office: SocketAddr, number: &str) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let rtp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        Self {
            sip,
            rtp,
            office,
            number: number.to_owned(),
            tag: String::new(),
            sound_to: None,
            sent: 0,
        }
    }

    async fn request(&self, method: &str, seq: u32, body: &str) {
        let me = self.sip.local_addr().expect("an address");
        let Self { office, number, tag, .. } = self;
        let text = format!(
            "{method} sip:{number}@{office} SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;\
             branch=z9hG4bK{seq}{method}{}\r\n\
             From: \"Mary Johnson\" <sip:+201001234567@{me}>;tag=1\r\n\
             To: <sip:{number}@{office}>{tag}\r\nCall-ID: raw-{}\r\nCSeq: {seq} {method}\r\n\
             Contact: <sip:+201001234567@{me}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            me.port(),
            me.port(),
            body.len(),
        );
        self.sip.send_to(text.as_bytes(), self.office).await.expect("sent");
    }

    async fn answer(&self, method: &str) -> String {
        loop {
            let text = String::from_utf8(receive(&self.sip).await).expect("UTF-8");
            let of = text.lines().any(|line| line.starts_with("CSeq:") && line.contains(method));
            if of && !text.starts_with("SIP/2.0 1") {
                return text;
            }
        }
    }

    /// Calls, acknowledges the answer and gives its status.
    pub(crate) async fn invite(&mut self) -> u16 {
        let port = self.rtp.local_addr().expect("an address").port();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
        );
        self.request("INVITE", 1, &sdp).await;
        let answer = self.answer("INVITE").await;
        let to = answer.lines().find(|line| line.starts_with("To:")).expect("a To");
        to.find(";tag=").map_or("", |at| &to[at..]).clone_into(&mut self.tag);
        self.request("ACK", 1, "").await;
        let media = answer.lines().find_map(|line| line.strip_prefix("m=audio "));
        let port = media.and_then(|line| line.split(' ').next()?.parse().ok());
        self.sound_to = port.map(|port| SocketAddr::new(self.office.ip(), port));
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    pub(crate) async fn bye(&self) {
        self.request("BYE", 2, "").await;
        self.answer("BYE").await;
    }

    /// Sends one packet of µ-law sound.
    pub(crate) async fn says(&mut self, sound: &[u8; PACKET]) {
        let time = u32::from(self.sent) * u32::try_from(PACKET).expect("small");
        let mut packet = vec![0x80, 0];
        packet.extend(self.sent.to_be_bytes());
        packet.extend(time.to_be_bytes());
        packet.extend(1_u32.to_be_bytes());
        packet.extend(sound);
        self.sent += 1;
        let to = self.sound_to.expect("the call was answered");
        self.rtp.send_to(&packet, to).await.expect("sent");
    }

    /// The next packet of sound.
    pub(crate) async fn hears(&self) -> Vec<u8> {
        receive(&self.rtp).await
    }
}
