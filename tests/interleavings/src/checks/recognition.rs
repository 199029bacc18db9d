// What must hold of recognition. Included once per variant of `actors/src/media/recognition.rs`,
// `lease.rs`, `utterance.rs` and the threads below them.

use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, SttError, Transcript};
use frontdesk_types::ManualClock;
use shuttle::thread;

use super::recognition::{RecognitionPool, RecognitionSettings};
use super::utterance::{RecognitionEvent, Utterance};
use crate::sync::{Condvar, Mutex};

/// What the engines do.
#[derive(Default)]
struct State {
    /// Recognizers that there are, and the most there ever were.
    live: usize,
    most: usize,
    /// The next push hangs until it is freed.
    hang_next: bool,
    hanging: bool,
    freed: bool,
    /// The next push panics.
    panic_next: bool,
}

#[derive(Clone, Default)]
struct Engine(Arc<(Mutex<State>, Condvar)>);

impl Engine {
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let changed = change(&mut self.0.0.lock());
        self.0.1.notify_all();
        changed
    }

    fn wait(&self, until: impl Fn(&State) -> bool) {
        let mut state = self.0.0.lock();
        while !until(&state) {
            self.0.1.wait(&mut state);
        }
    }
}

impl SpeechToText for Engine {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        self.change(|state| {
            state.live += 1;
            state.most = state.most.max(state.live);
        });
        Ok(Box::new(Counting { engine: self.clone(), samples: 0 }))
    }
}

/// Hears how many samples there are.
struct Counting {
    engine: Engine,
    samples: usize,
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.engine.change(|state| state.live -= 1);
    }
}

impl Recognizer for Counting {
    fn start(&mut self, _: &str) -> Result<(), SttError> {
        self.samples = 0;
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        if self.engine.change(|state| std::mem::take(&mut state.panic_next)) {
            std::panic::resume_unwind(Box::new("the engine breaks"));
        }
        if self.engine.change(|state| {
            state.hanging |= state.hang_next;
            std::mem::take(&mut state.hang_next)
        }) {
            self.engine.wait(|state| state.freed);
        }
        self.samples += samples.len();
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        Ok(Transcript { text: self.samples.to_string(), confidence: 1.0 })
    }
}

fn pool(threads: usize, recognizers: usize) -> (RecognitionPool, Engine, Arc<ManualClock>) {
    let (engine, clock) = (Engine::default(), Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH)));
    let settings = RecognitionSettings { threads, recognizers };
    let pool = RecognitionPool::start(settings, clock.clone(), Arc::new(engine.clone()));
    (pool.expect("threads start"), engine, clock)
}

/// What an utterance was told, and whom that wakes.
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

    fn all(&self) -> Vec<String> {
        self.0.0.lock().clone()
    }
}

fn begin(pool: &RecognitionPool) -> (Arc<Utterance>, Told) {
    let told = Told::default();
    let tell = told.clone();
    let utterance = pool.begin(|| Listening::unspecific("checked"), Arc::default(), move |event| {
        tell.0.0.lock().push(match event {
            RecognitionEvent::Partial(words) => format!("partial {}", words.text),
            RecognitionEvent::Final(words) => words.text,
            RecognitionEvent::Failed => "failed".to_owned(),
        });
        tell.0.1.notify_all();
    });
    (utterance, told)
}

/// An utterance of two pushes from beginning to end.
fn speak(pool: &RecognitionPool) -> Told {
    let (utterance, told) = begin(pool);
    utterance.push(&[1; 3]);
    utterance.push(&[1; 4]);
    utterance.finish();
    told
}

