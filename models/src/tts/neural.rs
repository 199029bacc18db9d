//! A neural voice of 8 MB, offline: understood better than flite's, at some twice their cost.
//!
//! Text becomes phonemes by a lexicon, a few rules and, for words that are nowhere, a small net;
//! phonemes become spectra by another net, and those become sound. Both nets run in rten, which is
//! Rust, each on one thread. The file of the voice is read at the first word that is to be spoken,
//! once for all calls; who opens the voice has compared its hash.
//!
//! A clause is spoken as a whole, so text is best handed over clause by clause.

mod lexicon;
mod net;
mod phonemes;
mod sound;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;

use self::lexicon::Lexicon;
use self::net::{Net, Pools, row};
use self::sound::{BINS, Spectra, Synthesizer};
use super::{TextToSpeech, TtsError};
use crate::weights::voice::Voice;

/// The name of the voice.
pub const NAME: &str = "heart";

/// Longest text that is taken at once, in bytes: about four minutes of speech.
const MAX_TEXT_BYTES: usize = 4096;

/// Phonemes that the net is given at once: what is longer is cut at a pause or between words.
const MAX_PHONEMES: usize = 300;

/// Samples handed over at a time: a quarter of a second.
const CHUNK: usize = 4000;

/// Loudness: some −21 dBFS where somebody speaks, with room above. flite is louder, and near the top.
const GAIN: f32 = 1.5;

/// Softer than this nothing is heard: −50 dBFS.
const SILENT: u16 = 100;

/// Silence that stays before a part, and behind it where it ends a sentence or does not. The net
/// makes a third of a second before and half a second behind, which would be a long pause.
const BEFORE: usize = 800;
const BEHIND_SENTENCE: usize = 4800;
const BEHIND: usize = 2400;

/// The voice. Any number of threads may speak with it at a time.
pub struct Neural {
    path: PathBuf,
    loaded: OnceLock<Result<Loaded, String>>,
}

impl std::fmt::Debug for Neural {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Neural({})", self.path.display())
    }
}

struct Loaded {
    speaks: Net,
    guesses: Net,
    numbers: BTreeMap<char, i32>,
    letters: BTreeMap<char, i32>,
    guessed: Vec<char>,
    most_letters: usize,
    lexicon: Lexicon,
    synthesizer: Synthesizer,
    pools: Pools,
}

/// The letters and phonemes of the net that guesses.
#[derive(serde::Deserialize)]
struct Letters {
    r#in: Vec<char>,
    out: Vec<char>,
    maxlen: usize,
}

impl Neural {
    /// The voice of a file, which is read when the first word is to be spoken.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), loaded: OnceLock::new() }
    }

    fn loaded(&self) -> Result<&Loaded, TtsError> {
        let loaded = self.loaded.get_or_init(|| {
            let bytes = std::fs::read(&self.path)
                .map_err(|error| format!("{}: {error}", self.path.display()))?;
            Loaded::read(&bytes).map_err(|error| format!("{}: {error}", self.path.display()))
        });
        loaded.as_ref().map_err(|error| TtsError::Engine(error.clone()))
    }

    /// How a text is said, in the voice's own phonemes.
    ///
    /// # Errors
    /// [`TtsError`] if the voice cannot be read.
    pub fn phonemes(&self, text: &str) -> Result<String, TtsError> {
        Ok(self.loaded()?.phonemes(text))
    }
}

