//! Supervisors in the rooms of a runtime: unseen while they listen, seen while they speak, and gone
//! when they should be.

use std::ops::ControlFlow;
use std::time::Duration;

use frontdesk::join_token::Join;
use frontdesk::supervision::{Console, ConsoleError, Supervision};
use frontdesk_actors::watch::{LiveCall, Speaker};
use frontdesk_models::tts::TextToSpeech as _;
use frontdesk_models::tts::flite::Flite;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_rtc::dispatch::ServerApi;
use frontdesk_rtc::token::ApiKey;
use frontdesk_rtc::{AudioPublish, DisconnectReason, Room, RoomEvents, RoomOptions};
use frontdesk_types::{ClinicId, ConsoleId, SAMPLES_PER_FRAME, SystemIds, UserId};
use tokio::task::JoinSet;

use crate::phone_rig::{CLINIC, Office};

async fn join(join: &Join) -> (Room, RoomEvents) {
    let mut options = RoomOptions::new(&join.url, &join.token);
    options.subscribe_audio = true;
    Room::connect(options).await.expect("the token opens its room")
}

/// Publishes a microphone into which this is said, again and again.
async fn speaks(room: &Room, text: &str) -> JoinSet<()> {
    let mut samples: Vec<i16> = Vec::new();
    let spoken = Flite::new().synthesize(text, "kal16", &mut |more| {
        samples.extend(more);
        ControlFlow::Continue(())
    });
    spoken.expect("a voice");
    samples.resize(samples.len() + 40_000, 0);
    let track = room.publish_audio(AudioPublish::default()).await.expect("published");
    let mut speaking = JoinSet::new();
    speaking.spawn(async move {
        let mut encoder = OpusEncoder::new(EncoderOptions::default()).expect("an encoder");
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        let frames = samples.as_chunks::<SAMPLES_PER_FRAME>().0.iter().cycle();
        for (frame, number) in frames.zip(0_u64..) {
            tick.tick().await;
            track.write(encoder.encode(frame).expect("encodes"), number * 960, false);
        }
    });
    speaking
}

fn console(clinic: ClinicId) -> Console {
    Console {
        id: ConsoleId::new(&SystemIds),
        clinic,
        user: UserId::new(&SystemIds),
        name: "Mona Farid".to_owned(),
    }
}

