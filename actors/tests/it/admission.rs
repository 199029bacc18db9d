//! Admission is exact, and draining ends with no call left.

use std::time::Duration;

use frontdesk_actors::NoPlace;
use frontdesk_types::{CallOutcome, Channel};
use tokio::time::Instant;

use crate::rig::{Rig, until};
use crate::sim::Sim;

#[tokio::test]
async fn there_are_never_more_calls_than_places_whoever_asks_at_once() {
    let sim = Sim::start(3).await;
    let ask = |number| {
        let switchboard = sim.switchboard.clone();
        let thread = std::thread::Builder::new().name(format!("asks-{number}"));
        thread.spawn(move || switchboard.reserve()).expect("a thread")
    };
    let asked: Vec<_> = (0..64).map(ask).collect();
    let asked = asked.into_iter().map(|asked| asked.join().expect("no panic"));
    let given: Vec<_> = asked.filter_map(Result::ok).collect();
    assert_eq!(given.len(), 3);
    assert_eq!(sim.switchboard.reserve().expect_err("full"), NoPlace::Full { max_calls: 3 });
    drop(given);
    assert!(sim.switchboard.reserve().is_ok(), "places come back");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn draining_refuses_new_calls_and_ends_those_that_do_not_end() {
    let mut sim = Sim::start(2).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    let switchboard = sim.switchboard.clone();
    let draining = tokio::spawn(async move { switchboard.drain(Duration::from_millis(200)).await });
    let switchboard = sim.switchboard.clone();
    let refused = || switchboard.reserve().is_err().then_some(());
    sim.until(|| "no call is taken".to_owned(), refused).await;
    let end = call.ends(&mut sim).await;
    assert_eq!(end.outcome, CallOutcome::Abandoned);
    let drained = || draining.is_finished().then_some(());
    sim.until(|| "drained".to_owned(), drained).await;
    assert_eq!(sim.switchboard.live_calls(), 0);
    sim.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_room_cannot_be_joined_gives_its_place_back_and_says_why() {
    let mut rig = Rig::start(1).await;
    rig.livekit.kill().await.expect("killed");
    let (_, _, end) = rig.call();
    let end = end.await.expect("the end is told");
    assert!(end.error.is_some_and(|error| error.contains("room not joined")));
    until("the place is free", || rig.switchboard.live_calls() == 0).await;
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_half_of_a_drain_calls_are_brief_and_at_its_end_they_are_cut() {
    const BRIEF: &str = "a little time left";
    let rig = Rig::start(1).await;
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hears("automatic assistant").await;
    let switchboard = rig.switchboard.clone();
    let begun = Instant::now();
    let draining = tokio::spawn(async move { switchboard.drain(Duration::from_secs(12)).await });
    caller.types("where are you?").await;
    caller.hears("Garden Street").await;
    assert!(!caller.has_heard(BRIEF), "before half of the time is over");
    until("half of the time is over", || begun.elapsed() > Duration::from_secs(7)).await;
    caller.types("where are you?").await;
    caller.hears(BRIEF).await;
    caller.hears("have to end our call").await;
    end.await.expect("the end is told");
    assert_eq!(draining.await.expect("it drains"), 1);
    caller.leave().await;
    rig.switchboard.stop().await;
}
