//! Tones are not voices: what a few steady sines make of a detector's score is taken back.
//!
//! Dial, ring and busy tones and keys are one or two sines that do not move; a voice has many and
//! moves all of them. So of the spectrum of the last 64 ms two things are asked: how much of it lies
//! in its two strongest lines, and how much of it was there 64 ms ago. Where a tone begins the second
//! cannot be answered yet: what may be one is held back for a moment, which a call's audio outlasts
//! (it is kept from before its beginning). Where it ends, what is much softer than it was is its end.

use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::time::Duration;

use super::{VoiceActivity, VoiceDetector};
use crate::fft::{Complex, Fft};

/// Length of the spectrum's window at 8 kHz: 64 ms, lines of 15.6 Hz.
const WINDOW: usize = 512;

/// Lines that are looked at: 62 to 3900 Hz, which a telephone carries as well.
const LINES: std::ops::Range<usize> = 4..250;

/// Lines on each side of the strongest one that belong to it.
const WIDTH: usize = 3;

/// A frame counts from this score on.
const VOICED: f32 = 0.5;

/// Softer than this (−56 dBFS) nothing is a tone.
const SILENT: f32 = 50.0;

/// Share of the two strongest lines from which sound may be a tone.
const FEW: f32 = 0.93;

/// Share that is where it was from which such sound is one.
const STILL: f32 = 0.93;

/// Frames of a tone that make it one: 32 ms, and 160 ms in the middle of speech.
const SURE: u32 = 2;
const SURE_IN_SPEECH: u32 = 10;

/// Frames of a tone that are remembered at most.
const MOST: u32 = 20;

/// Voiced frames after which somebody speaks, and others after which nobody does any more.
const SPEAKING: u32 = 8;
const SILENCE: u32 = 19;

/// Frames after a tone that its window still covers, and in which its end may be heard.
const COVERED: u32 = 6;
const ENDING: u32 = 20;

/// How much softer the end of a tone is: 12 dB, in power.
const SOFTER: f32 = 16.0;

/// Frames for which what may be a tone is held back: 96 ms.
const HELD: u32 = 6;

/// A provider of detectors that take no tones for voices, around another one.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutTones<V>(pub V);

impl<V: VoiceActivity> VoiceActivity for WithoutTones<V> {
    fn detector(&self) -> Box<dyn VoiceDetector> {
        Box::new(Detector {
            inner: self.0.detector(),
            lines: Lines::new(),
            judge: Judge::default(),
        })
    }
}

struct Detector {
    inner: Box<dyn VoiceDetector>,
    lines: Lines,
    judge: Judge,
}

impl VoiceDetector for Detector {
    fn frame_samples(&self) -> usize {
        self.inner.frame_samples()
    }

    fn lag(&self) -> Duration {
        self.inner.lag()
    }

    fn score(&mut self, frame: &[i16]) -> f32 {
        let score = self.inner.score(frame);
        let heard = self.lines.hear(frame);
        if self.judge.is_tone(score, &heard) { 0.0 } else { score }
    }

    fn reset(&mut self) {
        self.inner.reset();
        self.lines.reset();
        self.judge = Judge::default();
    }
}

/// What the spectrum says of the newest frame.
struct Heard {
    /// Mean of the squared samples.
    power: f32,
    /// Share of the two strongest lines, and of what was there 64 ms ago.
    few: f32,
    still: f32,
}

/// The spectrum of the last 64 ms.
struct Lines {
    fft: Fft,
    window: Vec<f32>,
    /// The last samples at 8 kHz.
    samples: VecDeque<f32>,
    /// Sample before the newest, for the filter.
    last: f32,
    /// Spectra of the last frames, each of the sum 1; nothing where it was silent.
    before: VecDeque<Option<Vec<f32>>>,
    input: Vec<Complex>,
    output: Vec<Complex>,
}

impl Lines {
    fn new() -> Self {
        let window = |n: usize| 0.5 - 0.5 * (TAU * n as f32 / WINDOW as f32).cos();
        Self {
            fft: Fft::new(WINDOW),
            window: (0..WINDOW).map(window).collect(),
            samples: vec![0.0; WINDOW].into(),
            last: 0.0,
            before: VecDeque::new(),
            input: vec![Complex::default(); WINDOW],
            output: vec![Complex::default(); WINDOW],
        }
    }

