//! Data packets.

use bytes::Bytes;
use frontdesk_rtc::{MAX_DATA_PAYLOAD, RoomEvent, RtcError, TranscriptionSegment};

use crate::support::{Server, eventually, expect_event};

#[tokio::test(flavor = "multi_thread")]
async fn packets_arrive_in_order_with_topic_and_sender_also_when_they_are_many() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("data", "a").await;
    let (b, mut b_events) = server.join("data", "b").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    // More than the send buffer and SCTP's own hold at once.
    let sender = async {
        for n in 0..200_u32 {
            let mut payload = vec![7; 5000];
            payload[..4].copy_from_slice(&n.to_be_bytes());
            a.publish_data(payload.into(), "count", true, &[]).await.unwrap();
        }
    };
    let receiver = async {
        for n in 0..200_u32 {
            let packet = expect_event!(b_events, RoomEvent::Data(packet) => packet);
            assert_eq!(packet.payload[..4], n.to_be_bytes());
            assert_eq!((packet.topic.as_str(), packet.reliable), ("count", true));
            assert_eq!(packet.from.as_ref().map(|from| from.expose().as_str()), Some("a"));
            assert_eq!(packet.payload.len(), 5000);
        }
    };
    tokio::join!(sender, receiver);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_reaches_only_those_it_is_for() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join("whisper", "a").await;
    let (b, mut b_events) = server.join("whisper", "b").await;
    let (c, mut c_events) = server.join("whisper", "c").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(p) if p.identity == "c");
    expect_event!(b_events, RoomEvent::Connected);
    expect_event!(c_events, RoomEvent::Connected);
    let send = async |text: &'static [u8], to: &[&str]| {
        let to: Vec<String> = to.iter().map(ToString::to_string).collect();
        a.publish_data(Bytes::from_static(text), "", true, &to).await.unwrap();
    };
    send(b"for c", &["c"]).await;
    send(b"for all", &[]).await;
    let first = expect_event!(b_events, RoomEvent::Data(packet) => packet.payload);
    assert_eq!(&first[..], b"for all");
    let first = expect_event!(c_events, RoomEvent::Data(packet) => packet.payload);
    assert_eq!(&first[..], b"for c");

    let large = Bytes::from(vec![0; MAX_DATA_PAYLOAD + 1]);
    let error = a.publish_data(large, "", true, &[]).await.unwrap_err();
    assert!(matches!(error, RtcError::TooLarge { .. }));
    let largest = Bytes::from(vec![1; MAX_DATA_PAYLOAD]);
    a.publish_data(largest.clone(), "", true, &[]).await.unwrap();
    let got = expect_event!(b_events, RoomEvent::Data(packet) => packet.payload);
    assert_eq!(got, largest);
    for room in [a, b, c] {
        room.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unreliable_packets_dtmf_and_old_transcripts_go_through() {
    let server = Server::start().await;
    let (a, mut a_events) = server.join_as_agent("misc", "a").await;
    let (b, mut b_events) = server.join("misc", "b").await;
    expect_event!(a_events, RoomEvent::ParticipantJoined(_));
    expect_event!(b_events, RoomEvent::Connected);
    a.send_dtmf('#').await.unwrap();
    let digit = expect_event!(b_events, RoomEvent::Dtmf { digit, .. } => digit);
    assert_eq!(digit, '#');
    let segment =
        TranscriptionSegment { id: "SG_1".into(), text: "hi".into(), ..Default::default() };
    a.send_transcription("b", "TR_x", vec![segment], &[]).await.unwrap();
    // The channels are open by now, so these are not dropped here; loopback loses none.
    a.publish_data(Bytes::from_static(b"fast"), "t", false, &[]).await.unwrap();
    let packet = expect_event!(b_events, RoomEvent::Data(packet) => packet);
    assert_eq!((&packet.payload[..], packet.reliable), (&b"fast"[..], false));
    // The two channels are not in order with each other.
    eventually("all three came", || b.stats().data_rx == 3).await;
    assert_eq!(b.stats().malformed, 0);
    a.close().await;
    b.close().await;
}
