//! The agent's voice: PCM → Opus → track.

use frontdesk_types::SAMPLES_PER_FRAME;
use parking_lot::Mutex;

use crate::codec::{EncoderOptions, OpusEncoder, TICKS_PER_FRAME};
use crate::{CodecError, LocalAudio};

struct Inner {
    encoder: OpusEncoder,
    track: Option<LocalAudio>,
    /// Number of the last frame that was sent.
    last: Option<u64>,
}

/// See the module's documentation.
pub(super) struct VoiceOut(Mutex<Inner>);

impl VoiceOut {
    pub(super) fn new(options: EncoderOptions) -> Result<Self, CodecError> {
        let encoder = OpusEncoder::new(options)?;
        Ok(Self(Mutex::new(Inner { encoder, track: None, last: None })))
    }

    pub(super) fn set_track(&self, track: LocalAudio) {
        self.0.lock().track = Some(track);
    }

    /// Sid of the track, once it is published.
    pub(super) fn track_sid(&self) -> Option<String> {
        self.0.lock().track.as_ref().map(LocalAudio::sid)
    }

    pub(super) fn play(&self, number: u64, frame: &[i16; SAMPLES_PER_FRAME]) -> bool {
        let mut inner = self.0.lock();
        let Inner { encoder, track, last } = &mut *inner;
        // While the media path is down nothing is encoded for nobody.
        let Some(track) = track.as_ref().filter(|track| track.is_live()) else { return false };
        match encoder.encode(frame) {
            Ok(payload) => {
                // What was left out is silence, which is not sent and still advances RTP time
                // (RFC 3550, section 5.1).
                let talkspurt = last.is_none_or(|last| number > last + 1);
                *last = Some(number);
                track.write(payload, number * TICKS_PER_FRAME, talkspurt);
                true
            }
            Err(error) => {
                tracing::error!(%error, "frame not encoded");
                false
            }
        }
    }

    pub(super) fn flush(&self) {
        if let Some(track) = &self.0.lock().track {
            // The session drains the queue at once: there is hardly ever anything in it.
            let _ = track.flush();
        }
    }
}