fn live(supervision: &Supervision, clinic: ClinicId) -> Option<LiveCall> {
    supervision.watch().list(clinic).into_iter().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_unseen_speaks_seen_and_is_gone_with_their_right_to_be_there() {
    let office = Office::open().await;
    let (supervision, clinic) = (office.supervision(), office.db.tenant(CLINIC).await.clinic());
    let key = ApiKey::new(office.livekit.api_key(), office.livekit.api_secret());
    let server = ServerApi::new(office.livekit.ws_url(), &key);
    let patient = office.starts_a_call().await;
    let (caller, _events) = join(&patient).await;
    let call = office
        .until("the caller is there", async || {
            live(supervision, clinic).filter(|live| live.caller_here)
        })
        .await;
    let id = call.call;
    assert_eq!(call.caller_identity.map(|who| who.into_exposed()), Some(patient.identity.clone()));
    let mona = console(clinic);
    assert!(matches!(supervision.listen(mona.id, id), Err(ConsoleError::NotOpen)));
    supervision.open(mona.clone());

    let counted = async || {
        let rooms = server.rooms().await.expect("answered");
        let room = rooms.iter().find(|room| room.name == patient.room)?;
        Some(room.participants).filter(|count| *count > 0)
    };
    let before = office.until("the room is counted", counted).await;

    // Listening: heard by nobody, counted by nobody.
    let listening = supervision.listen(mona.id, id).expect("a token");
    let (listener, _heard) = join(&listening).await;
    let agent_is_heard = async || (!listener.remote_audio().is_empty()).then_some(());
    office.until("the agent is heard", agent_is_heard).await;
    let present = server.present(&patient.room).await.expect("answered");
    assert!(present.iter().any(|who| who.identity == listening.identity && who.hidden));
    assert_eq!(caller.participants().len(), 1, "the caller sees the agent alone");
    let refused = listener.publish_audio(AudioPublish::default()).await;
    assert!(refused.is_err(), "who listens says nothing");

    // Speaking: seen, under their name, and written down as the supervisor's.
    let speaking = supervision.take_over(mona.id, id, true).expect("taken over").expect("a token");
    let (speaker, _heard) = join(&speaking).await;
    let _microphone = speaks(&speaker, "Good morning, how can I help you?").await;
    let seen = async || {
        let who = caller.participant(&speaking.identity)?;
        (who.name == "Mona Farid" && !who.tracks.is_empty()).then_some(())
    };
    office.until("the caller sees the supervisor", seen).await;
    let one_more = async || (counted().await? == before + 1).then_some(());
    office.until("one more is counted, and not the listener", one_more).await;
    let said = async |by: Speaker| {
        let live = live(supervision, clinic)?;
        live.words.iter().any(|words| words.by == by && words.is_final).then_some(())
    };
    office.until("their words are there", async || said(Speaker::Supervisor).await).await;
    assert!(said(Speaker::Caller).await.is_none(), "never as the caller's");
    let second = console(clinic);
    supervision.open(second.clone());
    let refused = supervision.take_over(second.id, id, false).expect_err("refused");
    assert_eq!(refused.to_string(), "Mona Farid has taken this call over already");

    // Handed back: the connection is removed, and again when its token is used again.
    supervision.hand_back(mona.id, id).expect("handed back");
    let removed = Some(DisconnectReason::ParticipantRemoved);
    office.until("they are removed", async || (speaker.closed() == removed).then_some(())).await;
    let (again, _heard) = join(&speaking).await;
    office.until("and again", async || (again.closed() == removed).then_some(())).await;
    assert_eq!(listener.closed(), None, "who listens is still there");
    supervision.close(mona.id);
    office.until("so are listeners", async || (listener.closed() == removed).then_some(())).await;

    // Hung up: the room is gone, and does not come back by a token that is still good.
    let late = supervision.listen(second.id, id).expect("a token");
    supervision.hang_up(second.id, id).expect("hung up");
    office.until("the call is over", async || caller.closed()).await;
    let gone = async || {
        let rooms = server.rooms().await.expect("answered");
        rooms.iter().all(|room| room.name != patient.room).then_some(())
    };
    office.until("the room is gone", gone).await;
    assert!(supervision.listen(second.id, id).is_err(), "no token for a call that is over");
    let (late, _heard) = join(&late).await;
    office.until("who comes late is put out", async || late.closed()).await;
    office.until("the room is gone again", gone).await;
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_lost_keeps_its_call_for_a_while_and_then_loses_it() {
    let office = Office::open().await;
    let (supervision, clinic) = (office.supervision(), office.db.tenant(CLINIC).await.clinic());
    let patient = office.starts_a_call().await;
    let (caller, _events) = join(&patient).await;
    let there = async || live(supervision, clinic).filter(|live| live.caller_here);
    let id = office.until("the caller is there", there).await.call;
    let mona = console(clinic);
    supervision.open(mona.clone());
    supervision.take_over(mona.id, id, false).expect("taken over");
    supervision.write(mona.id, id, "Good morning").expect("written");
    supervision.lost(mona.id);
    supervision.open(mona.clone());
    supervision.write(mona.id, id, "I am back").expect("still theirs");
    supervision.lost(mona.id);
    let handed_back = async || {
        let live = live(supervision, clinic)?;
        live.taken_over.is_none().then_some(live)
    };
    let live = office.until("the agent has it again", handed_back).await;
    let written = live.words.iter().filter(|words| words.by == Speaker::Supervisor).count();
    assert_eq!(written, 2);
    let not_open = async || supervision.write(mona.id, id, "hello?").err();
    let error = office.until("the console is closed", not_open).await;
    assert!(!error.to_string().is_empty());
    caller.close().await;
    office.close().await;
}
