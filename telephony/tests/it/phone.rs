//! A caller's end made by hand, message by message, and a reception that does as a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{CallerFacts, Connect, Line, LineContext, LineEvent, LineFuture};
use frontdesk_telephony::{Counts, Reception, Rejection, Take, Telephone, TelephoneOptions};
use frontdesk_types::{CallId, SystemIds};
use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// Longest that anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What is done with calls.
type Decide = dyn Fn(&CallerFacts) -> Result<(), Rejection> + Send + Sync;

struct Desk {
    decide: Box<Decide>,
    open: watch::Receiver<bool>,
    ringing: mpsc::Sender<(CallerFacts, Box<dyn Connect>)>,
}

impl Reception for Desk {
    fn decide<'a>(&'a self, caller: &'a CallerFacts) -> LineFuture<'a, Result<Take, Rejection>> {
        let mut open = self.open.clone();
        Box::pin(async move {
            open.wait_for(|open| *open).await.map_err(|_| Rejection::Unavailable)?;
            (self.decide)(caller)?;
            let (ringing, caller) = (self.ringing.clone(), caller.clone());
            Ok(Box::new(move |line| {
                ringing.try_send((caller, line)).expect("a test takes its calls");
            }) as Take)
        })
    }
}

/// A telephone with its reception.
pub(crate) struct Office {
    pub(crate) telephone: Telephone,
    /// Whether calls are decided on at all.
    pub(crate) open: watch::Sender<bool>,
    ringing: mpsc::Receiver<(CallerFacts, Box<dyn Connect>)>,
}

/// A call that was answered.
pub(crate) struct Answered {
    pub(crate) caller: CallerFacts,
    pub(crate) line: Arc<dyn Line>,
    events: mpsc::UnboundedReceiver<LineEvent>,
    seen: Arc<Mutex<Vec<LineEvent>>>,
}

impl Office {
    pub(crate) async fn new() -> Self {
        Self::deciding(|_| Ok(())).await
    }

    pub(crate) async fn deciding(
        decide: impl Fn(&CallerFacts) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        let (ring, ringing) = mpsc::channel(32);
        let (open, opened) = watch::channel(true);
        let desk = Desk { decide: Box::new(decide), open: opened, ringing: ring };
        let options = TelephoneOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            rtp_ports: 21_000..=21_998,
            media: tokio::runtime::Handle::current(),
            user_agent: "test".to_owned(),
        };
        let telephone = Telephone::start(options, Arc::new(desk)).await.expect("listens");
        Self { telephone, open, ringing }
    }

    pub(crate) async fn rings(&mut self) -> (CallerFacts, Box<dyn Connect>) {
        timeout(PATIENCE, self.ringing.recv()).await.expect("it rings").expect("open")
    }

    pub(crate) async fn answer(&mut self) -> Answered {
        let (caller, call) = self.rings().await;
        answer(caller, call).await.expect("answered")
    }

    /// Waits until nothing of any call is left.
    pub(crate) async fn is_empty(&self) {
        self.until(Counts { calls: 0, sockets: 0, tasks: 2 }).await;
    }

    pub(crate) async fn until(&self, counts: Counts) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while self.telephone.counts() != counts {
            assert!(tokio::time::Instant::now() < end, "left: {:?}", self.telephone.counts());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub(crate) async fn answer(
    caller: CallerFacts,
    call: Box<dyn Connect>,
) -> Result<Answered, frontdesk_line::ConnectError> {
    #[expect(clippy::disallowed_methods, reason = "a test sees few events")]
    let (tell, events) = mpsc::unbounded_channel();
    let context = LineContext {
        call: CallId::new(&SystemIds),
        language: "en".to_owned(),
        voice: true,
        first_turn: 0,
        listener: Arc::new(move |event| {
            let _ = tell.send(event);
        }),
    };
    let line = call.connect(context).await?;
    Ok(Answered { caller, line, events, seen: Arc::default() })
}

impl Answered {
    /// The next event that is none of the first two.
    pub(crate) async fn event(&mut self) -> LineEvent {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("an event");
            let event = event.expect("the line tells");
            self.seen.lock().push(event.clone());
            if !matches!(event, LineEvent::Audible | LineEvent::CallerHere(_)) {
                return event;
            }
        }
    }
}

/// A message that came.
#[derive(Debug, Clone)]
pub(crate) struct Message(pub(crate) String);

impl Message {
    pub(crate) fn status(&self) -> u16 {
        let words: Vec<&str> = self.0.split(' ').collect();
        if words[0] == "SIP/2.0" { words[1].parse().expect("a status") } else { 0 }
    }

    pub(crate) fn method(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of = |line: &str| line.split_once(':').map(|(n, _)| n.eq_ignore_ascii_case(name));
        let line = self.0.lines().take_while(|line| !line.is_empty());
        line.filter(|line| of(line) == Some(true))
            .find_map(|line| Some(line.split_once(':')?.1.trim()))
    }

    pub(crate) fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The port of the sound that it offers.
    pub(crate) fn sound_port(&self) -> u16 {
        let line = self.body().lines().find(|line| line.starts_with("m=audio ")).expect("sound");
        line.split(' ').nth(1).and_then(|port| port.parse().ok()).expect("a port")
    }
}

