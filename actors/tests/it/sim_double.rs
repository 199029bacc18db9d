//! A double visit against PostgreSQL is one visit to whoever calls about it; and a question is
//! answered by no document that only shares a word with it.

use crate::sim::{Sim, SimCall};
use crate::sim_course::{live, says, started};
use crate::text_calls::reply;

/// Asks for something, says yes to what is read back, and is told `until`.
async fn does(sim: &mut Sim, call: &mut SimCall, text: &str, until: &str) {
    call.caller.types(text);
    let mut heard = call.hears_any(sim, &["?"]).await;
    while !heard.contains(until) {
        call.caller.types(&reply(&heard.replace("Shall I", "Is that correct"), 7));
        heard = call.hears_any(sim, &["?"]).await;
    }
}

#[tokio::test]
async fn a_double_visit_is_moved_cancelled_and_undone_as_one() {
    let mut sim = Sim::start(1).await;
    let mut call = started(&mut sim).await;
    let wish = "I am new here and need a double appointment with any doctor next week";
    says(&mut sim, &mut call, wish, "anything else").await;
    let booked = live(&sim).await;
    assert_eq!(booked.len(), 2);
    does(&mut sim, &mut call, "move it to the day after", "It is moved").await;
    let moved = live(&sim).await;
    assert_eq!(moved.len(), 2);
    assert!(moved.iter().all(|start| !booked.contains(start)), "{booked:?} {moved:?}");
    does(&mut sim, &mut call, "sorry, put it back the way it was", "It is moved").await;
    assert_eq!(live(&sim).await, booked);
    // It is one visit to a later call as well.
    call.caller.types("no thank you");
    call.ends(&mut sim).await;
    let mut call = started(&mut sim).await;
    does(&mut sim, &mut call, "cancel my appointment", "is cancelled").await;
    assert!(live(&sim).await.is_empty());
    does(&mut sim, &mut call, "oh no, I want it back", "It is booked").await;
    assert_eq!(live(&sim).await, booked);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_question_that_only_shares_a_word_with_a_document_is_not_answered_by_it() {
    let mut sim = Sim::start(1).await;
    let mut call = started(&mut sim).await;
    call.caller.types("may I have coffee before a blood test?");
    call.hears(&mut sim, "eight hours").await;
    for question in ["where can I buy water?", "do you sell insurance?"] {
        call.caller.types(question);
        let heard = call.hears_any(&mut sim, &["?"]).await;
        assert!(heard.contains("nothing about that"), "{question}: {heard}");
    }
    sim.switchboard.stop().await;
}
