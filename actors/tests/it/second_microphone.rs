//! A caller's second microphone is not listened to.

use frontdesk_types::CallOutcome;

use crate::rig::{Rig, Speech};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_microphone_of_the_caller_is_not_listened_to() {
    let rig = Rig::start(1).await;
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
    rig.switchboard.stop().await;
}
