//! What a line does to a voice.

use std::ops::ControlFlow;

use anyhow::Result;
use frontdesk_models::tts::TextToSpeech;
use frontdesk_models::tts::flite::Flite;

use crate::telephone::telephone;

/// A condition under which the patient is heard.
#[derive(Clone, Copy)]
pub(crate) enum Line {
    /// As the voice made it.
    Clean,
    /// 300 to 3400 Hz, μ-law.
    Telephone,
    /// White noise 20 dB below the voice.
    Noise,
}

impl Line {
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Clean, "clean"), (Self::Telephone, "telephone"), (Self::Noise, "noise 20 dB")];

    pub(crate) fn carry(self, samples: &[i16]) -> Vec<i16> {
        match self {
            Self::Clean => samples.to_vec(),
            Self::Telephone => telephone(samples),
            Self::Noise => noisy(samples),
        }
    }
}

/// The text spoken, with 200 ms of silence before it and 300 ms after.
pub(crate) fn spoken(text: &str, voice: &str) -> Result<Vec<i16>> {
    let mut samples = vec![0; 3200];
    Flite::new().synthesize(text, voice, &mut |chunk| {
        samples.extend_from_slice(chunk);
        ControlFlow::Continue(())
    })?;
    samples.resize(samples.len() + 4800, 0);
    Ok(samples)
}

fn noisy(samples: &[i16]) -> Vec<i16> {
    let voiced: Vec<f64> =
        samples.iter().map(|&s| f64::from(s)).filter(|s| s.abs() > 50.0).collect();
    let power = voiced.iter().map(|s| s * s).sum::<f64>() / voiced.len().max(1) as f64;
    // Uniform in ±a has a power of a²/3.
    let amplitude = (power / 100.0 * 3.0).sqrt();
    let mut state = 1_u32;
    let step = |&sample: &i16| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let uniform = f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0;
        (f64::from(sample) + uniform * amplitude) as i16
    };
    samples.iter().map(step).collect()
}
