//! The patient's voice: sentences synthesized beforehand, sent frame by frame as a microphone does.

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

    /// The same with a pause in the middle, from the last voiced frame before it to the first one
    /// after it, if the text is long enough to have a middle.
    pub(super) fn hesitant(
        tts: &dyn TextToSpeech,
        voice: &str,
        text: &str,
        pause_ms: u32,
    ) -> Result<Self, TtsError> {
        let Some((before, after)) = halves(text).filter(|_| pause_ms > 0) else {
            return Self::of(tts, voice, text);
        };
        let (mut all, after) = (Self::of(tts, voice, before)?, Self::of(tts, voice, after)?);
        let quiet = all.frames.len() - 1 - all.voiced.1 + after.voiced.0;
        let pause = ((pause_ms / FRAME_MS) as usize).saturating_sub(quiet);
        all.frames.extend(std::iter::repeat_n([0; SAMPLES_PER_FRAME], pause));
        all.voiced.1 = all.frames.len() + after.voiced.1;
        all.frames.extend(after.frames);
        Ok(all)
    }

    /// Power and number of the samples between the first and the last voiced frame.
    pub(super) fn power(&self) -> (f64, usize) {
        let (first, last) = self.voiced;
        let frames = self.frames.get(first..=last).unwrap_or_default();
        let power = frames.iter().flatten().map(|&sample| f64::from(sample).powi(2)).sum();
        (power, frames.len() * SAMPLES_PER_FRAME)
    }
}

/// Where a speaker may hesitate: at the comma next to the middle, or else between the two words
/// next to it. `None` for fewer than four words.
fn halves(text: &str) -> Option<(&str, &str)> {
    let words = text.split_whitespace().count();
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let inside =
        spaces.filter(|&at| !text[..at].trim().is_empty() && !text[at..].trim().is_empty());
    let from_middle = |at: usize| at.abs_diff(text.len() / 2);
    let at = inside.min_by_key(|&at| (!text[..at].ends_with(','), from_middle(at)))?;
    (words >= 4).then(|| text.split_at(at))
}

/// What the voice needs.
pub(super) struct Speaking {
    pub(super) words: mpsc::Receiver<Arc<Rendered>>,
    pub(super) audio: LocalAudio,
    pub(super) encoder: OpusEncoder,
    pub(super) carrier: Carried,
    pub(super) recording: Recording,
    pub(super) clock: Arc<dyn Clock>,
}

impl Speaking {
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
    fn a_hesitant_speaker_stops_at_a_comma_or_between_two_words() {
        let halves_of = |text| halves(text).map(|(before, after)| (before, after.trim()));
        assert_eq!(halves_of("Yes, on Monday then"), Some(("Yes,", "on Monday then")));
        assert_eq!(halves_of("I need an appointment"), Some(("I need an", "appointment")));
        assert_eq!(halves_of("Mary Johnson"), None);

        let frames = |pause| {
            let said = Rendered::hesitant(&Flite::new(), "kal16", "Yes, on Monday then", pause);
            let Rendered { frames, voiced: (first, last) } = said.expect("spoken");
            let voiced = |at: &usize| first_voiced(&frames[*at]).is_some();
            let silent = (first..last).filter(|at| !voiced(at)).count();
            assert!(voiced(&first) && voiced(&last));
            silent
        };
        assert_eq!(frames(800) - frames(400), 400 / FRAME_MS as usize);
    }

    #[test]
    fn a_sentence_without_words_is_said_at_once() {
        let rendered = Rendered::of(&Flite::new(), "kal16", "...").expect("spoken");
        assert_eq!(rendered.power().0, 0.0);
        assert!(rendered.frames.len() <= MARGIN + 1);
    }
}
