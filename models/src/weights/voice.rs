//! The file of a voice: two nets and the words that go with them, one behind the other.
//!
//! ```text
//! FRONTDESK-VOICE-1\n
//! length of each section, eight bytes, low byte first
//! the net that speaks (ONNX) | the net that guesses words (ONNX) | phonemes of the one and letters
//! of the other (JSON) | the lexicon
//! ```
//!
//! The lexicon is text: a word on each line, sorted by bytes, with its phonemes behind a tab, and
//! behind more tabs those that it has as another part of speech (`VERB=ɹəkˈɔɹd`).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::WeightsError;

const MAGIC: &[u8] = b"FRONTDESK-VOICE-1\n";

/// How many sections there are.
const SECTIONS: usize = 5;

/// No section is longer: a length of gigabytes is no length.
const MAX_SECTION: u64 = 1 << 28;

/// What a voice is made of.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'a> {
    /// The net that speaks.
    pub speaks: &'a [u8],
    /// The net that guesses how words are said.
    pub guesses: &'a [u8],
    /// The numbers of the phonemes of the first: a JSON object.
    pub phonemes: &'a [u8],
    /// The letters and phonemes of the second, by number: a JSON object.
    pub letters: &'a [u8],
    /// Words with their phonemes.
    pub lexicon: &'a str,
}

impl<'a> Voice<'a> {
    /// Takes a file apart. Its nets are not looked into.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err("it does not begin as a voice does".to_owned());
        };
        let (lengths, mut rest) =
            rest.split_at_checked(SECTIONS * 8).ok_or("it ends in the middle of its head")?;
        let mut sections = [&[][..]; SECTIONS];
        for (section, length) in sections.iter_mut().zip(lengths.chunks_exact(8)) {
            let length = length.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let length = usize::try_from(length.min(MAX_SECTION)).unwrap_or(usize::MAX);
            (*section, rest) = rest.split_at_checked(length).ok_or("it is cut off")?;
        }
        if !rest.is_empty() {
            return Err(format!("{} bytes follow its end", rest.len()));
        }
        let [speaks, guesses, phonemes, letters, lexicon] = sections;
        let lexicon = std::str::from_utf8(lexicon).map_err(|_| "its lexicon is no text")?;
        Ok(Self { speaks, guesses, phonemes, letters, lexicon })
    }

    /// The file of it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let sections =
            [self.speaks, self.guesses, self.phonemes, self.letters, self.lexicon.as_bytes()];
        let lengths = sections.iter().flat_map(|section| (section.len() as u64).to_le_bytes());
        let head = MAGIC.iter().copied().chain(lengths);
        head.chain(sections.into_iter().flatten().copied()).collect()
    }
}

/// Reads a file of a voice from end to end.
///
/// # Errors
/// [`WeightsError`] if it cannot be read or is no voice.
pub fn inspect(path: &Path) -> Result<(), WeightsError> {
    let bytes = std::fs::read(path).map_err(|error| WeightsError::io(path, error))?;
    let voice = Voice::read(&bytes).map_err(|what| WeightsError::malformed(path, what))?;
    let mut last = "";
    for line in voice.lexicon.lines() {
        let Some((word, phonemes)) = line.split_once('\t') else {
            return Err(WeightsError::malformed(path, "a word of its lexicon has no phonemes"));
        };
        if word <= last || phonemes.is_empty() {
            return Err(WeightsError::malformed(path, "its lexicon is not sorted"));
        }
        last = word;
    }
    Ok(())
}

/// The lexicon of several JSON objects of words, the first of them first: phonemes, or phonemes by
/// part of speech.
///
/// # Errors
/// If one of them is something else.
pub fn lexicon(objects: &[Vec<u8>]) -> Result<String, String> {
    let mut words = BTreeMap::<String, String>::new();
    for object in objects {
        let object: BTreeMap<String, Value> =
            serde_json::from_slice(object).map_err(|error| format!("a lexicon: {error}"))?;
        for (word, said) in object {
            let entry = match said {
                Value::String(phonemes) => phonemes,
                Value::Object(by_speech) => {
                    let text = |value: &Value| value.as_str().map(str::to_owned);
                    let usual = by_speech.get("DEFAULT").and_then(text);
                    let mut entry = usual.ok_or_else(|| format!("{word} has no usual way"))?;
                    for (speech, phonemes) in &by_speech {
                        // A null stands for what is not said so.
                        let Some(phonemes) = text(phonemes) else { continue };
                        if speech != "DEFAULT" {
                            entry.push_str(&format!("\t{speech}={phonemes}"));
                        }
                    }
                    entry
                }
                _ => return Err(format!("{word} has no phonemes")),
            };
            let is_line = !word.contains(['\t', '\n']) && !entry.contains('\n');
            if is_line && !word.is_empty() && !entry.is_empty() {
                words.entry(word).or_insert(entry);
            }
        }
    }
    Ok(words.iter().map(|(word, entry)| format!("{word}\t{entry}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice() -> Voice<'static> {
        Voice {
            speaks: b"one",
            guesses: b"",
            phonemes: b"{}",
            letters: b"{}",
            lexicon: "a\tb\nc\td\n",
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file = voice().write();
        let read = Voice::read(&file).expect("whole");
        assert_eq!((read.speaks, read.lexicon), (voice().speaks, voice().lexicon));
    }

    #[test]
    fn what_is_cut_off_longer_or_something_else_is_refused() {
        let file = voice().write();
        for end in 0..file.len() {
            assert!(Voice::read(&file[..end]).is_err(), "cut off at {end}");
        }
        let longer = [file.as_slice(), b"x"].concat();
        assert_eq!(Voice::read(&longer).unwrap_err(), "1 bytes follow its end");
        let mut foreign = file;
        foreign[0] = b'P';
        assert!(Voice::read(&foreign).unwrap_err().contains("does not begin"));
    }

    #[test]
    fn a_lexicon_is_sorted_and_the_first_that_has_a_word_says_it() {
        let first =
            br#"{"read": {"DEFAULT": "rid", "VBD": "rEd", "X": null}, "be": "bi"}"#.to_vec();
        let second = br#"{"be": "no", "An": "an"}"#.to_vec();
        let text = lexicon(&[first, second]).expect("well formed");
        assert_eq!(text, "An\tan\nbe\tbi\nread\trid\tVBD=rEd\n");
        assert!(lexicon(&[b"[]".to_vec()]).is_err());
    }
}
