//! What those who are kept waiting, and those who are not, notice of many others.

use std::time::Duration;

use frontdesk_rtc::{AudioPublish, Room, RoomEvent, RoomOptions};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::desk::{Desk, Process};
use crate::parts_that_die::call;
use crate::phone_raw::{Raw, is_voiced};
use crate::phone_rig::{CLINIC, NUMBER, Office, PATIENCE};
use crate::typist::Typist;

/// Clients of the HTTP port that say nothing.
const IDLE: usize = 2000;
/// After how long one that was closed connects again: what the listener allows in silence.
const AGAIN: Duration = Duration::from_secs(15);
/// Runs with, and as many without.
const RUNS: usize = 3;
/// Typed replies of a run.
const REPLIES: usize = 4;
/// Callers beyond the last place, by each way.
const CALLERS: usize = 10;

/// Bytes of the longest packet that is no voice, and how one begins that LiveKit's server makes itself.
const SILENCE: usize = 12;
const NOTHING: [u8; 3] = [0xf8, 0xff, 0xfe];

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Clients that connect and say nothing, again and again, until this is dropped.
async fn idle(address: &str) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for _ in 0..IDLE {
        let address = address.to_owned();
        clients.spawn(async move {
            loop {
                if let Ok(mut stream) = TcpStream::connect(&address).await {
                    let _ = stream.read(&mut [0]).await;
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }
    // All have connected once, and who was sent away has been.
    tokio::time::sleep(Duration::from_secs(3)).await;
    clients
}

/// Median of the typed replies of a call of its own: one that says nothing for long is hung up, and one
/// that goes on and on as well.
async fn typed(serve: &mut Process, url: &str) -> Duration {
    let mut patient = call(serve, url).await;
    let mut all = Vec::new();
    for _ in 0..REPLIES {
        let asked = Instant::now();
        patient.asks("where are you", &["Garden Street"]).await;
        all.push(asked.elapsed());
    }
    patient.leaves().await;
    median(all)
}

/// Median from the end of a spoken sentence to the answer, of five callers at once.
async fn spoken(desk: &Desk, run: usize) -> f64 {
    let path = desk.folder.path().join(format!("load-{run}.json"));
    let json = path.to_str().expect("UTF-8");
    let options =
        ["load", "--calls=5", "--turns=3", "--seconds=1", "--speaking=0.4", "--json", json];
    let output = desk.run(&options).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let report = std::fs::read_to_string(path).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    report["response_ms"]["p50"].as_f64().expect("a median")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_a_calls_response_beside_two_thousand_idle_connections() {
    let desk = Desk::new().with("FRONTDESK_ANNOUNCE", "1");
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let address = url.trim_start_matches("http://").to_owned();
    typed(&mut serve, &url).await;
    let (mut words, mut voice) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    println!("load average before: {}", load_average());
    for run in 0..2 * RUNS {
        let beside = run % 2;
        let clients = if beside == 1 { idle(&address).await } else { JoinSet::new() };
        let replies = typed(&mut serve, &url).await;
        let response = spoken(&desk, run).await;
        let held = clients.len();
        println!("{held} clients: typed {replies:?}, spoken {response:.0} ms");
        words[beside].push(replies);
        voice[beside].push(Duration::from_secs_f64(response / 1000.0));
    }
    for (name, [without, with]) in [("typed", words), ("spoken", voice)] {
        let (without, with) = (median(without), median(with));
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!("{name} replies: {without:?} without, {with:?} beside {IDLE} idle: × {ratio:.3}");
    }
    println!("load average after: {}", load_average());
}

/// From asking for a spoken call, as a page does, to the first voice.
async fn page_hears(office: &Office) -> Duration {
    let began = Instant::now();
    let join = office.starts_a_call().await;
    let options = RoomOptions::new(&join.url, &join.token);
    let options = RoomOptions { subscribe_audio: true, ..options };
    let (room, mut events) = Room::connect(options).await.expect("joins");
    let microphone = AudioPublish { name: "microphone".to_owned(), ..AudioPublish::default() };
    let _audio = room.publish_audio(microphone).await.expect("published");
    let mut packets = Vec::new();
    let mut reader = None;
    loop {
        while let Some(event) = events.try_recv() {
            if let RoomEvent::TrackSubscribed(audio) = event {
                reader = Some(audio.packets.reader(0));
            }
        }
        packets.clear();
        if let Some(reader) = &mut reader {
            reader.drain(50, &mut packets);
        }
        let voice = |payload: &[u8]| payload.len() > SILENCE && !payload.starts_with(&NOTHING);
        if packets.iter().any(|packet| voice(&packet.payload)) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "nothing was heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let heard = began.elapsed();
    room.close().await;
    heard
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_a_caller_beyond_the_last_place_hears_why() {
    let settings = [("FRONTDESK_MAX_CALLS", "1"), ("FRONTDESK_CALLS_PER_MINUTE", "1000")];
    let office = Office::open_with(&settings).await;
    let mut first = Raw::new(office.sip, NUMBER).await;
    assert_eq!(first.invite().await, 200);
    let mut waits = [Vec::new(), Vec::new(), Vec::new()];
    for caller in 0..CALLERS {
        let began = Instant::now();
        let room = format!("beyond-{caller}");
        let mut typist = Typist::dispatch(&office.livekit, &room, CLINIC).await;
        typist.hears("lines are busy").await;
        waits[0].push(began.elapsed());
        typist.leaves().await;

        waits[1].push(page_hears(&office).await);

        let mut phone = Raw::new(office.sip, NUMBER).await;
        let began = Instant::now();
        assert_eq!(phone.invite().await, 200, "who waits is answered");
        while !is_voiced(&phone.hears().await) {}
        waits[2].push(began.elapsed());
        phone.bye().await;
    }
    for (name, mut all) in ["typed", "spoken, in a room", "telephone"].into_iter().zip(waits) {
        all.sort_unstable();
        let (middle, longest) = (all[CALLERS / 2], all[CALLERS - 1]);
        println!("no place to the reason, {name}: median {middle:?}, longest {longest:?}");
    }
    println!("load average: {}", load_average());
    first.bye().await;
    office.close().await;
}
