//! Clips, and what a telephone does to them.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;

use super::telephone::telephone;

/// How a clip is heard.
#[derive(Clone, Copy)]
pub(super) enum Line {
    Clean,
    /// 300 to 3400 Hz, μ-law.
    Telephone,
    /// White noise 20 dB below the voice.
    Noise,
}

impl Line {
    pub(super) const ALL: [Self; 3] = [Self::Clean, Self::Telephone, Self::Noise];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Telephone => "telephone",
            Self::Noise => "noise 20 dB",
        }
    }

    pub(super) fn carry(self, samples: &[i16]) -> Vec<i16> {
        match self {
            Self::Clean => samples.to_vec(),
            Self::Telephone => telephone(samples),
            Self::Noise => noisy(samples),
        }
    }
}

/// With white noise 20 dB below the voice, the same in each run.
fn noisy(samples: &[i16]) -> Vec<i16> {
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let rms = (power / samples.len().max(1) as f64).sqrt();
    // Uniform noise between -1 and 1 has an RMS of 1/√3.
    let loudness = rms / 10.0 * 3.0_f64.sqrt();
    let mut state: u32 = 7;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0
    };
    samples.iter().map(|s| (f64::from(*s) + next() * loudness) as i16).collect()
}

/// The samples of a file of one channel, 16 kHz, 16 bits.
pub(super) fn wav(path: &Path) -> Result<Vec<i16>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    samples(&bytes).with_context(|| path.display().to_string())
}

fn samples(bytes: &[u8]) -> Result<Vec<i16>> {
    let is_wav = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
    ensure!(is_wav, "it is no WAV file");
    let mut at = 12;
    let mut facts = None;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        // Who writes to a pipe does not know the length.
        let end = (at + 8).saturating_add(length).min(bytes.len());
        let body = &bytes[at + 8..end];
        match &head[..4] {
            b"fmt " => facts = body.get(..16).map(<[u8]>::to_vec),
            b"data" => {
                let facts = facts.context("its samples come before their format")?;
                let word = |at: usize| u16::from_le_bytes([facts[at], facts[at + 1]]);
                let rate = u32::from_le_bytes([facts[4], facts[5], facts[6], facts[7]]);
                ensure!(word(0) == 1 && word(2) == 1 && word(14) == 16, "it is not mono, 16 bits");
                let pairs = body.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
                return Ok(resampled(&pairs.collect::<Vec<_>>(), rate));
            }
            _ => {}
        }
        at = end + (length & 1);
    }
    anyhow::bail!("it has no samples")
}

/// At 16 kHz, by interpolation: good for what comes from 22.05 kHz and is then heard, no more.
fn resampled(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == 16_000 {
        return samples.to_vec();
    }
    let step = f64::from(rate) / 16_000.0;
    let count = (samples.len() as f64 / step) as usize;
    let sample = |at: usize| f64::from(samples.get(at).copied().unwrap_or_default());
    let between = |n: usize| {
        let at = n as f64 * step;
        let (low, part) = (at as usize, at.fract());
        (sample(low) * (1.0 - part) + sample(low + 1) * part) as i16
    };
    (0..count).map(between).collect()
}

/// Writes a file of one channel, 16 kHz, 16 bits.
pub(super) fn write_wav(path: &Path, samples: &[i16]) -> Result<()> {
    let length = samples.len() as u32 * 2;
    let mut bytes = Vec::with_capacity(44 + samples.len() * 2);
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// Samples of so long.
pub(super) const fn samples_of(time: std::time::Duration) -> usize {
    time.as_millis() as usize * 16
}

/// With silence around it, as turn taking leaves it.
pub(super) fn padded(samples: &[i16]) -> Vec<i16> {
    let mut all = vec![0; 3200];
    all.extend_from_slice(samples);
    all.resize(all.len() + 4800, 0);
    all
}

/// A sentence by flite.
pub(super) fn flite(text: &str) -> Result<Vec<i16>> {
    let mut samples = Vec::new();
    Flite::new().synthesize(text, "slt", &mut |more| {
        samples.extend_from_slice(more);
        ControlFlow::Continue(())
    })?;
    Ok(samples)
}

/// A sentence by espeak-ng; `None` where it is not installed.
pub(super) fn espeak(text: &str) -> Result<Option<Vec<i16>>> {
    let mut command = Command::new("espeak-ng");
    command.args(["-v", "en-us", "--stdout", text]).stdin(Stdio::null()).stderr(Stdio::null());
    match command.output() {
        Ok(output) => Ok(Some(samples(&output.stdout)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
