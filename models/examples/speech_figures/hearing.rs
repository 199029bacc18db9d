//! How well and how fast the recognizer hears, and what a decoder costs.

use crate::sentences::{EXPECTED, UNEXPECTED, language_model};
use crate::sound::{Line, spoken};
use crate::{millis, percentile, resident_mib, timed};
use anyhow::Result;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{Recognizer, SpeechToText};
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;

const VOICES: [&str; 3] = ["slt", "rms", "kal16"];
const DITHERS: [f32; 4] = [0.0, 5.0, 10.0, 30.0];

/// One sentence heard.
struct Trial {
    right: bool,
    errors: usize,
    words: usize,
    confidence: f64,
    /// Milliseconds from the last sample to the result.
    finalize: f64,
    /// Slowest frame of 20 ms, in milliseconds.
    worst_frame: f64,
    busy: f64,
    audio: f64,
}

pub(crate) fn figures() -> Result<()> {
    let model = language_model().build()?;
    println!("## Hearing\n");
    println!(
        "{} expected and {} unexpected sentences, voices {}; {} words, n-grams {:?}\n",
        EXPECTED.len(),
        UNEXPECTED.len(),
        VOICES.join(" "),
        model.vocabulary().count(),
        model.sizes()
    );
    println!("| dither | line | expected: WER % / right % | unexpected: WER % / right % |");
    println!("|---|---|---|---|");
    let mut all = Vec::new();
    let only: Option<f32> = std::env::args().nth(2).map(|dither| dither.parse()).transpose()?;
    for dither_rms in DITHERS.into_iter().filter(|dither| only.is_none_or(|o| o == *dither)) {
        let options = Options { dither_rms, ..Options::default() };
        let provider = PocketSphinx::open(&options, [("all", language_model())])?;
        for (line, name) in Line::ALL {
            let expected = trials(&provider, line, EXPECTED)?;
            let unexpected = trials(&provider, line, UNEXPECTED)?;
            println!("| {dither_rms} | {name} | {} | {} |", row(&expected), row(&unexpected));
            if dither_rms.to_bits() == Options::default().dither_rms.to_bits() {
                all.extend(expected);
                all.extend(unexpected);
            }
        }
    }
    let pick = |of: fn(&Trial) -> f64| all.iter().map(of).collect::<Vec<_>>();
    let mut finalize = pick(|trial| trial.finalize);
    let mut worst = pick(|trial| trial.worst_frame);
    let busy: f64 = all.iter().map(|trial| trial.busy).sum();
    let audio: f64 = all.iter().map(|trial| trial.audio).sum();
    println!(
        "\nRTF {:.3}; end of audio to result p50 {:.0} ms, p95 {:.0} ms; slowest frame p50 {:.1} \
         ms, p95 {:.1} ms; confidence tells right from wrong with AUC {:.2}\n",
        busy / audio,
        percentile(&mut finalize, 50),
        percentile(&mut finalize, 95),
        percentile(&mut worst, 50),
        percentile(&mut worst, 95),
        area_under_curve(&all)
    );
    Ok(())
}

fn trials(provider: &PocketSphinx, line: Line, sentences: &[&str]) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for voice in VOICES {
        // One call: the recognizer learns the voice and the line as it goes.
        let mut recognizer = provider.recognizer()?;
        for sentence in sentences {
            let audio = line.carry(&spoken(sentence, voice)?);
            trials.push(trial(&mut *recognizer, sentence, &audio)?);
        }
    }
    Ok(trials)
}

