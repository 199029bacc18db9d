//! The line itself breaks: who comes back hears an apology and the open question, who was identified
//! and cannot come back is called back, and who left by themselves is not.

use frontdesk_line::CallerFacts;
use frontdesk_types::{CallOutcome, Channel};

use crate::sim::{Sim, SimCall};

const SORRY: &str = "we were interrupted";

/// Somebody the clinic knows, at the question when they want to come.
async fn mary(sim: &mut Sim, channel: Channel) -> SimCall {
    let mut call = sim.call(channel);
    call.hears(sim, "automatic assistant").await;
    call.caller.types("when is my appointment?");
    // Who speaks is asked for the date of birth first.
    for _ in 0..2 {
        let asked = call.hears_any(sim, &["full name", "date of birth"]).await;
        let answer = if asked.contains("name") { "Mary Johnson" } else { "12 March 1984" };
        call.caller.types(answer);
    }
    call.hears(sim, "appointment").await;
    call
}

async fn callbacks(sim: &Sim) -> Vec<String> {
    let known = "SELECT b.reason FROM callbacks b JOIN calls c
                     ON c.clinic_id = b.clinic_id AND c.id = b.call_id
                  WHERE b.patient_id IS NOT NULL AND b.patient_id = c.patient_id";
    sim.db.texts(known).await
}

#[tokio::test]
async fn an_identified_caller_whose_line_is_gone_is_called_back() {
    let mut sim = Sim::start(1).await;
    let call = mary(&mut sim, Channel::Text).await;
    call.caller.line_breaks("room disconnected: RetriesExhausted");
    let end = call.ends(&mut sim).await;
    assert_eq!(end.outcome, CallOutcome::Abandoned);
    assert_eq!(callbacks(&sim).await, ["failure"]);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_caller_who_does_not_come_back_to_a_line_that_broke_is_called_back() {
    let mut sim = Sim::start(1).await;
    let call = mary(&mut sim, Channel::Web).await;
    call.caller.agent_is_cut_off();
    call.caller.is_cut_off();
    call.caller.agent_is_back();
    let end = call.ends(&mut sim).await;
    assert!(end.error.is_some_and(|why| why.contains("did not come back")));
    assert_eq!(callbacks(&sim).await, ["failure"]);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn whoever_leaves_or_loses_their_own_connection_is_not_called_back() {
    let mut sim = Sim::start(1).await;
    let call = mary(&mut sim, Channel::Text).await;
    call.caller.leaves();
    call.ends(&mut sim).await;
    let call = mary(&mut sim, Channel::Text).await;
    call.caller.is_cut_off();
    call.ends(&mut sim).await;
    // Nor one whom nobody knows.
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.line_breaks("room disconnected: RetriesExhausted");
    call.ends(&mut sim).await;
    assert_eq!(sim.db.count("callbacks").await, 0);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn whoever_leaves_while_the_agent_speaks_ends_the_call_at_once() {
    let mut sim = Sim::start(1).await;
    let call = mary(&mut sim, Channel::Web).await;
    call.caller.types("where are you?");
    let frames = call.caller.frames();
    let speaks = || (call.caller.frames() > frames + 10).then_some(());
    sim.until(|| "it speaks".to_owned(), speaks).await;
    call.caller.leaves();
    let begun = sim.mono();
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error, None);
    assert!(sim.mono().since(begun) < std::time::Duration::from_secs(2));
    sim.switchboard.stop().await;
}

/// `question` is the one that is open when the line breaks.
async fn comes_back(channel: Channel, question: &str) {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(channel);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("when is my appointment?");
    call.hears(&mut sim, question).await;
    // In either order: who is back first is chance.
    for caller_first in [false, true] {
        call.caller.agent_is_cut_off();
        call.caller.is_cut_off();
        if caller_first {
            call.caller.arrives(CallerFacts::default());
            call.caller.agent_is_back();
        } else {
            call.caller.agent_is_back();
            call.caller.arrives(CallerFacts::default());
        }
        let heard = call.hears(&mut sim, SORRY).await;
        if !heard.contains(question) {
            call.hears(&mut sim, question).await;
        }
    }
    // A connection that was back before anybody was missed is not spoken of.
    call.caller.agent_is_cut_off();
    call.caller.agent_is_back();
    call.caller.types("where are you?");
    let heard = call.hears(&mut sim, "Garden Street").await;
    assert!(!heard.contains(SORRY), "{heard}");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn whoever_types_and_comes_back_hears_one_apology_and_the_open_question() {
    comes_back(Channel::Text, "full name").await;
}

#[tokio::test]
async fn whoever_speaks_and_comes_back_hears_one_apology_and_the_open_question() {
    comes_back(Channel::Web, "date of birth").await;
}
