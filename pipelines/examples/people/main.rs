//! The recognizers beside one another on the same clips: ours with the sentences of each question,
//! the large general model of its package, whisper, and ours and whisper together as calls use them.
//!
//! `cargo run --release -p frontdesk-pipelines --features whisper --example people -- CLIPS WEIGHTS`:
//! CLIPS is a table, a clip on each line: the path of a file of 16 kHz, what was asked, the words,
//! with tabs between (`scripts/people-clips.sh` makes it). Without WEIGHTS, and without the feature,
//! whisper is left out. Further arguments are sets of clips (`people`, or the name of a question):
//! only these are heard.
//!
//! `… --example people -- turns CLIPS` measures turn taking on the recordings instead.
//!
//! `… --example people -- voices VOICE [FOLDER [WEIGHTS]]` measures the agent's voices: VOICE is the
//! file of the neural one, FOLDER takes what each says as a WAV file.
//!
//! Closed answers are spoken by flite and, where it is installed, espeak-ng, **which are no people**.

mod pauses;
mod score;
mod sound;
#[path = "../../../models/examples/speech_figures/telephone.rs"]
mod telephone;
mod turns;
mod voices;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use frontdesk_models::stt::pocketsphinx::{Context, Options, PocketSphinx};
use frontdesk_models::stt::{Listening, Recognizer, SpeechToText, Transcript};
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;
use frontdesk_models::vad::steady::WithoutTones;
use frontdesk_pipelines::dialogue::hearing::{Answer, Settled, rule, settle};
use frontdesk_pipelines::dialogue::spoken::Spoken;
use frontdesk_pipelines::dialogue::{ClinicFacts, DoctorFacts, Expectation, Now};
use frontdesk_pipelines::language::Languages;
use frontdesk_types::{DoctorId, IdSource as _, Mono, SystemIds};

use score::Tally;
use sound::Line;

/// Sentences of each question, written to measure hearing.
const SENTENCES: &str = include_str!("../../tests/data/spoken.txt");

/// Short answers, one after the other.
const SHORT: [(Expectation, &[&str]); 2] = [
    (
        Expectation::PhoneNumber,
        &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh"],
    ),
    (
        Expectation::YesNo,
        &["yes", "no", "yeah", "nope", "yep", "sure", "correct", "no thanks", "yes please"],
    ),
];

/// Sets of clips that are spoken by a machine, one short answer each.
const FLITE: &str = "short, flite";
const ESPEAK: &str = "short, espeak-ng";

/// Of the sentences every third is measured.
const EVERY: usize = 3;

/// Samples that a caller's line delivers at once: 20 ms.
const FRAME: usize = 320;

/// A recording, or a sentence that a machine speaks.
struct Clip {
    set: &'static str,
    asked: Expectation,
    words: String,
    samples: Vec<i16>,
}

/// One way of hearing.
struct Hearer<'a> {
    name: &'static str,
    provider: &'a dyn SpeechToText,
    /// Whether it gets what is listened for, or else the name of its context.
    listens: bool,
    hinted: bool,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let table = arguments.next().context("the first argument is a table of clips")?;
    if table == "turns" {
        return turn_taking(&arguments.next().context("a table of clips is behind `turns`")?);
    }
    if table == "voices" {
        let voice = arguments.next().context("the file of a voice is behind `voices`")?;
        return voices(&voice, arguments.next().as_deref(), arguments.next().as_deref());
    }
    let weights = arguments.next();
    let only: Vec<String> = arguments.collect();
    figures(&table, weights.as_deref(), &only)
}