fn trial(recognizer: &mut dyn Recognizer, sentence: &str, audio: &[i16]) -> Result<Trial> {
    recognizer.start("all")?;
    let (mut busy, mut worst_frame) = (0.0, 0.0_f64);
    for frame in audio.chunks(320) {
        let (pushed, took) = timed(|| recognizer.push(frame));
        pushed?;
        busy += took.as_secs_f64();
        worst_frame = worst_frame.max(millis(took));
    }
    let (heard, took) = timed(|| recognizer.finish());
    let heard = heard?;
    let said: Vec<&str> = sentence.split(' ').collect();
    let words: Vec<&str> = heard.text.split_whitespace().collect();
    let errors = distance(&said, &words);
    Ok(Trial {
        right: errors == 0,
        errors,
        words: said.len(),
        confidence: f64::from(heard.confidence),
        finalize: millis(took),
        worst_frame,
        busy: busy + took.as_secs_f64(),
        audio: audio.len() as f64 / 16_000.0,
    })
}

/// Insertions, deletions and substitutions from one list of words to another.
fn distance(said: &[&str], heard: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, other) in heard.iter().enumerate() {
            let substitute = diagonal + usize::from(word != other);
            diagonal = row[column + 1];
            row[column + 1] = substitute.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[heard.len()]
}

fn row(trials: &[Trial]) -> String {
    let errors: usize = trials.iter().map(|trial| trial.errors).sum();
    let words: usize = trials.iter().map(|trial| trial.words).sum();
    let right = trials.iter().filter(|trial| trial.right).count();
    let percent = |part: usize, of: usize| 100.0 * part as f64 / of as f64;
    format!("{:.1} / {:.0}", percent(errors, words), percent(right, trials.len()))
}

/// Chance that a sentence heard right has a higher confidence than one heard wrong.
fn area_under_curve(trials: &[Trial]) -> f64 {
    let (right, wrong): (Vec<_>, Vec<_>) = trials.iter().partition(|trial| trial.right);
    let wins: f64 = right
        .iter()
        .flat_map(|a| wrong.iter().map(|b| (a.confidence, b.confidence)))
        .map(|(a, b)| {
            if a > b {
                1.0
            } else if a < b {
                0.0
            } else {
                0.5
            }
        })
        .sum();
    wins / (right.len() * wrong.len()).max(1) as f64
}

pub(crate) fn memory() -> Result<()> {
    println!("## Memory and start\n");
    let empty = resident_mib()?;
    let options = Options { max_decoders: 8, ..Options::default() };
    let (provider, took) = timed(|| PocketSphinx::open(&options, [("all", language_model())]));
    let provider = provider?;
    let audio = spoken("i would like to book an appointment with doctor samira hassan", "slt")?;
    let one = resident_mib()?;
    println!("provider with its first decoder: {:.0} ms, {:.1} MiB", millis(took), one - empty);
    let mut calls = Vec::new();
    let mut opened = Vec::new();
    for _ in 0..8 {
        let mut call = provider.recognizer()?;
        let (started, took) = timed(|| call.start("all"));
        started?;
        call.push(&audio)?;
        opened.push(millis(took));
        calls.push(call);
    }
    let eight = resident_mib()?;
    println!(
        "further decoder: {:.0} ms, {:.1} MiB each, in use",
        percentile(&mut opened, 50),
        (eight - one) / 7.0
    );
    drop(calls);
    drop(provider);
    let before = resident_mib()?;
    let (general, took) =
        timed(|| PocketSphinx::open(&Options::default(), [("general", Context::general())]));
    let general = general?;
    let mut call = general.recognizer()?;
    call.start("general")?;
    call.push(&audio)?;
    let (_, finished) = timed(|| call.finish());
    println!(
        "general model: {:.0} ms, {:.1} MiB, end of audio to result {:.0} ms\n",
        millis(took),
        resident_mib()? - before,
        millis(finished)
    );
    Ok(())
}

pub(crate) fn voice_activity() {
    let mut detector = Earshot.detector();
    let frame = vec![0; detector.frame_samples()];
    let mut times: Vec<f64> =
        (0..2000).map(|_| timed(|| detector.score(&frame)).1.as_secs_f64() * 1e6).collect();
    println!("## Voice activity\n\n{:.0} µs a frame of 16 ms (p50)", percentile(&mut times, 50));
}
