//! PCM audio as it travels inside the runtime.

/// The one sample rate inside the runtime, in Hz. Opus decodes to it and encodes from it directly,
/// and both the recognizer and the voices work at it, so that nothing is resampled on the way.
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// Length of one frame of playout or capture, in milliseconds.
pub const FRAME_MS: u32 = 20;

/// Samples in one frame: 320 (20 ms at 16 kHz, mono).
pub const SAMPLES_PER_FRAME: usize = (SAMPLE_RATE_HZ / 1000 * FRAME_MS) as usize;

/// A run of signed 16-bit mono samples at [`SAMPLE_RATE_HZ`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PcmFrame {
    /// The samples, oldest first.
    pub samples: Vec<i16>,
}

impl PcmFrame {
    /// A frame of the given samples.
    #[must_use]
    pub const fn new(samples: Vec<i16>) -> Self {
        Self { samples }
    }

    /// Duration in milliseconds, rounded down.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(SAMPLE_RATE_HZ)
    }

    /// Root mean square of the samples, 0 to 32768; 0 for an empty frame.
    #[must_use]
    pub fn rms(&self) -> f32 {
        if self.samples.is_empty() {
            return 0.0;
        }
        let sum: f64 = self.samples.iter().map(|&s| f64::from(s).powi(2)).sum();
        (sum / self.samples.len() as f64).sqrt() as f32
    }
}

impl std::fmt::Debug for PcmFrame {
    // A caller's voice is personal data: show its size only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PcmFrame({} samples)", self.samples.len())
    }
}
