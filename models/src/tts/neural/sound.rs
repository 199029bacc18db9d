//! From what the net says of each 12.5 ms to samples.
//!
//! The net describes, for 601 frequencies up to 12 kHz, how a train of pulses at the pitch is to be
//! filtered, how much noise there is, and what is neither. It was made for 24 kHz. Here all of it is
//! computed at 16 kHz, for the 401 frequencies that such a sound has: what lies above is never
//! made, and nothing needs to be resampled.

use std::f32::consts::{PI, TAU};

use crate::fft::{Complex, Fft};

/// Frequencies that the net describes.
pub(super) const BINS: usize = 601;

/// Length of a transform and from one to the next, at 16 kHz.
const SIZE: usize = 800;
const HOP: usize = 200;

/// Frequencies of such a transform.
const KEPT: usize = SIZE / 2 + 1;

const RATE: f32 = 16_000.0;

/// A transform at 24 kHz is this much larger: it sums half as many samples again.
const SCALE: f32 = 2.0 / 3.0;

/// Where the pulses end: half of the rate.
const TOP_HZ: f32 = 8_000.0;

/// Below this pitch nothing is voiced.
const VOICED_HZ: f32 = 40.0;

/// The logarithm of no loudness is larger.
const LOUDEST: f32 = 7.0;

/// Numbers of noise that are used again and again: from another place in each frame.
const NOISE: usize = 1 << 14;

/// What the net says of a clause: a row for each of [`BINS`], a column for each frame.
pub(super) struct Spectra {
    pub(super) frames: usize,
    /// Loudness of the pulses (logarithm), and their phase.
    pub(super) pulses: Vec<f32>,
    pub(super) phases: Vec<f32>,
    /// Loudness of noise (logarithm).
    pub(super) noise: Vec<f32>,
    /// Loudness of what is neither (logarithm), and its phase.
    pub(super) rest: Vec<f32>,
    pub(super) rest_phases: Vec<f32>,
    /// Pitch of each frame in Hz, 0 where there is none.
    pub(super) pitch: Vec<f32>,
}

/// Makes sound of spectra.
pub(super) struct Synthesizer {
    fft: Fft,
    window: Vec<f32>,
    noise: Vec<Complex>,
}

impl Synthesizer {
    pub(super) fn new() -> Self {
        let window = (0..SIZE).map(|n| 0.5 - 0.5 * (TAU * n as f32 / SIZE as f32).cos()).collect();
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut gauss = || {
            // Box and Muller's.
            let (radius, angle) = ((-2.0 * random.share().ln()).sqrt(), TAU * random.share());
            Complex::new(radius * angle.cos(), radius * angle.sin())
        };
        let noise = (0..NOISE).map(|_| gauss()).collect();
        Self { fft: Fft::new(SIZE), window, noise }
    }

    /// The samples, between −1 and 1 or a little beyond. The same spectra give the same samples.
    pub(super) fn run(&self, spectra: &Spectra) -> Vec<f32> {
        let frames = spectra.frames;
        let source = pulses(&spectra.pitch);
        let mut sum = vec![0.0_f32; (frames + 3) * HOP];
        let mut weight = vec![0.0_f32; sum.len()];
        let mut random = Random(frames as u64 + 1);
        let mut input = vec![Complex::default(); SIZE];
        let mut output = vec![Complex::default(); SIZE];
        // Two frames at a time: a transform is complex, and a frame real.
        for pair in (0..frames).step_by(2) {
            let second = pair + 1 < frames;
            for (n, value) in input.iter_mut().enumerate() {
                let of = |frame: usize| reflected(&source, frame * HOP + n) * self.window[n];
                *value = Complex::new(of(pair), if second { of(pair + 1) } else { 0.0 });
            }
            self.fft.forward(&input, &mut output);
            let starts = [random.next() as usize, random.next() as usize];
            for bin in 0..KEPT {
                let (a, b) = (output[bin], output[(SIZE - bin) % SIZE]);
                let first = Complex::new((a.re + b.re) / 2.0, (a.im - b.im) / 2.0);
                let other = Complex::new((a.im + b.im) / 2.0, (b.re - a.re) / 2.0);
                let noise = |at: usize| self.noise[(starts[at] + bin * 7) % NOISE];
                let mut one = spectra.at(bin, pair, first, noise(0));
                let mut two = if second {
                    spectra.at(bin, pair + 1, other, noise(1))
                } else {
                    Complex::default()
                };
                if bin == 0 || bin == KEPT - 1 {
                    (one.im, two.im) = (0.0, 0.0);
                }
                // The inverse by the transform forward: of the conjugate.
                input[bin] = Complex::new(one.re - two.im, -(one.im + two.re));
                input[(SIZE - bin) % SIZE] = Complex::new(one.re + two.im, one.im - two.re);
            }
            self.fft.forward(&input, &mut output);
            for (n, value) in output.iter().enumerate() {
                let (window, at) = (self.window[n], pair * HOP + n);
                sum[at] += window * value.re;
                weight[at] += window * window;
                if second {
                    sum[at + HOP] -= window * value.im;
                    weight[at + HOP] += window * window;
                }
            }
        }
        let middle = SIZE / 2;
        let sample = |at: usize| sum[at] * SCALE / SIZE as f32 / weight[at].max(1e-6);
        (middle..middle + frames.saturating_sub(1) * HOP).map(sample).collect()
    }
}

