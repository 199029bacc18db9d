//! A room of LiveKit as a line: who calls, sound both ways, keys, typed words, captions, the end.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_line::{
    AgentState, AppointmentChange, CallerKind, Connect, Gone, Line, LineContext, LineEvent, Shown,
    Transfer,
};
use frontdesk_rtc::codec::EncoderOptions;
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::line::{LiveKitCall, ProofCheck};
use frontdesk_rtc::{AudioPublish, Room, RoomEvent, RoomEvents, RoomOptions, TextStreamOptions};
use frontdesk_types::{
    CallId, DoctorId, Offer, OfferId, Phi, SAMPLES_PER_FRAME, SlotId, SystemIds,
};
use livekit_api::access_token::{AccessToken, VideoGrants};
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use crate::support::{
    KEY, SECRET, Server, Speaking, chirp, correlation, decode, eventually, expect_event, listen_to,
    packets, token,
};

pub(crate) type Told = Arc<Mutex<Vec<LineEvent>>>;

async fn connected(server: &Server, room: &str) -> (Arc<dyn Line>, Told) {
    connected_with(server, room, None, None).await
}

/// The agent's line in a room, for the caller of that identity, with the server's API.
pub(crate) async fn connected_with(
    server: &Server,
    room: &str,
    caller: Option<&str>,
    api: Option<Arc<ServerApi>>,
) -> (Arc<dyn Line>, Told) {
    connected_by(server, room, caller, api, None).await
}

pub(crate) async fn connected_by(
    server: &Server,
    room: &str,
    caller: Option<&str>,
    api: Option<Arc<ServerApi>>,
    proof: Option<ProofCheck>,
) -> (Arc<dyn Line>, Told) {
    let told = Told::default();
    let tell = Arc::clone(&told);
    let context = LineContext {
        call: CallId::new(&SystemIds),
        language: "en".to_owned(),
        voice: true,
        first_turn: 0,
        listener: Arc::new(move |event| tell.lock().push(event)),
    };
    let room = RoomOptions::new(server.url(), token(room, "agent", "agent"));
    let caller = caller.map(str::to_owned);
    let encoder = EncoderOptions::default();
    let call = LiveKitCall { room, encoder, caller, server: api, proof };
    (Box::new(call).connect(context).await.expect("connects"), told)
}