/// More utterances than recognizers, on two threads: each is heard whole and told once, there are
/// never more recognizers than there may be, and nobody is left in a line (one that is forgotten is
/// a deadlock here).
pub(crate) fn each_utterance_is_heard_whole_and_told_once() {
    let (pool, engine, _) = pool(2, 1);
    let callers = [(); 2].map(|()| {
        let pool = pool.clone();
        thread::spawn(move || speak(&pool))
    });
    let mut all = vec![speak(&pool)];
    all.extend(callers.map(|caller| caller.join().expect("spoke")));
    for told in &all {
        assert_eq!(told.wait(), "7");
    }
    pool.close();
    assert!(all.iter().all(|told| told.all().len() == 1), "words are told once");
    assert_eq!((engine.0.0.lock().most, pool.queued()), (1, 0));
}

/// An utterance is discarded at any moment while others have its recognizer or wait for it: after
/// that it is told nothing, and the others are heard.
pub(crate) fn a_discarded_utterance_frees_its_recognizer() {
    let (pool, engine, _) = pool(2, 1);
    let (unwanted, told) = begin(&pool);
    let wanted = thread::spawn({
        let pool = pool.clone();
        move || speak(&pool)
    });
    unwanted.push(&[1; 3]);
    unwanted.finish();
    let discarding = thread::spawn(move || {
        unwanted.discard();
        let before = told.all().len();
        move || assert_eq!(told.all().len(), before, "nothing is told after a discard")
    });
    let wanted = [speak(&pool), wanted.join().expect("spoke")];
    for told in &wanted {
        assert_eq!(told.wait(), "7");
    }
    let nothing_was_told = discarding.join().expect("discarded");
    assert_eq!(speak(&pool).wait(), "7");
    pool.close();
    nothing_was_told();
    assert_eq!(engine.0.0.lock().most, 1);
}

/// A recognizer hangs, its thread is abandoned, and it comes back at any moment: the utterance is
/// told once how it ended, and no recognizer is lost or made too many.
pub(crate) fn a_hung_recognizer_is_replaced_and_its_utterance_told_once() {
    let (pool, engine, clock) = pool(1, 1);
    engine.change(|state| state.hang_next = true);
    let hung = speak(&pool);
    engine.wait(|state| state.hanging);
    let freeing = thread::spawn({
        let engine = engine.clone();
        move || engine.change(|state| state.freed = true)
    });
    pool.check();
    clock.advance(Duration::from_secs(2));
    pool.check();
    assert_eq!(hung.wait(), "7");
    freeing.join().expect("freed");
    // The one that hung is gone with its thread; then there is one again.
    engine.wait(|state| state.live <= 1);
    engine.change(|state| state.most = state.live);
    let after = [speak(&pool), speak(&pool)];
    for told in &after {
        assert_eq!(told.wait(), "7");
    }
    pool.close();
    assert_eq!(hung.all(), ["7"]);
    assert_eq!(engine.0.0.lock().most, 1);
}

/// The watchdog takes a thread for hung at any moment, also one that does not hang and has just told
/// the words: they are told once.
pub(crate) fn taken_for_hung_at_any_moment_an_utterance_is_told_once() {
    let (pool, _, clock) = pool(1, 1);
    let watchdog = thread::spawn({
        let pool = pool.clone();
        move || {
            pool.check();
            clock.advance(Duration::from_secs(2));
            pool.check()
        }
    });
    let told = speak(&pool);
    assert_eq!(told.wait(), "7");
    watchdog.join().expect("looked");
    // Whatever was begun anew has been before this one.
    assert_eq!(speak(&pool).wait(), "7");
    pool.close();
    assert_eq!(told.all(), ["7"]);
}

/// A recognizer dies: its utterance is recognized by another, and others still get one.
pub(crate) fn a_recognizer_that_dies_is_replaced() {
    let (pool, engine, _) = pool(2, 1);
    engine.change(|state| state.panic_next = true);
    let all = [speak(&pool), speak(&pool)];
    for told in &all {
        assert_eq!(told.wait(), "7");
    }
    pool.close();
    assert!(all.iter().all(|told| told.all().len() == 1), "words are told once");
    assert_eq!(engine.0.0.lock().most, 1);
}
