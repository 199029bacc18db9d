//! Figures of hearing (docs/performance.md):
//! `cargo test --workspace --test it -- --ignored --nocapture hearing_figures`.

use std::collections::BTreeMap;
use std::io::Write as _;

use frontdesk_models::stt::SpeechToText;
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_pipelines::dialogue::Expectation;
use frontdesk_types::{Clock, SystemClock};

use crate::hearing::{HearingRig, Registered, now, sentences, speech, strangers};

const VOICES: [&str; 4] = ["slt", "rms", "awb", "kal16"];

/// Confidences below which a caller is asked again, to choose from.
const THRESHOLDS: [f32; 8] = [0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5];

/// Below this, the general model gets a second look.
const UNSURE: f32 = 0.45;

#[derive(Default)]
struct Tally {
    words: usize,
    errors: usize,
    /// Whether each turn was right, and how sure the recognizer was.
    turns: Vec<(bool, f32)>,
    /// Turns below [`UNSURE`]: those that the general model made right, and wrong.
    mended: usize,
    spoiled: usize,
    looked: usize,
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

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn figures(lists: &BTreeMap<Expectation, Vec<&'static str>>, title: &str) {
    let clock = SystemClock::new();
    let mut out = std::io::stdout().lock();
    let mut say = |text: String| writeln!(out, "{text}").expect("printed");
    let rig = HearingRig::new();
    let before = resident_mib();
    let general = PocketSphinx::open(&Options::default(), [("general", Context::general())]);
    let general = general.expect("the general model");
    say(format!("\n## {title}\n\nThe general model's decoder: {:.0} MiB", resident_mib() - before));
    let (mut busy, mut audio, mut second) = (0.0, 0.0, Vec::new());
    let mut all = Tally::default();
    for (state, lines) in lists {
        let mut tally = Tally::default();
        let listening = rig.callers.listening(*state);
        for voice in VOICES {
            let mut recognizer = rig.provider.recognizer().expect("a recognizer");
            let mut other = general.recognizer().expect("a recognizer");
            for said in lines {
                let samples = speech(said, voice);
                let began = clock.mono();
                recognizer.listen(&listening).expect("listens");
                for frame in samples.chunks(320) {
                    recognizer.push(frame).expect("hears");
                }
                let heard = recognizer.finish().expect("heard");
                busy += clock.mono().since(began).as_secs_f64();
                audio += samples.len() as f64 / 16_000.0;
                let meant = rig.callers.respelled(*state, said, &[]);
                let right = |text: &str| {
                    let text = rig.callers.respelled(*state, text, &[]);
                    rig.callers.same(*state, &meant, &text, now())
                };
                let same = right(&heard.text);
                tally.words += said.split(' ').count();
                tally.errors += word_errors(said, &heard.text);
                tally.turns.push((same, heard.confidence));
                if !same {
                    let (text, sure) = (&heard.text, heard.confidence);
                    say(format!("  {voice:5} {sure:.2} {}: {said} → {text}", state.context()));
                }
                if heard.confidence < UNSURE {
                    let began = clock.mono();
                    other.start("general").expect("listens");
                    other.push(&samples).expect("hears");
                    let again = other.finish().expect("heard");
                    second.push(clock.mono().since(began).as_secs_f64() * 1000.0);
                    tally.looked += 1;
                    match (same, right(&again.text)) {
                        (false, true) => tally.mended += 1,
                        (true, false) => tally.spoiled += 1,
                        _ => {}
                    }
                }
            }
        }
        say(row(state.context(), &tally));
        all.words += tally.words;
        all.errors += tally.errors;
        all.turns.extend(tally.turns);
        all.looked += tally.looked;
        all.mended += tally.mended;
        all.spoiled += tally.spoiled;
    }
    say(row("all", &all));
    second.sort_by(f64::total_cmp);
    let median = second.get(second.len() / 2).copied().unwrap_or_default();
    say(format!("RTF {:.3}; a second look takes {median:.0} ms (median)", busy / audio));
    for threshold in THRESHOLDS {
        let below = |good| {
            all.turns.iter().filter(|(same, sure)| *same == good && *sure < threshold).count()
        };
        say(format!("below {threshold}: {} right, {} wrong", below(true), below(false)));
    }
}

fn row(name: &str, tally: &Tally) -> String {
    let right = tally.turns.iter().filter(|(same, _)| *same).count();
    format!(
        "| {name} | {} turns | WER {:.1} % | right {:.1} % | unsure {}, of them the general model \
         mends {}, spoils {} |",
        tally.turns.len(),
        100.0 * tally.errors as f64 / tally.words.max(1) as f64,
        100.0 * right as f64 / tally.turns.len().max(1) as f64,
        tally.looked,
        tally.mended,
        tally.spoiled
    )
}

#[test]
#[ignore = "figures, not a test"]
fn hearing_in_each_state() {
    figures(&sentences(include_str!("../data/spoken.txt")), "Expected wording");
}

#[test]
#[ignore = "figures, not a test"]
fn hearing_of_unseen_wording() {
    figures(&sentences(include_str!("../data/unseen.txt")), "Unseen wording");
}

#[test]
#[ignore = "figures, not a test"]
fn sizes_of_the_language_models() {
    let clock = SystemClock::new();
    let rig = HearingRig::new();
    speech("hello there", VOICES[0]);
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nengines: {:.1} MiB", resident_mib()).expect("printed");
    for state in Expectation::ALL {
        let listening = rig.callers.listening(state);
        let began = clock.mono();
        rig.provider.prepare(&listening).expect("prepared");
        let mut recognizer = rig.provider.recognizer().expect("a recognizer");
        let built = clock.mono();
        recognizer.listen(&listening).expect("listens");
        let loaded = clock.mono();
        let sizes = listening.source().build().expect("a model").sizes();
        let (built, loaded) = (built.since(began), loaded.since(built));
        let (name, now) = (state.context(), resident_mib());
        writeln!(out, "{name} {sizes:?}: built {built:?}, loaded {loaded:?}; {now:.1} MiB")
            .expect("printed");
    }
}

/// Names of nobody who is known, as they were heard and after they were spelled.
#[test]
#[ignore = "figures, not a test"]
fn names_of_new_patients() {
    let rig = HearingRig::new();
    let mut out = std::io::stdout().lock();
    let names = strangers(40);
    for voice in VOICES {
        let Registered { said, spelled, wrong } = rig.register(&names, voice);
        let (of, wrong) = (names.len(), wrong.join("\n  "));
        writeln!(out, "{voice}: of {of} {said} as said, {spelled} as spelled\n  {wrong}")
            .expect("printed");
    }
}

/// For wordings of one's own: `HEARING_FILE` names a file like those in `data`.
#[test]
#[ignore = "figures, not a test"]
#[expect(clippy::disallowed_methods, reason = "a test binary takes no other arguments")]
fn hearing_of_a_file() {
    let file = std::env::var("HEARING_FILE").expect("HEARING_FILE names a file");
    let text = std::fs::read_to_string(&file).expect("the file");
    figures(&sentences(text.leak()), &file);
}
