//! Sound both ways.

use frontdesk_rtc::{AudioPublish, RoomEvent};

use crate::support::{
    Server, chirp, correlation, decode, eventually, expect_event, listen_to, packets, speak,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_participants_hear_each_other_undistorted() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("duet", "a").await;
    let (b, mut b_events) = server.join("duet", "b").await;
    let a_voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    let b_voice = b.publish_audio(AudioPublish::default()).await.unwrap();
    let b_at_a = listen_to(&a, &mut a_events, "b").await;
    let a_at_b = listen_to(&b, &mut b_events, "a").await;

    let said_by_a = chirp(2.0);
    let mut said_by_b = said_by_a.clone();
    said_by_b.reverse();
    let (_, _, heard_by_a, heard_by_b) = tokio::join!(
        speak(&a_voice, &said_by_a, 0),
        speak(&b_voice, &said_by_b, 0),
        packets(&b_at_a, 0, 95),
        packets(&a_at_b, 0, 95),
    );
    let (at_a, at_b) = (decode(&heard_by_a), decode(&heard_by_b));
    let likeness = [correlation(&said_by_b, &at_a), correlation(&said_by_a, &at_b)];
    assert!(likeness.iter().all(|c| *c > 0.95), "{likeness:?}");
    assert!(correlation(&said_by_a, &at_a) < 0.5, "the measure tells the two apart");
    assert_eq!((a.stats().audio_lost, b.stats().audio_lost), (0, 0));
    assert_eq!(a_voice.sent(), 100);
    assert_eq!(a_voice.dropped(), 0);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_published_before_the_listener_joined_is_heard_as_well() {
    let server = Server::start().await;
    let (a, _a_events) = server.join("early", "a").await;
    let voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    assert!(voice.sid().starts_with("TR_"));
    let (b, mut b_events) = server.join("early", "b").await;
    let heard = listen_to(&b, &mut b_events, "a").await;
    let said = chirp(1.0);
    let (_, packets) = tokio::join!(speak(&voice, &said, 0), packets(&heard, 0, 45));
    assert!(correlation(&said, &decode(&packets)) > 0.95);

    // A second publisher reuses what the first one's leaving freed on the same connection.
    a.close().await;
    expect_event!(b_events, RoomEvent::TrackUnsubscribed { .. });
    expect_event!(b_events, RoomEvent::ParticipantLeft { .. });
    assert!(b.remote_audio().is_empty());
    let (c, _c_events) = server.join("early", "c").await;
    let voice = c.publish_audio(AudioPublish::default()).await.unwrap();
    let heard = listen_to(&b, &mut b_events, "c").await;
    let (_, packets) =
        tokio::join!(speak(&voice, &said, 0), crate::support::packets(&heard, 0, 45));
    assert!(correlation(&said, &decode(&packets)) > 0.95);
    b.close().await;
    c.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mute_is_told_to_the_others_and_stops_the_packets() {
    let server = Server::start().await;
    let (a, _a_events) = server.join("mute", "a").await;
    let (b, mut b_events) = server.join("mute", "b").await;
    let voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    let heard = listen_to(&b, &mut b_events, "a").await;
    let frame = speak(&voice, &chirp(0.5), 0).await;
    packets(&heard, 0, 20).await;

    voice.set_muted(true);
    let muted = expect_event!(b_events, RoomEvent::TrackMuted { muted, .. } => muted);
    assert!(muted && voice.is_muted() && !voice.is_live());
    let sent = voice.sent();
    let frame = speak(&voice, &chirp(0.3), frame).await;
    assert_eq!(voice.sent(), sent, "nothing goes out while muted");

    voice.set_muted(false);
    let muted = expect_event!(b_events, RoomEvent::TrackMuted { muted, .. } => muted);
    assert!(!muted);
    let before = heard.packets.next_index();
    speak(&voice, &chirp(0.5), frame).await;
    packets(&heard, before, 20).await;
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsubscribed_track_stops_and_an_unpublished_one_disappears() {
    let server = Server::start().await;
    let (a, _a_events) = server.join("stop", "a").await;
    let (b, mut b_events) = server.join("stop", "b").await;
    let voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    let heard = listen_to(&b, &mut b_events, "a").await;
    speak(&voice, &chirp(0.3), 0).await;
    packets(&heard, 0, 10).await;

    b.unsubscribe(&heard.sid).await.unwrap();
    expect_event!(b_events, RoomEvent::TrackUnsubscribed { .. });
    assert!(b.remote_audio().is_empty());
    b.subscribe(&heard.sid).await.unwrap();
    let again = expect_event!(b_events, RoomEvent::TrackSubscribed(audio) => audio);
    speak(&voice, &chirp(0.3), 100).await;
    packets(&again, 0, 10).await;

    a.unpublish(&voice).await.unwrap();
    expect_event!(b_events, RoomEvent::TrackUnpublished { .. });
    eventually("the track is gone from the snapshot", || {
        b.participant("a").is_some_and(|p| p.tracks.is_empty())
    })
    .await;
    // The connection is still good for another track.
    let voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    let heard = listen_to(&b, &mut b_events, "a").await;
    speak(&voice, &chirp(0.3), 0).await;
    packets(&heard, 0, 10).await;
    a.close().await;
    b.close().await;
}
