//! Speech to measure with, and how two sounds differ.

use std::f64::consts::TAU;
use std::ops::ControlFlow;

use anyhow::Result;
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;

/// Samples of one analysed frame: 32 ms at 16 kHz.
const FRAME: usize = 512;
/// Bands up to 8 kHz that are compared.
const BANDS: usize = 64;
/// Frames quieter than this are silence, whose spectrum nobody hears: −50 dBFS.
const SILENCE_RMS: f64 = 104.0;

/// A sentence in a voice of flite, 16 kHz.
pub(crate) fn spoken(sentence: &str, voice: &str) -> Result<Vec<i16>> {
    let mut samples = Vec::new();
    Flite::new().synthesize(sentence, voice, &mut |more| {
        samples.extend_from_slice(more);
        ControlFlow::Continue(())
    })?;
    samples.resize(samples.len().next_multiple_of(320), 0);
    Ok(samples)
}

/// Root mean square of the difference of two power spectra in dB, averaged over the frames that
/// are not silent (Gray and Markel, "Distance measures for speech processing", 1976).
pub(crate) fn log_spectral_distance(a: &[i16], b: &[i16]) -> f64 {
    let mut distances = Vec::new();
    for (x, y) in a.chunks_exact(FRAME).zip(b.chunks_exact(FRAME)) {
        let power = x.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / FRAME as f64;
        if power.sqrt() < SILENCE_RMS {
            continue;
        }
        let pairs = bands(x).into_iter().zip(bands(y));
        let squares: f64 = pairs.map(|(x, y)| (10.0 * (x / y).log10()).powi(2)).sum();
        distances.push((squares / BANDS as f64).sqrt());
    }
    distances.iter().sum::<f64>() / distances.len().max(1) as f64
}

/// Power in bands of 125 Hz, by the definition of the Fourier transform with a Hann window.
fn bands(frame: &[i16]) -> Vec<f64> {
    let n = FRAME as f64;
    let windowed = |(at, sample): (usize, &i16)| {
        f64::from(*sample) * 0.5 * (1.0 - (TAU * at as f64 / n).cos())
    };
    let samples: Vec<f64> = frame.iter().enumerate().map(windowed).collect();
    let per_band = FRAME / 2 / BANDS;
    (0..BANDS)
        .map(|band| {
            let bins = band * per_band..(band + 1) * per_band;
            let power = bins.map(|bin| {
                let turn = TAU * bin as f64 / n;
                let (re, im) = samples.iter().enumerate().fold((0.0, 0.0), |(re, im), (at, s)| {
                    let angle = turn * at as f64;
                    (re + s * angle.cos(), im + s * angle.sin())
                });
                re * re + im * im
            });
            // A floor, so that an empty band is no infinity.
            power.sum::<f64>() + 1.0
        })
        .collect()
}
