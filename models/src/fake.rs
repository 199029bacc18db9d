//! Scripted models for tests and for the bench profile: instant, without files, always the same.

use std::f32::consts::TAU;
use std::ops::ControlFlow;
use std::time::Duration;

use frontdesk_types::{PcmFrame, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME};

use crate::stt::{Recognizer, SpeechToText, SttError, Transcript};
use crate::tts::{TextToSpeech, TtsError};
use crate::vad::{VoiceActivity, VoiceDetector};

/// Hears the same words in every utterance, whatever is said.
#[derive(Debug, Clone)]
pub struct FixedStt {
    turns: Vec<String>,
}

impl FixedStt {
    /// A recognizer that hears `text` every time.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { turns: vec![text.into()] }
    }

    /// A recognizer that hears one of `turns` after the other, and from then on the last.
    #[must_use]
    pub fn scripted<T: Into<String>>(turns: impl IntoIterator<Item = T>) -> Self {
        Self { turns: turns.into_iter().map(Into::into).collect() }
    }
}

impl SpeechToText for FixedStt {
    fn recognizer(&self) -> Result<Box<dyn Recognizer>, SttError> {
        Ok(Box::new(FixedRecognizer { turns: self.turns.clone(), turn: 0, partial_sent: false }))
    }
}

struct FixedRecognizer {
    turns: Vec<String>,
    turn: usize,
    partial_sent: bool,
}

impl FixedRecognizer {
    fn transcript(&self) -> Transcript {
        let text = self.turns.get(self.turn).or(self.turns.last()).cloned().unwrap_or_default();
        Transcript { text, confidence: 1.0 }
    }
}

impl Recognizer for FixedRecognizer {
    fn start(&mut self, _context: &str) -> Result<(), SttError> {
        self.partial_sent = false;
        Ok(())
    }

    fn push(&mut self, _samples: &[i16]) -> Result<Option<Transcript>, SttError> {
        if std::mem::replace(&mut self.partial_sent, true) {
            return Ok(None);
        }
        Ok(Some(self.transcript()))
    }

    fn finish(&mut self) -> Result<Transcript, SttError> {
        let heard = self.transcript();
        self.turn += 1;
        Ok(heard)
    }
}

/// Speaks any text as a 440 Hz tone at −12 dBFS.
#[derive(Debug, Clone, Copy)]
pub struct ToneTts {
    length: Option<Duration>,
}

impl ToneTts {
    const FREQUENCY_HZ: f32 = 440.0;
    /// −12 dBFS of the peak.
    const AMPLITUDE: f32 = 32_767.0 * 0.251_19;

    /// A tone of the same length for every text.
    #[must_use]
    pub const fn of(length: Duration) -> Self {
        Self { length: Some(length) }
    }

    /// A tone as long as the text would be if spoken: 15 characters a second.
    #[must_use]
    pub const fn by_text() -> Self {
        Self { length: None }
    }
}

impl TextToSpeech for ToneTts {
    fn synthesize(
        &self,
        text: &str,
        _voice: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), TtsError> {
        let length =
            self.length.unwrap_or_else(|| Duration::from_millis(text.len() as u64 * 1000 / 15));
        let total = (length.as_micros() * u128::from(SAMPLE_RATE_HZ) / 1_000_000) as usize;
        // One second holds a whole number of periods, so that it repeats without a click.
        let second = SAMPLE_RATE_HZ as usize;
        let step = TAU * Self::FREQUENCY_HZ / SAMPLE_RATE_HZ as f32;
        let mut chunk = Vec::with_capacity(SAMPLES_PER_FRAME);
        let mut sent = 0;
        while sent < total {
            let size = SAMPLES_PER_FRAME.min(total - sent);
            chunk.clear();
            chunk.extend((sent..sent + size).map(|at| {
                let phase = (at % second) as f32 * step;
                (phase.sin() * Self::AMPLITUDE) as i16
            }));
            sent += size;
            if sink(&chunk).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The tone is the same for all.
    fn has_voice(&self, _name: &str) -> bool {
        true
    }
}

/// Calls everything voice that is louder than a threshold.
#[derive(Debug, Clone, Copy)]
pub struct EnergyVad {
    threshold_rms: f32,
}

impl EnergyVad {
    /// A detector with a threshold on the RMS of a 20 ms frame, 0 to 32768.
    #[must_use]
    pub const fn new(threshold_rms: f32) -> Self {
        Self { threshold_rms }
    }
}

impl Default for EnergyVad {
    /// −40 dBFS.
    fn default() -> Self {
        Self::new(328.0)
    }
}

impl VoiceActivity for EnergyVad {
    fn detector(&self) -> Box<dyn VoiceDetector> {
        Box::new(EnergyDetector(*self))
    }
}

struct EnergyDetector(EnergyVad);

impl VoiceDetector for EnergyDetector {
    fn frame_samples(&self) -> usize {
        SAMPLES_PER_FRAME
    }

    fn lag(&self) -> Duration {
        Duration::ZERO
    }

    fn score(&mut self, frame: &[i16]) -> f32 {
        let rms = PcmFrame::new(frame.to_vec()).rms();
        if rms > self.0.threshold_rms { 1.0 } else { 0.0 }
    }

    fn reset(&mut self) {}
}
