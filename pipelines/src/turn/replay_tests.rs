use super::*;
use crate::turn::{TurnLog, quantized};

const FRAME: Duration = Duration::from_millis(16);
const LAG: Duration = Duration::from_millis(68);

/// A call that is logged as it goes.
struct Call {
    taker: TurnTaker,
    log: TurnLog,
    now: Mono,
    /// Frames do not come evenly on a real line.
    jitter: u64,
    pieces: Vec<u8>,
}

impl Call {
    fn new() -> Self {
        let settings = TurnSettings::default();
        let now = Mono::from_millis(123_456);
        let head = LogHead {
            settings,
            lag: LAG,
            frame: FRAME,
            begun: now,
            begun_wall: 1_700_000_000_000_000,
        };
        let log = TurnLog::new(&head);
        Self { taker: TurnTaker::new(settings, LAG), log, now, jitter: 1, pieces: Vec::new() }
    }

    fn feed(&mut self, input: &TurnInput) {
        self.log.input(self.now, input);
        self.taker.handle_input(self.now, input);
        while let Some(output) = self.taker.poll_output() {
            self.log.output(&output);
        }
    }

    fn voice(&mut self, score: f32, length: Duration) {
        for _ in 0..length.as_millis() / FRAME.as_millis() {
            self.jitter = self.jitter * 1_103_515_245 % 4096;
            self.now = self.now + FRAME + Duration::from_micros(self.jitter);
            self.feed(&TurnInput::Voice { score: quantized(score), duration: FRAME });
        }
        self.pieces.extend(self.log.take());
    }

    fn words(&mut self, count: usize, completeness: Completeness) {
        self.feed(&TurnInput::Words { count, completeness, backchannel: false, stop: false });
    }

    fn record(mut self) -> Record {
        self.pieces.extend(self.log.take());
        Record::read(&self.pieces).expect("a log").remove(0)
    }
}

/// A sentence, one with a pause of 500 ms in it, noise over playout, an interruption.
fn call() -> Record {
    let mut call = Call::new();
    call.voice(0.021, Duration::from_secs(1));
    call.voice(0.913, Duration::from_secs(1));
    call.words(3, Completeness::Complete);
    call.voice(0.1, Duration::from_millis(200));
    call.now = call.now + Duration::from_millis(210);
    call.feed(&TurnInput::Timeout);
    call.log.recognized(call.now + Duration::from_millis(30));
    call.voice(0.8, Duration::from_millis(600));
    call.words(2, Completeness::Unknown);
    call.voice(0.2, Duration::from_millis(500));
    call.voice(0.8, Duration::from_millis(600));
    call.voice(0.2, Duration::from_millis(1600));
    call.feed(&TurnInput::Playing(true));
    call.voice(0.7, Duration::from_millis(200));
    call.voice(0.2, Duration::from_millis(2600));
    call.feed(&TurnInput::Playing(false));
    call.feed(&TurnInput::Playing(true));
    call.voice(0.7, Duration::from_millis(300));
    call.words(1, Completeness::Unknown);
    call.voice(0.7, Duration::from_millis(400));
    call.voice(0.2, Duration::from_millis(1000));
    call.record()
}

fn verdicts(decisions: &[Decision]) -> Vec<Verdict> {
    decisions.iter().map(|decision| decision.verdict).collect()
}

#[test]
fn the_same_settings_decide_the_same_to_the_microsecond() {
    let record = call();
    let recorded = record.decisions();
    assert!(recorded.len() >= 9, "{recorded:?}");
    assert_eq!(record.replay(&record.head.settings), recorded);
}

