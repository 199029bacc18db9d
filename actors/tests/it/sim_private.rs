//! What is a patient's is for the patient: guesses count across calls, and whoever takes a caller's
//! place identifies anew.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_line::Shown;
use frontdesk_types::{CallOutcome, Channel};

use crate::sim::{Sim, SimCall};

const CANNOT: &str = "a person has to help";

/// Somebody who wants to know of their appointment says who they are; gives what comes of it.
async fn identifies(sim: &mut Sim, call: &mut SimCall, who: &str, born: &str) -> String {
    call.hears(sim, "automatic assistant").await;
    call.caller.types("when is my appointment?");
    call.hears(sim, "full name").await;
    call.caller.types(who);
    call.hears(sim, "date of birth").await;
    call.caller.types(born);
    call.hears_any(sim, &["been here before", CANNOT, "appointment"]).await
}

async fn leaves(sim: &mut Sim, call: SimCall) {
    call.caller.leaves();
    call.ends(sim).await;
}

#[tokio::test]
async fn who_guesses_in_call_after_call_is_called_back_by_the_staff_and_nobody_else_notices() {
    let mut sim = Sim::start(2).await;
    let mut mary = sim.call(Channel::Text);
    let known = identifies(&mut sim, &mut mary, "Mary Johnson", "12 March 1984").await;
    assert!(known.contains("no appointment") || known.contains("any appointment"), "{known}");
    for day in 1..=10 {
        let mut call = sim.call(Channel::Text);
        let born = format!("{day} May 1984");
        let text = identifies(&mut sim, &mut call, "Mary Johnson", &born).await;
        assert!(!text.contains(CANNOT), "{day}: {text}");
        leaves(&mut sim, call).await;
    }
    // Wrong and right alike.
    for born in ["11 May 1984", "12 March 1984"] {
        let mut call = sim.call(Channel::Text);
        let text = identifies(&mut sim, &mut call, "Mary Johnson", born).await;
        assert!(text.contains(CANNOT), "{born}: {text}");
        call.caller.types("0100 5500123");
        call.hears(&mut sim, "0 1 0 0").await;
        call.caller.types("yes");
        call.hears(&mut sim, "call you back").await;
        let end = call.ends(&mut sim).await;
        assert_eq!(end.outcome, CallOutcome::Transferred);
    }
    let reasons = sim.db.texts("SELECT reason FROM callbacks").await;
    assert_eq!(reasons, ["unidentified", "unidentified"]);
    let audited = sim
        .db
        .texts("SELECT reason FROM audit_log WHERE action = 'patient.not_verified' AND reason IS NOT NULL")
        .await;
    assert_eq!(audited, ["too many have failed", "too many have failed"]);

    // Whoever was right before, or is somebody else, is asked nothing more.
    mary.caller.types("when is my appointment?");
    let text = mary.hears_any(&mut sim, &["appointment", "full name", CANNOT]).await;
    assert!(!text.contains("full name") && !text.contains(CANNOT), "{text}");
    leaves(&mut sim, mary).await;
    let mut omar = sim.call(Channel::Text);
    let known = identifies(&mut sim, &mut omar, "Omar Khalil", "30 November 1971").await;
    assert!(!known.contains(CANNOT) && !known.contains("been here before"), "{known}");
    leaves(&mut sim, omar).await;
    sim.switchboard.stop().await;
}

/// What the agent has said, as far as it was shown.
fn shown(call: &SimCall) -> Vec<String> {
    let said = call.caller.shown(0).into_iter().filter_map(|shown| match shown {
        Shown::AgentDone { heard, .. } => Some(heard),
        _ => None,
    });
    said.collect()
}

async fn identifies_again(channel: Channel) {
    let mut sim = Sim::start(1).await;
    for place in [None, Some("line_link"), Some("dialogue"), Some("dialogue.handled")] {
        let mut call = sim.call(channel);
        call.hears(&mut sim, "automatic assistant").await;
        call.caller.types("I am Mary Johnson, born 12 March 1984, when is my appointment?");
        call.hears_any(&mut sim, &["no appointment", "any appointment"]).await;
        if let Some(place) = place {
            arm(call.id, place, Fault::Panic, 0, 1);
        }
        call.caller.is_replaced();
        call.hears(&mut sim, "joined again").await;
        call.caller.types("when is my appointment?");
        call.hears_any(&mut sim, &["full name", "date of birth"]).await;
        leaves(&mut sim, call).await;
    }
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn whoever_takes_the_place_of_who_types_identifies_again_whatever_dies() {
    identifies_again(Channel::Text).await;
}

#[tokio::test]
async fn whoever_takes_the_place_of_who_speaks_identifies_again_whatever_dies() {
    identifies_again(Channel::Web).await;
}

#[tokio::test]
async fn a_sentence_for_one_caller_is_not_said_to_the_next() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("I am Mary Johnson, born 12 March 1984, when is my appointment?");
    let begun = || shown(&call).len();
    let before = begun();
    // In the moment in which the answer begins to be spoken.
    let caller = call.caller.clone();
    let frames = caller.frames();
    sim.until(|| "it speaks".to_owned(), || (caller.frames() > frames).then_some(())).await;
    call.caller.is_replaced();
    call.hears(&mut sim, "joined again").await;
    for text in &shown(&call)[before..] {
        assert!(!text.contains("appointment,"), "{text}");
    }
    leaves(&mut sim, call).await;
    sim.switchboard.stop().await;
}
