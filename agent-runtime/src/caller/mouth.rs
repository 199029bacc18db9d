//! The caller's voice: synthesized on a thread of its own, encoded and sent every 20 ms.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_rtc::LocalAudio;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_types::{FRAME_MS, SAMPLES_PER_FRAME};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::CallError;
use super::recording::{Recording, Side};

/// Ticks of RTP time in one frame.
const FRAME_TICKS: u64 = 48 * FRAME_MS as u64;
/// The caller's voice: another one than the agent's, so that a recording is easy to follow.
const VOICE: &str = "rms";

/// What the mouth is told, and what it tells.
pub(super) struct Mouth {
    /// Sentences to say.
    pub(super) words: mpsc::Sender<String>,
    /// One message when a sentence was said, or could not be.
    pub(super) said: mpsc::Receiver<Result<(), CallError>>,
}

/// Makes the channels between the conversation and [`speak`].
pub(super) fn mouth() -> (Mouth, MouthEnd) {
    let (words, words_out) = mpsc::channel(4);
    let (said_in, said) = mpsc::channel(4);
    (Mouth { words, said }, MouthEnd { words: words_out, said: said_in })
}

/// The other ends.
pub(super) struct MouthEnd {
    words: mpsc::Receiver<String>,
    said: mpsc::Sender<Result<(), CallError>>,
}

/// Sends a frame every 20 ms, as a microphone would: silence while there is nothing to say. Ends
/// with the conversation.
pub(super) async fn speak(
    mut end: MouthEnd,
    audio: LocalAudio,
    voice: Arc<dyn TextToSpeech>,
    recording: Option<Recording>,
) {
    let failed = async |error| drop(end.said.send(Err(error)).await);
    let mut encoder = match OpusEncoder::new(EncoderOptions::default()) {
        Ok(encoder) => encoder,
        Err(error) => return failed(CallError::Codec(error)).await,
    };
    let mut tick = tokio::time::interval(Duration::from_millis(u64::from(FRAME_MS)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut frames: Option<std::vec::IntoIter<Vec<i16>>> = None;
    let mut rtp_time = 0;
    loop {
        tick.tick().await;
        if frames.is_none() {
            match end.words.try_recv() {
                Ok(words) => match synthesize(Arc::clone(&voice), words).await {
                    Ok(said) => frames = Some(said.into_iter()),
                    Err(error) => return failed(error.into()).await,
                },
                Err(mpsc::error::TryRecvError::Empty) => {}
                Err(mpsc::error::TryRecvError::Disconnected) => return,
            }
        }
        let (frame, last) = match frames.as_mut().map(Iterator::next) {
            Some(Some(frame)) => (frame, false),
            Some(None) => (vec![0; SAMPLES_PER_FRAME], true),
            None => (vec![0; SAMPLES_PER_FRAME], false),
        };
        if let Some(recording) = &recording {
            recording.put_now(Side::Caller, &frame);
        }
        match encoder.encode(&frame) {
            Ok(packet) => audio.write(packet, rtp_time, rtp_time == 0),
            Err(error) => return failed(CallError::Codec(error)).await,
        }
        rtp_time += FRAME_TICKS;
        if last {
            frames = None;
            if end.said.send(Ok(())).await.is_err() {
                return;
            }
        }
    }
}

/// The sentence in frames of 20 ms. flite computes faster than people speak, but not on this
/// thread.
async fn synthesize(
    voice: Arc<dyn TextToSpeech>,
    words: String,
) -> Result<Vec<Vec<i16>>, TtsError> {
    let work = tokio::task::spawn_blocking(move || {
        let mut samples = Vec::new();
        voice.synthesize(&words, VOICE, &mut |more| {
            samples.extend_from_slice(more);
            ControlFlow::Continue(())
        })?;
        samples.resize(samples.len().next_multiple_of(SAMPLES_PER_FRAME), 0);
        Ok(samples.chunks(SAMPLES_PER_FRAME).map(<[i16]>::to_vec).collect())
    });
    match work.await {
        Ok(frames) => frames,
        Err(_) => Err(TtsError::Engine("the synthesis thread died".to_owned())),
    }
}
