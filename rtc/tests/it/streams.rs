//! Text and byte streams.

use std::collections::HashMap;

use frontdesk_rtc::{ByteStreamOptions, CHUNK_BYTES, RoomEvent, StreamError, TextStreamOptions};

use crate::support::{Server, expect_event};

fn text(topic: &str) -> TextStreamOptions {
    TextStreamOptions { topic: topic.into(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_of_many_scripts_arrives_letter_by_letter_the_same() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("text", "a").await;
    let (b, mut b_events) = server.join("text", "b").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    // One byte, then characters of two to four: some cut falls inside of one.
    let long: String =
        "x".chars().chain("عيادة النيل 🏥 Nile Heart é ".chars().cycle().take(30_000)).collect();
    assert!(long.len() > 3 * CHUNK_BYTES);
    a.send_text(&long, text("lk.chat")).await.unwrap();
    let stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.info().topic, "lk.chat");
    assert_eq!(stream.info().total_length, Some(long.len() as u64));
    assert_eq!(stream.info().from.expose(), "a");
    assert!(stream.read_all().await.unwrap() == long);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_read_while_it_is_written_and_its_end_brings_attributes() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join_as_agent("live", "agent").await;
    let (b, mut b_events) = server.join("live", "caller").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    let map = |k: &str, v: &str| HashMap::from([(k.to_owned(), v.to_owned())]);
    let mut options = text("lk.transcription");
    options.attributes = map("lk.segment_id", "SG_1");
    let mut writer = a.open_text_stream(options).await.unwrap();
    writer.write("Nile Heart").await.unwrap();
    let mut stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.info().attributes["lk.segment_id"], "SG_1");
    assert_eq!(stream.next().await, Some(Ok("Nile Heart".to_owned())));
    assert!(stream.trailer_attributes().is_empty());
    writer.write(" Clinic").await.unwrap();
    assert_eq!(stream.next().await, Some(Ok(" Clinic".to_owned())));
    writer.close(map("lk.transcription_final", "true")).await.unwrap();
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.trailer_attributes()["lk.transcription_final"], "true");

    // An agent may send what the caller said in the caller's name.
    let mut options = text("lk.transcription");
    options.sender_identity = Some("caller".into());
    a.send_text("hello", options).await.unwrap();
    let stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!((stream.info().from.expose().as_str(), stream.info().generated), ("caller", true));
    assert_eq!(stream.read_all().await.unwrap(), "hello");

    // A writer that dies does not leave its reader waiting.
    let mut writer = a.open_text_stream(text("t")).await.unwrap();
    writer.write("half").await.unwrap();
    drop(writer);
    let stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.read_all().await, Err(StreamError::Aborted));

    // Nor does a sender that leaves.
    let mut writer = a.open_text_stream(text("t")).await.unwrap();
    writer.write("half").await.unwrap();
    let mut stream = expect_event!(b_events, RoomEvent::TextStream(stream) => stream);
    assert_eq!(stream.next().await, Some(Ok("half".to_owned())));
    a.close().await;
    assert_eq!(stream.next().await, Some(Err(StreamError::SenderGone)));
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_arrive_whole_with_name_and_type() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("bytes", "a").await;
    let (b, mut b_events) = server.join("bytes", "b").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    let bytes: Vec<u8> = (0..500_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let options = ByteStreamOptions {
        topic: "lk.agent.pre-connect-audio-buffer".into(),
        name: "audio".into(),
        mime_type: "audio/opus".into(),
        ..Default::default()
    };
    let receive = async {
        let stream = expect_event!(b_events, RoomEvent::ByteStream(stream) => stream);
        assert_eq!((&*stream.info().name, &*stream.info().mime_type), ("audio", "audio/opus"));
        stream.read_all().await.unwrap()
    };
    let (sent, received) = tokio::join!(a.send_bytes(&bytes, options), receive);
    sent.unwrap();
    assert!(received == bytes);
    assert_eq!(b.stats().stream_bytes, 0);
    a.close().await;
    b.close().await;
}
