//! Typed calls over `lk.chat`: whatever child is killed in the middle, the call books, once; and of
//! two hundred calls nothing is left.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_types::{CallId, CallOutcome};
use futures_util::{StreamExt, stream};

use crate::leaks::settled;
use crate::rig::{Caller, Rig};

/// Stages of a typed call, and places in the middle of their work.
const PLACES: [&str; 11] = [
    "room_link",
    "dialogue",
    "dialogue.handled",
    "booking_tool",
    "booking_tool.answered",
    "retriever",
    "slot_actor",
    "slot_actor.answered",
    "call_recorder",
    "speaker",
    "call_supervisor",
];

/// A name of letters alone, another one for each number.
fn name(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).expect("a letter"));
    format!("Quentin Zo{}{}{}", letter(number / 676), letter(number / 26), letter(number))
}

/// What a new patient types to what the agent has said.
pub(crate) fn reply(heard: &str, number: usize) -> String {
    let phone = format!("0100 55{number:05}");
    let rules: [(&str, &str); 8] = [
        ("full name", &name(number)),
        ("date of birth", "3 March 1990"),
        ("phone number", &phone),
        ("Which doctor", "any doctor"),
        ("Which one", "the first one"),
        ("Is that correct", "yes"),
        ("anything else", "I am new here and need an appointment with any doctor next week"),
        ("", "sorry?"),
    ];
    let rule = rules.iter().find(|(when, _)| heard.contains(when));
    rule.map(|(_, say)| (*say).to_owned()).expect("the last one fits everything")
}

/// A new patient asks where the clinic is, registers and books. `before` is called before each line.
async fn books(caller: &mut Caller, number: usize, mut before: impl FnMut(&str)) {
    caller.hears("automatic assistant").await;
    before("where are you");
    caller.types("where are you?").await;
    let mut heard = caller.hears("Garden Street").await;
    while !heard.contains("reference") {
        let line = reply(&heard, number);
        before(&line);
        caller.types(&line).await;
        heard = caller.hears_any(&["?"]).await;
    }
    before("no thank you");
    caller.types("no thank you").await;
}

async fn a_call_with(rig: &Rig, number: usize, place: &'static str) -> (CallId, String) {
    let (id, room, end) = rig.text_call();
    let mut caller = rig.caller(&room).await;
    // Each once: callers compete for the slots, and whoever loses one says these lines again.
    let mut fail_at = vec!["where are you", "the first one", "yes"];
    books(&mut caller, number, |line| {
        if let Some(at) = fail_at.iter().position(|at| *at == line) {
            fail_at.remove(at);
            arm(id, place, Fault::Panic, 0, 1);
        }
    })
    .await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Booked, "{place}: {end:?}");
    caller.leave().await;
    (id, room)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_child_that_dies_in_a_typed_call_is_restarted_and_the_call_books_once() {
    let rig = Rig::start(PLACES.len()).await;
    let calls = PLACES.iter().enumerate().map(|(n, place)| a_call_with(&rig, n, place));
    let calls = futures_util::future::join_all(calls).await;
    assert_eq!(rig.appointments().await, PLACES.len() as i64, "each call booked exactly once");
    let counters = rig.switchboard.counters();
    // Neither the supervisor nor the two of slots are stages.
    assert!(counters.stage_restarts >= 2 * (PLACES.len() as u64 - 3), "{counters:?}");
    assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    let slots = rig.slots.counters();
    assert!(slots.died >= 2, "{slots:?}");
    for ((id, room), place) in calls.into_iter().zip(PLACES) {
        let (outcome, turns, tools) = rig.record(id, &room).await;
        assert_eq!(outcome, Some(CallOutcome::Booked), "{place}");
        // Question, name, birth, phone, choice, two times yes, no thanks; and the agent's.
        assert!(turns >= 16, "{place}: {turns} turns");
        assert!(tools >= 5, "{place}: {tools} tool calls");
    }
    rig.switchboard.stop().await;
}

async fn calls(rig: &Rig, numbers: std::ops::Range<usize>) {
    let one = async |number| {
        let (_, room, end) = rig.text_call();
        let mut caller = rig.caller(&room).await;
        books(&mut caller, number, |_| ()).await;
        let end = end.await.expect("the end is told");
        assert_eq!(end.outcome, CallOutcome::Booked, "{end:?}");
        caller.leave().await;
    };
    stream::iter(numbers).for_each_concurrent(20, one).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_hundred_typed_calls_the_process_holds_what_it_held_after_twenty() {
    let rig = Rig::start(20).await;
    rig.fill_pool().await;
    calls(&rig, 0..20).await;
    let before = settled(&rig, None).await;
    calls(&rig, 20..220).await;
    let after = settled(&rig, Some(&before)).await;
    assert!(after.within(&before), "{after:?} after {before:?}");
    assert_eq!(rig.appointments().await, 220, "each call booked exactly once");
    rig.switchboard.stop().await;
}
