//! Turn taking on recordings of people with pauses inside their sentences: cut turns, long waits
//! and missed beginnings, for several settings.
//!
//! A recording is cut where nobody speaks for a moment, and put together again with a pause there
//! in the sound of its own room. What is heard runs through the detector, the recognizer of the
//! first question and turn taking as in a call; only time is counted in samples.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use frontdesk_models::stt::SpeechToText;
use frontdesk_models::vad::VoiceActivity;
use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_pipelines::turn::{TurnInput, TurnOutput, TurnSettings, TurnTaker, quantized};
use frontdesk_types::Mono;

use super::pauses::{Sentence, sentences};
use super::sound::Line;
use super::{Clip, now, say};

/// Pauses inside sentences, in milliseconds.
const PAUSES: [usize; 7] = [0, 200, 400, 600, 800, 1000, 1200];

/// Audio before the beginning that a call keeps: what begins later than this is lost.
const PREROLL: Duration = Duration::from_millis(400);

/// A caller waits too long from here on.
const LONG: Duration = Duration::from_millis(1000);

/// Samples after which a call asks the recognizer again: 100 ms.
const CHUNK: usize = 1600;

/// How a sentence is heard.
const LINES: [(&str, Line, Option<f32>); 4] = [
    ("clean", Line::Clean, None),
    ("telephone", Line::Telephone, None),
    ("noise 20 dB", Line::Clean, Some(20.0)),
    ("noise 10 dB", Line::Clean, Some(10.0)),
];

/// What turn taking is told, with when: scores of frames and words.
struct Heard {
    pause: usize,
    begins: Duration,
    ends: Duration,
    pauses: usize,
    scores: Vec<f32>,
    /// After so many samples.
    words: Vec<(usize, TurnInput)>,
}

/// What came of sentences in one condition.
#[derive(Default)]
struct Tally {
    sentences: usize,
    pauses: usize,
    cut: usize,
    waits: Vec<Duration>,
    starts: Vec<Duration>,
    missed: usize,
    false_starts: usize,
}

/// `silero`: the detector's other opinion, if there is one.
pub(super) fn figures(
    clips: &[Clip],
    detectors: &[(&str, &dyn VoiceActivity)],
    recognizer: &dyn SpeechToText,
    callers: &Spoken,
) -> Result<()> {
    let all: Vec<(&Clip, Sentence)> = clips
        .iter()
        .flat_map(|clip| PAUSES.map(|pause| (clip, pause)))
        .filter_map(|(clip, pause)| Some((clip, sentences(&clip.samples, pause)?)))
        .collect();
    for (name, detector) in detectors {
        say(format_args!(
            "\n## {name}\n\n| line | settings | sentences, pauses | cut by pause {PAUSES:?} | \
             wait, median / p95, over 1 s | start, median / p95 | missed | false starts |\n\
             |---|---|---|---|---|---|---|---|"
        ))?;
        for (line, carrier, noise) in LINES {
            let mut heard = Vec::new();
            for (clip, sentence) in &all {
                heard.push(hear(clip, sentence, (carrier, noise), *detector, recognizer, callers)?);
            }
            let lag = detector.detector().lag();
            for (settings, taken) in settings() {
                row(line, &settings, &heard, &taken, lag)?;
            }
        }
    }
    Ok(())
}

/// The settings of calls, and others beside them.
fn settings() -> Vec<(String, TurnSettings)> {
    let usual = TurnSettings::default();
    let mut all = vec![("as calls have them".to_owned(), usual)];
    for millis in [500, 900, 1100] {
        let default_delay = Duration::from_millis(millis);
        all.push((format!("default_delay {millis}"), TurnSettings { default_delay, ..usual }));
    }
    for activation_threshold in [0.4, 0.6, 0.7] {
        let other = TurnSettings { activation_threshold, ..usual };
        all.push((format!("activation_threshold {activation_threshold}"), other));
    }
    for millis in [32, 100, 150] {
        let min_speech = Duration::from_millis(millis);
        all.push((format!("min_speech {millis}"), TurnSettings { min_speech, ..usual }));
    }
    all
}

fn hear(
    clip: &Clip,
    sentence: &Sentence,
    (line, noise): (Line, Option<f32>),
    detector: &dyn VoiceActivity,
    recognizer: &dyn SpeechToText,
    callers: &Spoken,
) -> Result<Heard> {
    let samples = line.carry(&sentence.with_noise(noise));
    let mut detector = detector.detector();
    let size = detector.frame_samples();
    let scores: Vec<f32> =
        samples.chunks_exact(size).map(|frame| quantized(detector.score(frame))).collect();
    // The recognizer listens from the first voice on.
    let threshold = TurnSettings::default().activation_threshold;
    let first = scores.iter().position(|score| *score >= threshold).unwrap_or_default() * size;
    let begin = first.saturating_sub(super::sound::samples_of(PREROLL));
    let mut words = Vec::new();
    let mut recognizing = recognizer.recognizer()?;
    recognizing.listen(&callers.listening(clip.asked).hinted(None))?;
    let mut at = begin;
    for chunk in samples.get(begin..).unwrap_or_default().chunks(CHUNK) {
        at += chunk.len();
        let Some(partial) = recognizing.push(chunk)? else { continue };
        let text = partial.text;
        let input = TurnInput::Words {
            count: text.split_whitespace().count(),
            completeness: callers.completeness(clip.asked, &text, now()),
            backchannel: callers.is_backchannel(&text),
            stop: callers.is_stop(&text),
        };
        words.push((at, input));
    }
    Ok(Heard {
        pause: sentence.pause,
        begins: sentence.begins,
        ends: sentence.ends,
        pauses: sentence.pauses,
        scores,
        words,
    })
}