fn figures(table: &str, weights: Option<&str>, only: &[String]) -> Result<()> {
    let mut clips = recordings(Path::new(table))?;
    clips.extend(spoken()?);
    clips.retain(|clip| only.is_empty() || only.iter().any(|set| set == clip.set));
    let callers = callers()?;
    let no_contexts: [(&str, Context); 0] = [];
    let ours = PocketSphinx::open(&Options::default(), no_contexts)?;
    let large = PocketSphinx::open(&Options::default(), [("general", Context::general())])?;
    let whisper = whisper(weights)?;
    let mut hearers = vec![
        Hearer { name: "ours", provider: &ours, listens: true, hinted: false },
        Hearer { name: "large", provider: &large, listens: false, hinted: false },
    ];
    if let Some(whisper) = &whisper {
        let whisper = &**whisper;
        hearers.push(Hearer { name: "whisper", provider: whisper, listens: true, hinted: false });
        hearers.push(Hearer { name: "hinted", provider: whisper, listens: true, hinted: true });
    }
    say(format_args!("load {} at the beginning", load()))?;
    let mut tallies = BTreeMap::<(&str, &str, &str), Tally>::new();
    for clip in &clips {
        // What machines say is only heard clean: it is no measure of a telephone.
        let lines = Line::ALL.into_iter().take(if clip.set == "people" { 3 } else { 1 });
        for line in lines {
            let samples = line.carry(&clip.samples);
            let mut heard = BTreeMap::new();
            for hearer in &hearers {
                if !hearer.hears(clip, &callers) {
                    continue;
                }
                let (text, sure, seconds) = hearer.hear(clip, &samples, &callers)?;
                let tally = tallies.entry((clip.set, line.name(), hearer.name)).or_default();
                let is_right = tally.add(clip.asked, &clip.words, &text, sure, seconds, &callers);
                heard.insert(hearer.name, (text.clone(), sure, seconds));
                if !is_right {
                    say(format_args!(
                        "  {} {} {} {sure:.2} {}: {} → {text}",
                        clip.set,
                        line.name(),
                        hearer.name,
                        clip.asked.context(),
                        clip.words
                    ))?;
                }
            }
            if let Some(both) = together(clip, &heard, &callers) {
                let tally = tallies.entry((clip.set, line.name(), "both")).or_default();
                let Settled { words, why } = &both.settled;
                let text = if why.asks() { "" } else { &words.text };
                let (asked, seconds) = (clip.asked, both.seconds);
                let sure = words.confidence;
                let is_right = tally.add(asked, &clip.words, text, sure, seconds, &callers);
                if why.asks() || why.doubts_name(asked) {
                    tally.asked_again(both.one_right);
                }
                if !is_right {
                    say(format_args!(
                        "  {} {} both {} {sure:.2} {}: {} → {}",
                        clip.set,
                        line.name(),
                        why.as_str(),
                        asked.context(),
                        clip.words,
                        words.text
                    ))?;
                }
            }
        }
    }
    say(format_args!(
        "\n| clips | line | recognizer | clips, words | word errors | clips without one | right \
         turns | sure of the right, wrong | CPU s a clip, median / p95 | asked again, heard right by \
         one |\n|---|---|---|---|---|---|---|---|---|---|"
    ))?;
    for ((set, line, hearer), tally) in &tallies {
        say(format_args!("| {set} | {line} | {hearer} | {tally} |"))?;
    }
    say(format_args!("\nload {} at the end", load()))
}

/// What the two recognizers of a call come to.
struct Both {
    settled: Settled,
    seconds: f64,
    /// Whether one of them alone would have been right.
    one_right: bool,
}

/// As in a call: whisper is asked where the table says so, with hints where there are some.
fn together(
    clip: &Clip,
    heard: &BTreeMap<&str, (String, f32, f64)>,
    callers: &Spoken,
) -> Option<Both> {
    let (text, confidence, mut seconds) = heard.get("ours")?.clone();
    let (free, sure, took) = heard.get("hinted").or_else(|| heard.get("whisper"))?.clone();
    let meant = callers.respelled(clip.asked, &clip.words, &[]);
    let is_right = |heard: &str| callers.same(clip.asked, &meant, heard, now());
    let one_right = is_right(&text) || is_right(&free);
    let waits = rule(clip.asked).waits(confidence, !text.is_empty());
    let ours = Transcript { text, confidence };
    let answer = if waits {
        seconds += took;
        Answer::Heard(Transcript { text: free, confidence: sure })
    } else {
        Answer::Gone
    };
    let among = callers.among(Vec::new());
    let settled = settle(&among, clip.asked, &ours, &answer, now());
    Some(Both { settled, seconds, one_right })
}

fn voices(voice: &str, folder: Option<&str>, weights: Option<&str>) -> Result<()> {
    let large = PocketSphinx::open(&Options::default(), [("general", Context::general())])?;
    let whisper = whisper(weights)?;
    let mut ears: Vec<voices::Ear<'_>> = vec![("large", &large, "general")];
    ears.extend(whisper.as_deref().map(|whisper| ("whisper", whisper, "request")));
    voices::figures(voice, &ears, folder)
}

fn turn_taking(table: &str) -> Result<()> {
    let no_contexts: [(&str, Context); 0] = [];
    let recognizer = PocketSphinx::open(&Options::default(), no_contexts)?;
    let detectors: [(&str, &dyn VoiceActivity); 2] =
        [("earshot without tones", &WithoutTones(Earshot)), ("earshot alone", &Earshot)];
    turns::figures(&recordings(Path::new(table))?, &detectors, &recognizer, &callers()?)
}

