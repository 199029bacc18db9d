//! Callers who are not as they should be, on a line in memory: silence, noise, a hang-up in the
//! middle of a sentence, a lost connection. Their calls end in order, and nothing stays held.

use std::time::Duration;

use frontdesk_line::CallerFacts;
use frontdesk_types::{CallOutcome, Channel, SAMPLES_PER_FRAME};

use crate::rig::Speech;
use crate::sim::{Sim, SimCall};
use crate::text_calls::reply;

/// White noise of some 2000, as loud as a voice.
fn noise() -> impl FnMut() -> [i16; SAMPLES_PER_FRAME] {
    let mut state = 1_u32;
    move || {
        std::array::from_fn(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 19) as i16 - 4096
        })
    }
}

async fn held(sim: &Sim) -> i64 {
    sim.db.count("booking_slots WHERE status = 'held'").await
}

#[tokio::test]
async fn a_silent_caller_is_asked_again_and_given_up() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    sim.hears(&call, Box::new(|| [0; SAMPLES_PER_FRAME]));
    let begun = sim.mono();
    call.hears(&mut sim, "automatic assistant").await;
    let greeted = sim.mono().since(begun);
    let end = call.ends(&mut sim).await;
    let lasted = sim.mono().since(begun);
    assert!(end.error.is_none(), "{end:?}");
    assert_ne!(end.outcome, CallOutcome::Booked);
    // The greeting and three silences of 8 s, with what is said between them.
    assert!(lasted > greeted + Duration::from_secs(24), "given up after {lasted:?}");
    assert!(lasted < Duration::from_secs(60), "given up after {lasted:?}");
    assert_eq!(sim.db.count("appointments").await, 0);
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn a_caller_of_whom_only_noise_is_heard_is_answered() {
    let mut sim = Sim::start(1).await;
    let mut call = sim.call(Channel::Web);
    sim.hears(&call, Box::new(noise()));
    // Whatever it makes of the noise, it does not fall silent.
    call.hears_any(&mut sim, &["?"]).await;
    call.caller.leaves();
    let end = call.ends(&mut sim).await;
    assert!(end.error.is_none(), "{end:?}");
    sim.switchboard.stop().await;
}

/// A new patient comes as far as the read-back, where a slot is held.
async fn comes_to_the_read_back(sim: &mut Sim, number: usize) -> SimCall {
    let mut call = sim.call(Channel::Web);
    call.hears(sim, "automatic assistant").await;
    let mut heard = "anything else".to_owned();
    while !heard.contains("Shall I book the appointment?") {
        call.caller.types(&reply(&heard, number));
        heard = call.hears_any(sim, &["?"]).await;
    }
    assert_eq!(held(sim).await, 1, "the chosen slot is held while it is read back");
    call
}

#[tokio::test]
async fn who_hangs_up_while_speaking_holds_nothing_any_more() {
    let mut sim = Sim::start(1).await;
    let call = comes_to_the_read_back(&mut sim, 77).await;
    let mut speech = Speech::of("Well, I am not so sure about that, because in the morning I");
    sim.hears(&call, Box::new(move || speech.frame()));
    for _ in 0..100 {
        sim.step().await;
    }
    call.caller.leaves();
    let end = call.ends(&mut sim).await;
    assert!(end.error.is_none(), "{end:?}");
    assert_eq!(end.outcome, CallOutcome::Abandoned);
    assert_eq!(held(&sim).await, 0, "nothing stays held");
    sim.switchboard.stop().await;
}

#[tokio::test]
async fn who_loses_the_connection_is_waited_for_and_goes_on_where_they_were() {
    let mut sim = Sim::start(2).await;
    let mut call = comes_to_the_read_back(&mut sim, 78).await;
    call.caller.is_cut_off();
    // Less than the 15 s that a caller may take to come back.
    for _ in 0..500 {
        sim.step().await;
    }
    call.caller.arrives(CallerFacts::default());
    // The agent has asked again meanwhile, and does so until it is answered.
    call.hears(&mut sim, "Is that correct? Shall I book the appointment?").await;
    call.caller.types("yes");
    call.hears(&mut sim, "reference").await;
    call.caller.is_cut_off();
    let begun = sim.mono();
    let end = call.ends(&mut sim).await;
    assert_eq!(end.outcome, CallOutcome::Booked, "{end:?}");
    assert!(sim.mono().since(begun) >= Duration::from_secs(15), "they were waited for");
    sim.switchboard.stop().await;
}
