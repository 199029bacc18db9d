//! A supervisor speaks with the caller in a room of LiveKit, while the call's stages die.

use std::sync::Arc;

use frontdesk_actors::Supervisor;
use frontdesk_actors::faults::{Fault, arm};
use frontdesk_actors::watch::{LiveCall, Speaker};
use frontdesk_tenants::testing::IDS;
use frontdesk_types::{ConsoleId, UserId};
use parking_lot::Mutex;

use crate::rig::{Rig, Speech, until};

/// Final lines of one speaker.
fn lines(live: &LiveCall, by: Speaker) -> usize {
    live.words.iter().filter(|words| words.by == by && words.is_final).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_is_heard_as_themselves_whatever_dies_and_one_who_leaves_loses_the_call() {
    let rig = Rig::start(1).await;
    let (id, room, end) = rig.call();
    // In the room before the caller: not taken for them.
    let mut supervisor = rig.person(&room, "supervisor-1").await;
    let speech = Arc::new(Mutex::new(Speech::default()));
    let microphone = Arc::clone(&speech);
    supervisor.sound(move || microphone.lock().frame()).await;
    supervisor.until("the agent is there", |s| s.agent_voice()).await;
    let live = || rig.switchboard.watch().call(rig.clinic(), id).expect("it is live");
    until("the call is seen", || !rig.switchboard.watch().list(rig.clinic()).is_empty()).await;
    assert!(!live().caller_here, "a supervisor is no caller");

    let mut caller = rig.caller(&room).await;
    caller.hum().await;
    caller.hears("automatic assistant").await;
    assert_eq!(
        live().caller_identity.map(|who| who.into_exposed()),
        Some(format!("caller-{room}"))
    );
    let by = Supervisor {
        console: ConsoleId::new(&IDS),
        user: UserId::new(&IDS),
        name: "Mona".to_owned(),
        identity: Some("supervisor-1".to_owned()),
    };
    rig.switchboard.take_over(rig.clinic(), id, by.clone()).expect("taken over");
    for (number, place) in ["supervisor_transcriber", "line_link", "dialogue", "call_supervisor"]
        .into_iter()
        .enumerate()
    {
        arm(id, place, Fault::Panic, 0, 1);
        speech.lock().say("Good morning, how are you today?");
        until("they are heard", || lines(&live(), Speaker::Supervisor) > number).await;
    }
    assert_eq!(lines(&live(), Speaker::Caller), 0, "never as the caller");
    assert!(live().taken_over.is_some());
    rig.switchboard.hand_back(rig.clinic(), id, by.console).expect("handed back");
    caller.hears("automatic assistant again").await;

    // Not attended to any more.
    let before = lines(&live(), Speaker::Supervisor);
    speech.lock().say("And this is for nobody to write down");
    caller.types("where are you?").await;
    caller.hears("Garden Street").await;
    assert_eq!(lines(&live(), Speaker::Supervisor), before);

    rig.switchboard.take_over(rig.clinic(), id, by).expect("taken over");
    supervisor.leave().await;
    caller.hears("automatic assistant again").await;
    assert!(live().taken_over.is_none());
    caller.leave().await;
    let end = end.await.expect("the end is told");
    assert_eq!(end.error, None);
    rig.switchboard.stop().await;
}
