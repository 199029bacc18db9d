//! What is said in a room is for the caller, whoever else has a token for it.

use frontdesk_line::{Line, LineEvent};
use frontdesk_rtc::line::{PROOF_ATTRIBUTE, ProofCheck};
use frontdesk_rtc::token::{ApiKey, JoinToken};
use frontdesk_rtc::{
    AudioPublish, Room, RoomEvent, RoomEvents, RoomOptions, RtcError, Simulate, TextStreamOptions,
};
use frontdesk_types::SAMPLES_PER_FRAME;
use tokio::time::MissedTickBehavior;

use crate::line::{Told, appointment, connected_by, connected_with};
use crate::support::{
    KEY, SECRET, Server, Speaking, chirp, eventually, expect_event, listen_to, packets,
};

/// Speaks until dropped.
fn voice(line: &std::sync::Arc<dyn Line>) -> tokio_util::task::AbortOnDropHandle<()> {
    let line = std::sync::Arc::clone(line);
    tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let sound = chirp(1.0);
        let frames = sound.as_chunks::<SAMPLES_PER_FRAME>().0.iter().cycle();
        for (frame, number) in frames.zip(1..) {
            tick.tick().await;
            line.play(number, frame);
        }
    }))
}

/// Asks for the track of the agent, which everybody sees.
async fn asks_for_the_voice(room: &Room, events: &mut RoomEvents) {
    let sid = expect_event!(
        *events,
        RoomEvent::TrackPublished { identity, track, .. } if identity.expose() == "agent" => track.sid
    );
    room.subscribe(&sid).await.expect("asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_voice_goes_to_the_caller_and_to_staff_who_were_named() {
    let server = Server::start().await;
    let (intruder, mut seen) = server.join("voice", "intruder").await;
    let (listener, mut heard) = server.join("voice", "listener-1").await;
    let (line, _told) = connected_with(&server, "voice", Some("patient"), None).await;
    let _voice = voice(&line);
    asks_for_the_voice(&intruder, &mut seen).await;
    asks_for_the_voice(&listener, &mut heard).await;
    let (caller, mut events) = server.join("voice", "patient").await;
    let audio = listen_to(&caller, &mut events, "agent").await;
    packets(&audio, 0, 50).await;
    assert!(listener.remote_audio().is_empty(), "not named yet");

    line.admit("listener-1");
    let audio = expect_event!(heard, RoomEvent::TrackSubscribed(audio) => audio);
    packets(&audio, 0, 50).await;
    assert!(intruder.remote_audio().is_empty(), "a token for the room is not enough");
    line.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_hear_is_the_same_after_a_rejoin() {
    let server = Server::start().await;
    let (intruder, mut seen) = server.join("rejoined", "intruder").await;
    let (caller, mut events) = server.join("rejoined", "patient").await;
    let (agent, mut own) = server.join_as_agent("rejoined", "agent").await;
    agent.permit_subscribers(vec!["patient".to_owned()]).await.expect("told");
    let track = agent.publish_audio(AudioPublish::default()).await.expect("published");
    let _speaking = Speaking::start(&track, chirp(1.0));
    asks_for_the_voice(&intruder, &mut seen).await;
    listen_to(&caller, &mut events, "agent").await;
    agent.simulate(Simulate::FullReconnect).await.expect("asked");
    expect_event!(own, RoomEvent::Rejoined);
    asks_for_the_voice(&intruder, &mut seen).await;
    let audio = listen_to(&caller, &mut events, "agent").await;
    packets(&audio, 0, 50).await;
    assert!(intruder.remote_audio().is_empty());
}

/// A connection of the caller, with a proof that their token carries.
async fn joins(server: &Server, room: &str, proof: Option<&str>) -> Room {
    let mut token = JoinToken::caller(room, "patient");
    if let Some(proof) = proof {
        token = token.attribute(PROOF_ATTRIBUTE, proof);
    }
    let token = token.sign(&ApiKey::new(KEY, SECRET)).expect("signed");
    Room::connect(RoomOptions::new(server.url(), token)).await.expect("joins").0
}

fn count(told: &Told, is: impl Fn(&LineEvent) -> bool) -> usize {
    told.lock().iter().filter(|event| is(event)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_connection_of_the_caller_must_show_that_it_is_theirs() {
    let server = Server::start().await;
    let proof = ProofCheck::new(|who, proof| who == "patient" && proof.starts_with("good"));
    let (line, told) = connected_by(&server, "twice", Some("patient"), None, Some(proof)).await;
    let here = || count(&told, |event| matches!(event, LineEvent::CallerHere(_)));
    let replaced = || count(&told, |event| *event == LineEvent::CallerReplaced);
    let first = joins(&server, "twice", None).await;
    eventually("the caller is there", || here() == 1).await;
    line.show(appointment()).await.expect("shown");
    let card = |room: &Room| {
        let agent = room.participant("agent");
        agent.is_some_and(|agent| agent.attributes.contains_key("frontdesk.appointment"))
    };
    eventually("they see their appointment", || card(&first)).await;
    // The server takes the proof from the token and from nothing else.
    let claimed = first.set_attributes([(PROOF_ATTRIBUTE.to_owned(), "good".to_owned())]).await;
    assert!(matches!(claimed, Err(RtcError::Refused { .. })), "{claimed:?}");
    assert_eq!(replaced(), 0);

    let second = joins(&server, "twice", None).await;
    eventually("another one is there", || here() == 2).await;
    assert_eq!(replaced(), 1, "with nothing to show");
    eventually("the appointment is gone", || !card(&second)).await;

    let _third = joins(&server, "twice", Some("good-1")).await;
    eventually("a third", || here() == 3).await;
    assert_eq!(replaced(), 1, "the proof is good");
    let _fourth = joins(&server, "twice", Some("good-1")).await;
    eventually("a fourth", || here() == 4).await;
    assert_eq!(replaced(), 2, "it counts once");
    let _fifth = joins(&server, "twice", Some("bad")).await;
    eventually("a fifth", || here() == 5).await;
    assert_eq!(replaced(), 3, "and not whatever it is");
    line.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_a_break_of_the_server_is_no_other_caller() {
    let mut server = Server::start().await;
    let (line, told) = connected_with(&server, "again", Some("patient"), None).await;
    let here = || count(&told, |event| matches!(event, LineEvent::CallerHere(_)));
    let _caller = joins(&server, "again", None).await;
    eventually("the caller is there", || here() == 1).await;
    server.kill();
    server.start_again().await;
    eventually("the caller is back", || here() == 2).await;
    assert_eq!(count(&told, |event| *event == LineEvent::CallerReplaced), 0);
    line.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_connection_types_before_it_is_told_of_comes_after_it_was_judged() {
    let server = Server::start().await;
    let (line, told) = connected_with(&server, "first-words", Some("patient"), None).await;
    let here = || count(&told, |event| matches!(event, LineEvent::CallerHere(_)));
    let _first = joins(&server, "first-words", None).await;
    eventually("the caller is there", || here() == 1).await;
    let second = joins(&server, "first-words", None).await;
    let topic = "lk.chat".to_owned();
    let typed = TextStreamOptions { topic, ..TextStreamOptions::default() };
    // The server passes it on at once, and tells of who publishes nothing some seconds later.
    second.send_text("hello", typed).await.expect("sent");
    let words = LineEvent::Typed("hello".to_owned());
    eventually("the words arrive", || told.lock().contains(&words)).await;
    let at = |event: &LineEvent| told.lock().iter().position(|told| told == event);
    assert!(at(&LineEvent::CallerReplaced) < at(&words), "{:?}", told.lock());
    assert!(at(&LineEvent::CallerReplaced).is_some());
    line.hang_up().await;
}