impl Spectra {
    /// The sum of pulses, noise and rest at a frequency of a frame.
    fn at(&self, bin: usize, frame: usize, source: Complex, noise: Complex) -> Complex {
        let at = bin * self.frames + frame;
        let loud = |all: &[f32]| all[at].min(LOUDEST).exp();
        // The window of the pulses is scaled so that one of loudness 1 has a height of 1.
        let (pulse, angle) = (loud(&self.pulses) / HOP as f32, PI * self.phases[at].tanh());
        let turned = Complex::new(pulse * angle.cos(), pulse * angle.sin()) * source;
        let (noisy, rest) = (loud(&self.noise), loud(&self.rest));
        let angle = self.rest_phases[at];
        turned
            + Complex::new(noisy * noise.re, noisy * noise.im)
            + Complex::new(rest * angle.cos(), rest * angle.sin())
    }
}

/// A sample of a sound that is mirrored at its ends; its first is at half a transform.
fn reflected(samples: &[f32], at: usize) -> f32 {
    let last = samples.len() - 1;
    let middle = SIZE / 2;
    let at = at.abs_diff(middle);
    let at = if at > last { last.saturating_sub(at - last) } else { at };
    samples[at.min(last)]
}

/// Pulses at a pitch: the sum of all cosines of its multiples below the top, in closed form.
fn pulses(pitch: &[f32]) -> Vec<f32> {
    let frame = |at: isize| {
        let at = at.clamp(0, pitch.len() as isize - 1);
        pitch[at as usize]
    };
    let mut phase = 0.0_f64;
    let sample = |n: usize| {
        // The pitch of a frame is that of its middle.
        let place = (n as f32 + 0.5) / HOP as f32 - 0.5;
        let (before, share) = (place.floor(), place - place.floor());
        let before = before as isize;
        let hz = frame(before) * (1.0 - share) + frame(before + 1) * share;
        let is_voiced = hz > VOICED_HZ;
        let hz = hz.max(VOICED_HZ);
        phase = (phase + f64::from(hz / RATE)).fract();
        if !is_voiced {
            return 0.0;
        }
        let count = (TOP_HZ / hz).floor() + 0.5;
        let angle = TAU * phase as f32;
        let half = 2.0 * (angle / 2.0).sin();
        if half.abs() <= 2e-3 { count - 0.5 } else { (count * angle).sin() / half - 0.5 }
    };
    (0..pitch.len() * HOP).map(sample).collect()
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Above 0, up to 1.
    fn share(&mut self) -> f32 {
        ((self.next() >> 40) as f32 + 1.0) / (1 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spectra of `frames` frames in which only one part is loud.
    fn spectra(frames: usize, pitch: f32, pulses: f32, noise: f32) -> Spectra {
        let all = |value: f32| vec![value; BINS * frames];
        Spectra {
            frames,
            pulses: all(pulses),
            phases: all(0.0),
            noise: all(noise),
            rest: all(-20.0),
            rest_phases: all(0.0),
            pitch: vec![pitch; frames],
        }
    }

    /// How much of a frequency there is.
    fn share(samples: &[f32], hz: f32) -> f32 {
        let turn = |n: usize| TAU * hz * n as f32 / RATE;
        let sum = |of: fn(f32) -> f32| -> f32 {
            samples.iter().enumerate().map(|(n, s)| s * of(turn(n))).sum()
        };
        2.0 * (sum(f32::cos).powi(2) + sum(f32::sin).powi(2)).sqrt() / samples.len() as f32
    }

    #[test]
    fn pulses_have_the_pitch_and_its_multiples_and_nothing_between() {
        // e^5.3 is 200: a height of 1 at 24 kHz is one of 2/3 × 1/200 of the transform.
        let samples = Synthesizer::new().run(&spectra(80, 200.0, 5.3, -20.0));
        let middle = &samples[4000..12_000];
        for hz in [200.0, 400.0, 3000.0, 7000.0] {
            assert!((share(middle, hz) - 0.67).abs() < 0.05, "{hz}: {}", share(middle, hz));
        }
        for hz in [100.0, 300.0, 7300.0] {
            assert!(share(middle, hz) < 0.01, "{hz}: {}", share(middle, hz));
        }
    }

    #[test]
    fn noise_is_as_loud_as_is_said_and_the_same_each_time() {
        let synthesizer = Synthesizer::new();
        let loud = |samples: &[f32]| {
            (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt()
        };
        let quiet = synthesizer.run(&spectra(80, 0.0, -20.0, 0.0));
        let louder = synthesizer.run(&spectra(80, 0.0, -20.0, std::f32::consts::LN_2));
        assert!((loud(&louder) / loud(&quiet) - 2.0).abs() < 1e-3);
        assert!(loud(&quiet) > 0.01, "{}", loud(&quiet));
        assert_eq!(quiet, synthesizer.run(&spectra(80, 0.0, -20.0, 0.0)));
    }

    #[test]
    fn an_odd_number_of_frames_and_one_alone_have_their_lengths() {
        let synthesizer = Synthesizer::new();
        for frames in [1, 2, 3, 9] {
            let samples = synthesizer.run(&spectra(frames, 150.0, 0.0, 0.0));
            assert_eq!(samples.len(), (frames - 1) * HOP, "{frames}");
            assert!(samples.iter().all(|s| s.is_finite()));
        }
    }
}
