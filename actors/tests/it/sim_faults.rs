//! Stages killed and hung in the middle of a call on a line in memory: each call books, once.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_types::{CallId, CallOutcome, Channel};

use crate::rig::record;
use crate::sim::Sim;
use crate::text_calls::reply;

/// Stages of a typed call, and places in the middle of their work.
const PLACES: [&str; 10] = [
    "line_link",
    "dialogue",
    "dialogue.handled",
    "tool_stage",
    "tool_stage.answered",
    "slot_actor",
    "slot_actor.answered",
    "call_recorder",
    "speaker",
    "call_supervisor",
];

/// What the caller says when a place fails that fails three times.
const THREE_TIMES: &[&str] = &["where are you?", "the first one", "yes"];

/// A new patient asks where the clinic is, registers and books, while `place` fails each time that
/// the caller says one of `fail_at`.
async fn books(
    sim: &mut Sim,
    channel: Channel,
    number: usize,
    (place, fault): (&'static str, Fault),
    fail_at: &[&str],
) -> CallId {
    let mut call = sim.call(channel);
    call.hears(sim, "automatic assistant").await;
    let mut fail_at = fail_at.to_vec();
    let mut line = "where are you?".to_owned();
    let mut heard = String::new();
    while !heard.contains("reference") {
        if let Some(at) = fail_at.iter().position(|at| *at == line) {
            fail_at.remove(at);
            arm(call.id, place, fault, 0, 1);
        }
        call.caller.types(&line);
        heard = call.hears_any(sim, &["?", "Garden Street"]).await;
        line = reply(&heard, number);
    }
    call.caller.types("no thank you");
    let id = call.id;
    let end = call.ends(sim).await;
    assert_eq!(end.outcome, CallOutcome::Booked, "{place} {fault:?}: {end:?}");
    id
}

async fn every_place(channel: Channel, fault: Fault) {
    let mut sim = Sim::start(1).await;
    for (number, place) in PLACES.iter().enumerate() {
        let id = books(&mut sim, channel, number, (place, fault), THREE_TIMES).await;
        let (outcome, turns, tools) = record(&sim.db, id, &format!("line-{id}")).await;
        assert_eq!(outcome, Some(CallOutcome::Booked), "{place}");
        // Question, name, birth, phone, choice, two times yes, no thanks; and the agent's.
        assert!(turns >= 16, "{place}: {turns} turns");
        assert!(tools >= 5, "{place}: {tools} tool calls");
    }
    assert_eq!(sim.db.count("appointments").await, PLACES.len() as i64, "each booked once");
    let counters = sim.switchboard.counters();
    assert!(counters.stage_restarts >= 2 * (PLACES.len() as u64 - 3), "{counters:?}");
    if channel != Channel::Text {
        // Typed lines follow one another so fast that its supervisor may have nothing to do.
        assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    }
    let slots = sim.slots.counters();
    assert!(slots.died >= 2, "{slots:?}");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn every_child_that_dies_in_a_typed_call_is_restarted_and_the_call_books_once() {
    every_place(Channel::Text, Fault::Panic).await;
}

#[tokio::test]
async fn every_child_that_dies_while_the_agent_speaks_is_restarted_and_the_call_books_once() {
    every_place(Channel::Web, Fault::Panic).await;
}

/// One hang each: while a stage hangs, the call's time is real time.
#[tokio::test]
async fn every_stage_that_hangs_while_the_agent_speaks_is_replaced_and_the_call_books_once() {
    const STAGES: [&str; 7] = [
        "line_link",
        "audio_ingest",
        "dialogue",
        "tool_stage",
        "call_recorder",
        "speaker",
        "call_supervisor",
    ];
    let mut sim = Sim::start(1).await;
    for (number, stage) in STAGES.iter().enumerate() {
        books(&mut sim, Channel::Web, number, (stage, Fault::Hang), &["the first one"]).await;
    }
    assert_eq!(sim.db.count("appointments").await, STAGES.len() as i64, "each booked once");
    let counters = sim.switchboard.counters();
    assert!(counters.stage_restarts >= 4, "{counters:?}");
    assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    sim.switchboard.stop().await;
}

/// A tool runs in a task of its own: where the stage that waits for it hangs, the write is done
/// once and told by the stage's successor.
#[tokio::test]
async fn a_stage_that_hangs_over_a_write_is_replaced_and_the_write_is_done_once() {
    let mut sim = Sim::start(1).await;
    let place = ("tool_stage.answered", Fault::Hang);
    books(&mut sim, Channel::Text, 0, place, &["yes"]).await;
    assert_eq!(sim.db.count("appointments").await, 1, "booked once");
    assert_eq!(sim.switchboard.counters().stage_restarts, 1, "it was replaced");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_stage_that_fails_again_and_again_ends_the_call_with_an_apology() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    arm(call.id, "dialogue", Fault::Panic, 0, 100);
    for words in ["I would like to book an appointment", "hello", "hello"] {
        call.caller.types(words);
    }
    call.hears(&mut sim, "something went wrong").await;
    let end = call.ends(&mut sim).await;
    assert!(end.error.is_some_and(|error| error.contains("failed")));
    assert_eq!(sim.db.count("appointments").await, 0);
    sim.switchboard.stop().await;
}
