//! Voice activity detection.

pub mod earshot;
pub mod steady;

use std::time::Duration;

/// A provider of voice activity detectors; shared by all calls.
pub trait VoiceActivity: Send + Sync + 'static {
    /// A detector for one call.
    fn detector(&self) -> Box<dyn VoiceDetector>;
}

/// The detector of one call. Cheap enough (microseconds a frame) to run where the audio is.
pub trait VoiceDetector: Send {
    /// Samples in the frame that [`VoiceDetector::score`] takes, at 16 kHz.
    fn frame_samples(&self) -> usize;

    /// How much later than the last voiced sample the score falls, as measured.
    fn lag(&self) -> Duration;

    /// Probability, 0 to 1, that the frame (exactly [`VoiceDetector::frame_samples`] samples of
    /// 16 kHz mono) holds a voice.
    fn score(&mut self, frame: &[i16]) -> f32;

    /// Forgets what was heard.
    fn reset(&mut self);
}
