// What must hold of the second recognizer. Included once per variant of
// `actors/src/media/second.rs` and what is below it.

use std::sync::Arc;

use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, SttError, Transcript};
use frontdesk_types::{CallId, ManualClock, SystemIds};
use shuttle::thread;

use super::second::{SecondHearing, SecondPool};
use crate::sync::{Condvar, Mutex};

/// Hears how many samples there are; the next decode panics if it is told so.
#[derive(Clone, Default)]
struct Engine(Arc<Mutex<bool>>);

impl SpeechToText for Engine {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        Ok(Box::new(Counting { engine: self.clone(), samples: 0 }))
    }
}

struct Counting {
    engine: Engine,
    samples: usize,
}

impl Recognizer for Counting {
    fn start(&mut self, _: &str) -> Result<(), SttError> {
        self.samples = 0;
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        self.samples += samples.len();
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        if std::mem::take(&mut *self.engine.0.lock()) {
            std::panic::resume_unwind(Box::new("the engine breaks"));
        }
        Ok(Transcript { text: self.samples.to_string(), confidence: 1.0 })
    }
}

fn pool(threads: usize) -> (SecondPool, Engine) {
    let engine = Engine::default();
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let pool = SecondPool::start(threads, clock, Arc::new(engine.clone()));
    (pool.expect("threads start"), engine)
}

/// What was told of an utterance.
#[derive(Clone, Default)]
struct Told(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Told {
    fn wait(&self) -> String {
        let mut told = self.0.0.lock();
        while told.is_empty() {
            self.0.1.wait(&mut told);
        }
        told[0].clone()
    }

    fn count(&self) -> usize {
        self.0.0.lock().len()
    }
}

fn begin(pool: &SecondPool) -> (Arc<SecondHearing>, Told) {
    let (told, call) = (Told::default(), CallId::new(&SystemIds));
    let tell = told.clone();
    let hearing = pool.begin(call, || Listening::unspecific("checked"), move |words| {
        let words = words.map_or("failed".to_owned(), |words| words.text);
        tell.0.0.lock().push(words);
        tell.0.1.notify_all();
    });
    (hearing, told)
}

/// Somebody makes a pause, goes on and ends while threads decode: all that was said is heard, once.
pub(crate) fn who_goes_on_after_a_pause_is_heard_whole_and_told_once() {
    let (pool, _) = pool(2);
    let speak = |pool: &SecondPool| {
        let (hearing, told) = begin(pool);
        hearing.push(&[1; 3]);
        hearing.pause();
        hearing.resume();
        hearing.push(&[1; 4]);
        hearing.pause();
        hearing.want();
        told
    };
    let other = thread::spawn({
        let pool = pool.clone();
        move || speak(&pool)
    });
    let all = [speak(&pool), other.join().expect("spoke")];
    for told in &all {
        assert_eq!(told.wait(), "7");
    }
    pool.close();
    assert!(all.iter().all(|told| told.count() == 1), "words are told once");
}

/// Nobody waits any more from some moment on: after that nothing is told.
pub(crate) fn after_it_is_given_up_nothing_is_told() {
    let (pool, _) = pool(1);
    let (hearing, told) = begin(&pool);
    hearing.push(&[1; 3]);
    let wanting = thread::spawn({
        let hearing = Arc::clone(&hearing);
        move || hearing.want()
    });
    hearing.give_up();
    let before = told.count();
    wanting.join().expect("wanted");
    let (next, after) = begin(&pool);
    next.want();
    assert_eq!(after.wait(), "0");
    pool.close();
    assert_eq!(told.count(), before);
}

/// A thread dies over a decode: it is begun anew, and told once.
pub(crate) fn a_decode_whose_thread_dies_is_begun_anew() {
    let (pool, engine) = pool(1);
    *engine.0.lock() = true;
    let (hearing, told) = begin(&pool);
    hearing.push(&[1; 3]);
    hearing.pause();
    hearing.want();
    assert_eq!(told.wait(), "3");
    pool.close();
    assert_eq!(told.count(), 1);
}
