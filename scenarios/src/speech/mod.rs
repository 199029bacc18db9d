//! The patient's voice and hearing, where a call is spoken.
//!
//! Sentences are synthesized with flite before the call, so that nothing but the patient's manners
//! decides when they are said. Both sides are recorded as the patient has them: what is sent, and
//! what arrives.

mod carrier;
mod listening;
mod proof;
mod recording;
mod speaking;
pub(crate) mod words;

use std::collections::HashMap;
use std::sync::Arc;

use frontdesk_models::tts::flite::Flite;
use frontdesk_rtc::codec::{EncoderOptions, OpusEncoder};
use frontdesk_rtc::{AudioPublish, LocalAudio, PacketRing};
use frontdesk_types::Clock;
use tokio::sync::mpsc;

use super::heard::Heard;
pub(crate) use super::heard::Sound;
pub(crate) use carrier::Carrier;
pub(crate) use proof::{Intelligible, Listener, NEEDED};
pub(crate) use recording::Recording;
use speaking::{Rendered, Speaking};

/// A sample above this is voice, below it silence: −40 dBFS.
const VOICED: u16 = 328;
/// The patient's voice, where the scenario names none.
const VOICE: &str = "slt";
/// Sentences that may wait for the voice; the patient says one at a time.
const QUEUE: usize = 4;

/// Why there is no voice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the patient cannot speak: {0}")]
pub struct SpeechError(String);

impl SpeechError {
    fn of(error: &dyn std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Where what is heard goes.
#[derive(Clone)]
pub(super) struct Told(pub(super) mpsc::Sender<Heard>);

impl Told {
    /// False if nobody listens any more.
    async fn tell(&self, sound: Sound) -> bool {
        self.0.send(Heard::Sound(sound)).await.is_ok()
    }
}

/// The first sample that is voice.
fn first_voiced(samples: &[i16]) -> Option<usize> {
    samples.iter().position(|sample| sample.unsigned_abs() > VOICED)
}

/// A voice that knows what it may have to say.
pub struct Voice {
    name: String,
    carrier: Carrier,
    sentences: HashMap<String, Arc<Rendered>>,
    recording: Recording,
    clock: Arc<dyn Clock>,
}

impl Voice {
    /// Makes the voice `name` (slt if none is named) ready to say `sentences`, with a pause of
    /// `hesitation_ms` in the middle of each.
    ///
    /// # Errors
    /// [`SpeechError`] if flite has no such voice.
    pub async fn prepare(
        name: Option<&str>,
        carrier: Carrier,
        hesitation_ms: u32,
        sentences: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SpeechError> {
        let name = name.unwrap_or(VOICE).to_owned();
        let voice = name.clone();
        let render = move || -> Result<_, SpeechError> {
            let tts = Flite::new();
            // An unknown voice shows even where nothing is to be said.
            Rendered::of(&tts, &voice, "hello").map_err(|error| SpeechError::of(&error))?;
            let mut rendered = HashMap::new();
            for text in sentences {
                let said = Rendered::hesitant(&tts, &voice, &text, hesitation_ms);
                let said = said.map_err(|error| SpeechError::of(&error))?;
                rendered.insert(text, Arc::new(said));
            }
            Ok(rendered)
        };
        let work = tokio::task::spawn_blocking(render).await;
        let sentences = work.map_err(|error| SpeechError::of(&error))??;
        Ok(Self { name, carrier, sentences, recording: Recording::new(), clock })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Both sides of the call, as long as it lasts and afterwards.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.recording.clone()
    }

    /// How loud it is: the RMS of all that it may say.
    fn loudness(&self) -> f32 {
        let powers = self.sentences.values().map(|sentence| sentence.power());
        let (power, samples) = powers.fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (power / samples.max(1) as f64).sqrt() as f32
    }

    /// The track that it speaks on.
    pub(super) fn track() -> AudioPublish {
        AudioPublish { name: "microphone".to_owned(), ..AudioPublish::default() }
    }

    /// What speaks on that track, and what it is told to say.
    pub(super) fn speaking(
        &self,
        audio: LocalAudio,
        told: Told,
    ) -> Result<(impl Future<Output = ()> + use<>, Said), SpeechError> {
        let encoder = OpusEncoder::new(EncoderOptions::default());
        let encoder = encoder.map_err(|error| SpeechError::of(&error))?;
        let (say, words) = mpsc::channel(QUEUE);
        let speaking = Speaking {
            words,
            audio,
            encoder,
            carrier: self.carrier.carried(self.loudness()),
            recording: self.recording.clone(),
            clock: Arc::clone(&self.clock),
        };
        Ok((speaking.speak(told), Said { sentences: self.sentences.clone(), say }))
    }

    /// Listens to one track of the agent.
    pub(super) fn listen(
        &self,
        packets: Arc<PacketRing>,
        told: Told,
    ) -> impl Future<Output = ()> + use<> {
        listening::listen(packets, self.recording.clone(), Arc::clone(&self.clock), told)
    }
}

/// What the voice may be told to say.
pub(super) struct Said {
    sentences: HashMap<String, Arc<Rendered>>,
    say: mpsc::Sender<Arc<Rendered>>,
}

impl Said {
    /// Says a sentence that was prepared; false if it was not, or the voice is gone.
    pub(super) async fn say(&self, text: &str) -> bool {
        match self.sentences.get(text) {
            Some(sentence) => self.say.send(Arc::clone(sentence)).await.is_ok(),
            None => false,
        }
    }
}