/// A caller as livekit-sip brings them into a room.
pub(crate) fn phone(room: &str) -> String {
    let attributes = [
        ("sip.phoneNumber", "+201005500012"),
        ("sip.trunkPhoneNumber", "+20235550100"),
        ("sip.callID", "SCL_abc"),
    ];
    let grants = VideoGrants { room_join: true, room: room.to_owned(), ..VideoGrants::default() };
    AccessToken::with_api_key(KEY, SECRET)
        .with_identity("sip_+201005500012")
        .with_kind("sip")
        .with_attributes(attributes)
        .with_grants(grants)
        .to_jwt()
        .expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_caller_is_known_by_number_and_their_keys_and_words_arrive() {
    let server = Server::start().await;
    let (line, told) = connected(&server, "phone").await;
    let (caller, _events) =
        Room::connect(RoomOptions::new(server.url(), phone("phone"))).await.expect("joins");
    // Pressed and typed before the server has introduced the caller to the agent: kept.
    caller.send_dtmf('4').await.expect("sent");
    let typed = TextStreamOptions { topic: "lk.chat".to_owned(), ..TextStreamOptions::default() };
    caller.send_text("hello", typed).await.expect("sent");
    caller.send_dtmf('#').await.expect("sent");
    let has = |event: LineEvent| told.lock().contains(&event);
    eventually("the keys arrive", || has(LineEvent::Dtmf('#'))).await;
    eventually("the words arrive", || has(LineEvent::Typed("hello".to_owned()))).await;
    assert!(has(LineEvent::Dtmf('4')));
    let facts = told.lock().iter().find_map(|event| match event {
        LineEvent::CallerHere(facts) => Some(facts.clone()),
        _ => None,
    });
    let facts = facts.expect("the caller was introduced first");
    assert_eq!(facts.kind, CallerKind::Phone);
    assert_eq!(facts.number, Some(Phi::new("+201005500012".to_owned())));
    assert_eq!(facts.dialled.as_deref(), Some("+20235550100"));
    let id = facts.attributes.expose().get("sip.callID").map(String::as_str);
    assert_eq!(id, Some("SCL_abc"));

    caller.close().await;
    eventually("the caller is gone", || has(LineEvent::CallerGone(Gone::Left))).await;
    let to = Transfer { to: Phi::new("+2023555".to_owned()) };
    assert!(!line.abilities().transfer && line.transfer(to).await.is_err());
    line.hang_up().await;
    let over = || told.lock().iter().any(|event| matches!(event, LineEvent::Over(_)));
    eventually("the line is over", over).await;
    assert!(!line.play(1, &[0; SAMPLES_PER_FRAME]), "nothing goes out any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_is_the_one_that_was_named_not_the_first_one_there() {
    let server = Server::start().await;
    let (other, _events) = server.join("named", "other").await;
    let (line, told) = connected_with(&server, "named", Some("patient"), None).await;
    let typed =
        || TextStreamOptions { topic: "lk.chat".to_owned(), ..TextStreamOptions::default() };
    other.send_text("not for the agent", typed()).await.expect("sent");
    let (caller, _events) = server.join("named", "patient").await;
    caller.send_text("hello", typed()).await.expect("sent");
    let words = || -> Vec<_> {
        let told = told.lock();
        told.iter().filter(|event| matches!(event, LineEvent::Typed(_))).cloned().collect()
    };
    eventually("the words arrive", || !words().is_empty()).await;
    other.send_text("still not", typed()).await.expect("sent");
    other.close().await;
    caller.send_text("bye", typed()).await.expect("sent");
    eventually("the last words arrive", || words().len() > 1).await;
    let expected = ["hello", "bye"].map(|text| LineEvent::Typed(text.to_owned()));
    assert_eq!(words(), expected);
    let gone = told.lock().iter().any(|event| matches!(event, LineEvent::CallerGone(_)));
    assert!(!gone, "who left is not the caller");
    line.hang_up().await;
    caller.close().await;
}

pub(crate) fn appointment() -> Shown {
    let visit = Offer {
        id: OfferId::new(&SystemIds),
        second: None,
        slot: SlotId::new(&SystemIds),
        doctor: DoctorId::new(&SystemIds),
        doctor_name: "Samira Hassan".to_owned(),
        specialty: "cardiology".to_owned(),
        starts_at: "2026-12-01T09:00:00Z".parse().expect("a moment"),
        ends_at: "2026-12-01T09:20:00Z".parse().expect("a moment"),
        time_zone: "Africa/Cairo".to_owned(),
    };
    let reference = "NHC-4711".to_owned();
    Shown::Appointment { change: AppointmentChange::Moved, visit: Box::new(visit), reference }
}

/// A busy machine loses a packet here and there; another sound is something else.
fn assert_same(said: &[i16], heard: &[i16]) {
    let backwards: Vec<i16> = said.iter().rev().copied().collect();
    let (same, other) = (correlation(said, heard), correlation(&backwards, heard));
    assert!(same > 0.7 && other < 0.5, "like what was said: {same}, like another sound: {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_goes_both_ways_as_pcm() {
    let server = Server::start().await;
    let (line, told) = connected(&server, "sound").await;
    let (caller, mut events) = server.join("sound", "caller").await;
    let said = chirp(1.0);
    let microphone = caller.publish_audio(AudioPublish::default()).await.expect("published");
    let _speaking = Speaking::start(&microphone, said.clone());

    let audio = line.audio_in();
    let heard: Arc<Mutex<Vec<i16>>> = Arc::default();
    let notified = Arc::new(tokio::sync::Notify::new());
    let on_readable = Arc::clone(&notified);
    audio.set_on_readable(Arc::new(move || on_readable.notify_one()));
    let reading = async {
        while heard.lock().len() < 3 * said.len() {
            notified.notified().await;
            audio.read(50, &mut |samples| heard.lock().extend_from_slice(samples));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("sound comes in");
    assert_same(&said, &heard.lock());
    let counts = audio.counts();
    assert!(counts.packets >= 100 && counts.undecodable == 0, "{counts:?}");

    eventually("the line is audible", || told.lock().contains(&LineEvent::Audible)).await;
    let voice = listen_to(&caller, &mut events, "agent").await;
    let spoken = chirp(1.0);
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut number = 0;
    for _ in 0..3 {
        for frame in spoken.as_chunks::<SAMPLES_PER_FRAME>().0 {
            tick.tick().await;
            number += 1;
            assert!(line.play(number, frame));
        }
    }
    let arrived = decode(&packets(&voice, 0, 100).await);
    assert_same(&spoken, &arrived);
    line.hang_up().await;
    caller.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn state_and_captions_are_shown_under_livekits_names() {
    let server = Server::start().await;
    let (line, told) = connected(&server, "captions").await;
    let (caller, mut events) = server.join("captions", "caller").await;
    let here = || told.lock().iter().any(|event| matches!(event, LineEvent::CallerHere(_)));
    eventually("the caller is here", here).await;
    line.show(Shown::State(AgentState::Thinking)).await.expect("shown");
    let text = |text: &str| Shown::AgentText { utterance: 7, text: text.to_owned() };
    line.show(text("Good morning.")).await.expect("shown");
    line.show(text("How can I help you?")).await.expect("shown");
    let heard = "Good morning. How can I help you?".to_owned();
    let done = Shown::AgentDone { utterance: 7, heard: heard.clone(), complete: true };
    line.show(done).await.expect("shown");

    let reader = expect_event!(events, RoomEvent::TextStream(reader) => reader);
    assert_eq!(reader.info().topic, "lk.transcription");
    let segment = reader.info().attributes.get("lk.segment_id").cloned().unwrap_or_default();
    assert!(segment.ends_with("a7"), "{segment}");
    assert_eq!(reader.read_all().await.expect("read"), heard);
    let state = || {
        let agent = caller.participant("agent");
        agent.is_some_and(|a| a.attributes.get("lk.agent.state").is_some_and(|s| s == "thinking"))
    };
    eventually("the state is seen", state).await;
    line.show(appointment()).await.expect("shown");
    let card = || -> Option<serde_json::Value> {
        let agent = caller.participant("agent")?;
        serde_json::from_str(agent.attributes.get("frontdesk.appointment")?).ok()
    };
    eventually("the appointment is seen", || card().is_some()).await;
    let expected = serde_json::json!({
        "status": "moved", "reference": "NHC-4711", "doctor": "Samira Hassan",
        "specialty": "cardiology", "starts_at": "2026-12-01T09:00:00Z",
        "time_zone": "Africa/Cairo",
    });
    assert_eq!(card(), Some(expected), "and nothing that the caller was not told");

    let words = "where are you".to_owned();
    line.show(Shown::CallerText { number: 3, text: words.clone(), is_final: true })
        .await
        .expect("shown");
    let reader = expect_event!(events, RoomEvent::TextStream(reader) => reader);
    assert_eq!(reader.info().from.expose(), "caller", "the caller's words are the caller's");
    assert_eq!(reader.read_all().await.expect("read"), words);
    line.hang_up().await;
    caller.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_goes_to_the_caller_alone_and_open_messages_make_nobody_deaf() {
    let server = Server::start().await;
    let (other, mut others) = server.join("private", "other").await;
    let (line, told) = connected_with(&server, "private", Some("patient"), None).await;
    let (caller, mut events) = server.join("private", "patient").await;
    let here = || told.lock().iter().any(|event| matches!(event, LineEvent::CallerHere(_)));
    eventually("the caller is there", here).await;

    let typed =
        || TextStreamOptions { topic: "lk.chat".to_owned(), ..TextStreamOptions::default() };
    let mut unfinished = Vec::new();
    for room in [&other, &caller] {
        for _ in 0..9 {
            let mut message = room.open_text_stream(typed()).await.expect("opened");
            message.write("and").await.expect("written");
            unfinished.push(message);
        }
    }
    caller.send_text("hello", typed()).await.expect("sent");
    let heard = || told.lock().contains(&LineEvent::Typed("hello".to_owned()));
    eventually("the words arrive", heard).await;

    let heard = "Your visit is on Monday.".to_owned();
    let said = Shown::AgentDone { utterance: 1, heard, complete: true };
    line.show(said).await.expect("shown");
    let until = async |events: &mut RoomEvents, last: &str| {
        let mut topics = Vec::new();
        while let Some(event) = events.recv().await {
            let RoomEvent::TextStream(stream) = event else { continue };
            topics.push(stream.info().topic.clone());
            if stream.info().topic == last {
                break;
            }
        }
        topics
    };
    assert!(
        until(&mut events, "lk.transcription").await.ends_with(&["lk.transcription".to_owned()])
    );
    // To everybody, once the caller has theirs: who has this has had what was before it.
    let after = TextStreamOptions { topic: "after".to_owned(), ..TextStreamOptions::default() };
    caller.send_text("everybody", after).await.expect("sent");
    let others = until(&mut others, "after").await;
    assert!(!others.contains(&"lk.transcription".to_owned()), "it is not for them: {others:?}");
    line.hang_up().await;
}