fn say(line: std::fmt::Arguments<'_>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// Seconds that this thread has computed.
fn computed() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

#[cfg(feature = "whisper")]
fn whisper(weights: Option<&str>) -> Result<Option<Box<dyn SpeechToText>>> {
    use frontdesk_models::stt::whisper::{Options, Whisper};

    let Some(weights) = weights else { return Ok(None) };
    Ok(Some(Box::new(Whisper::open(&Options::new(weights, "en"))?)))
}

#[cfg(not(feature = "whisper"))]
fn whisper(weights: Option<&str>) -> Result<Option<Box<dyn SpeechToText>>> {
    anyhow::ensure!(weights.is_none(), "built without the feature whisper");
    Ok(None)
}

impl Hearer<'_> {
    /// Whether the figure says something: the large model has no question, hints only some.
    fn hears(&self, clip: &Clip, callers: &Spoken) -> bool {
        let has_hints = callers.listening(clip.asked).hints().is_some();
        (self.listens || clip.set == "people") && (!self.hinted || has_hints)
    }

    fn hear(&self, clip: &Clip, samples: &[i16], callers: &Spoken) -> Result<(String, f32, f64)> {
        let mut recognizer = self.provider.recognizer()?;
        let listening = callers.listening(clip.asked);
        let listening = if self.hinted { listening } else { listening.hinted(None) };
        // Models of a question are made once for all calls, and not counted.
        self.provider.prepare(&listening)?;
        let began = computed();
        self.begin(&mut *recognizer, &listening)?;
        for frame in samples.chunks(FRAME) {
            recognizer.push(frame)?;
        }
        let heard = recognizer.finish()?;
        let text = callers.respelled(clip.asked, &heard.text, &[]);
        Ok((text, heard.confidence, computed() - began))
    }

    fn begin(&self, recognizer: &mut dyn Recognizer, listening: &Listening) -> Result<()> {
        if self.listens {
            recognizer.listen(listening)?;
        } else {
            recognizer.start("general")?;
        }
        Ok(())
    }
}

/// The clinic that is called.
fn callers() -> Result<Spoken> {
    let doctor = |(name, specialty): (&str, &str)| DoctorFacts {
        id: DoctorId::from_uuid(SystemIds.uuid()),
        name: name.to_owned(),
        specialties: vec![specialty.to_owned()],
        fee: None,
        languages: vec!["en".to_owned()],
        gender: None,
    };
    let doctors = [
        ("Leila Mansour", "cardiology"),
        ("Thomas Keller", "dermatology"),
        ("Anna Petrova", "pediatrics"),
        ("Daniel Okafor", "internal medicine"),
        ("Grace Chen", "cardiology"),
    ];
    let clinic = ClinicFacts {
        time_zone: "Africa/Cairo".to_owned(),
        country: "EG".to_owned(),
        doctors: doctors.map(doctor).into(),
        ..ClinicFacts::default()
    };
    let languages = Languages::built_in();
    let english = languages.get("en").context("there is no English")?;
    Ok(Spoken::new(english, &Arc::new(clinic)))
}

/// A moment in the year of the sentences.
fn now() -> Now {
    Now { mono: Mono::default(), wall: "2026-06-13T07:00:00Z".parse().unwrap_or_default() }
}

fn expectation(name: &str) -> Result<Expectation> {
    let known = Expectation::ALL.into_iter().find(|known| known.context() == name);
    known.with_context(|| format!("nothing asks for {name}"))
}

/// The recordings of people.
fn recordings(table: &Path) -> Result<Vec<Clip>> {
    let text = std::fs::read_to_string(table).with_context(|| table.display().to_string())?;
    let folder = table.parent().unwrap_or(Path::new("."));
    let clip = |line: &str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().with_context(|| format!("{line:?} has three fields"));
        let (path, asked, words) = (field()?, expectation(field()?)?, field()?.to_owned());
        let samples = sound::wav(&folder.join(path))?;
        Ok(Clip { set: "people", asked, words, samples })
    };
    text.lines().filter(|line| !line.is_empty()).map(clip).collect()
}

/// What machines say: all short answers by both, and of the sentences every `EVERY`th by flite.
fn spoken() -> Result<Vec<Clip>> {
    let mut clips = Vec::new();
    for (asked, answers) in SHORT {
        for words in answers {
            let flite = Some(sound::flite(words)?);
            for (set, samples) in [(FLITE, flite), (ESPEAK, sound::espeak(words)?)] {
                let Some(samples) = samples else { continue };
                let words = (*words).to_owned();
                clips.push(Clip { set, asked, words, samples: sound::padded(&samples) });
            }
        }
    }
    let mut asked = Expectation::Request;
    let mut count = 0;
    for line in SENTENCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            asked = expectation(name)?;
            continue;
        }
        count += 1;
        if count % EVERY == 0 {
            let samples = sound::padded(&sound::flite(line)?);
            clips.push(Clip { set: asked.context(), asked, words: line.to_owned(), samples });
        }
    }
    Ok(clips)
}
