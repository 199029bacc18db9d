//! A call that is not this process's any more: nothing is written of it, and it is left or ended.

use frontdesk_types::Channel;

use crate::sim::Sim;

/// The record is written behind the call, on a busy machine well behind it.
async fn is_recorded(sim: &mut Sim) {
    while sim.db.count("call_turns").await == 0 {
        sim.step().await;
    }
}

#[tokio::test]
async fn a_call_that_another_process_has_is_left_to_it() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("where are you?");
    call.hears(&mut sim, "Garden Street").await;
    is_recorded(&mut sim).await;
    sim.db.execute("UPDATE calls SET worker = 'another'").await;
    let turns = sim.db.count("call_turns").await;
    call.caller.types("and what are your opening hours?");
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error.as_deref(), Some("another process has the call"));
    let open = "SELECT worker FROM calls WHERE ended_at IS NULL AND lease_until IS NOT NULL";
    assert_eq!(sim.db.texts(open).await, ["another"], "not closed");
    assert_eq!(sim.db.count("call_turns").await, turns, "nothing is written");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_call_whose_record_was_closed_ends_with_a_word() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Text);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("where are you?");
    call.hears(&mut sim, "Garden Street").await;
    is_recorded(&mut sim).await;
    sim.db.execute("UPDATE calls SET ended_at = started_at, outcome = 'answered'").await;
    call.caller.types("and what are your opening hours?");
    call.hears(&mut sim, "something went wrong").await;
    let end = call.ends(&mut sim).await;
    assert_eq!(end.error.as_deref(), Some("its record was closed by others"));
    assert_eq!(sim.db.texts("SELECT outcome FROM calls").await, ["answered"]);
    sim.switchboard.stop().await;
}
