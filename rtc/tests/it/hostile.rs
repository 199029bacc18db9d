//! Peers that mean no good: everything is bounded and counted, nothing panics.

use std::time::Duration;

use frontdesk_rtc::{
    AudioPublish, Limits, Room, RoomEvent, RtcError, StreamError, TextStreamOptions,
};
use livekit_protocol as proto;
use proto::data_packet::Value;
use proto::data_stream::{Chunk, Header, TextHeader, Trailer, header::ContentHeader};

use crate::support::{Server, chirp, eventually, expect_event, packets, speak};

fn packet(value: Option<Value>) -> proto::DataPacket {
    proto::DataPacket { value, ..Default::default() }
}

fn header(id: &str) -> Header {
    let content = ContentHeader::TextHeader(TextHeader::default());
    Header { stream_id: id.into(), content_header: Some(content), ..Default::default() }
}

fn chunk(id: &str, chunk_index: u64, size: usize) -> Option<Value> {
    let content = vec![b'x'; size];
    Some(Value::StreamChunk(Chunk {
        stream_id: id.into(),
        chunk_index,
        content,
        ..Default::default()
    }))
}

async fn still_works(a: &Room, b_events: &mut frontdesk_rtc::RoomEvents) {
    a.publish_data(b"still there?".as_slice().into(), "end", true, &[]).await.unwrap();
    expect_event!(*b_events, RoomEvent::Data(packet) if packet.topic == "end");
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_that_make_no_sense_are_counted_and_the_session_goes_on() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("nonsense", "a").await;
    let (b, mut b_events) = server.join("nonsense", "b").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    let dtmf =
        |code, digit: &str| Some(Value::SipDtmf(proto::SipDtmf { code, digit: digit.into() }));
    let trailer = Trailer { stream_id: "never opened".into(), ..Default::default() };
    let nonsense = [
        Some(Value::StreamHeader(Header::default())),
        Some(Value::StreamHeader(Header { compression: 1, ..header("packed") })),
        Some(Value::StreamHeader(header(&"long".repeat(100)))),
        chunk("never opened", 0, 10),
        chunk("", u64::MAX, 0),
        Some(Value::StreamTrailer(trailer)),
        dtmf(99, ""),
        dtmf(1, "not a key"),
    ];
    for value in nonsense {
        a.publish_packet(packet(value), true).await.unwrap();
    }
    // A stream with a hole, and one opened twice.
    a.publish_packet(packet(Some(Value::StreamHeader(header("hole")))), true).await.unwrap();
    a.publish_packet(packet(chunk("hole", 0, 3)), true).await.unwrap();
    a.publish_packet(packet(Some(Value::StreamHeader(header("hole")))), true).await.unwrap();
    a.publish_packet(packet(chunk("hole", 2, 3)), true).await.unwrap();
    let stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.read_all().await, Err(StreamError::Incomplete));
    still_works(&a, &mut b_events).await;
    assert!(b.stats().malformed >= 7, "{:?}", b.stats());
    assert_eq!(b.stats().streams_open, 0);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_never_end_are_given_up_and_too_many_are_refused() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("endless", "a").await;
    let mut options = server.options("endless", "b");
    options.limits = Limits {
        streams_per_sender: 5,
        text_stream: 20_000,
        stream_idle: Duration::from_millis(1500),
        ..Limits::default()
    };
    let (b, mut b_events) = Room::connect(options).await.unwrap();
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    let text = || TextStreamOptions { topic: "t".into(), ..Default::default() };
    let mut writers = Vec::new();
    for _ in 0..12 {
        writers.push(a.open_text_stream(text()).await.unwrap());
    }
    still_works(&a, &mut b_events).await;
    let stats = b.stats();
    assert_eq!((stats.streams_open, stats.streams_refused), (5, 7));
    // The first one floods; it is cut off at the limit.
    let mut flood = writers.remove(0);
    for _ in 0..10 {
        flood.write(&"y".repeat(5000)).await.unwrap();
    }
    still_works(&a, &mut b_events).await;
    let stats = b.stats();
    assert!(stats.stream_bytes <= 20_000 && stats.streams_open == 4, "{stats:?}");
    // The others stall.
    eventually("stalled streams are given up", || b.stats().streams_open == 0).await;
    // And there is room again.
    a.send_text("fresh", text()).await.unwrap();
    let stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.read_all().await.unwrap(), "fresh");
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_events_are_bounded_and_what_tells_the_state_survives_a_flood() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("flood", "a").await;
    let mut options = server.options("flood", "b");
    options.limits.events = 64;
    let (b, mut b_events) = Room::connect(options).await.unwrap();
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    for _ in 0..300 {
        a.publish_data(vec![0; 1000].into(), "flood", true, &[]).await.unwrap();
    }
    eventually("all came", || b.stats().data_rx == 300).await;
    assert!(b.stats().events_dropped >= 268);
    a.close().await;
    eventually("the leaving is known", || b.participants().is_empty()).await;
    expect_event!(b_events, RoomEvent::ParticipantLeft { .. });
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_tracks_only_as_many_as_the_limit_are_received() {
    let server = Server::start().await;
    let (a, _a_events) = server.join("twenty", "a").await;
    let mut options = server.options("twenty", "b");
    options.subscribe_audio = true;
    options.limits.subscriptions = 3;
    let (b, mut b_events) = Room::connect(options).await.unwrap();
    expect_event!(b_events, RoomEvent::Connected);
    let mut voices = Vec::new();
    for n in 0..20 {
        let publish = AudioPublish { name: format!("voice {n}"), ..Default::default() };
        voices.push(a.publish_audio(publish).await.unwrap());
    }
    eventually("twenty tracks are known", || {
        b.participant("a").is_some_and(|p| p.tracks.len() == 20)
    })
    .await;
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(expect_event!(b_events, RoomEvent::TrackSubscribed(audio) => audio));
    }
    let tracks = b.participant("a").unwrap().tracks;
    let other = tracks.iter().find(|t| heard.iter().all(|h| h.sid != t.sid)).unwrap();
    let error = b.subscribe(&other.sid).await.unwrap_err();
    assert!(matches!(error, RtcError::Limit { limit: 3, .. }));
    assert_eq!(b.stats().subscriptions_refused, 18);
    // Sound still comes through, and room is made by giving one up.
    let voice = voices.iter().find(|v| v.sid() == heard[0].sid).unwrap();
    speak(voice, &chirp(0.3), 0).await;
    packets(&heard[0], 0, 10).await;
    b.unsubscribe(&heard[1].sid).await.unwrap();
    b.subscribe(&other.sid).await.unwrap();
    expect_event!(b_events, RoomEvent::TrackSubscribed(audio) if audio.sid == other.sid);
    a.close().await;
    b.close().await;
}
