//! A caller for whom there is no place, or no clinic, hears why; who waits is taken when there is one.

use std::time::Duration;

use frontdesk_actors::NoPlace;
use frontdesk_line::{RefusalReason, Shown};
use frontdesk_types::{CallOutcome, Channel};

use crate::sim::{Sim, SimCall};

fn reasons(call: &SimCall) -> Vec<RefusalReason> {
    let shown = call.caller.shown(0).into_iter();
    shown
        .filter_map(|shown| match shown {
            Shown::Refused(reason) => Some(reason),
            _ => None,
        })
        .collect()
}

async fn waits_and_is_taken(channel: Channel) {
    let mut sim = Sim::start(1).await;
    let mut first = sim.call(channel);
    first.hears(&mut sim, "automatic assistant").await;
    let mut second = sim.waiting_call(channel);
    let told = second.hears(&mut sim, "lines are busy").await;
    assert!(told.contains("emergency"), "who cannot wait is told where to turn: {told}");
    assert_eq!(second.caller.frames() > 0, channel == Channel::Web, "told by the voice");
    assert_eq!(
        sim.switchboard.reserve().expect_err("taken"),
        NoPlace::Full { max_calls: 1 },
        "nobody passes who comes later"
    );
    second.caller.types("where are you?");
    first.caller.leaves();
    first.ends(&mut sim).await;
    second.hears(&mut sim, "automatic assistant").await;
    second.hears(&mut sim, "Garden Street").await;
    assert_eq!(reasons(&second), []);
    second.caller.leaves();
    second.ends(&mut sim).await;
    assert_eq!(sim.switchboard.live_calls(), 0);
    assert_eq!(sim.switchboard.counters().waiting_calls, 0);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn who_finds_no_place_hears_so_and_is_taken_when_one_is_free() {
    waits_and_is_taken(Channel::Web).await;
}

#[tokio::test]
async fn who_types_and_finds_no_place_reads_so_and_is_taken_when_one_is_free() {
    waits_and_is_taken(Channel::Text).await;
}

#[tokio::test]
async fn four_may_wait_and_after_a_minute_they_are_told_to_call_again() {
    let mut sim = Sim::start(1).await;
    let _place = sim.switchboard.reserve().expect("a place, kept by somebody");
    let mut waiting: Vec<_> = (0..4).map(|_| sim.waiting_call(Channel::Text)).collect();
    assert!(!sim.switchboard.can_wait());
    assert!(sim.switchboard.may_wait().is_err(), "no fifth");
    assert!(sim.switchboard.load() >= 1.0, "nobody is sent here");
    for call in &mut waiting {
        call.hears(&mut sim, "lines are busy").await;
    }
    let begun = sim.mono();
    for mut call in waiting {
        call.hears(&mut sim, "call again").await;
        assert_eq!(reasons(&call), [RefusalReason::Full]);
        let caller = call.caller.clone();
        assert_eq!(call.ends(&mut sim).await.outcome, CallOutcome::Abandoned);
        assert!(caller.is_over(), "the line is ended");
    }
    assert!(sim.mono().since(begun) < Duration::from_secs(90));
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn who_waits_and_leaves_is_forgotten() {
    let mut sim = Sim::start(1).await;
    let mut first = sim.call(Channel::Web);
    first.hears(&mut sim, "automatic assistant").await;
    let mut second = sim.waiting_call(Channel::Web);
    second.hears(&mut sim, "lines are busy").await;
    second.caller.leaves();
    second.ends(&mut sim).await;
    assert!(sim.switchboard.can_wait());
    assert_eq!(sim.switchboard.counters().waiting_calls, 0);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn who_cannot_be_served_is_told_so_by_voice_or_in_writing() {
    let mut sim = Sim::start(1).await;
    for voice in [true, false] {
        for (reason, words) in [
            (RefusalReason::NoClinic, "can't connect your call"),
            (RefusalReason::Unavailable, "something went wrong"),
            (RefusalReason::Stopping, "can't take your call right now"),
        ] {
            let mut call = sim.refused_call(voice, reason);
            call.hears(&mut sim, words).await;
            assert_eq!(reasons(&call), [reason]);
            let caller = call.caller.clone();
            call.ends(&mut sim).await;
            assert!(caller.is_over());
            assert_eq!(caller.frames() > 0, voice);
        }
    }
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_call_whose_caller_does_not_come_gives_way_to_one_whose_caller_is_there() {
    let mut sim = Sim::start(1).await;
    let silent = sim.call_without_caller(Channel::Web);
    for _ in 0..400 {
        sim.step().await;
    }
    assert!(sim.switchboard.reserve().is_err(), "the place is taken, and is asked for");
    let mut second = sim.waiting_call(Channel::Web);
    second.hears(&mut sim, "automatic assistant").await;
    assert_eq!(silent.ends(&mut sim).await.outcome, CallOutcome::Abandoned);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn calls_that_are_cut_short_are_told_so() {
    let mut sim = Sim::start(2).await;
    let mut calls = [sim.call(Channel::Web), sim.call(Channel::Text)];
    for call in &mut calls {
        call.hears(&mut sim, "automatic assistant").await;
    }
    let switchboard = sim.switchboard.clone();
    let draining = tokio::spawn(async move { switchboard.drain(Duration::ZERO).await });
    for mut call in calls {
        call.hears(&mut sim, "have to end our call").await;
        call.ends(&mut sim).await;
    }
    sim.until(|| "drained".to_owned(), || draining.is_finished().then_some(())).await;
    sim.switchboard.stop().await;
}
