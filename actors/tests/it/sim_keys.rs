//! A caller who answers with keys: a date of birth, a telephone number, yes, a choice.

use frontdesk_types::{CallOutcome, Channel};

use crate::sim::Sim;
use crate::text_calls::reply;

/// The keys that answer what the agent has said, if it can be answered with keys.
fn keys(heard: &str) -> Option<&'static str> {
    let rules = [
        ("date of birth", "03031990"),
        ("phone number", "01005500042#"),
        ("Which one", "1"),
        ("Is that correct", "1"),
        ("Shall I", "1"),
        ("anything else", "2"),
    ];
    rules.iter().find(|(when, _)| heard.contains(when)).map(|(_, keys)| *keys)
}

#[tokio::test]
async fn a_new_patient_books_with_the_keys_of_a_telephone() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Phone);
    let mut heard = call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("I am new here and need an appointment with any doctor next week");
    let mut pressed = 0;
    let mut booked = false;
    while !booked || !heard.contains("anything else") {
        heard = call.hears_any(&mut sim, &["?"]).await;
        booked |= heard.contains("reference");
        if booked {
            break;
        }
        match keys(&heard) {
            Some(keys) => {
                pressed += 1;
                call.caller.presses(keys);
            }
            None => call.caller.types(&reply(&heard, 42)),
        }
    }
    assert!(pressed >= 4, "date of birth, number, choice and yes were pressed: {pressed}");
    call.caller.presses("2");
    let end = call.ends(&mut sim).await;
    assert_eq!(end.outcome, CallOutcome::Booked, "{end:?}");
    assert_eq!(sim.db.count("appointments").await, 1);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn digits_without_a_hash_are_an_answer_after_a_pause() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Phone);
    call.hears(&mut sim, "automatic assistant").await;
    call.caller.types("I am new here and need an appointment with any doctor next week");
    let mut heard = call.hears_any(&mut sim, &["?"]).await;
    while !heard.contains("phone number") {
        call.caller.types(&reply(&heard, 43));
        heard = call.hears_any(&mut sim, &["?"]).await;
    }
    call.caller.presses("01005500043");
    let begun = sim.mono();
    call.hears_any(&mut sim, &["?"]).await;
    let waited = sim.mono().since(begun);
    assert!(waited.as_secs() >= 4, "answered after {waited:?}: more digits might have come");
    assert!(waited.as_secs() < 20, "answered after {waited:?}");
    call.caller.leaves();
    call.ends(&mut sim).await;
    sim.switchboard.stop().await;
}
