//! What a runtime needs dies or is used up by others: its calls go on.

use std::time::Duration;

use frontdesk_rtc::RoomOptions;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::a_call_survives_its_worker::{goes_on, until};
use crate::desk::{Desk, Process, get};
use crate::typist::Typist;

/// Asks for a typed call as a page does; `None` if it cannot be had now.
async fn ask_for_call(url: &str) -> Option<Typist> {
    frontdesk::tls::install_provider();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
    let request = client.expect("a client").post(format!("{url}/api/v1/clinics/nile-heart/calls"));
    let request = request.header("content-type", "application/json");
    let answer = request.body(r#"{"channel":"text","new":true}"#).send().await.ok()?;
    let given: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    let text = |key: &str| given[key].as_str();
    let options = RoomOptions::new(text("server_url")?, text("participant_token")?);
    Some(Typist::enter(options).await)
}

pub(crate) async fn call(serve: &mut Process, url: &str) -> Typist {
    let mut typist = serve.until("a call is given", async |_| ask_for_call(url).await).await;
    typist.hears("automatic assistant").await;
    typist
}

/// Kills one of the embedded servers and gives the id that it had.
fn kill(desk: &Desk, server: &str) -> i32 {
    let pid = pid(desk, server).expect("it runs");
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("killed");
    pid
}

fn pid(desk: &Desk, server: &str) -> Option<i32> {
    let file = std::fs::read_to_string(desk.data_dir().join(format!("{server}.pid"))).ok()?;
    let process: Value = serde_json::from_str(&file).ok()?;
    i32::try_from(process["pid"].as_i64()?).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_server_that_is_killed_is_started_again_and_calls_go_on() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let mut patient = call(&mut serve, &url).await;
    patient.asks("where are you", &["Garden Street"]).await;

    let old = kill(&desk, "postgres");
    patient.asks("what are your opening hours", &["open", "does not work"]).await;
    let again = async |_: &Process| pid(&desk, "postgres").filter(|pid| *pid != old);
    serve.until("the database runs again", again).await;
    serve.ready(&url).await;
    patient.asks("where are you", &["Garden Street"]).await;
    patient.leaves().await;

    // What was asked and offered before it died stands.
    let mut patient = call(&mut serve, &url).await;
    until(&mut patient, String::new(), "Which one").await;
    kill(&desk, "livekit");
    goes_on(&mut patient, "Which one").await;
    patient.leaves().await;
    let begun = "frontdesk_calls_started_total 2";
    assert!(get(&format!("{url}/metrics")).await.1.contains(begun), "one call each");
    serve.signal(Signal::TERM);
    assert_eq!(serve.exit_code().await, Some(0), "{}", serve.log());
    assert_eq!(desk.leftovers(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_end_no_call_and_keep_nobody_out() {
    let desk = Desk::new();
    let mut command = desk.command_of(std::path::Path::new("sh"), &["-c"]);
    // The hard limit too: the runtime cannot raise it.
    let program = env!("CARGO_BIN_EXE_frontdesk");
    command.arg(format!("ulimit -n 256; exec {program} serve"));
    let mut serve = desk.spawn(command);
    let url = serve.url().await;
    serve.ready(&url).await;
    let mut patient = call(&mut serve, &url).await;
    let address = url.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(&address).await.expect("connected"));
    }
    patient.asks("where are you", &["Garden Street"]).await;
    assert_eq!(get(&format!("{url}/healthz")).await.0, 200);
    let closed = silent[0].read(&mut [0]).await;
    assert!(matches!(closed, Ok(0) | Err(_)), "the oldest was closed");
    let mut other = call(&mut serve, &url).await;
    other.asks("where are you", &["Garden Street"]).await;
    other.leaves().await;
    patient.leaves().await;
}

/// From the death of the embedded database to the answer of the next tool: asked to be within 5 s.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bench_the_next_tool_after_the_databases_death() {
    let desk = Desk::new();
    let mut serve = desk.start(&["serve"]);
    let url = serve.url().await;
    serve.ready(&url).await;
    let mut took = Vec::new();
    // A fourth death within ten minutes would end the runtime.
    for _ in 0..3 {
        let mut patient = call(&mut serve, &url).await;
        until(&mut patient, String::new(), "Shall I book").await;
        kill(&desk, "postgres");
        let killed = Instant::now();
        let heard = patient.asks("yes", &["reference"]).await;
        took.push(killed.elapsed());
        println!("{:.1} s: {heard:?}", killed.elapsed().as_secs_f64());
        patient.leaves().await;
    }
    took.sort_unstable();
    println!("from the kill to the booking: {took:?}");
    assert!(took[took.len() / 2] < Duration::from_secs(5), "{took:?}");
}
