//! What the voice detector makes of tones and music, and of voices: from which score on a stretch
//! of frames is a voice.

use std::path::Path;

use anyhow::{Context as _, Result};
use frontdesk_models::vad::VoiceActivity;
use frontdesk_models::vad::earshot::Earshot;
use frontdesk_models::vad::steady::WithoutTones;

use crate::sentences::EXPECTED;
use crate::sound::{Line, spoken};
use crate::sounds::no_voices;

/// Scores from which a stretch might count as a voice.
const SURE: [f32; 5] = [0.5, 0.7, 0.8, 0.9, 0.95];

/// Frames of a stretch that must be reached before it counts: 60 ms.
const ONSET: usize = 4;

struct Stretches {
    frames: usize,
    voiced: usize,
    best: f32,
    /// Stretches of frames over 0.5 that last for the onset, by the score that one of them reaches.
    starts: [usize; SURE.len()],
    /// The longest time from the first frame of a stretch to one that is sure, in frames.
    late: [usize; SURE.len()],
    /// The longest time inside a stretch without one that is sure, in frames.
    gap: [usize; SURE.len()],
}

impl Stretches {
    fn of(scores: &[f32]) -> Self {
        let mut all = Self {
            frames: scores.len(),
            voiced: scores.iter().filter(|score| **score >= 0.5).count(),
            best: scores.iter().copied().fold(0.0, f32::max),
            starts: [0; SURE.len()],
            late: [0; SURE.len()],
            gap: [0; SURE.len()],
        };
        // A pause of less than 300 ms does not end a stretch.
        for stretch in joined(scores, 19) {
            if stretch.iter().filter(|score| **score >= 0.5).count() < ONSET {
                continue;
            }
            for (at, sure) in SURE.into_iter().enumerate() {
                let first = stretch.iter().position(|score| *score >= sure);
                let Some(first) = first else { continue };
                all.starts[at] += 1;
                all.late[at] = all.late[at].max(first);
                let mut last = first;
                for (frame, _) in stretch.iter().enumerate().filter(|(_, score)| **score >= sure) {
                    all.gap[at] = all.gap[at].max(frame.saturating_sub(last));
                    last = frame;
                }
                all.gap[at] = all.gap[at].max(stretch.len() - 1 - last);
            }
        }
        all
    }

    fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.voiced += other.voiced;
        self.best = self.best.max(other.best);
        for at in 0..SURE.len() {
            self.starts[at] += other.starts[at];
            self.late[at] = self.late[at].max(other.late[at]);
            self.gap[at] = self.gap[at].max(other.gap[at]);
        }
    }

    fn row(&self, name: &str) -> String {
        let list = |all: &[usize], by: usize| {
            all.iter().map(|n| (n * by).to_string()).collect::<Vec<_>>().join(" ")
        };
        format!(
            "| {name} | {:.0} % | {:.2} | {} | {} | {} |",
            100.0 * self.voiced as f64 / self.frames.max(1) as f64,
            self.best,
            list(&self.starts, 1),
            list(&self.late, 16),
            list(&self.gap, 16)
        )
    }
}

/// Stretches from voiced frame to voiced frame.
fn joined(scores: &[f32], pause: usize) -> Vec<&[f32]> {
    let mut all = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (at, _) in scores.iter().enumerate().filter(|(_, score)| **score >= 0.5) {
        open = match open {
            Some((from, last)) if at - last <= pause => Some((from, at)),
            Some((from, last)) => {
                all.extend(scores.get(from..=last));
                Some((at, at))
            }
            None => Some((at, at)),
        };
    }
    all.extend(open.and_then(|(from, last)| scores.get(from..=last)));
    all
}

/// `tones`: whether tones are taken for voices, as earshot alone does.
fn scores(samples: &[i16], tones: bool) -> Vec<f32> {
    let mut detector = if tones { Earshot.detector() } else { WithoutTones(Earshot).detector() };
    let size = detector.frame_samples();
    samples.chunks_exact(size).map(|frame| detector.score(frame)).collect()
}

/// `clips`: a folder of recordings of people, 16 kHz, mono, 16 bits.
pub(crate) fn figures(clips: Option<&str>) -> Result<()> {
    of(clips, true)?;
    of(clips, false)
}

fn of(clips: Option<&str>, tones: bool) -> Result<()> {
    let name = if tones { "earshot alone" } else { "earshot without tones" };
    println!(
        "## Tones are not speech: {name}\n\nStarts, latest sure frame (ms) and longest gap (ms) by {SURE:?}:"
    );
    println!("| sound | voiced | best | starts | late | gap |\n|---|---|---|---|---|---|");
    for (name, samples) in no_voices(60) {
        println!("{}", Stretches::of(&scores(&samples, tones)).row(name));
        for (line, carried) in Line::ALL.iter().skip(1).take(1) {
            let through = Stretches::of(&scores(&line.carry(&samples), tones));
            println!("{}", through.row(&format!("{name}, {carried}")));
        }
    }
    for (line, name) in Line::ALL {
        for voice in ["slt", "rms", "kal16"] {
            let mut all = Stretches::of(&[]);
            for sentence in EXPECTED {
                all.add(&Stretches::of(&scores(&line.carry(&spoken(sentence, voice)?), tones)));
            }
            println!("{}", all.row(&format!("{voice}, {name}: {} sentences", EXPECTED.len())));
        }
    }
    let Some(clips) = clips else { return Ok(()) };
    let mut paths: Vec<_> = std::fs::read_dir(clips)
        .with_context(|| clips.to_owned())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "wav"))
        .collect();
    paths.sort();
    for (line, name) in Line::ALL {
        let mut all = Stretches::of(&[]);
        for path in &paths {
            all.add(&Stretches::of(&scores(&line.carry(&wav(path)?), tones)));
        }
        println!("{}", all.row(&format!("people, {name}: {} recordings", paths.len())));
    }
    Ok(())
}

/// The samples of a WAV file with the usual header of 44 bytes.
fn wav(path: &Path) -> Result<Vec<i16>> {
    let bytes = std::fs::read(path)?;
    let samples = bytes.get(44..).unwrap_or_default().chunks_exact(2);
    Ok(samples.map(|two| i16::from_le_bytes([two[0], two[1]])).collect())
}
