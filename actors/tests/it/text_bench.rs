//! Measures typed calls; `make bench` runs it, `docs/performance.md` states what came of it.

#![expect(clippy::print_stdout, reason = "a measurement prints what it found")]

use std::sync::Arc;
use std::time::Duration;

use frontdesk_types::{Clock, Mono, SystemClock};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

use crate::rig::{Caller, Rig};

/// Lines that are answered without the database, and what the answer holds.
const LINES: [(&str, &str); 4] = [
    ("I am new here and need an appointment with any doctor", "full name"),
    ("Quentin Zoller", "date of birth"),
    ("3 March", "Which year"),
    ("3 March 1990", "phone number"),
];

/// Pause between the lines of one caller, who reads and types.
const PAUSE: Duration = Duration::from_secs(4);

/// Callers who join at a time.
const JOINING: usize = 20;

/// From the words being sent until the answer is final, for each line.
async fn replies(caller: &mut Caller, clock: &SystemClock, pause: Duration) -> Vec<Duration> {
    let mut took = Vec::new();
    // With its first words a participant gets the connection that it sends on, which takes as long
    // as ICE takes (often 50 ms) and is not the agent's time.
    caller.types("hello").await;
    caller.hears("help you").await;
    for (line, answer) in LINES {
        tokio::time::sleep(pause).await;
        let typed: Mono = clock.mono();
        caller.types(line).await;
        caller.hears(answer).await;
        took.push(clock.mono().since(typed));
    }
    took
}

fn told(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    println!(
        "{what}: {} replies, median {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        took.len(),
        ms(at(50)),
        ms(at(99)),
        ms(at(100))
    );
}

/// Resident memory of this process in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
    kib / 1024
}

async fn at_once(count: usize) {
    let rig = Arc::new(Rig::start(count).await);
    let clock = Arc::new(SystemClock::new());
    let before = resident();
    let mut calls = JoinSet::new();
    let joining = Arc::new(Semaphore::new(JOINING));
    let joined = Arc::new(Barrier::new(count + 1));
    for index in 0..count {
        let (rig, clock, joining) = (Arc::clone(&rig), Arc::clone(&clock), Arc::clone(&joining));
        let joined = Arc::clone(&joined);
        calls.spawn(async move {
            let place = joining.acquire().await.expect("open");
            let (_, room, end) = rig.text_call();
            let mut caller = rig.caller(&room).await;
            caller.hears("automatic assistant").await;
            drop(place);
            // Twice: all are here, and all have been counted.
            joined.wait().await;
            joined.wait().await;
            // Callers do not type in step.
            let offset = PAUSE.mul_f64(index as f64 / count as f64);
            tokio::time::sleep(offset).await;
            let took =
                replies(&mut caller, &clock, if count == 1 { Duration::ZERO } else { PAUSE });
            let took = took.await;
            caller.leave().await;
            end.await.expect("the end is told");
            took
        });
    }
    joined.wait().await;
    assert_eq!(rig.switchboard.live_calls(), count);
    println!("{count} calls: {} MiB with their callers", resident() - before);
    joined.wait().await;
    let took = calls.join_all().await;
    told(&format!("{count} calls at once"), took.into_iter().flatten().collect());
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make bench"]
async fn bench_typed_replies_of_single_calls() {
    for _ in 0..5 {
        at_once(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make bench"]
async fn bench_five_hundred_typed_calls_at_once() {
    at_once(500).await;
}
