//! Pauses put into recordings where the speaker was silent for a moment.

use std::time::Duration;

/// Samples of 10 ms.
const STEP: usize = 160;

/// A stretch this far below the loud ones, in decibels, is no voice.
const QUIET: f32 = 26.0;

/// Shortest moment of silence that a pause is put into, and least voice around it, in steps.
const MIN_GAP: usize = 4;
const MIN_VOICE: usize = 40;

/// Pauses in a sentence at most.
const MOST: usize = 2;

/// Silence before and behind, in seconds.
const BEFORE: usize = 1;
const BEHIND: usize = 4;

/// A recording with pauses in it.
pub(super) struct Sentence {
    samples: Vec<i16>,
    /// Loudness of the voice alone.
    power: f64,
    /// Length of a pause in milliseconds, and how many there are.
    pub(super) pause: usize,
    pub(super) pauses: usize,
    /// Where the voice begins and ends.
    pub(super) begins: Duration,
    pub(super) ends: Duration,
}

/// The recording with pauses of so many milliseconds; `None` if there is no voice in it, or no
/// place for a pause.
pub(super) fn sentences(samples: &[i16], pause: usize) -> Option<Sentence> {
    let voiced = voiced(samples);
    let (first, last) = (voiced.iter().position(|v| *v)?, voiced.iter().rposition(|v| *v)?);
    let places = places(&voiced, first, last);
    if places.is_empty() {
        return None;
    }
    let room = room(samples, &voiced)?;
    let silence = |count: usize| room.iter().chain(room.iter().rev()).cycle().take(count).copied();
    let mut all: Vec<i16> = silence(BEFORE * 16_000).collect();
    let mut from = first * STEP;
    let begins = all.len();
    for place in &places {
        let to = place * STEP + STEP / 2;
        all.extend_from_slice(samples.get(from..to)?);
        all.extend(silence(pause * 16));
        from = to;
    }
    all.extend_from_slice(samples.get(from..(last + 1) * STEP)?);
    let ends = all.len();
    all.extend(silence(BEHIND * 16_000));
    let loud = voiced.iter().zip(samples.chunks_exact(STEP)).filter(|(is, _)| **is);
    let (mut power, mut count) = (0.0, 0);
    for sample in loud.flat_map(|(_, step)| step) {
        power += f64::from(*sample).powi(2);
        count += 1;
    }
    let time = |samples: usize| Duration::from_micros(samples as u64 * 1_000_000 / 16_000);
    Some(Sentence {
        samples: all,
        power: power / f64::from(count.max(1)),
        pause,
        pauses: places.len(),
        begins: time(begins),
        ends: time(ends),
    })
}

impl Sentence {
    /// With pink noise so many decibels below the voice.
    pub(super) fn with_noise(&self, below: Option<f32>) -> Vec<i16> {
        let Some(below) = below else { return self.samples.clone() };
        let noise = pink(self.samples.len());
        let own = noise.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>() / noise.len() as f64;
        let wanted = self.power / 10_f64.powf(f64::from(below) / 10.0);
        let gain = (wanted / own).sqrt();
        let both = self.samples.iter().zip(&noise);
        both.map(|(sample, noise)| (f64::from(*sample) + gain * f64::from(*noise)) as i16).collect()
    }
}

/// Noise that falls by 3 dB an octave (Kellet's filter).
fn pink(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut white = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    let mut b = [0.0_f32; 3];
    let mut next = || {
        let white = white();
        b[0] = 0.99765 * b[0] + white * 0.099_046;
        b[1] = 0.963 * b[1] + white * 0.296_516_4;
        b[2] = 0.57 * b[2] + white * 1.052_691_3;
        b[0] + b[1] + b[2] + white * 0.1848
    };
    (0..count).map(|_| next()).collect()
}

/// Which steps of 10 ms are voice.
fn voiced(samples: &[i16]) -> Vec<bool> {
    let loudness = |step: &[i16]| {
        let power = step.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / STEP as f32;
        10.0 * power.max(1.0).log10()
    };
    let all: Vec<f32> = samples.chunks_exact(STEP).map(loudness).collect();
    let mut sorted = all.clone();
    sorted.sort_by(f32::total_cmp);
    let loud = sorted.get(sorted.len() * 95 / 100).copied().unwrap_or_default();
    all.iter().map(|one| *one > loud - QUIET).collect()
}

/// Steps in the middle of the longest silences inside, in order.
fn places(voiced: &[bool], first: usize, last: usize) -> Vec<usize> {
    let mut gaps = Vec::new();
    let mut at = first;
    while at <= last {
        let silent = voiced[at..=last].iter().take_while(|v| !**v).count();
        if silent >= MIN_GAP && at >= first + MIN_VOICE && at + silent + MIN_VOICE <= last {
            gaps.push((silent, at + silent / 2));
        }
        at += silent.max(1);
    }
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    let mut places: Vec<usize> = Vec::new();
    for (_, place) in gaps {
        if places.len() < MOST && places.iter().all(|other| other.abs_diff(place) >= MIN_VOICE) {
            places.push(place);
        }
    }
    places.sort_unstable();
    places
}

/// The sound of the room: the quietest 100 ms, or some dither.
fn room<'a>(samples: &'a [i16], voiced: &[bool]) -> Option<&'a [i16]> {
    let steps = 10;
    let power = |at: usize| {
        let part = &samples[at * STEP..(at + steps) * STEP];
        part.iter().map(|s| i64::from(*s) * i64::from(*s)).sum::<i64>()
    };
    let quietest = (0..voiced.len().saturating_sub(steps)).min_by_key(|at| power(*at))?;
    samples.get(quietest * STEP..(quietest + steps) * STEP)
}
