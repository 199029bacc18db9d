//! Language models are built, and what flite says in each state is understood.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use frontdesk_models::stt::SpeechToText;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;
use frontdesk_types::{DoctorId, Mono};
use uuid::Uuid;

use super::*;
use crate::dialogue::DoctorFacts;
use crate::dialogue::understand::Heard;

const NO_CONTEXTS: [(&str, Context); 0] = [];

fn clinic() -> ClinicFacts {
    let doctor = |n: u128, name: &str, specialty: &str| DoctorFacts {
        id: DoctorId::from_uuid(Uuid::from_u128(n)),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee: None,
        languages: vec!["en".to_owned()],
    };
    ClinicFacts {
        name: "Riverside Clinic".to_owned(),
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        emergency_number: "123".to_owned(),
        doctors: vec![
            doctor(1, "Leila Mansour", "cardiology"),
            doctor(2, "Thomas Keller", "dermatology"),
            doctor(3, "Anna Petrova", "pediatrics"),
            doctor(4, "Daniel Okafor", "internal medicine"),
            doctor(5, "Grace Chen", "cardiology"),
        ],
        specialty_words: vec![("ticker doctor".to_owned(), "cardiology".to_owned())],
        vocabulary: ["insurance", "parking", "vaccination", "certificate", "laboratory"]
            .map(str::to_owned)
            .into(),
        ..ClinicFacts::default()
    }
}

fn now() -> Now {
    // Saturday.
    Now { mono: Mono::default(), wall: "2026-06-13T07:00:00Z".parse().expect("a time") }
}

/// Sentences of this file's own, one list for each state; none is a template written out.
fn sentences() -> BTreeMap<Expectation, Vec<&'static str>> {
    let file = include_str!("spoken_sentences.txt");
    let mut all: BTreeMap<Expectation, Vec<&str>> = BTreeMap::new();
    let mut state = Expectation::Request;
    for line in
        file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => {
                let found = Expectation::ALL.into_iter().find(|known| known.context() == name);
                state = found.expect("a state");
            }
            None => all.entry(state).or_default().push(line),
        }
    }
    all
}

fn spoken(text: &str, voice: &str) -> Vec<i16> {
    let mut samples = vec![0; 4000];
    Flite::new()
        .synthesize(text, voice, &mut |chunk| {
            samples.extend_from_slice(chunk);
            ControlFlow::Continue(())
        })
        .expect("flite speaks");
    samples.extend([0; 6000]);
    samples
}

fn understood(text: &str, expect: Expectation) -> Heard {
    let (language, clinic) = (Language::english(), clinic());
    Heard::of(text, Setting { language: &language, clinic: &clinic, expect, now: now() })
}

#[test]
fn every_expectation_has_a_language_model_that_can_be_built() {
    let spoken = Spoken::new(&Language::english(), &ClinicFacts::default());
    for expectation in Expectation::ALL {
        let listening = spoken.listening(expectation);
        if let Err(error) = listening.source().build() {
            panic!("{expectation:?}: {error}");
        }
    }
}

/// Sizes and times of the models: `cargo test … sizes -- --ignored --nocapture`.
#[test]
#[ignore = "figures, not a test"]
fn sizes() {
    let spoken = Spoken::new(&Language::english(), &clinic());
    for expectation in Expectation::ALL {
        let started = Instant::now();
        let listening = spoken.listening(expectation);
        let model = listening.source().build().expect("a model");
        let built = started.elapsed();
        let arpa = model.to_arpa().len() / 1024;
        println!("{:14} {built:?} {:?} {arpa} KiB", expectation.context(), model.sizes());
    }
}

struct Tally {
    words: usize,
    errors: usize,
    turns: usize,
    right: usize,
    confidences: Vec<(bool, f32)>,
}

fn word_errors(said: &str, heard: &str) -> usize {
    let said: Vec<&str> = said.split(' ').collect();
    let heard: Vec<&str> = heard.split(' ').filter(|word| !word.is_empty()).collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, a) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// How well each state is heard. `SPOKEN_STATE=yes_no SPOKEN_VOICES=kal16 SPOKEN_SHOW=1` limit it
/// and show what went wrong.
#[test]
#[ignore = "figures, not a test"]
fn figures() {
    let only = std::env::var("SPOKEN_STATE").ok();
    let voices = std::env::var("SPOKEN_VOICES").unwrap_or_else(|_| "slt rms awb kal16".to_owned());
    let show = std::env::var("SPOKEN_SHOW").is_ok();
    let provider = PocketSphinx::open(&Options::default(), NO_CONTEXTS).expect("a recognizer");
    let callers = Spoken::new(&Language::english(), &clinic());
    let (mut busy, mut audio) = (Duration::ZERO, Duration::ZERO);
    let (mut turns, mut right) = (0, 0);
    for (expectation, lines) in sentences() {
        if only.as_ref().is_some_and(|only| only != expectation.context()) {
            continue;
        }
        let mut tally = Tally { words: 0, errors: 0, turns: 0, right: 0, confidences: Vec::new() };
        let listening = callers.listening(expectation);
        provider.prepare(&listening).expect("a model");
        for voice in voices.split(' ') {
            let mut recognizer = provider.recognizer().expect("a recognizer");
            for line in &lines {
                let samples = spoken(line, voice);
                let started = Instant::now();
                recognizer.listen(&listening).expect("listens");
                for frame in samples.chunks(320) {
                    recognizer.push(frame).expect("hears");
                }
                let heard = recognizer.finish().expect("heard");
                busy += started.elapsed();
                audio += Duration::from_micros(samples.len() as u64 * 1_000_000 / 16_000);
                let text = Spoken::respelled(expectation, &heard.text, &[]);
                let meant = Spoken::respelled(expectation, line, &[]);
                let same = understood(&meant, expectation) == understood(&text, expectation);
                tally.words += line.split(' ').count();
                tally.errors += word_errors(line, &heard.text);
                tally.turns += 1;
                tally.right += usize::from(same);
                tally.confidences.push((same, heard.confidence));
                if show && !same {
                    println!(
                        "  {voice:5} {:.2}  {line}\n               {}",
                        heard.confidence, heard.text
                    );
                }
            }
        }
        turns += tally.turns;
        right += tally.right;
        println!(
            "{:14} {:4} turns, WER {:4.1} %, turn right {:5.1} %",
            expectation.context(),
            tally.turns,
            100.0 * tally.errors as f64 / tally.words as f64,
            100.0 * tally.right as f64 / tally.turns as f64
        );
        for threshold in [0.2, 0.3, 0.4, 0.5, 0.6, 0.7] {
            let below = |good| {
                let all = tally.confidences.iter().filter(|(same, _)| *same == good);
                all.filter(|(_, sure)| *sure < threshold).count()
            };
            if show {
                println!("   below {threshold}: right {} wrong {}", below(true), below(false));
            }
        }
    }
    println!(
        "all: {turns} turns, right {:.1} %; RTF {:.3}",
        100.0 * f64::from(right as u32) / f64::from(turns as u32),
        busy.as_secs_f64() / audio.as_secs_f64()
    );
}
