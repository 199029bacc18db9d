//! A call whose words are spoken and recognized, and in which every child dies once.

use std::sync::Arc;

use frontdesk_actors::faults::{Fault, arm};
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_types::CallOutcome;
use parking_lot::Mutex;

use crate::rig::{Rig, Speech};

/// What a patient of the demo clinic says, by what the agent asks, and who dies meanwhile: each
/// place once.
const LINES: [(&str, &str, &[&str]); 7] = [
    ("help you", "I would like to see a cardiologist tomorrow morning", &["audio_ingest"]),
    ("date of birth", "March twelfth nineteen eighty four", &["transcriber", "speaker"]),
    ("full name", "Mary Johnson", &["dialogue.handled", "line_link"]),
    ("Which one", "the first one", &["call_supervisor", "slot_actor"]),
    ("s that correct", "yes please", &["tool_stage.answered", "call_recorder"]),
    ("anything else", "where are you", &["tool_stage", "dialogue"]),
    ("", "sorry, what was that", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_call_in_which_every_child_dies_books_once() {
    const NO_CONTEXTS: [(&str, Context); 0] = [];
    let stt = PocketSphinx::open(&Options::default(), NO_CONTEXTS).expect("the recognizer");
    let rig = Rig::hearing(1, Arc::new(stt)).await;
    let (id, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    let speech = Arc::new(Mutex::new(Speech::default()));
    let microphone = Arc::clone(&speech);
    caller.sound(move || microphone.lock().frame()).await;

    let mut lines = LINES;
    let mut heard = caller.hears("automatic assistant").await;
    while !heard.contains("Garden Street") {
        let line = lines.iter_mut().find(|(when, ..)| heard.contains(when)).expect("the last fits");
        for place in std::mem::take(&mut line.2) {
            arm(id, place, Fault::Panic, 0, 1);
        }
        speech.lock().say(line.1);
        heard = caller.hears_any(&["?", "Garden Street"]).await;
    }
    speech.lock().say("no thank you, goodbye");
    let end = end.await.expect("the end is told");
    assert_eq!(end.outcome, CallOutcome::Booked, "{end:?}");
    assert_eq!(rig.appointments().await, 1, "booked once");
    let left: Vec<_> = lines.iter().filter(|line| !line.2.is_empty()).collect();
    assert!(left.is_empty(), "nobody died at {left:?}");
    let counters = rig.switchboard.counters();
    assert!(counters.stage_restarts >= 8, "{counters:?}");
    assert!(counters.supervisor_restarts >= 1, "{counters:?}");
    caller.leave().await;
    rig.switchboard.stop().await;
}
