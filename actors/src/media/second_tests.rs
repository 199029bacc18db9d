use std::sync::atomic::AtomicUsize;
use std::sync::mpsc;

use frontdesk_types::SystemClock;

use super::*;

/// A recognizer that counts samples; it panics so many times, and waits for its gate.
#[derive(Default)]
struct Engine {
    panics: AtomicUsize,
    decodes: AtomicUsize,
    stopped: AtomicUsize,
    closed: AtomicBool,
}

struct Counting {
    engine: Arc<Engine>,
    samples: usize,
    stop: Arc<AtomicBool>,
}

struct Provider(Arc<Engine>);

impl SpeechToText for Provider {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        let (engine, stop) = (Arc::clone(&self.0), Arc::default());
        Ok(Box::new(Counting { engine, samples: 0, stop }))
    }
}

impl Recognizer for Counting {
    fn stop_by(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn start(&mut self, _context: &str) -> Result<(), SttError> {
        self.samples = 0;
        Ok(())
    }

    fn push(&mut self, samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        self.samples += samples.len();
        Ok(None)
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        self.engine.decodes.fetch_add(1, Ordering::SeqCst);
        let took = |panics: usize| panics.checked_sub(1);
        let panics = self.engine.panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, took);
        assert!(panics.is_err(), "the engine breaks");
        while self.engine.closed.load(Ordering::SeqCst) {
            if self.stop.load(Ordering::SeqCst) {
                self.engine.stopped.fetch_add(1, Ordering::SeqCst);
                return Err(SttError::Engine("stopped".to_owned()));
            }
            std::thread::yield_now();
        }
        Ok(Transcript { text: self.samples.to_string(), confidence: 1.0 })
    }
}

struct Rig {
    pool: SecondPool,
    engine: Arc<Engine>,
}

impl Rig {
    fn new(threads: usize) -> Self {
        let engine = Arc::new(Engine::default());
        let provider = Arc::new(Provider(Arc::clone(&engine)));
        let pool = SecondPool::start(threads, Arc::new(SystemClock::new()), provider);
        Self { pool: pool.expect("threads start"), engine }
    }

    fn begin(&self, call: u128) -> (Arc<SecondHearing>, mpsc::Receiver<Option<Transcript>>) {
        let (tell, told) = mpsc::channel();
        let call = CallId::from_uuid(uuid::Uuid::from_u128(call));
        let listening = || Listening::unspecific("request");
        let hearing = self.pool.begin(call, listening, move |words| {
            let _ = tell.send(words);
        });
        (hearing, told)
    }

    fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let clock = SystemClock::new();
        let began = clock.mono();
        while !done(self) {
            assert!(clock.mono().since(began) < Duration::from_secs(10), "{what} does not come");
            std::thread::yield_now();
        }
    }
}

fn heard(told: &mpsc::Receiver<Option<Transcript>>) -> Option<String> {
    let words = told.recv_timeout(Duration::from_secs(10)).expect("the words come");
    words.map(|words| words.text)
}

#[test]
fn what_was_decoded_in_the_pause_is_told_when_it_is_wanted_and_not_before() {
    let rig = Rig::new(1);
    let (hearing, told) = rig.begin(1);
    hearing.push(&[1; 320]);
    hearing.pause();
    rig.until("the decode", |rig| rig.pool.is_idle());
    assert!(told.try_recv().is_err(), "nobody has asked");
    hearing.want();
    assert_eq!(heard(&told).as_deref(), Some("320"));
    assert_eq!(rig.engine.decodes.load(Ordering::SeqCst), 1, "decoded once");
    assert_eq!(rig.pool.counts().heard, 1);
}

#[test]
fn who_goes_on_after_a_pause_is_heard_to_the_end() {
    let rig = Rig::new(1);
    rig.engine.closed.store(true, Ordering::SeqCst);
    let (hearing, told) = rig.begin(1);
    hearing.push(&[1; 320]);
    hearing.pause();
    rig.until("the decode", |rig| rig.engine.decodes.load(Ordering::SeqCst) == 1);
    hearing.resume();
    rig.until("the stop", |rig| rig.engine.stopped.load(Ordering::SeqCst) == 1);
    rig.engine.closed.store(false, Ordering::SeqCst);
    hearing.push(&[1; 640]);
    hearing.want();
    assert_eq!(heard(&told).as_deref(), Some("960"));
    assert_eq!(rig.pool.counts().dropped, 1);
}

#[test]
fn a_guess_takes_no_thread_from_what_is_wanted() {
    let rig = Rig::new(1);
    rig.engine.closed.store(true, Ordering::SeqCst);
    let (first, told) = rig.begin(1);
    first.want();
    rig.until("the decode", |rig| rig.engine.decodes.load(Ordering::SeqCst) == 1);
    let (second, _) = rig.begin(2);
    second.pause();
    assert_eq!(rig.pool.queued(), 0, "the thread is taken: the pause is not decoded");
    rig.engine.closed.store(false, Ordering::SeqCst);
    assert_eq!(heard(&told).as_deref(), Some("0"));
}

#[test]
fn a_thread_that_dies_is_tried_once_more_and_then_nothing_was_heard() {
    for (panics, words) in [(1, Some("320")), (2, None)] {
        let rig = Rig::new(1);
        rig.engine.panics.store(panics, Ordering::SeqCst);
        let (hearing, told) = rig.begin(1);
        hearing.push(&[1; 320]);
        hearing.want();
        assert_eq!(heard(&told).as_deref(), words, "{panics} panics");
        assert_eq!(rig.pool.counts().failed, u64::from(words.is_none()));
    }
}

#[test]
fn a_decode_that_hangs_is_given_up_and_nobody_is_told_afterwards() {
    let rig = Rig::new(1);
    rig.engine.closed.store(true, Ordering::SeqCst);
    let (hearing, told) = rig.begin(1);
    hearing.want();
    rig.until("the decode", |rig| rig.engine.decodes.load(Ordering::SeqCst) == 1);
    hearing.give_up();
    rig.until("the stop", |rig| rig.engine.stopped.load(Ordering::SeqCst) == 1);
    assert!(told.try_recv().is_err());
    assert_eq!(rig.pool.counts().late, 1);
    let (next, told) = rig.begin(1);
    rig.engine.closed.store(false, Ordering::SeqCst);
    next.want();
    assert_eq!(heard(&told).as_deref(), Some("0"), "the thread is free again");
}

#[test]
fn calls_take_turns_and_what_nobody_wants_is_not_begun() {
    let rig = Rig::new(1);
    rig.engine.closed.store(true, Ordering::SeqCst);
    let all: Vec<_> = [1, 1, 1, 2].map(|call| rig.begin(call)).into();
    all[0].0.want();
    rig.until("the decode", |rig| rig.engine.decodes.load(Ordering::SeqCst) == 1);
    for (hearing, _) in &all[1..] {
        hearing.want();
    }
    assert_eq!(rig.pool.queued(), 3);
    all[1].0.give_up();
    rig.engine.closed.store(false, Ordering::SeqCst);
    assert!(heard(&all[3].1).is_some() && heard(&all[2].1).is_some());
    assert!(all[1].1.try_recv().is_err());
    assert_eq!(rig.engine.decodes.load(Ordering::SeqCst), 3, "one of four was not begun");
}
