//! Admission is exact, and draining ends in an empty house.

use std::time::Duration;

use frontdesk_actors::Refusal;
use frontdesk_types::CallOutcome;

use crate::rig::{Rig, until};

#[tokio::test(flavor = "multi_thread")]
async fn there_are_never_more_calls_than_places_whoever_asks_at_once() {
    let rig = Rig::start(3).await;
    let asked = (0..64).map(|_| {
        let switchboard = rig.switchboard.clone();
        tokio::spawn(async move { switchboard.reserve() })
    });
    let asked = futures_util::future::join_all(asked).await;
    let given: Vec<_> = asked.into_iter().filter_map(|r| r.expect("no panic").ok()).collect();
    assert_eq!(given.len(), 3);
    assert_eq!(rig.switchboard.reserve().expect_err("full"), Refusal::Full { max_calls: 3 });
    drop(given);
    assert!(rig.switchboard.reserve().is_ok(), "places come back");
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_refuses_new_calls_and_ends_those_that_do_not_end() {
    let rig = Rig::start(2).await;
    let (_, room, end) = rig.call();
    let caller = rig.caller(&room).await;
    caller.until("the greeting begins", |caller| caller.packets() > 0).await;
    let switchboard = rig.switchboard.clone();
    let draining = tokio::spawn(async move { switchboard.drain(Duration::from_millis(200)).await });
    until("no call is taken", || rig.switchboard.reserve().is_err()).await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Abandoned);
    draining.await.expect("drained");
    assert_eq!(rig.switchboard.live_calls(), 0);
    caller.leave().await;
    rig.switchboard.stop().await;
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
