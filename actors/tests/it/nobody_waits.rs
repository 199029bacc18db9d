//! Nobody waits for another call's network, and a call that is ending ends.

use std::time::Duration;

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_types::CallOutcome;
use tokio::time::Instant;

use crate::no_udp::NoUdp;
use crate::rig::{Rig, until};

/// Longest that a call may take to be greeted, whatever the others do.
const GREETED: Duration = Duration::from_secs(1);

/// Longest that a call that was hung up may take to be over.
const HUNG_UP: Duration = Duration::from_millis(100);

/// Longest that a call may keep its place once it is ending.
const PLACE: Duration = Duration::from_secs(5);

/// Calls tried beside the one without media: what this machine's other work delays, it does not
/// delay in all of them.
const TRIES: usize = 3;

/// How long a call took from its job to its greeting, and from its hanging up to its end.
async fn greeted_and_hung_up(rig: &Rig) -> (Duration, Duration) {
    let before = Instant::now();
    let (id, room, end) = rig.call();
    let caller = rig.caller(&room).await;
    caller.until("the greeting begins", |caller| caller.packets() > 0).await;
    let greeted = before.elapsed();
    let before = Instant::now();
    rig.switchboard.hang_up(id, "a test");
    end.await.expect("the end is told");
    let hung_up = before.elapsed();
    caller.leave().await;
    (greeted, hung_up)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_media_keeps_no_other_call_waiting() {
    let rig = Rig::start(2).await;
    let proxy = NoUdp::in_front_of(rig.livekit.ws_url()).await;
    let (id, room, mut stuck) = rig.call_through(&proxy.url());
    // Without a voice, but there: that its caller typed is not what it waits for.
    let caller = rig.caller(&room).await;
    caller.until("the agent is there", |caller| caller.agent().is_some()).await;

    let mut quickest = (Duration::MAX, Duration::MAX);
    for _ in 0..TRIES {
        let (greeted, hung_up) = greeted_and_hung_up(&rig).await;
        quickest = (quickest.0.min(greeted), quickest.1.min(hung_up));
        if quickest.0 < GREETED && quickest.1 < HUNG_UP {
            break;
        }
    }
    assert!(!caller.agent_voice(), "its media came up: nothing was tested");
    assert!(stuck.try_recv().is_err(), "the call without media had not been given up yet");
    assert!(quickest.0 < GREETED && quickest.1 < HUNG_UP, "greeted and hung up: {quickest:?}");

    let before = Instant::now();
    rig.switchboard.hang_up(id, "a test");
    let end = tokio::time::timeout(PLACE, stuck).await;
    let end = end.unwrap_or_else(|_| panic!("not over after {:?}", before.elapsed()));
    assert_eq!(end.expect("the end is told").error.as_deref(), Some("a test"));
    caller.leave().await;
    rig.switchboard.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_voice_cannot_be_published_ends_and_says_why() {
    let rig = Rig::start(1).await;
    let proxy = NoUdp::in_front_of(rig.livekit.ws_url()).await;
    let (_, room, end) = rig.call_through(&proxy.url());
    let caller = rig.caller(&room).await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Abandoned);
    let error = end.error.expect("a reason");
    assert!(error.contains("no voice"), "{error}");
    assert_eq!(rig.switchboard.live_calls(), 0);
    caller.leave().await;
    rig.switchboard.stop().await;
}

/// A call that is hung up, and whose supervisor meets `fault` while it ends.
async fn ends_despite(rig: &Rig, fault: Fault) {
    let (id, room, end) = rig.call();
    let caller = rig.caller(&room).await;
    caller.until("the greeting begins", |caller| caller.packets() > 0).await;
    arm(id, "call_supervisor.ending", fault, 0, 1);
    let before = Instant::now();
    rig.switchboard.hang_up(id, "a test");
    let end = tokio::time::timeout(PLACE, end).await;
    let end = end.unwrap_or_else(|_| panic!("{fault:?}: not over after {:?}", before.elapsed()));
    let end = end.expect("the end is told");
    assert_eq!(end.error.as_deref(), Some("a test"), "{fault:?}: why it ends is not forgotten");
    caller.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_dies_or_hangs_while_its_call_ends_gives_the_place_back() {
    let rig = Rig::start(2).await;
    tokio::join!(ends_despite(&rig, Fault::Panic), ends_despite(&rig, Fault::Hang));
    until("the places are free", || rig.switchboard.live_calls() == 0).await;
    rig.switchboard.stop().await;
}
