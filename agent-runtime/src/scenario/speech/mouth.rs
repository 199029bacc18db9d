//! The patient's mouth: sentences synthesized beforehand, sent frame by frame as a microphone does.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::tts::{TextToSpeech, TtsError};
use frontdesk_rtc::LocalAudio;
use frontdesk_rtc::codec::{OpusEncoder, TICKS_PER_FRAME};
use frontdesk_types::{Clock, FRAME_MS, SAMPLES_PER_FRAME};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::carrier::Carried;
use super::recording::{Recording, Side};
use super::{Sound, Told, first_voiced};

/// Frames kept before the first and after the last voiced one: soft consonants are there.
const MARGIN: usize = 4;

/// A sentence, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    frames: Vec<[i16; SAMPLES_PER_FRAME]>,
    /// The first and the last voiced frame.
    voiced: (usize, usize),
}

impl Rendered {
    /// Synthesizes `text`. Blocks: it computes.
    pub(super) fn of(tts: &dyn TextToSpeech, voice: &str, text: &str) -> Result<Self, TtsError> {
        let mut samples = Vec::new();
        tts.synthesize(text, voice, &mut |more| {
            samples.extend_from_slice(more);
            ControlFlow::Continue(())
        })?;
        samples.resize(samples.len().next_multiple_of(SAMPLES_PER_FRAME), 0);
        let (frames, _) = samples.as_chunks::<SAMPLES_PER_FRAME>();
        let voiced = |frame: &[i16; SAMPLES_PER_FRAME]| first_voiced(frame).is_some();
        let first = frames.iter().position(voiced).unwrap_or(0);
        let last = frames.iter().rposition(voiced).unwrap_or(0);
        let from = first.saturating_sub(MARGIN);
        let to = (last + MARGIN + 1).min(frames.len());
        Ok(Self { frames: frames[from..to].to_vec(), voiced: (first - from, last - from) })
    }

    /// Power and number of the samples between the first and the last voiced frame.
    pub(super) fn power(&self) -> (f64, usize) {
        let (first, last) = self.voiced;
        let frames = self.frames.get(first..=last).unwrap_or_default();
        let power = frames.iter().flatten().map(|&sample| f64::from(sample).powi(2)).sum();
        (power, frames.len() * SAMPLES_PER_FRAME)
    }
}

/// What the mouth speaks with.
pub(super) struct Mouth {
    pub(super) words: mpsc::Receiver<Arc<Rendered>>,
    pub(super) audio: LocalAudio,
    pub(super) encoder: OpusEncoder,
    pub(super) carrier: Carried,
    pub(super) recording: Recording,
    pub(super) clock: Arc<dyn Clock>,
}

impl Mouth {
    /// Sends a frame every 20 ms, silence (or the room's noise) while there is nothing to say, and
    /// tells when a sentence is out. Ends with the line.
    pub(super) async fn speak(mut self, told: Told) {
        let mut tick = tokio::time::interval(Duration::from_millis(u64::from(FRAME_MS)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut saying: Option<(Arc<Rendered>, usize)> = None;
        let mut began = self.clock.mono();
        let mut ended = began;
        let mut rtp_time = 0;
        loop {
            tick.tick().await;
            if saying.is_none() {
                match self.words.try_recv() {
                    Ok(words) => saying = Some((words, 0)),
                    Err(mpsc::error::TryRecvError::Empty) => {}
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
            let now = self.clock.mono();
            let mut frame = [0; SAMPLES_PER_FRAME];
            let mut out = None;
            if let Some((words, place)) = &mut saying {
                if let Some(next) = words.frames.get(*place) {
                    frame = *next;
                }
                if *place == words.voiced.0 {
                    began = now;
                }
                if *place == words.voiced.1 {
                    ended = now;
                }
                *place += 1;
                out = (*place >= words.frames.len()).then_some(Sound::Said { began, ended });
            }
            self.carrier.carry(&mut frame);
            self.recording.put_now(Side::Patient, &frame);
            match self.encoder.encode(&frame) {
                Ok(packet) => self.audio.write(packet, rtp_time, rtp_time == 0),
                Err(error) => {
                    told.tell(Sound::Mute(error.to_string())).await;
                    return;
                }
            }
            rtp_time += TICKS_PER_FRAME;
            if let Some(said) = out {
                saying = None;
                if !told.tell(said).await {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use frontdesk_models::tts::flite::Flite;

    use super::*;

    #[test]
    fn a_sentence_begins_and_ends_with_the_voice() {
        let rendered = Rendered::of(&Flite::new(), "kal16", "Good morning").expect("spoken");
        let (first, last) = rendered.voiced;
        assert!(first <= MARGIN && last + MARGIN + 1 >= rendered.frames.len());
        assert!(last - first > 20, "{} frames of voice", last - first);
        assert!(first_voiced(&rendered.frames[last]).is_some());
    }

    #[test]
    fn a_sentence_without_words_is_said_at_once() {
        let rendered = Rendered::of(&Flite::new(), "kal16", "...").expect("spoken");
        assert_eq!(rendered.power().0, 0.0);
        assert!(rendered.frames.len() <= MARGIN + 1);
    }
}
