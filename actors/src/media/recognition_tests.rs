use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use frontdesk_models::stt::{Adaptation, Transcript};
use frontdesk_types::SystemClock;

use super::*;

/// A recognizer that counts samples, and panics or blocks when told to.
#[derive(Default)]
struct Engine {
    live: AtomicUsize,
    most: AtomicUsize,
    panic_once: AtomicBool,
    block_once: AtomicBool,
}

struct Counting {
    engine: Arc<Engine>,
    samples: usize,
    /// Samples of this caller in all utterances.
    learned: usize,
}

struct Provider(Arc<Engine>);

impl SpeechToText for Provider {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        let live = self.0.live.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most.fetch_max(live, Ordering::SeqCst);
        Ok(Box::new(Counting { engine: Arc::clone(&self.0), samples: 0, learned: 0 }))
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.engine.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Recognizer for Counting {
    fn adapt(&mut self, learned: Option<&Adaptation>) {
        self.learned = learned.and_then(|learned| learned.learned().copied()).unwrap_or(0);
    }

    fn adaptation(&self) -> Option<Adaptation> {
        Some(Adaptation::new(self.learned))
    }

    fn start(&mut self, _context: &str) -> Result<(), SttError> {
        self.samples = 0;
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        assert!(!self.engine.panic_once.swap(false, Ordering::SeqCst), "the engine breaks");
        if self.engine.block_once.swap(false, Ordering::SeqCst) {
            loop {
                std::thread::park();
            }
        }
        self.samples += samples.len();
        self.learned += samples.len();
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        Ok(Transcript { text: self.samples.to_string(), confidence: 1.0 })
    }
}

fn pool(threads: usize, recognizers: usize) -> (RecognitionPool, Arc<Engine>) {
    let engine = Arc::new(Engine::default());
    let settings = RecognitionSettings { threads, recognizers };
    let provider = Arc::new(Provider(Arc::clone(&engine)));
    let pool = RecognitionPool::start(settings, Arc::new(SystemClock::new()), provider);
    (pool.expect("threads start"), engine)
}

fn begin(pool: &RecognitionPool) -> (Arc<Utterance>, mpsc::Receiver<RecognitionEvent>) {
    begin_of(pool, Learned::default())
}

fn begin_of(
    pool: &RecognitionPool,
    caller: Learned,
) -> (Arc<Utterance>, mpsc::Receiver<RecognitionEvent>) {
    let (tell, events) = mpsc::channel();
    let utterance = pool.begin(
        || Listening::unspecific("request"),
        caller,
        move |event| {
            let _ = tell.send(event);
        },
    );
    (utterance, events)
}

fn final_text(events: &mpsc::Receiver<RecognitionEvent>) -> String {
    match events.recv_timeout(Duration::from_secs(10)).expect("an event comes") {
        RecognitionEvent::Final(transcript) => transcript.text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn more_utterances_than_recognizers_take_turns_and_each_hears_all_its_samples() {
    let (pool, engine) = pool(2, 2);
    // Many rounds: a wake-up lost between two threads is rare.
    for _ in 0..50 {
        let all: Vec<_> = (0..20).map(|_| begin(&pool)).collect();
        for _ in 0..10 {
            for (utterance, _) in &all {
                utterance.push(&[1; 320]);
            }
        }
        for (utterance, _) in &all {
            utterance.finish();
        }
        for (_, events) in &all {
            assert_eq!(final_text(events), "3200");
        }
        for (_, events) in &all {
            assert!(events.try_recv().is_err(), "its words are told once");
        }
    }
    assert!(engine.most.load(Ordering::SeqCst) <= 2);
    assert_eq!(pool.queued(), 0);
    pool.close();
}

#[test]
fn discarded_utterances_say_nothing_and_free_their_recognizer() {
    let (pool, _) = pool(1, 1);
    for _ in 0..5 {
        let (unwanted, events) = begin(&pool);
        unwanted.push(&[1; 320]);
        unwanted.discard();
        let (wanted, heard) = begin(&pool);
        wanted.push(&[1; 640]);
        wanted.finish();
        assert_eq!(final_text(&heard), "640");
        assert!(events.try_recv().is_err());
    }
    assert_eq!(pool.finals().count, 5, "nobody waited for the others");
    pool.close();
}

#[test]
fn an_utterance_whose_recognizer_panics_is_recognized_from_its_beginning_by_another() {
    let (pool, engine) = pool(1, 1);
    let (utterance, events) = begin(&pool);
    engine.panic_once.store(true, Ordering::SeqCst);
    utterance.push(&[1; 960]);
    utterance.finish();
    assert_eq!(final_text(&events), "960");
    pool.close();
}

#[test]
fn a_thread_that_hangs_is_abandoned_and_its_utterance_recognized_by_another() {
    let (pool, engine) = pool(1, 1);
    let (utterance, events) = begin(&pool);
    engine.block_once.store(true, Ordering::SeqCst);
    utterance.push(&[1; 960]);
    utterance.finish();
    while engine.block_once.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    // It is measured from the first look on.
    while pool.threads.replace_hung(Duration::ZERO) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(final_text(&events), "960");
    assert_eq!(pool.check(), 1);
    pool.close();
}

#[test]
fn a_recognizer_goes_from_caller_to_caller_and_each_keeps_what_was_learned_of_them() {
    let (pool, engine) = pool(1, 1);
    let callers = [Learned::default(), Learned::default()];
    for _ in 0..3 {
        for (caller, samples) in callers.iter().zip([320, 640]) {
            let (utterance, events) = begin_of(&pool, Arc::clone(caller));
            utterance.push(&vec![1; samples]);
            utterance.finish();
            assert_eq!(final_text(&events), samples.to_string());
        }
    }
    let learned = callers.map(|caller| caller.lock().as_ref()?.learned::<usize>().copied());
    assert_eq!(learned, [Some(3 * 320), Some(3 * 640)]);
    assert_eq!(engine.most.load(Ordering::SeqCst), 1);
    pool.close();
}
