//! A second recognizer hears free turns in a real room; where it is missing, dies or is late, the
//! caller is heard by what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use frontdesk_actors::Counters;
use frontdesk_models::stt::{Recognizer, SpeechToText, SttError, Transcript};
use parking_lot::Mutex;

use frontdesk_models::stt::OnDemand;
use frontdesk_models::stt::pocketsphinx::{Context, Options as Templates, PocketSphinx};
use frontdesk_models::stt::whisper::{Options, Whisper};
use frontdesk_types::CallOutcome;

use crate::rig::{Rig, Speech};

/// What the caller asks, and what is answered to nothing else.
const QUESTION: &str = "where are you";
const ANSWER: &str = "Garden Street";

/// What a recognizer without an idea hears in it.
const MISHEARD: &str = "what what";

/// What becomes of a decode.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Works,
    /// The first one panics, and with it its thread.
    DiesOnce,
    Dies,
    /// It goes on until nobody waits any more.
    Slow,
}

/// Hears the same in everything.
struct Hears {
    words: Transcript,
    manner: Manner,
    decodes: Arc<AtomicUsize>,
}

impl Hears {
    fn new(text: &str, confidence: f32, manner: Manner) -> Self {
        let words = Transcript { text: text.to_owned(), confidence };
        Self { words, manner, decodes: Arc::default() }
    }
}

impl SpeechToText for Hears {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        let (words, manner, decodes) = (self.words.clone(), self.manner, Arc::clone(&self.decodes));
        Ok(Box::new(Listener { words, manner, decodes, stop: Arc::default() }))
    }
}

struct Listener {
    words: Transcript,
    manner: Manner,
    decodes: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Recognizer for Listener {
    fn stop_by(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn start(&mut self, _context: &str) -> Result<(), SttError> {
        Ok(())
    }

    fn push(&mut self, _samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        let first = self.decodes.fetch_add(1, Ordering::SeqCst) == 0;
        let dies = self.manner == Manner::Dies || self.manner == Manner::DiesOnce && first;
        assert!(!dies, "the recognizer breaks");
        if self.manner != Manner::Slow {
            return Ok(self.words.clone());
        }
        while !self.stop.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        Err(SttError::Engine("stopped".to_owned()))
    }
}

/// The caller asks with a pause in the middle, and is answered.
async fn asked(templates: (&str, f32), second: Option<(&str, Manner)>) -> Counters {
    let first = Hears::new(templates.0, templates.1, Manner::Works);
    let second = second
        .map(|(text, manner)| -> Arc<dyn SpeechToText> { Arc::new(Hears::new(text, 0.9, manner)) });
    let rig = Rig::hearing_twice(Arc::new(first), second).await;
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    let speech = Arc::new(Mutex::new(Speech::default()));
    let microphone = Arc::clone(&speech);
    caller.sound(move || microphone.lock().frame()).await;
    caller.hears("automatic assistant").await;
    speech.lock().say("I have a question for you, which is where you are");
    caller.hears(ANSWER).await;
    let counters = rig.switchboard.counters();
    caller.leave().await;
    end.await.expect("the end is told");
    rig.switchboard.stop().await;
    counters
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_turn_is_heard_by_the_second_recognizer() {
    let counters = asked((MISHEARD, 0.3), Some((QUESTION, Manner::Works))).await;
    assert!(counters.second_heard >= 1, "{counters:?}");
    assert_eq!(counters.second_failed + counters.second_late, 0, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_recognizer_whose_thread_dies_in_mid_utterance_hears_it_anew() {
    let counters = asked((MISHEARD, 0.3), Some((QUESTION, Manner::DiesOnce))).await;
    assert!(counters.second_heard >= 1 && counters.second_failed == 0, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_heard_by_the_first_recognizer_where_the_second_breaks() {
    let counters = asked((QUESTION, 0.3), Some((MISHEARD, Manner::Dies))).await;
    assert!(counters.second_failed >= 1 && counters.second_heard == 0, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_heard_by_the_first_recognizer_where_the_second_is_late() {
    let counters = asked((QUESTION, 0.6), Some((MISHEARD, Manner::Slow))).await;
    assert!(counters.second_late >= 1 && counters.second_heard == 0, "{counters:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_heard_by_the_first_recognizer_where_there_is_no_second() {
    let counters = asked((QUESTION, 0.3), None).await;
    assert_eq!(counters.second_heard + counters.second_late, 0, "{counters:?}");
}

/// What a patient of the demo clinic says, by what the agent asks.
const LINES: [(&str, &str); 8] = [
    ("help you", "I would like to see a cardiologist tomorrow morning"),
    ("date of birth", "November thirtieth nineteen seventy one"),
    ("spell the first", "O M A R"),
    ("spell the last", "K H A L I L"),
    ("full name", "Omar Khalil"),
    ("Which one", "the first one"),
    ("s that correct", "yes please"),
    ("", "no thank you, goodbye"),
];

/// The real recognizers, where whisper's weights are there (`scripts/test.sh` fetches them).
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a test binary takes no other arguments")]
async fn a_call_whose_free_turns_whisper_hears_books() {
    const NO_CONTEXTS: [(&str, Context); 0] = [];
    let Some(weights) = std::env::var_os("FRONTDESK_WHISPER") else {
        eprintln!("not run: FRONTDESK_WHISPER does not name whisper's weights");
        return;
    };
    let stt = PocketSphinx::open(&Templates::default(), NO_CONTEXTS).expect("the recognizer");
    let options = Options::new(weights, "en");
    let whisper = Arc::new(OnDemand::new(move || Ok(Box::new(Whisper::open(&options)?))));
    let second: Arc<dyn SpeechToText> = Arc::<OnDemand>::clone(&whisper);
    let rig = Rig::hearing_twice(Arc::new(stt), Some(second)).await;
    assert!(!whisper.is_loaded(), "nobody needs it yet");
    let (_, room, end) = rig.call();
    let mut caller = rig.caller(&room).await;
    let speech = Arc::new(Mutex::new(Speech::default()));
    let microphone = Arc::clone(&speech);
    caller.sound(move || microphone.lock().frame()).await;
    let mut heard = caller.hears("automatic assistant").await;
    for _ in 0..25 {
        let line = LINES.iter().find(|(when, _)| heard.contains(when)).expect("the last fits");
        speech.lock().say(line.1);
        if line.0.is_empty() {
            break;
        }
        heard = caller.hears("?").await;
    }
    let end = end.await.expect("the end is told");
    let counters = rig.switchboard.counters();
    assert_eq!(end.outcome, CallOutcome::Booked, "{end:?} {counters:?}");
    assert_eq!(rig.appointments().await, 1, "booked once");
    assert!(whisper.is_loaded(), "free turns need it");
    // On a machine that is busy with other tests its words may be late.
    assert!(counters.second_heard + counters.second_late >= 1, "{counters:?}");
    assert_eq!(counters.second_failed, 0, "{counters:?}");
    eprintln!("{} heard by whisper, {} late", counters.second_heard, counters.second_late);
    caller.leave().await;
    rig.switchboard.stop().await;
}
