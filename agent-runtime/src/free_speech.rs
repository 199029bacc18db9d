//! The recognizer of free speech, whisper: whether it can be used on this machine, and how many
//! calls there is room for with it.
//!
//! Without it calls go on with the other recognizer alone; why, the operator reads in one line.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use frontdesk_models::stt::{Listening, SpeechToText, SttError};
use frontdesk_models::tts::TextToSpeech;

/// A recognizer that is loaded when a call needs it, and what one sentence cost when it was tried.
#[derive(Clone)]
pub struct FreeSpeech {
    /// The provider.
    pub stt: Arc<dyn SpeechToText>,
    /// Processor time of one thread for a sentence of three seconds.
    pub cost: Duration,
}

/// Most processor time for a sentence: what takes longer comes too late in every call (decision
/// 0160).
const SLOWEST: Duration = Duration::from_millis(1300);

/// A sentence to be measured with, three seconds long.
const SENTENCE: &str = "I would like to see a doctor on Monday morning, please";

/// Share of a core that a call takes without free speech: 20 calls a core, docs/performance.md.
const CALL: f64 = 1.0 / 20.0;

/// Seconds of a call from one decode of free speech to the next: who calls ends a turn every 9 s
/// ("models.md" of the measurements, decision 0161), two turns in three need it or are begun and
/// dropped.
const BETWEEN: f64 = 13.5;

/// How many calls this machine carries, with what a sentence of free speech takes.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number"
)]
pub fn calls_with(cost: Duration) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let calls = cores as f64 / (CALL + cost.as_secs_f64() / BETWEEN);
    (calls as usize).max(1)
}

/// Finds whisper's file in the folder of weights and tries it once, with a sentence that `voice`
/// says. What was loaded for that is given back: an idle process does without. Blocks for a second.
pub fn find(folder: &Path, tts: &dyn TextToSpeech, voice: &str) -> Option<FreeSpeech> {
    match open(folder) {
        Ok(Some(load)) => match tried(&load, tts, voice) {
            Ok(cost) if cost > SLOWEST => {
                tracing::warn!(
                    ?cost,
                    slowest = ?SLOWEST,
                    "whisper is too slow on this machine, calls are heard by pocketsphinx alone"
                );
                None
            }
            Ok(cost) => {
                tracing::info!(?cost, "free speech is heard by whisper");
                let stt = Arc::new(frontdesk_models::stt::OnDemand::new(move || load()));
                Some(FreeSpeech { stt, cost })
            }
            Err(error) => {
                unusable(&error);
                None
            }
        },
        Ok(None) => None,
        Err(error) => {
            unusable(&error);
            None
        }
    }
}

fn unusable(error: &SttError) {
    tracing::warn!(%error, "whisper cannot be used, calls are heard by pocketsphinx alone");
}

type Load = Arc<dyn Fn() -> Result<Box<dyn SpeechToText>, SttError> + Send + Sync>;

/// What loads whisper; `None`, with a line for the operator, where its weights are not here.
#[cfg(feature = "whisper")]
fn open(folder: &Path) -> Result<Option<Load>, SttError> {
    use frontdesk_models::stt::whisper::{Options, Whisper, usable};
    use frontdesk_pipelines::language::Languages;

    use crate::weights;

    let Some(weights) = weights::named("whisper-base") else { return Ok(None) };
    if !weights.is_there(folder) {
        tracing::info!(
            weights = weights.name,
            "whisper's weights are not here, calls are heard by pocketsphinx alone; to fetch them: \
             frontdesk models get NAME"
        );
        return Ok(None);
    }
    let path = weights.path(folder);
    usable(&path)?;
    // The pool has a thread for each core. One that hangs keeps its place, and must not be in the
    // way of the one that replaces it.
    // Spoken calls are held in the language that everything has.
    let language = Languages::built_in().for_call("", &[]).code();
    let options = Options { at_once: usize::MAX, ..Options::new(path, language) };
    Ok(Some(Arc::new(move || Ok(Box::new(Whisper::open(&options)?)))))
}

#[cfg(not(feature = "whisper"))]
#[expect(clippy::unnecessary_wraps, reason = "with whisper it may fail")]
fn open(_folder: &Path) -> Result<Option<Load>, SttError> {
    tracing::info!("built without whisper, calls are heard by pocketsphinx alone");
    Ok(None)
}

/// Hears a sentence; how much processor time it took, loading apart.
fn tried(load: &Load, tts: &dyn TextToSpeech, voice: &str) -> Result<Duration, SttError> {
    let mut samples = Vec::new();
    let spoken = tts.synthesize(SENTENCE, voice, &mut |more| {
        samples.extend_from_slice(more);
        ControlFlow::Continue(())
    });
    spoken.map_err(|error| SttError::Engine(error.to_string()))?;
    let provider = load()?;
    let mut recognizer = provider.recognizer()?;
    recognizer.listen(&Listening::unspecific("request"))?;
    recognizer.push(&samples)?;
    let before = computed();
    recognizer.finish()?;
    Ok(computed().saturating_sub(before))
}

/// Processor time of this thread; nothing where the system does not tell.
fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_a_sentence_takes_the_fewer_calls_there_are() {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        assert_eq!(calls_with(Duration::ZERO), 20 * cores);
        let usual = calls_with(Duration::from_millis(550));
        assert!(usual >= 10 * cores && usual < 12 * cores, "{usual} on {cores} cores");
        assert!(calls_with(Duration::from_millis(1300)) < usual);
        assert_eq!(calls_with(Duration::from_secs(3600)), 1);
    }
}
