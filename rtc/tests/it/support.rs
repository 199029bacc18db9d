//! A livekit-server child, tokens, a proxy that can cut signalling, speech-like sound.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, UdpSocket as StdUdp};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use frontdesk_rtc::codec::{EncoderOptions, OpusDecoder, OpusEncoder, TICKS_PER_FRAME};
use frontdesk_rtc::{LocalAudio, Packet, RemoteAudio, Room, RoomEvent, RoomEvents, RoomOptions};
use frontdesk_types::SAMPLES_PER_FRAME;
use livekit_api::access_token::{AccessToken, VideoGrants};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

pub(crate) const KEY: &str = "testkey";
pub(crate) const SECRET: &str = "a secret of at least thirty-two characters";

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a livekit-server may take to answer while it runs; one that ends is not waited for.
const START: Duration = Duration::from_secs(300);
/// How often other ports are tried when somebody took one before the server did.
const PORT_ATTEMPTS: u32 = 5;

/// A livekit-server of its own.
pub(crate) struct Server {
    child: Child,
    config: tempfile::NamedTempFile,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_tcp_fallback(false).await
    }

    pub(crate) async fn with_tcp_fallback(fallback: bool) -> Self {
        show_log();
        for _ in 0..PORT_ATTEMPTS {
            let mut server = Self::on_free_ports(fallback);
            if server.answers().await {
                return server;
            }
        }
        panic!("livekit-server ends at once: RTC_TEST_SERVER_LOG=FILE shows what it says");
    }

    fn on_free_ports(fallback: bool) -> Self {
        let port = free_tcp();
        let (tcp, udp) = (free_tcp(), free_udp());
        let mut config = tempfile::NamedTempFile::new().unwrap();
        write!(
            config,
            "port: {port}\nbind_addresses: ['127.0.0.1']\nkeys:\n  {KEY}: {SECRET}\n\
             rtc:\n  udp_port: {udp}\n  tcp_port: {tcp}\n  allow_tcp_fallback: {fallback}\n  \
             node_ip: 127.0.0.1\n  use_external_ip: false\n  enable_loopback_candidate: true\n  \
             ips:\n    includes: ['127.0.0.1/32']\n  stun_servers: ['127.0.0.1:{udp}']\n\
             logging:\n  level: debug\n  pion_level: error\n"
        )
        .unwrap();
        Self { child: spawn(&config), config, port }
    }

    /// Waits until it answers; false if it has ended instead.
    async fn answers(&mut self) -> bool {
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_err() {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "livekit-server runs and does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(&self.config);
        assert!(self.answers().await, "livekit-server ends at once");
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    pub(crate) fn options(&self, room: &str, identity: &str) -> RoomOptions {
        RoomOptions::new(self.url(), token(room, identity, ""))
    }

    pub(crate) async fn join(&self, room: &str, identity: &str) -> (Room, RoomEvents) {
        Room::connect(self.options(room, identity)).await.unwrap()
    }

    pub(crate) async fn join_as_agent(&self, room: &str, identity: &str) -> (Room, RoomEvents) {
        let token = token(room, identity, "agent");
        Room::connect(RoomOptions::new(self.url(), token)).await.unwrap()
    }
}

/// `RUST_LOG=frontdesk_rtc=debug` shows what the participants log.
fn show_log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer();
    // Fails for all servers but the first.
    let _ = log.try_init();
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(config: &tempfile::NamedTempFile) -> Child {
    let log = variable("RTC_TEST_SERVER_LOG").map_or_else(Stdio::null, |path| {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        Stdio::from(file.unwrap())
    });
    Command::new(program())
        .arg("--config")
        .arg(config.path())
        .env_remove("LIVEKIT_CONFIG")
        .env_remove("LIVEKIT_KEYS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("livekit-server is not installed: run the set-up, or set LIVEKIT_SERVER_BIN")
}

/// The set-up installs it under this name, and `.cargo/config.toml` says where.
fn program() -> PathBuf {
    variable("LIVEKIT_SERVER_BIN").unwrap_or_else(|| "livekit-server".into()).into()
}

#[expect(clippy::disallowed_methods, reason = "which program to test with is the machine's")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn free_tcp() -> u16 {
    StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn free_udp() -> u16 {
    StdUdp::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn token(room: &str, identity: &str, kind: &str) -> String {
    let grants = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_update_own_metadata: Some(true),
        agent: kind == "agent",
        ..Default::default()
    };
    AccessToken::with_api_key(KEY, SECRET)
        .with_identity(identity)
        .with_kind(kind)
        .with_grants(grants)
        .to_jwt()
        .unwrap()
}

/// The first event that `pick` takes.
pub(crate) async fn until<T>(
    events: &mut RoomEvents,
    what: &str,
    mut pick: impl FnMut(RoomEvent) -> Option<T>,
) -> T {
    let mut seen = Vec::new();
    let search = async {
        loop {
            let event = events.recv().await?;
            seen.push(format!("{event:?}"));
            if let Some(found) = pick(event) {
                return Some(found);
            }
        }
    };
    match tokio::time::timeout(PATIENCE, search).await {
        Ok(Some(found)) => found,
        Ok(None) => panic!("the events ended before {what}: {seen:#?}"),
        Err(_) => panic!("no {what} came: {seen:#?}"),
    }
}

/// Waits for an event that matches a pattern.
macro_rules! expect_event {
    ($events:expr, $pattern:pat $(if $guard:expr)? => $value:expr) => {
        $crate::support::until(&mut $events, stringify!($pattern), |event| match event {
            $pattern $(if $guard)? => Some($value),
            _ => None,
        })
        .await
    };
    ($events:expr, $pattern:pat $(if $guard:expr)?) => {
        expect_event!($events, $pattern $(if $guard)? => ())
    };
}
pub(crate) use expect_event;

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it did not come to pass: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sound like speech in that it changes all the time: a chirp of `seconds` from 200 to 2,000 Hz
/// with a swelling loudness, at 16 kHz. No two places of it are alike.
pub(crate) fn chirp(seconds: f32) -> Vec<i16> {
    let n = (seconds * 16_000.0) as usize;
    let mut phase = 0.0_f32;
    (0..n)
        .map(|i| {
            let at = i as f32 / n as f32;
            phase += std::f32::consts::TAU * (200.0 + 1800.0 * at) / 16_000.0;
            let loudness = 0.6 + 0.4 * (at * 37.0).sin();
            (phase.sin() * loudness * 12_000.0) as i16
        })
        .collect()
}

/// Speaks `sound` in real time, once.
pub(crate) async fn speak(audio: &LocalAudio, sound: &[i16], from_frame: u64) -> u64 {
    let mut encoder = OpusEncoder::new(EncoderOptions::default()).unwrap();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut frame = from_frame;
    for samples in sound.chunks_exact(SAMPLES_PER_FRAME) {
        tick.tick().await;
        let packet = encoder.encode(samples).unwrap();
        audio.write(packet, frame * TICKS_PER_FRAME, frame == from_frame);
        frame += 1;
    }
    frame
}

/// Speaks `sound` again and again until dropped.
pub(crate) struct Speaking(tokio::task::JoinHandle<()>);

impl Speaking {
    pub(crate) fn start(audio: &LocalAudio, sound: Vec<i16>) -> Self {
        let audio = audio.clone();
        Self(tokio::spawn(async move {
            let mut frame = 0;
            loop {
                frame = speak(&audio, &sound, frame).await;
            }
        }))
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads at least `count` packets of a track from `position` on.
pub(crate) async fn packets(audio: &RemoteAudio, position: u64, count: usize) -> Vec<Packet> {
    let mut reader = audio.packets.reader(position);
    let mut all = Vec::new();
    let read = async {
        while all.len() < count {
            reader.ready().await;
            reader.drain(usize::MAX, &mut all);
        }
    };
    if tokio::time::timeout(PATIENCE, read).await.is_err() {
        panic!("only {} of {count} packets came", all.len());
    }
    all
}

/// Waits for a track to be published and subscribes it.
pub(crate) async fn listen_to(room: &Room, events: &mut RoomEvents, identity: &str) -> RemoteAudio {
    let sid = expect_event!(
        *events,
        RoomEvent::TrackPublished { identity: who, track, .. } if who.expose() == identity => track.sid
    );
    room.subscribe(&sid).await.unwrap();
    expect_event!(*events, RoomEvent::TrackSubscribed(audio) if audio.sid == sid => audio)
}

pub(crate) fn decode(packets: &[Packet]) -> Vec<i16> {
    let mut decoder = OpusDecoder::new().unwrap();
    packets.iter().flat_map(|p| decoder.decode(&p.payload).unwrap().to_vec()).collect()
}

/// The best normalized correlation of `heard` with `said` over all shifts of up to a second.
pub(crate) fn correlation(said: &[i16], heard: &[i16]) -> f64 {
    let at = |shift: i64| {
        let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
        // Every seventh sample is enough to tell, and quicker.
        for (i, &s) in said.iter().enumerate().step_by(7) {
            let j = i as i64 + shift;
            let Ok(j) = usize::try_from(j) else { continue };
            let Some(&h) = heard.get(j) else { continue };
            let (s, h) = (f64::from(s), f64::from(h));
            dot += s * h;
            a += s * s;
            b += h * h;
        }
        // A short overlap proves nothing.
        if a == 0.0 || b == 0.0 { 0.0 } else { dot / (a * b).sqrt() }
    };
    let short = said.len().min(heard.len()) as i64;
    (-short / 2..16_000.min(short / 2)).map(at).fold(0.0, f64::max)
}

/// A TCP proxy in front of a server's signalling port, whose connections can be cut.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    refuse: Arc<AtomicBool>,
    cut: watch::Sender<u32>,
    pub(crate) accepted: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let refuse = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (cut, _) = watch::channel(0);
        let task = {
            let (refuse, accepted, cut) = (refuse.clone(), accepted.clone(), cut.clone());
            tokio::spawn(async move {
                while let Ok((mut client, _)) = listener.accept().await {
                    if refuse.load(Ordering::SeqCst) {
                        continue;
                    }
                    accepted.fetch_add(1, Ordering::SeqCst);
                    let mut cut = cut.subscribe();
                    tokio::spawn(async move {
                        let server = (Ipv4Addr::LOCALHOST, port);
                        let Ok(mut server) = TcpStream::connect(server).await else { return };
                        tokio::select! {
                            _ = copy_bidirectional(&mut client, &mut server) => {}
                            _ = cut.changed() => {}
                        }
                    });
                }
            })
        };
        Self { address, refuse, cut, accepted, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|n| *n += 1);
    }

    /// Hangs up on new connections, or stops doing so.
    pub(crate) fn refuse(&self, refuse: bool) {
        self.refuse.store(refuse, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
