//! flite, offline: four small voices that speak many times faster than real time.
//!
//! `slt` and `rms` are statistical voices and sound best; `awb` has a Scottish accent; `kal16` is a
//! diphone voice that sounds mechanical but repeats bit for bit, which tests need. The statistical
//! voices compute all parameters of a text before its first sample, so a text is best handed over
//! clause by clause.
//!
//! The libraries are linked dynamically by name (`flite1-dev`). flite's shared library depends on
//! `libasound.so.2` by itself; nothing here opens a sound device.

mod ffi;

use std::ffi::CString;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use super::{TextToSpeech, TtsError, without_phones};

/// Longest text that is taken at once, in bytes: about four minutes of speech.
const MAX_TEXT_BYTES: usize = 4096;

/// The voices of flite. Cheap to make and to copy: the voices belong to the process and are
/// registered at the first use. Any number of threads may speak with one voice at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flite;

impl Flite {
    /// flite with all its voices.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Names of the voices, best first.
    #[must_use]
    pub const fn voices(&self) -> &'static [&'static str] {
        &ffi::VOICES
    }

    fn voice(name: &str) -> Result<&'static ffi::Voice, TtsError> {
        static REGISTERED: OnceLock<[Option<ffi::Voice>; 4]> = OnceLock::new();
        let Some(index) = ffi::VOICES.iter().position(|&known| known == name) else {
            return Err(TtsError::UnknownVoice {
                voice: name.to_owned(),
                known: ffi::VOICES.join(", "),
            });
        };
        REGISTERED.get_or_init(ffi::register_voices)[index]
            .as_ref()
            .ok_or_else(|| TtsError::Engine(format!("voice {name} could not be registered")))
    }
}

impl TextToSpeech for Flite {
    fn synthesize(
        &self,
        text: &str,
        voice: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), TtsError> {
        let voice = Self::voice(voice)?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(TtsError::Engine(format!(
                "the text has {} bytes and flite is given at most {MAX_TEXT_BYTES}; cut it into \
                 clauses",
                text.len()
            )));
        }
        let text = speakable(&without_phones(text));
        if !text.contains(|c: char| c.is_ascii_alphanumeric()) {
            return Ok(());
        }
        let text = CString::new(text)
            .map_err(|_| TtsError::Engine("the text holds a null character".to_owned()))?;
        match ffi::speak(voice, &text, sink) {
            ffi::Outcome::Complete | ffi::Outcome::Stopped => Ok(()),
            ffi::Outcome::Failed(why) => Err(TtsError::Engine(why.to_owned())),
        }
    }

    fn has_voice(&self, name: &str) -> bool {
        self.voices().contains(&name)
    }
}

/// How flite would say a word: ARPAbet phones without stress, separated by spaces, as the
/// recognizer's dictionary has them (`samira` → `S AH M IH R AH`). `None` if the word holds
/// anything but letters and apostrophes, or nothing.
///
/// Names in dictionaries come out right, guesses by letter often do not ("toothache" is
/// `T UW TH AE K`): a table of corrections should be asked first.
#[must_use]
pub fn pronounce(word: &str) -> Option<String> {
    if !word.chars().all(|c| c.is_ascii_alphabetic() || c == '\'') {
        return None;
    }
    let letters: String =
        word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    if letters.is_empty() {
        return None;
    }
    let phones: Vec<String> = ffi::phones(&CString::new(letters).ok()?)
        .iter()
        .map(|phone| phone.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_uppercase())
        .filter_map(|phone| match phone.as_str() {
            "PAU" | "" => None,
            // Schwas are not phones of the recognizer: the nearest vowels of its set.
            "AX" => Some("AH".to_owned()),
            "AXR" => Some("ER".to_owned()),
            _ => Some(phone),
        })
        .collect();
    (!phones.is_empty()).then(|| phones.join(" "))
}

/// The text in the characters that flite's front end is known to take. It reads bytes as ASCII, and
/// an unknown one would be spelled out or end the process.
fn speakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'a'..='z'
            | 'A'..='Z'
            | '0'..='9'
            | ' '
            | '.'
            | ','
            | '?'
            | '!'
            | ';'
            | ':'
            | '\''
            | '-' => out.push(c),
            '’' | '‘' | 'ʼ' => out.push('\''),
            '–' | '—' => out.push_str(", "),
            '…' => out.push('.'),
            '&' => out.push_str(" and "),
            _ => match plain_letter(c) {
                Some(letters) => out.push_str(letters),
                None => out.push(' '),
            },
        }
    }
    out
}

/// The letter or letters that stand for an accented Latin letter.
const fn plain_letter(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' => "a",
        'À' | 'Á' | 'Â' | 'Ã' | 'Å' | 'Ā' => "A",
        'ä' | 'æ' => "ae",
        'Ä' | 'Æ' => "Ae",
        'ç' | 'ć' | 'č' => "c",
        'Ç' | 'Ć' | 'Č' => "C",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' => "e",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' => "E",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'İ' => "I",
        'ñ' | 'ń' => "n",
        'Ñ' => "N",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' => "o",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ø' => "O",
        'ö' | 'œ' => "oe",
        'Ö' => "Oe",
        'ù' | 'ú' | 'û' | 'ū' => "u",
        'Ù' | 'Ú' | 'Û' => "U",
        'ü' => "ue",
        'Ü' => "Ue",
        'ý' | 'ÿ' => "y",
        'ß' => "ss",
        'š' | 'ś' | 'ş' => "s",
        'Š' | 'Ś' | 'Ş' => "S",
        'ž' | 'ź' | 'ż' => "z",
        'Ž' => "Z",
        'ł' => "l",
        'Ł' => "L",
        'ğ' => "g",
        _ => return None,
    })
}