    fn reset(&mut self) {
        self.samples.iter_mut().for_each(|sample| *sample = 0.0);
        self.last = 0.0;
        self.before.clear();
    }

    fn hear(&mut self, frame: &[i16]) -> Heard {
        for two in frame.chunks_exact(2) {
            let (first, second) = (f32::from(two[0]), f32::from(two[1]));
            // Half of the rate: what would fold back is weakened, and no tone.
            self.samples.push_back(0.25 * self.last + 0.5 * first + 0.25 * second);
            self.samples.pop_front();
            self.last = second;
        }
        let sum: f32 = frame.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        let power = sum / frame.len().max(1) as f32;
        // 64 ms ago, in frames.
        let ago = (WINDOW * 2 / frame.len().max(1)).max(1);
        if power < SILENT * SILENT {
            self.keep(None, ago);
            return Heard { power, few: 0.0, still: 0.0 };
        }
        let lines = self.spectrum();
        let few = few(&lines);
        let ago = self.keep(Some(lines), ago);
        let newest = self.before.back().and_then(Option::as_ref);
        let still = ago.zip(newest).map_or(0.0, |(then, now)| {
            then.iter().zip(now).map(|(then, now)| then.min(*now)).sum()
        });
        Heard { power, few, still }
    }

    /// Keeps a spectrum; gives back that of so many frames ago.
    fn keep(&mut self, lines: Option<Vec<f32>>, ago: usize) -> Option<Vec<f32>> {
        self.before.push_back(lines);
        if self.before.len() > ago { self.before.pop_front().flatten() } else { None }
    }

    fn spectrum(&mut self) -> Vec<f32> {
        let weighted = self.samples.iter().zip(&self.window);
        for (value, (sample, weight)) in self.input.iter_mut().zip(weighted) {
            *value = Complex::new(sample * weight, 0.0);
        }
        self.fft.forward(&self.input, &mut self.output);
        let mut lines: Vec<f32> = self.output[LINES].iter().map(|value| value.power()).collect();
        let sum = lines.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        lines.iter_mut().for_each(|line| *line /= sum);
        lines
    }
}

/// The share of the two strongest lines with those beside them.
fn few(lines: &[f32]) -> f32 {
    let mut rest = lines.to_vec();
    let mut strongest = || {
        let at = (0..rest.len()).max_by(|a, b| rest[*a].total_cmp(&rest[*b])).unwrap_or_default();
        let around = at.saturating_sub(WIDTH)..rest.len().min(at + WIDTH + 1);
        rest[around].iter_mut().map(std::mem::take).sum::<f32>()
    };
    strongest() + strongest()
}

/// What was heard so far, in frames.
struct Judge {
    /// Of a tone, less those that were none since.
    tone: u32,
    /// Since there was a tone.
    since: u32,
    /// How loud it was.
    loud: f32,
    /// Of a voice, since somebody speaks.
    voice: u32,
    /// Since something began.
    onset: u32,
    /// Since something was heard at all.
    quiet: u32,
}

impl Default for Judge {
    fn default() -> Self {
        Self { tone: 0, since: ENDING + 1, loud: 0.0, voice: 0, onset: 0, quiet: SILENCE }
    }
}

