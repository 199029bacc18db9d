//! What a telephone does to a voice, in samples of 16 kHz. The example `people` of
//! frontdesk-pipelines uses this file, too.

use frontdesk_models::telephone::{Band, mu_law};

/// 300 to 3400 Hz, sampled at 8 kHz, through μ-law, and back at 16 kHz.
pub(crate) fn telephone(samples: &[i16]) -> Vec<i16> {
    let mut band = Band::new();
    let mut filtered = samples.iter().map(|&sample| band.step(f32::from(sample)));
    // 8 kHz and back: every second sample, through μ-law, the ones between by interpolation.
    let half: Vec<f32> = filtered.by_ref().step_by(2).map(mu_law).collect();
    let next = half.iter().skip(1).chain(half.last());
    half.iter().zip(next).flat_map(|(&a, &b)| [a as i16, f32::midpoint(a, b) as i16]).collect()
}