impl TextToSpeech for Neural {
    fn synthesize(
        &self,
        text: &str,
        voice: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), TtsError> {
        if !self.has_voice(voice) {
            return Err(TtsError::UnknownVoice { voice: voice.to_owned(), known: NAME.to_owned() });
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(TtsError::Engine(format!(
                "the text has {} bytes and the voice is given at most {MAX_TEXT_BYTES}; cut it \
                 into clauses",
                text.len()
            )));
        }
        let loaded = self.loaded()?;
        let phonemes = loaded.phonemes(text);
        for part in parts(&phonemes) {
            let samples = loaded.speak(part)?;
            for chunk in trimmed(&samples, part).chunks(CHUNK) {
                if sink(chunk).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn has_voice(&self, name: &str) -> bool {
        name == NAME
    }
}

impl Loaded {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let voice = Voice::read(bytes)?;
        let outputs = ["lh", "theta", "ln", "lr", "phi", "f0"];
        let failed = |error: TtsError| error.to_string();
        let numbers: BTreeMap<char, i32> = serde_json::from_slice(voice.phonemes)
            .map_err(|error| format!("its phonemes: {error}"))?;
        let letters: Letters = serde_json::from_slice(voice.letters)
            .map_err(|error| format!("its letters: {error}"))?;
        Ok(Self {
            speaks: Net::read(voice.speaks, &["ids", "speed"], &outputs).map_err(failed)?,
            guesses: Net::read(voice.guesses, &["chars"], &["ids"]).map_err(failed)?,
            numbers,
            letters: letters.r#in.into_iter().zip(1..).collect(),
            guessed: letters.out,
            most_letters: letters.maxlen,
            lexicon: Lexicon::new(voice.lexicon),
            synthesizer: Synthesizer::new(),
            pools: Pools::default(),
        })
    }

    fn phonemes(&self, text: &str) -> String {
        let mut guess = |word: &str| {
            self.guess(word).unwrap_or_else(|error| {
                tracing::warn!(%error, "a word could not be guessed");
                None
            })
        };
        phonemes::phonemes(text, &self.lexicon, &mut guess)
    }

    /// How a word might be said: the net writes a phoneme, or nothing, for each letter some times.
    fn guess(&self, word: &str) -> Result<Option<String>, TtsError> {
        let letters = word.chars().filter_map(|letter| self.letters.get(&letter).copied());
        let letters: Vec<i32> = letters.take(self.most_letters).collect();
        if letters.is_empty() {
            return Ok(None);
        }
        let written = self.guesses.run(vec![row(letters)?], &self.pools)?;
        let Some(Ok((_, written))) =
            written.into_iter().next().map(rten::Value::into_shape_vec::<i32, 2>)
        else {
            return Err(TtsError::Engine("the guessing net answers something else".to_owned()));
        };
        let mut before = 0;
        let mut said = String::new();
        for number in written {
            if number != before && number > 0 {
                said.extend(usize::try_from(number).ok().and_then(|n| self.guessed.get(n - 1)));
            }
            before = number;
        }
        Ok(Some(said))
    }

    fn speak(&self, phonemes: &str) -> Result<Vec<i16>, TtsError> {
        let mut ids = vec![0];
        ids.extend(phonemes.chars().filter_map(|phoneme| self.numbers.get(&phoneme)));
        ids.push(0);
        if ids.len() < 3 {
            return Ok(Vec::new());
        }
        let speed = rten::Value::from_shape([1], vec![1.0_f32])
            .map_err(|error| TtsError::Engine(format!("a tensor of the voice: {error}")))?;
        let answers = self.speaks.run(vec![row(ids)?, speed], &self.pools)?;
        let spectra = spectra(answers).ok_or_else(|| {
            TtsError::Engine("the net of the voice answers something else".to_owned())
        })?;
        let samples = self.synthesizer.run(&spectra);
        let full = f32::from(i16::MAX);
        Ok(samples.iter().map(|s| (s * GAIN * full).clamp(-full, full) as i16).collect())
    }
}

/// The six answers of the net.
fn spectra(answers: Vec<rten::Value>) -> Option<Spectra> {
    let mut answers = answers.into_iter();
    let mut rows = || {
        let (shape, values) = answers.next()?.into_shape_vec::<f32, 3>().ok()?;
        (shape[0] == 1 && shape[1] == BINS).then_some((shape[2], values))
    };
    let (frames, pulses) = rows()?;
    let mut same = || rows().filter(|(others, _)| *others == frames).map(|(_, values)| values);
    let (phases, noise, rest, rest_phases) = (same()?, same()?, same()?, same()?);
    let (shape, pitch) = answers.next()?.into_shape_vec::<f32, 2>().ok()?;
    let is_whole = shape == [1, frames] && frames > 0;
    is_whole.then_some(Spectra { frames, pulses, phases, noise, rest, rest_phases, pitch })
}

/// The samples of a part without the silence around it.
fn trimmed<'a>(samples: &'a [i16], part: &str) -> &'a [i16] {
    let is_heard = |sample: &i16| sample.unsigned_abs() > SILENT;
    let (first, last) = (samples.iter().position(is_heard), samples.iter().rposition(is_heard));
    let behind = if part.ends_with(['.', '?', '!']) { BEHIND_SENTENCE } else { BEHIND };
    let begin = first.unwrap_or_default().saturating_sub(BEFORE);
    let end = last.map_or(0, |last| last + behind).min(samples.len());
    samples.get(begin..end).unwrap_or_default()
}

/// A text of phonemes in parts that the net takes.
fn parts(phonemes: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = phonemes;
    while rest.chars().count() > MAX_PHONEMES {
        let most = rest.char_indices().nth(MAX_PHONEMES).map_or(rest.len(), |(at, _)| at);
        let head = &rest[..most];
        let pause = head.rfind([',', ';', '.', '?', '!', ':']).map(|at| at + 1);
        let cut = pause.or_else(|| head.rfind(' ')).filter(|at| *at > 0).unwrap_or(most);
        parts.push(rest[..cut].trim());
        rest = rest[cut..].trim_start();
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_phonemes_are_cut_at_a_pause_or_between_words() {
        let word = "abcd ".repeat(40);
        let text = format!("{}, {}", word.trim(), word.trim());
        let cut = parts(&text);
        assert_eq!(cut, [format!("{},", word.trim()), word.trim().to_owned()]);
        let unpaused = "abcd ".repeat(100);
        assert!(parts(unpaused.trim()).iter().all(|part| part.len() <= MAX_PHONEMES));
        assert_eq!(parts("short"), ["short"]);
    }

    #[test]
    fn silence_around_a_part_is_cut_and_longer_behind_a_sentence() {
        let mut samples = vec![0; 16_000];
        samples[8000] = 1000;
        samples[8999] = -1000;
        assert_eq!(trimmed(&samples, "a.").len(), BEFORE + 999 + BEHIND_SENTENCE);
        assert_eq!(trimmed(&samples, "a,").len(), BEFORE + 999 + BEHIND);
        assert!(trimmed(&[0; 100], "a").is_empty());
        assert_eq!(trimmed(&[1000; 100], "a").len(), 100);
    }

    #[test]
    fn a_voice_that_is_not_there_is_an_error_with_its_path() {
        let voice = Neural::new("/nowhere/heart.voice");
        let error = voice.synthesize("hello", NAME, &mut |_| ControlFlow::Continue(()));
        assert!(error.unwrap_err().to_string().contains("/nowhere/heart.voice"));
        let error = voice.synthesize("hello", "slt", &mut |_| ControlFlow::Continue(()));
        assert!(matches!(error, Err(TtsError::UnknownVoice { .. })));
    }
}
