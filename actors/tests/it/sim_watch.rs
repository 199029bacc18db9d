//! What a console sees of a call on a line in memory, whatever dies in it.

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_actors::watch::{Event, LiveCall, Speaker, Start, What};
use frontdesk_line::AgentState;
use frontdesk_types::{CallOutcome, Channel};

use crate::sim::Sim;
use crate::text_calls::reply;

/// Places whose death would double or lose an event if it were told at the wrong moment.
const PLACES: [&str; 6] = [
    "line_link",
    "dialogue",
    "dialogue.handled",
    "tool_stage.answered",
    "speaker",
    "call_supervisor",
];

/// The final lines of a transcript.
fn lines(live: &LiveCall) -> Vec<(Speaker, String)> {
    let words = live.words.iter().filter(|words| words.is_final && !words.text.expose().is_empty());
    words.map(|words| (words.by, words.text.expose().clone())).collect()
}

#[tokio::test]
async fn every_word_and_tool_of_a_call_is_told_once_whatever_dies() {
    let mut sim = Sim::start(1).await;
    let clinic = sim.clinic();
    let (start, mut events) = sim.switchboard.watch().subscribe(clinic, None);
    assert!(matches!(start, Start::Snapshot { calls, .. } if calls.is_empty()));
    let mut call = sim.call(Channel::Web);
    let mut heard = call.hears(&mut sim, "automatic assistant").await;
    let mut said = vec![(Speaker::Agent, heard.clone())];
    let mut places = PLACES.iter();
    while !heard.contains("reference") {
        if let Some(place) = places.next() {
            arm(call.id, place, Fault::Panic, 0, 1);
        }
        let words = if heard.contains("automatic assistant") {
            "where are you?".to_owned()
        } else {
            reply(&heard, 5)
        };
        call.caller.types(&words);
        said.push((Speaker::Caller, words));
        heard = call.hears_any(&mut sim, &["?", "Garden Street"]).await;
        said.push((Speaker::Agent, heard.clone()));
    }
    let live = sim.switchboard.watch().call(clinic, call.id).expect("it is live");
    // What was said on the way to a question is there as well.
    let told = lines(&live);
    let mut left = told.iter();
    for line in &said {
        assert!(left.any(|told| told == line), "{line:?} is missing in {told:?}");
    }
    let callers = told.iter().filter(|(by, _)| *by == Speaker::Caller).count();
    assert_eq!(callers, said.iter().filter(|(by, _)| *by == Speaker::Caller).count(), "{told:?}");
    assert!(live.caller_here && live.patient.is_some(), "{live:?}");
    let results: Vec<_> =
        live.tools.iter().map(|run| (run.name.as_str(), run.result.as_deref())).collect();
    assert!(results.contains(&("book", Some("booked"))), "{results:?}");
    call.caller.types("no thank you");
    let id = call.id;
    call.ends(&mut sim).await;
    assert!(sim.switchboard.watch().list(clinic).is_empty());
    // The events, folded, are what was seen: nothing was lost on the way.
    let mut all: Vec<std::sync::Arc<Event>> = Vec::new();
    let ended = What::Ended { outcome: CallOutcome::Booked, error: None };
    while all.last().is_none_or(|last| last.what != ended) {
        all.push(events.next().await.expect("an event"));
    }
    assert!(all.iter().all(|event| event.call == id));
    assert!(all.windows(2).all(|pair| pair[0].number.0 + 1 == pair[1].number.0));
    let spoke = What::Agent { state: AgentState::Speaking };
    assert!(all.iter().any(|event| event.what == spoke));
    let booked = |event: &&std::sync::Arc<Event>| matches!(&event.what, What::Tool(run) if run.result.as_deref() == Some("booked"));
    assert_eq!(all.iter().filter(booked).count(), 1, "told once");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_red_flag_is_told() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("I have chest pain");
    call.hears(&mut sim, "?").await;
    let live = sim.switchboard.watch().call(sim.clinic(), call.id).expect("it is live");
    assert_eq!(live.red_flags.len(), 1, "{live:?}");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}