#[test]
fn a_decision_is_explained_by_what_had_been_heard() {
    let decisions = call().decisions();
    let ended = decisions.iter().find(|d| d.verdict == Verdict::Ended).expect("a turn ended");
    assert_eq!(ended.reason, Some(EndReason::Complete));
    assert_eq!((ended.words, ended.wait_ms), (3, Some(250)));
    assert!((900..1100).contains(&ended.voiced_ms), "{ended:?}");
    assert!(ended.silent_ms >= Some(250), "{ended:?}");
    assert!(ended.recognized_ms >= Some(30) && ended.recognized_ms < Some(400), "{ended:?}");
    assert_eq!(ended.went_on, Some(true), "the next sentence came at once");
    let paused = decisions.iter().find(|d| d.verdict == Verdict::Paused).expect("a pause");
    assert!(paused.playing && paused.voiced_ms < 120, "{paused:?}");
    assert!(verdicts(&decisions).contains(&Verdict::Resumed));
    assert!(verdicts(&decisions).contains(&Verdict::Interrupted));
    assert!(ended.wall > 1_700_000_002_000_000, "{ended:?}");
}

#[test]
fn other_settings_decide_otherwise() {
    let record = call();
    let before = record.decisions();
    let hasty = TurnSettings { default_delay: Duration::from_millis(300), ..record.head.settings };
    let after = record.replay(&hasty);
    let count =
        |decisions: &[Decision]| decisions.iter().filter(|d| d.verdict == Verdict::Ended).count();
    assert_eq!(count(&after), count(&before) + 1, "the pause of 500 ms ends a turn");
    let cut = after.iter().filter(|d| d.went_on == Some(true)).count();
    assert!(cut > before.iter().filter(|d| d.went_on == Some(true)).count());
    let deaf = TurnSettings { activation_threshold: 0.75, ..record.head.settings };
    let verdicts = verdicts(&record.replay(&deaf));
    assert!(!verdicts.contains(&Verdict::Paused), "{verdicts:?}");
}

#[test]
fn a_log_that_breaks_off_is_damaged_and_reading_it_is_no_panic() {
    let mut call = Call::new();
    call.voice(0.9, Duration::from_secs(1));
    call.words(2, Completeness::Incomplete);
    call.voice(0.1, Duration::from_secs(2));
    let bytes = call.pieces;
    assert!(Record::read(&bytes).is_ok());
    for end in 0..bytes.len() {
        let _ = Record::read(&bytes[..end]);
    }
    assert!(Record::read(&bytes[..20]).is_err());
    let mut other = bytes;
    other[0] = 9;
    assert_eq!(Record::read(&other).expect_err("another version").at, 1);
}

#[test]
fn the_log_of_a_process_that_goes_on_with_the_call_follows_and_is_read_by_itself() {
    let mut call = Call::new();
    call.voice(0.9, Duration::from_secs(1));
    call.voice(0.1, Duration::from_secs(2));
    let first = call.record();
    let (mut one, mut other) = (Call::new(), Call::new());
    other.now = Mono::from_millis(77);
    let head = LogHead { begun: other.now, begun_wall: 1_700_000_060_000_000, ..first.head };
    other.log = TurnLog::following(&head);
    for call in [&mut one, &mut other] {
        call.voice(0.9, Duration::from_secs(1));
        call.voice(0.1, Duration::from_secs(2));
    }
    let both = [one.pieces, other.pieces].concat();
    let records = Record::read(&both).expect("a log");
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].clone(), records[1].head), (first, head));
    for record in &records {
        assert!(verdicts(&record.decisions()).contains(&Verdict::Ended));
        assert_eq!(record.replay(&record.head.settings), record.decisions());
    }
}

#[test]
fn a_log_is_small_and_has_an_end() {
    let mut call = Call::new();
    call.voice(0.1, Duration::from_secs(60));
    assert!(call.pieces.len() < 60 * 320, "{} bytes for a minute", call.pieces.len());
    for _ in 0..60 {
        call.voice(0.1, Duration::from_secs(60));
    }
    assert!(call.log.is_full());
    assert!(call.pieces.len() < crate::turn::MAX_LOG + 64);
}
