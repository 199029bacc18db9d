//! Between a telephone's 8 kHz and the 16 kHz of calls: a half-band filter (63 taps, Blackman
//! window: -1 dB at 3.4 kHz, the edge of the telephone's band, below -70 dB from 4.9 kHz), both ways.
//! Either delays by 2 ms.

use std::f32::consts::PI;
use std::sync::LazyLock;

/// Taps on either side of the centre that are not zero: those at odd distances, ±1 to ±31.
const SIDE: usize = 16;
/// Inputs that an upsampled sample depends on.
const UP_SPAN: usize = 2 * SIDE;
/// Inputs that a downsampled sample depends on.
const DOWN_SPAN: usize = 4 * SIDE - 1;

/// Weight of the inputs at distance 1, 3, 5, …; that of the centre is one half.
static WEIGHTS: LazyLock<[f32; SIDE]> = LazyLock::new(|| {
    let mut weights = [0.0_f32; SIDE];
    for (i, weight) in weights.iter_mut().enumerate() {
        let distance = (2 * i + 1) as f32;
        let ideal = (PI * distance / 2.0).sin() / (PI * distance);
        let at = PI * distance / (2 * SIDE) as f32;
        *weight = ideal * (0.42 + 0.5 * at.cos() + 0.08 * (2.0 * at).cos());
    }
    // A constant stays what it is.
    let scale = 0.25 / weights.iter().sum::<f32>();
    weights.map(|weight| weight * scale)
});

fn sample(value: f32) -> i16 {
    // Saturates.
    value.round() as i16
}

/// 8 kHz → 16 kHz.
pub(crate) struct Upsampler {
    recent: Vec<f32>,
}

impl Upsampler {
    pub(crate) fn new() -> Self {
        Self { recent: vec![0.0; UP_SPAN - 1] }
    }

    /// Adds two samples to `out` for each of `input`.
    pub(crate) fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.recent.extend(input.iter().map(|sample| f32::from(*sample)));
        for span in self.recent.windows(UP_SPAN) {
            let between: f32 = WEIGHTS
                .iter()
                .enumerate()
                .map(|(i, weight)| weight * (span[SIDE - 1 - i] + span[SIDE + i]))
                .sum();
            out.push(sample(span[SIDE - 1]));
            out.push(sample(2.0 * between));
        }
        self.recent.drain(..input.len());
    }
}

/// 16 kHz → 8 kHz.
pub(crate) struct Downsampler {
    recent: Vec<f32>,
}

impl Downsampler {
    pub(crate) fn new() -> Self {
        Self { recent: vec![0.0; DOWN_SPAN - 1] }
    }

    /// Adds one sample to `out` for every two of `input`, an even number.
    pub(crate) fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.recent.extend(input.iter().map(|sample| f32::from(*sample)));
        for span in self.recent.windows(DOWN_SPAN).step_by(2) {
            let centre = DOWN_SPAN / 2;
            let sides: f32 = WEIGHTS
                .iter()
                .enumerate()
                .map(|(i, weight)| {
                    let distance = 2 * i + 1;
                    weight * (span[centre - distance] + span[centre + distance])
                })
                .sum();
            out.push(sample(0.5 * span[centre] + sides));
        }
        self.recent.drain(..input.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, rate: f32, samples: usize) -> Vec<i16> {
        let at = |n: usize| (2.0 * PI * hz * n as f32 / rate).sin() * 10_000.0;
        (0..samples).map(|n| at(n) as i16).collect()
    }

    /// Loudness in decibels against the tone's own, without the filter's beginning.
    fn loudness(samples: &[i16]) -> f32 {
        let settled = &samples[100..];
        let energy: f32 = settled.iter().map(|s| f32::from(*s).powi(2)).sum();
        20.0 * ((energy / settled.len() as f32).sqrt() / 7071.0).log10()
    }

    fn down(hz: f32) -> f32 {
        let mut out = Vec::new();
        Downsampler::new().push(&tone(hz, 16_000.0, 3200), &mut out);
        loudness(&out)
    }

    #[test]
    fn the_telephones_band_passes_and_what_would_alias_does_not() {
        for hz in [200.0, 1000.0, 3000.0] {
            assert!(down(hz).abs() < 0.5, "{hz}: {}", down(hz));
        }
        assert!(down(3400.0) > -3.0, "{}", down(3400.0));
        for hz in [5000.0, 6000.0, 7500.0] {
            assert!(down(hz) < -55.0, "{hz}: {}", down(hz));
        }
    }

    #[test]
    fn upsampled_speech_has_twice_the_samples_and_no_mirror() {
        let mut up = Vec::new();
        let mut upsampler = Upsampler::new();
        for piece in tone(1000.0, 8000.0, 1600).chunks(160) {
            upsampler.push(piece, &mut up);
        }
        assert_eq!(up.len(), 3200);
        assert!(loudness(&up).abs() < 0.5);
        // What is left once the tone is taken out: its mirror at 7 kHz, and rounding.
        let delay = 2 * (SIDE - 1) + 2;
        let rest: Vec<i16> =
            up.iter().skip(delay).zip(tone(1000.0, 16_000.0, 3200)).map(|(a, b)| a - b).collect();
        assert!(loudness(&rest) < -55.0, "{}", loudness(&rest));
    }
}
