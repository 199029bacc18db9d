//! Joining, who is there, leaving.

use frontdesk_rtc::{DisconnectReason, ParticipantKind, Room, RoomEvent, RoomOptions, RtcError};
use livekit_api::access_token::{AccessToken, VideoGrants};

use crate::support::{KEY, Server, eventually, expect_event, token};

#[tokio::test(flavor = "multi_thread")]
async fn those_who_come_and_go_are_told_with_their_attributes() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("who", "a").await;
    expect_event!(a_events, RoomEvent::Connected);
    assert_eq!((a.name().as_str(), a.is_connected()), ("who", true));
    assert!(a.sid().starts_with("RM_") && a.participants().is_empty());
    let (b, mut b_events) = server.join_as_agent("who", "b").await;
    let joined = expect_event!(a_events, RoomEvent::ParticipantJoined(p) => p);
    assert_eq!((joined.identity.as_str(), joined.kind), ("b", ParticipantKind::Agent));
    let there = expect_event!(b_events, RoomEvent::ParticipantJoined(p) => p);
    assert_eq!(there.kind, ParticipantKind::Standard);

    let state = |s: &str| [("lk.agent.state".to_owned(), s.to_owned())];
    b.set_attributes(state("listening")).await.unwrap();
    let key = "lk.agent.state";
    let now = expect_event!(
        a_events,
        RoomEvent::ParticipantUpdated { changed_attributes: c, .. } if c.contains_key(key)
            => c[key].expose().clone()
    );
    assert_eq!(now, "listening");
    b.set_name("Desk").await.unwrap();
    eventually("the name is known", || a.participant("b").is_some_and(|p| p.name == "Desk")).await;
    assert_eq!(a.participant("b").unwrap().attributes[key], "listening");
    b.set_attributes(state("")).await.unwrap();
    eventually("the attribute is gone", || {
        a.participant("b").is_some_and(|p| !p.attributes.contains_key(key))
    })
    .await;

    b.close().await;
    let (left, reason) = expect_event!(a_events, RoomEvent::ParticipantLeft { participant, reason } => (participant, reason));
    assert_eq!((left.identity.as_str(), reason), ("b", DisconnectReason::ClientInitiated));
    expect_event!(b_events, RoomEvent::Disconnected { reason: DisconnectReason::ClientInitiated });
    assert!(b_events.recv().await.is_none());
    assert!(matches!(b.set_name("x").await, Err(RtcError::Closed(_))));
    b.close().await;
    a.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_outlives_its_reader_and_ends_with_its_last_handle() {
    let server = Server::start().await;
    let (_a, mut a_events) = server.join("life", "a").await;
    let (b, b_events) = server.join("life", "b").await;
    drop(b_events);
    let second = b.clone();
    drop(b);
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    let mut successor = second.events();
    expect_event!(successor, RoomEvent::ParticipantJoined(p) if p.identity == "a");
    assert_eq!(second.participants().len(), 1);
    drop(second);
    expect_event!(a_events, RoomEvent::ParticipantLeft { .. });
    expect_event!(successor, RoomEvent::Disconnected { .. });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_identity_again_ends_the_first_session_with_the_reason() {
    let server = Server::start().await;
    let (_a, mut first) = server.join("twice", "a").await;
    expect_event!(first, RoomEvent::Connected);
    let (b, mut second) = server.join("twice", "a").await;
    let reason = expect_event!(first, RoomEvent::Disconnected { reason } => reason);
    assert_eq!(reason, DisconnectReason::DuplicateIdentity);
    expect_event!(second, RoomEvent::Connected);
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_at_once_and_says_why() {
    let server = Server::start().await;
    let try_join = async |url: &str, token: &str| {
        Room::connect(RoomOptions::new(url, token)).await.map(|_| ()).unwrap_err()
    };
    let good = token("bad", "a", "");
    let grants = VideoGrants { room_join: true, room: "bad".into(), ..Default::default() };
    let forged = AccessToken::with_api_key(KEY, "another secret, also thirty-two characters")
        .with_identity("a")
        .with_grants(grants)
        .to_jwt()
        .unwrap();
    for bad in [forged.as_str(), "no token", "", "new\nline"] {
        let error = try_join(&server.url(), bad).await;
        assert!(matches!(error, RtcError::Unauthorized { .. }), "{error}");
        assert!(bad.is_empty() || !error.to_string().contains(bad), "{error}");
    }
    assert!(matches!(try_join("ftp://x", &good).await, RtcError::Url { .. }));
    assert!(matches!(try_join("ws://127.0.0.1:9", &good).await, RtcError::Unreachable { .. }));
    let (room, _events) = server.join("bad", "a").await;
    let error = room.subscribe("TR_nothing").await.unwrap_err();
    assert!(matches!(error, RtcError::NoSuchTrack { .. }), "{error}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_joins_and_leaves_leave_nothing_behind() {
    let server = Server::start().await;
    let round = async |n: usize| {
        let (a, mut a_events) = server.join("churn", &format!("a{n}")).await;
        let (b, mut b_events) = server.join("churn", &format!("b{n}")).await;
        let voice = a.publish_audio(frontdesk_rtc::AudioPublish::default()).await.unwrap();
        expect_event!(a_events, RoomEvent::Connected);
        crate::support::listen_to(&b, &mut b_events, &format!("a{n}")).await;
        drop(voice);
        a.close().await;
        b.close().await;
    };
    let open_files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    round(0).await;
    let before = tasks();
    for n in 1..6 {
        round(n).await;
    }
    eventually("as many tasks as after the first round", || tasks() <= before).await;
    // Other tests run in this process: only a leak of many would be told apart.
    assert!(open_files() < 400);
}
