//! What a caller sends: one sentence and silence, encoded once for all callers.

use std::ops::ControlFlow;

use bytes::Bytes;
use frontdesk_models::tts::TextToSpeech;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_types::SAMPLES_PER_FRAME;

/// Packets of 20 ms.
#[derive(Debug, Clone)]
pub(super) struct Speech {
    /// The sentence, from its first to its last voiced frame.
    pub(super) sentence: Vec<Bytes>,
    /// One frame of silence.
    pub(super) silence: Bytes,
}

/// A frame whose loudest sample is below this belongs to the silence around the sentence: −40 dBFS.
const VOICED: u16 = 328;

impl Speech {
    /// Synthesizes and encodes. Blocks: it computes.
    ///
    /// # Errors
    /// One line, if the voice or the encoder fails or nothing was said.
    pub(super) fn render(tts: &dyn TextToSpeech, voice: &str, text: &str) -> Result<Self, String> {
        let mut samples = Vec::new();
        tts.synthesize(text, voice, &mut |more| {
            samples.extend_from_slice(more);
            ControlFlow::Continue(())
        })
        .map_err(|error| error.to_string())?;
        samples.resize(samples.len().next_multiple_of(SAMPLES_PER_FRAME), 0);
        let frames: Vec<&[i16]> = samples.chunks(SAMPLES_PER_FRAME).collect();
        let voiced = |frame: &&[i16]| frame.iter().any(|sample| sample.unsigned_abs() > VOICED);
        let first = frames.iter().position(voiced);
        let last = frames.iter().rposition(voiced);
        let (Some(first), Some(last)) = (first, last) else {
            return Err("the callers' sentence is silent: give --say some words".to_owned());
        };
        let mut encoder =
            OpusEncoder::new(EncoderOptions::default()).map_err(|error| error.to_string())?;
        let sentence = frames[first..=last].iter().map(|frame| encoder.encode(frame));
        let sentence = sentence.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let quiet = [0; SAMPLES_PER_FRAME];
        let mut silence = Bytes::new();
        // An encoder needs some frames to forget what it heard.
        for _ in 0..25 {
            silence = encoder.encode(&quiet).map_err(|error| error.to_string())?;
        }
        Ok(Self { sentence, silence })
    }
}
