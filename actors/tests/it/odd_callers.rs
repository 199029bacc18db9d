//! Callers who are not as they should be: noise, silence, a hang-up in the middle of a sentence, a
//! second microphone. Their calls end in order, and nothing stays held.

use std::time::Duration;

use frontdesk_types::{CallOutcome, SAMPLES_PER_FRAME};

use crate::rig::{Rig, Speech};
use crate::text_calls::reply;

/// Longest that a call may take until the agent gives up on a caller.
const GIVEN_UP: Duration = Duration::from_secs(240);

/// White noise of some 2000, as loud as a voice.
fn noise() -> impl FnMut() -> [i16; SAMPLES_PER_FRAME] + Send + 'static {
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

async fn held(rig: &Rig) -> i64 {
    rig.db.count("booking_slots WHERE status = 'held'").await
}

async fn noise_only(rig: &Rig) {
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.sound(noise()).await;
    // Whatever it makes of the noise, it does not fall silent.
    caller.hears_any(&["?"]).await;
    caller.leave().await;
    let end = end.await.expect("the end is told");
    assert!(end.error.is_none(), "{end:?}");
}

async fn silence(rig: &Rig) {
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hum().await;
    caller.hears("automatic assistant").await;
    let end = tokio::time::timeout(GIVEN_UP, end).await.expect("the agent gives up");
    let end = end.expect("the end is told");
    assert!(end.error.is_none(), "{end:?}");
    assert_ne!(end.outcome, CallOutcome::Booked);
    caller.leave().await;
}

/// A new patient comes as far as the read-back, where a slot is held, begins to say something, and
/// is gone.
async fn hangs_up_while_speaking(rig: &Rig) {
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hears("automatic assistant").await;
    let mut heard = "anything else".to_owned();
    while !heard.contains("Shall I book the appointment?") {
        caller.types(&reply(&heard, 77)).await;
        heard = caller.hears_any(&["?"]).await;
    }
    assert_eq!(held(rig).await, 1, "the chosen slot is held while it is read back");
    let mut speech = Speech::of("Well, I am not so sure about that, because in the morning I");
    caller.sound(move || speech.frame()).await;
    // The agent's recognizer hears "what" in everything.
    caller.hears_so_far("what").await;
    caller.leave().await;
    let end = end.await.expect("the end is told");
    assert!(end.error.is_none(), "{end:?}");
    assert_eq!(end.outcome, CallOutcome::Abandoned);
}

async fn second_microphone(rig: &Rig) {
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.hum().await;
    caller.hears("automatic assistant").await;
    let mut speech = Speech::of("This is the television next door, please do not listen to it");
    caller.sound(move || speech.frame()).await;
    caller.types("where are you?").await;
    caller.hears("Garden Street").await;
    caller.types("no thank you, goodbye").await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Answered, "{end:?}");
    assert!(!caller.has_heard("what"), "the second microphone was listened to");
    caller.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_silence_a_sudden_end_and_a_second_microphone_end_in_order() {
    let rig = Rig::start(4).await;
    tokio::join!(
        noise_only(&rig),
        silence(&rig),
        hangs_up_while_speaking(&rig),
        second_microphone(&rig)
    );
    assert_eq!(held(&rig).await, 0, "nothing stays held");
    assert_eq!(rig.appointments().await, 0);
    rig.switchboard.stop().await;
}
