//! Stages killed and hung in the middle of a call: the call goes on and books once.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_types::CallOutcome;

use crate::rig::Rig;
use crate::text_calls::reply;

const STAGES: [&str; 7] = [
    "line_link",
    "audio_ingest",
    "transcriber",
    "dialogue",
    "tool_stage",
    "speaker",
    "call_supervisor",
];

/// A call in which `stage` fails once while the greeting plays, and once more at every later step.
async fn a_call_with(rig: &Rig, number: usize, stage: &str, fault: Fault) {
    let (id, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hum().await;
    caller.until("the greeting begins", |caller| caller.packets() > 10).await;
    arm(id, stage, fault, 0, 1);
    let before = caller.packets();
    caller.until("the greeting goes on", |caller| caller.packets() > before + 50).await;
    let greeting = caller.hears("automatic assistant").await;
    assert!(greeting.contains("How can I help you?"), "{stage} {fault:?}: {greeting}");

    let mut heard = "anything else".to_owned();
    let mut armed = false;
    // The calls compete for the first free slot: whoever loses it is offered the next.
    while !heard.contains("reference") {
        if heard.contains("Shall I book the appointment?") && !armed {
            armed = true;
            arm(id, stage, fault, 1, 1);
        }
        caller.types(&reply(&heard, number)).await;
        heard = caller.hears_any(&["?"]).await;
    }
    caller.types("no thank you").await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Booked, "{stage} {fault:?}: {end:?}");
    caller.leave().await;
}

async fn every_stage(fault: Fault) {
    let rig = Rig::start(STAGES.len()).await;
    let calls = STAGES.iter().enumerate();
    let calls = calls.map(|(number, stage)| a_call_with(&rig, number, stage, fault));
    futures_util::future::join_all(calls).await;
    assert_eq!(rig.appointments().await, STAGES.len() as i64, "each call booked exactly once");
    let counters = rig.switchboard.counters();
    assert!(counters.stage_restarts >= 6, "{counters:?}");
    assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_that_panics_is_restarted_and_the_call_books_once() {
    every_stage(Fault::Panic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_that_hangs_is_replaced_and_the_call_books_once() {
    every_stage(Fault::Hang).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_fails_again_and_again_ends_the_call_with_an_apology() {
    let rig = Rig::start(1).await;
    let (id, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.until("the greeting begins", |caller| caller.packets() > 10).await;
    arm(id, "dialogue", Fault::Panic, 0, 100);
    caller.types("I would like to book an appointment").await;
    caller.types("hello").await;
    caller.types("hello").await;
    caller.hears("something went wrong").await;
    let end = end.await.expect("the end is told");
    assert!(end.error.is_some_and(|error| error.contains("failed")));
    assert_eq!(rig.appointments().await, 0);
    caller.leave().await;
    rig.switchboard.stop().await;
}
