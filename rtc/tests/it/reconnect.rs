//! Losing the connection and getting it back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use frontdesk_rtc::{
    AudioPublish, DisconnectReason, RemoteAudio, RetryPolicy, Room, RoomEvent, RoomEvents,
    RoomOptions, Simulate,
};

use crate::support::{
    Proxy, Server, Speaking, chirp, eventually, expect_event, listen_to, packets, token,
};

/// Two participants that hear each other; the first one's signalling goes through `url`.
struct Pair {
    a: Room,
    a_events: RoomEvents,
    b: Room,
    b_events: RoomEvents,
    b_at_a: RemoteAudio,
    a_at_b: RemoteAudio,
    _speaking: [Speaking; 2],
}

async fn pair(server: &Server, url: &str, room: &str) -> Pair {
    let mut options = RoomOptions::new(url, token(room, "a", ""));
    options.retry = RetryPolicy { base: Duration::from_millis(100), ..RetryPolicy::default() };
    let (a, mut a_events) = Room::connect(options).await.unwrap();
    let (b, mut b_events) = server.join(room, "b").await;
    let a_voice = a.publish_audio(AudioPublish::default()).await.unwrap();
    let b_voice = b.publish_audio(AudioPublish::default()).await.unwrap();
    let b_at_a = listen_to(&a, &mut a_events, "b").await;
    let a_at_b = listen_to(&b, &mut b_events, "a").await;
    let speaking = [Speaking::start(&a_voice, chirp(4.0)), Speaking::start(&b_voice, chirp(4.0))];
    packets(&b_at_a, 0, 10).await;
    packets(&a_at_b, 0, 10).await;
    Pair { a, a_events, b, b_events, b_at_a, a_at_b, _speaking: speaking }
}

#[tokio::test(flavor = "multi_thread")]
async fn media_goes_on_while_a_cut_signalling_connection_is_resumed() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.port).await;
    let mut p = pair(&server, &proxy.url(), "resume").await;
    let before = p.a.stats();
    proxy.refuse(true);
    proxy.cut();
    expect_event!(p.a_events, RoomEvent::Reconnecting);
    // Two seconds of audio go both ways with no signalling at all.
    packets(&p.b_at_a, p.b_at_a.packets.next_index(), 50).await;
    packets(&p.a_at_b, p.a_at_b.packets.next_index(), 50).await;
    p.a.publish_data(b"on the way".as_slice().into(), "", true, &[]).await.unwrap();
    expect_event!(p.b_events, RoomEvent::Data(_));
    proxy.refuse(false);
    expect_event!(p.a_events, RoomEvent::Resumed);
    packets(&p.b_at_a, p.b_at_a.packets.next_index(), 25).await;
    packets(&p.a_at_b, p.a_at_b.packets.next_index(), 25).await;
    let after = p.a.stats();
    assert_eq!((after.resumes, after.rejoins), (before.resumes + 1, 0));
    // A busy machine loses a packet now and then; an interruption would lose dozens.
    let lost = [after.audio_lost, p.b.stats().audio_lost];
    assert!(lost.iter().all(|lost| *lost <= 5), "{lost:?}");
    // What needs signalling works again, both ways.
    p.a.set_attributes([("k".to_owned(), "v".to_owned())]).await.unwrap();
    p.b.set_attributes([("k".to_owned(), "w".to_owned())]).await.unwrap();
    eventually("the change is told", || {
        p.a.participant("b").is_some_and(|b| b.attributes.get("k").is_some_and(|v| v == "w"))
    })
    .await;
    assert!(proxy.accepted.load(Ordering::SeqCst) >= 2);
    p.a.close().await;
    p.b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_given_up_after_the_last_attempt() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.port).await;
    let mut options = RoomOptions::new(proxy.url(), token("lost", "a", ""));
    options.retry =
        RetryPolicy { attempts: 3, base: Duration::from_millis(20), ..RetryPolicy::default() };
    let (room, mut events) = Room::connect(options).await.unwrap();
    expect_event!(events, RoomEvent::Connected);
    proxy.refuse(true);
    proxy.cut();
    expect_event!(events, RoomEvent::Reconnecting);
    let reason = expect_event!(events, RoomEvent::Disconnected { reason } => reason);
    assert_eq!(reason, DisconnectReason::RetriesExhausted);
    assert_eq!(room.closed(), Some(reason));
    room.close().await;
}