/// The caller's end.
pub(crate) struct Phone {
    pub(crate) sip: UdpSocket,
    pub(crate) rtp: UdpSocket,
    office: SocketAddr,
    call_id: String,
    seq: u32,
    /// The tag that the office gave.
    to_tag: Option<String>,
    /// The address that requests within the call go to.
    target: String,
    branch: u32,
}

pub(crate) const CLINIC: &str = "+20225550100";

impl Phone {
    pub(crate) async fn new(office: &Office) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let rtp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = office.telephone.address();
        let call_id = format!("call-{}", sip.local_addr().expect("an address").port());
        let target = format!("sip:{CLINIC}@{address}");
        Self { sip, rtp, office: address, call_id, seq: 1, to_tag: None, target, branch: 0 }
    }

    fn me(&self) -> SocketAddr {
        self.sip.local_addr().expect("an address")
    }

    /// A description of this end's sound.
    pub(crate) fn sdp(&self, laws: &str, direction: &str) -> String {
        let port = self.rtp.local_addr().expect("an address").port();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP {laws} 101\r\na=rtpmap:101 telephone-event/8000\r\n\
             a={direction}\r\n"
        )
    }

    /// A request, with `headers` and `body` beside what every one has.
    pub(crate) fn request(&mut self, method: &str, headers: &str, body: &str) -> String {
        // An ACK and a CANCEL are of the request before them.
        if !["ACK", "CANCEL"].contains(&method) {
            self.seq += 1;
            self.branch += 1;
        }
        let me = self.me();
        let tag = self.to_tag.as_ref().map_or_else(String::new, |tag| format!(";tag={tag}"));
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {me};rport;branch=z9hG4bK{}-{}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+201001234567@{me}>;tag=from1\r\n\
             To: <sip:{CLINIC}@{}>{tag}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n\
             Contact: <sip:me@{me}>\r\n{headers}{kind}Content-Length: {}\r\n\r\n{body}",
            self.target,
            self.call_id,
            self.branch,
            self.office,
            self.call_id,
            self.seq,
            body.len(),
        )
    }

    pub(crate) async fn send(&self, text: &str) {
        self.sip.send_to(text.as_bytes(), self.office).await.expect("sent");
    }

    /// The next message.
    pub(crate) async fn message(&self) -> Message {
        let mut bytes = vec![0; 9000];
        let got = timeout(PATIENCE, self.sip.recv_from(&mut bytes)).await;
        let (length, _) = got.expect("a message").expect("received");
        bytes.truncate(length);
        Message(String::from_utf8(bytes).expect("UTF-8"))
    }

    /// The final answer to what was sent.
    pub(crate) async fn answer(&mut self) -> Message {
        loop {
            let message = self.message().await;
            if message.status() >= 200 {
                return message;
            }
        }
    }

    /// Sends a request and gives its final answer.
    pub(crate) async fn ask(&mut self, method: &str, headers: &str, body: &str) -> Message {
        let text = self.request(method, headers, body);
        self.send(&text).await;
        let answer = self.answer().await;
        if method == "INVITE" {
            let to = answer.header("To").unwrap_or_default().to_owned();
            let tag = to.split_once(";tag=").map(|(_, tag)| tag.to_owned());
            if answer.status() < 300 {
                self.to_tag = tag;
                let contact = answer.header("Contact").expect("a contact").to_owned();
                self.target = contact.trim_matches(['<', '>']).to_owned();
                let ack = self.request("ACK", "", "");
                self.send(&ack).await;
            } else {
                let ours = std::mem::replace(&mut self.to_tag, tag);
                let ack = self.request("ACK", "", "");
                self.send(&ack).await;
                self.to_tag = ours;
            }
        }
        answer
    }

    /// Calls and is answered; the port that sound goes to.
    pub(crate) async fn dial(&mut self, laws: &str) -> (Message, SocketAddr) {
        let sdp = self.sdp(laws, "sendrecv");
        let answer = self.ask("INVITE", "", &sdp).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let sound = SocketAddr::new(self.office.ip(), answer.sound_port());
        (answer, sound)
    }

    /// Answers a request of the office's.
    pub(crate) async fn respond(&self, request: &Message, status: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let value = request.header(name).expect("a header that every request has");
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        self.send(&text).await;
    }

    /// A packet of sound or of a key.
    pub(crate) fn packet(kind: u8, seq: u16, time: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, kind];
        bytes.extend(seq.to_be_bytes());
        bytes.extend(time.to_be_bytes());
        bytes.extend(77_u32.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    /// The next packet of sound: payload type and payload.
    pub(crate) async fn hears(&self) -> (u8, Vec<u8>) {
        let mut bytes = vec![0; 2000];
        let got = timeout(PATIENCE, self.rtp.recv_from(&mut bytes)).await;
        let (length, _) = got.expect("sound").expect("received");
        bytes.truncate(length);
        (bytes[1] & 0x7F, bytes.split_off(12))
    }
}
