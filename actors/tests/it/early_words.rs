//! Words typed before the server has told the agent who is in the room are not lost.

use crate::rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_on_the_way_in_is_answered_once_the_caller_is_known() {
    let rig = Rig::start(1).await;
    // Joining at the same moment as the agent, a caller who publishes nothing is introduced to it
    // up to 3 s late.
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    caller.types("I would like to book an appointment").await;
    caller.hears("date of birth").await;
    caller.leave().await;
    end.await.expect("the end is told");
    rig.switchboard.stop().await;
}