impl Judge {
    fn is_tone(&mut self, score: f32, heard: &Heard) -> bool {
        let is_like_one = heard.few >= FEW && heard.still >= STILL;
        self.tone =
            if is_like_one { (self.tone + 1).min(MOST) } else { self.tone.saturating_sub(2) };
        let speaks = self.voice >= SPEAKING;
        let is_one = self.tone >= if speaks { SURE_IN_SPEECH } else { SURE };
        if is_one {
            self.since = 0;
            self.loud = heard.power.max(self.loud * 0.9);
        } else {
            self.since = self.since.saturating_add(1);
        }
        let is_its_end =
            self.since <= COVERED || self.since <= ENDING && heard.power * SOFTER < self.loud;
        let may_be_one = !speaks && heard.few >= FEW && self.onset < HELD;
        let taken = is_one || is_its_end || may_be_one;
        let is_voiced = score >= VOICED;
        if taken && self.since <= ENDING {
            (self.onset, self.voice) = (0, 0);
        } else if is_voiced {
            self.onset += 1;
        }
        self.quiet = if is_voiced { 0 } else { self.quiet.saturating_add(1) };
        if self.quiet >= 3 {
            self.onset = 0;
        }
        if is_voiced && !taken {
            self.voice += 1;
        }
        if self.quiet >= SILENCE {
            self.voice = 0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything that sounds for a voice.
    struct All;

    impl VoiceActivity for All {
        fn detector(&self) -> Box<dyn VoiceDetector> {
            Box::new(Self)
        }
    }

    impl VoiceDetector for All {
        fn frame_samples(&self) -> usize {
            256
        }

        fn lag(&self) -> Duration {
            Duration::ZERO
        }

        fn score(&mut self, frame: &[i16]) -> f32 {
            if frame.iter().any(|sample| sample.unsigned_abs() > 100) { 0.9 } else { 0.0 }
        }

        fn reset(&mut self) {}
    }

    fn sines(lines: &[(f32, f32)], seconds: f32) -> Vec<i16> {
        let sample = |n: usize| {
            let time = n as f32 / 16_000.0;
            lines.iter().map(|(hz, loud)| loud * (TAU * hz * time).sin()).sum::<f32>() as i16
        };
        (0..(seconds * 16_000.0) as usize).map(sample).collect()
    }

    fn voiced(samples: &[i16]) -> usize {
        let mut detector = WithoutTones(All).detector();
        samples.chunks_exact(256).filter(|frame| detector.score(frame) >= VOICED).count()
    }

    /// Frames of the longest stretch that is taken for a voice.
    fn longest(samples: &[i16]) -> usize {
        let mut detector = WithoutTones(All).detector();
        let (mut run, mut most) = (0, 0);
        for frame in samples.chunks_exact(256) {
            run = if detector.score(frame) >= VOICED { run + 1 } else { 0 };
            most = most.max(run);
        }
        most
    }

    #[test]
    fn one_or_two_steady_sines_never_last_for_the_beginning_of_speech() {
        for tone in [
            &[(425.0, 6000.0)][..],
            &[(350.0, 3000.0), (440.0, 3000.0)],
            &[(697.0, 3000.0), (1209.0, 3000.0)],
        ] {
            let mut sound = vec![0; 16_000];
            for _ in 0..4 {
                sound.extend(sines(tone, 0.5));
                sound.extend(vec![0; 8000]);
            }
            // Until the window has more of it than of the silence before, its lines are broad. A
            // call needs 60 ms of a voice.
            assert!(longest(&sound) <= 3, "{tone:?}: {}", longest(&sound));
        }
    }

    #[test]
    fn what_moves_is_a_voice_even_with_few_lines() {
        // From 200 to 260 Hz within half a second, with one line above.
        let mut phase = 0.0_f32;
        let sample = |n: usize| {
            phase += TAU * (200.0 + 120.0 * n as f32 / 16_000.0) / 16_000.0;
            (4000.0 * phase.sin() + 2000.0 * (2.0 * phase).sin()) as i16
        };
        let sound: Vec<i16> = (0..8000).map(sample).collect();
        let frames = sound.len() / 256;
        assert!(voiced(&sound) + HELD as usize >= frames, "{} of {frames}", voiced(&sound));
    }

    #[test]
    fn many_steady_lines_are_left_to_the_detector() {
        let lines: Vec<(f32, f32)> = (1..9).map(|n| (150.0 * n as f32, 1500.0)).collect();
        let sound = sines(&lines, 0.5);
        assert_eq!(voiced(&sound), sound.len() / 256);
    }

    #[test]
    fn a_reset_detector_is_as_a_new_one() {
        let mut detector = WithoutTones(All).detector();
        let tone = sines(&[(425.0, 6000.0)], 0.3);
        tone.chunks_exact(256).for_each(|frame| _ = detector.score(frame));
        detector.reset();
        let lines: Vec<(f32, f32)> = (1..9).map(|n| (150.0 * n as f32, 1500.0)).collect();
        let first = sines(&lines, 0.1);
        assert!(first.chunks_exact(256).all(|frame| detector.score(frame) >= VOICED));
    }
}
