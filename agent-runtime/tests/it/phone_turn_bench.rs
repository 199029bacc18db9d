//! How long a caller on the telephone waits for an answer, beside a caller in a LiveKit room of the
//! same runtime; and how long a language model's clause takes from its last token to its sound.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::post;
use frontdesk_models::tts::TextToSpeech as _;
use frontdesk_models::tts::flite::Flite;
use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::desk::Desk;
use crate::phone_raw::{PACKET, Raw, is_sound, is_voiced};
use crate::phone_rig::{NUMBER, Office};

/// With one turn in each.
const CALLS: usize = 10;

const SENTENCE: &str = "I would like to book an appointment";

/// Loudest sample of a frame that belongs to the silence around the sentence: −40 dBFS.
const SILENCE: u16 = 328;

/// How long the agent must say nothing until it is the caller's turn.
const TURN_OVER: Duration = Duration::from_millis(800);

/// One sample as µ-law (ITU-T G.711).
fn mu_law(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs().min(32_635) + 132;
    // From 132 to 32,767: 1 to 8 leading zeros.
    let exponent = 8 - magnitude.leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | u8::try_from(exponent << 4).expect("3 bits") | u8::try_from(mantissa).expect("4 bits"))
}

/// The sentence from its first to its last voiced packet.
fn sentence() -> Vec<[u8; PACKET]> {
    let mut samples = Vec::new();
    let mut take = |more: &[i16]| {
        samples.extend_from_slice(more);
        ControlFlow::Continue(())
    };
    Flite::new().synthesize(SENTENCE, "slt", &mut take).expect("spoken");
    let frames: Vec<&[i16]> = samples.chunks_exact(SAMPLES_PER_FRAME).collect();
    let voiced = |frame: &&[i16]| frame.iter().any(|sample| sample.unsigned_abs() > SILENCE);
    let first = frames.iter().position(voiced).expect("a voice");
    let last = frames.iter().rposition(voiced).expect("a voice");
    let packet = |frame: &&[i16]| {
        // From 16 to 8 kHz.
        let mut packet = [0; PACKET];
        for (byte, pair) in packet.iter_mut().zip(frame.chunks_exact(2)) {
            *byte = mu_law(i16::midpoint(pair[0], pair[1]));
        }
        packet
    };
    frames[first..=last].iter().map(packet).collect()
}

/// A caller with a microphone that never stops.
struct Caller {
    line: Raw,
    tick: Interval,
    /// When the agent was last heard.
    heard: Option<Instant>,
    /// When the sound began that goes on: the first packet of the clause that is being said.
    began: Option<Instant>,
}

impl Caller {
    async fn call(office: &Office) -> Self {
        let mut line = Raw::new(office.sip, NUMBER).await;
        assert_eq!(line.invite().await, 200);
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Self { line, tick, heard: None, began: None }
    }

    /// Sends a packet when it is due; when the agent was first heard meanwhile.
    async fn step(&mut self, packet: &[u8; PACKET]) -> Option<Instant> {
        let mut first = None;
        loop {
            tokio::select! {
                _ = self.tick.tick() => break,
                sound = self.line.hears() => {
                    let now = Instant::now();
                    self.began = is_sound(&sound).then(|| self.began.unwrap_or(now));
                    if is_voiced(&sound) {
                        self.heard = Some(now);
                        first.get_or_insert(now);
                    }
                },
            }
        }
        self.line.says(packet).await;
        first
    }

    /// Waits for its turn, says the sentence, and gives when it was said and when it was answered.
    async fn turn(&mut self, sentence: &[[u8; PACKET]]) -> (Instant, Instant) {
        let silence = [mu_law(0); PACKET];
        while self.heard.is_none_or(|heard| heard.elapsed() < TURN_OVER) {
            self.step(&silence).await;
        }
        for packet in sentence {
            self.step(packet).await;
        }
        let said = Instant::now();
        loop {
            if let Some(answered) = self.step(&silence).await {
                return (said, answered);
            }
        }
    }
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_end_of_speech_to_the_first_sound_by_telephone_and_in_a_room() {
    let office = Office::open().await;
    let sentence = sentence();
    let mut waits = Vec::new();
    for _ in 0..CALLS {
        let mut caller = Caller::call(&office).await;
        let (said, answered) = caller.turn(&sentence).await;
        waits.push(answered - said);
        caller.line.bye().await;
    }
    let load = Desk::new()
        .with("LIVEKIT_URL", office.livekit.ws_url())
        .with("LIVEKIT_API_KEY", office.livekit.api_key())
        .with("LIVEKIT_API_SECRET", office.livekit.api_secret());
    let pid = std::process::id().to_string();
    let args =
        ["load", "--rounds", "10", "--calls", "1", "--turns", "1", "--seconds", "1", "--pid"];
    let args = [&args[..], &[&pid, "--say", SENTENCE]].concat();
    let output = load.run(&args).await;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    println!("end of speech to first sound by telephone: median {:?}", median(waits));
    office.close().await;
}

/// When the endpoint has sent the end of a clause.
type Sent = Arc<Mutex<Option<Instant>>>;

/// A model that says one clause to whatever it is asked.
async fn complete(State(sent): State<Sent>) -> axum::response::Response {
    let chunk = |delta: serde_json::Value, reason: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        format!("data: {}\n\n", json!({ "object": "chat.completion.chunk", "choices": [choice] }))
    };
    let words = "Of course. ".split_inclusive(' ');
    let mut stream: String = words.map(|word| chunk(json!({ "content": word }), None)).collect();
    stream += &chunk(json!({}), Some("stop"));
    stream += "data: [DONE]\n\n";
    *sent.lock() = Some(Instant::now());
    ([(header::CONTENT_TYPE, "text/event-stream")], stream).into_response()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_the_token_that_ends_a_clause_to_its_first_packet() {
    let sent = Sent::default();
    let router =
        Router::new().route("/v1/chat/completions", post(complete)).with_state(sent.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let model = [("FRONTDESK_LLM_URL", url.as_str()), ("FRONTDESK_LLM_MODEL", "small")];
    let office = Office::open_with(&model).await;
    let sentence = sentence();
    let (mut waits, mut packets) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let mut caller = Caller::call(&office).await;
        let (_, answered) = caller.turn(&sentence).await;
        // Not asked if nothing was understood: then the agent asks again by itself.
        if let Some(told) = sent.lock().take() {
            waits.push(answered.saturating_duration_since(told));
            let began = caller.began.expect("a voiced packet is a sound");
            packets.push(began.saturating_duration_since(told));
        }
        caller.line.bye().await;
    }
    println!("{} of {CALLS} turns went to the model", waits.len());
    println!("token that ends a clause to its first packet: median {:?}", median(packets));
    println!("token that ends a clause to first voiced packet: median {:?}", median(waits));
    office.close().await;
    serving.abort();
}