fn row(
    line: &str,
    settings: &str,
    heard: &[Heard],
    taken: &TurnSettings,
    lag: Duration,
) -> Result<()> {
    let mut all = Tally::default();
    let mut cuts = Vec::new();
    for pause in PAUSES {
        let mut tally = Tally::default();
        for one in heard.iter().filter(|one| one.pause == pause) {
            tally.take(one, taken, lag);
        }
        cuts.push(format!("{} of {}", tally.cut, tally.pauses));
        all.add(tally);
    }
    say(format_args!("| {line} | {settings} | {} | {} | {all} |", all.counts(), cuts.join(", ")))
}

impl Tally {
    /// Plays a sentence to turn taking.
    fn take(&mut self, heard: &Heard, settings: &TurnSettings, lag: Duration) {
        let mut turn = TurnTaker::new(*settings, lag);
        let frame = Duration::from_millis(16);
        let mut words = heard.words.iter().peekable();
        let (mut started, mut ended) = (None, None);
        self.sentences += 1;
        self.pauses += heard.pauses;
        for (at, score) in heard.scores.iter().enumerate() {
            let next = Mono::ZERO + frame * (at as u32 + 1);
            while let Some(due) = turn.poll_timeout().filter(|due| *due <= next) {
                turn.handle_input(due, &TurnInput::Timeout);
                self.outputs(&mut turn, due, heard, (&mut started, &mut ended));
                if turn.poll_timeout() == Some(due) {
                    break;
                }
            }
            while let Some((_, input)) = words.next_if(|(when, _)| *when <= (at + 1) * 256) {
                turn.handle_input(next, input);
            }
            turn.handle_input(next, &TurnInput::Voice { score: *score, duration: frame });
            self.outputs(&mut turn, next, heard, (&mut started, &mut ended));
        }
        match started.filter(|late| *late <= PREROLL) {
            Some(late) => self.starts.push(late),
            None => self.missed += 1,
        }
        self.waits.push(ended.unwrap_or(Duration::from_secs(9)));
    }

    fn outputs(
        &mut self,
        turn: &mut TurnTaker,
        now: Mono,
        heard: &Heard,
        (started, ended): (&mut Option<Duration>, &mut Option<Duration>),
    ) {
        let since = now.since(Mono::ZERO);
        while let Some(output) = turn.poll_output() {
            match output {
                // A moment before the voice is found is a breath.
                TurnOutput::SpeechStarted
                    if since + Duration::from_millis(50) < heard.begins
                        || since > heard.ends + lag_of_ends() =>
                {
                    self.false_starts += 1;
                }
                TurnOutput::SpeechStarted => {
                    started.get_or_insert(since.saturating_sub(heard.begins));
                }
                TurnOutput::TurnEnded { .. } if since < heard.begins => {}
                TurnOutput::TurnEnded { .. } if since < heard.ends => self.cut += 1,
                TurnOutput::TurnEnded { .. } => {
                    ended.get_or_insert(since.saturating_sub(heard.ends));
                }
                _ => {}
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.sentences += other.sentences;
        self.pauses += other.pauses;
        self.cut += other.cut;
        self.waits.extend(other.waits);
        self.starts.extend(other.starts);
        self.missed += other.missed;
        self.false_starts += other.false_starts;
    }

    fn counts(&self) -> String {
        format!("{}, {}", self.sentences, self.pauses)
    }
}

/// A voice that begins so late is none: the recordings end before.
const fn lag_of_ends() -> Duration {
    Duration::from_millis(300)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rank = |all: &[Duration], share: usize| {
            let mut all = all.to_vec();
            all.sort_unstable();
            let at = (all.len() * share).div_ceil(100).max(1) - 1;
            all.get(at).copied().unwrap_or_default().as_millis()
        };
        let long = self.waits.iter().filter(|wait| **wait > LONG).count();
        write!(
            f,
            "{} / {} ms, {long} | {} / {} ms | {} | {}",
            rank(&self.waits, 50),
            rank(&self.waits, 95),
            rank(&self.starts, 50),
            rank(&self.starts, 95),
            self.missed,
            self.false_starts
        )
    }
}