async fn rejoins(tcp_fallback: bool) {
    let server = Server::with_tcp_fallback(tcp_fallback).await;
    let mut p = pair(&server, &server.url(), "rejoin").await;
    // Twice, the second time right after the first, when the connection was a short one.
    for round in 1..=2 {
        let sid = p.a.local().unwrap().sid;
        p.a.simulate(Simulate::FullReconnect).await.unwrap();
        expect_event!(p.a_events, RoomEvent::Reconnecting);
        expect_event!(p.a_events, RoomEvent::Rejoined);
        assert_ne!(p.a.local().unwrap().sid, sid);
        assert_eq!(p.a.stats().rejoins, round);
        // The same ring and the same LocalAudio go on.
        let from = p.b_at_a.packets.next_index();
        let again = packets(&p.b_at_a, from, 25).await;
        assert_eq!(u64::from(again[24].epoch), round);
        p.a_at_b = listen_to(&p.b, &mut p.b_events, "a").await;
        packets(&p.a_at_b, 0, 25).await;
        p.a.publish_data(b"again".as_slice().into(), "", true, &[]).await.unwrap();
        expect_event!(p.b_events, RoomEvent::Data(_));
        p.b.publish_data(b"back".as_slice().into(), "", true, &[]).await.unwrap();
        expect_event!(p.a_events, RoomEvent::Data(_));
    }
    p.a.close().await;
    p.b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejoin_asked_for_by_the_server_brings_everything_back() {
    rejoins(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejoin_brings_everything_back_also_from_a_server_with_tcp_fallback() {
    rejoins(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_joined_anew() {
    let mut server = Server::start().await;
    let mut p = pair(&server, &server.url(), "restart").await;
    server.kill();
    expect_event!(p.a_events, RoomEvent::Reconnecting);
    expect_event!(p.b_events, RoomEvent::Reconnecting);
    server.start_again().await;
    expect_event!(p.a_events, RoomEvent::Rejoined);
    expect_event!(p.b_events, RoomEvent::Rejoined);
    // Both are new to the server, and so are their tracks: they are found and subscribed again.
    let heard = match p.a.remote_audio().into_iter().next() {
        Some(audio) => audio,
        None => {
            eventually("b is back with its track", || {
                p.a.participant("b").is_some_and(|b| !b.tracks.is_empty())
            })
            .await;
            let sid = p.a.participant("b").unwrap().tracks[0].sid.clone();
            p.a.subscribe(&sid).await.unwrap();
            expect_event!(p.a_events, RoomEvent::TrackSubscribed(audio) => audio)
        }
    };
    packets(&heard, 0, 25).await;
    assert_eq!(p.a.participants().len(), 1, "the presence of before is gone");
    p.a.close().await;
    p.b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_to_leave_for_good_ends_the_session() {
    let server = Server::start().await;
    let (room, mut events) = server.join("over", "a").await;
    expect_event!(events, RoomEvent::Connected);
    let admin = livekit_api::services::room::RoomClient::with_api_key(
        &format!("http://127.0.0.1:{}", server.port),
        crate::support::KEY,
        crate::support::SECRET,
    );
    admin.delete_room("over").await.unwrap();
    let reason = expect_event!(events, RoomEvent::Disconnected { reason } => reason);
    assert_eq!(reason, DisconnectReason::RoomDeleted);
    assert_eq!(room.closed(), Some(DisconnectReason::RoomDeleted));
}
