//! How words are said: a lexicon in the file of the voice, endings, stress.
//!
//! Phonemes are those that the net was trained on, which are misaki's (American English): one
//! character each, with the stress before the vowel's syllable.

/// The stress of a word's main syllable.
pub(super) const PRIMARY: char = 'ˈ';
const SECONDARY: char = 'ˌ';

/// Vowels.
const VOWELS: &str = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐ";

/// Vowels after which a t between them is tapped.
const TAPPING: &str = "AIOWYiuæɑəɛɪɹʊʌ";

/// What a word is in its sentence, as far as it is said in several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    Verb,
    /// A verb of what is past.
    Past,
    Noun,
    /// Before a pause.
    Last,
    Other,
}

impl Speech {
    /// The marks of it in the lexicon.
    const fn marks(self) -> &'static [&'static str] {
        match self {
            Self::Verb => &["VERB", "VBP"],
            Self::Past => &["VBD", "VBN"],
            Self::Noun => &["NOUN"],
            Self::Last => &["None"],
            Self::Other => &[],
        }
    }
}

/// A lexicon: sorted lines of text.
pub(super) struct Lexicon(Box<str>);

impl Lexicon {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// How a word is said, with `speech` where that matters; a word in another case if there is none
    /// in its own. With its ending taken off if it is not there as it stands.
    pub(super) fn word(&self, word: &str, speech: Speech) -> Option<String> {
        let lower = word.to_lowercase();
        self.entry(word, speech)
            .or_else(|| self.entry(&lower, speech))
            .or_else(|| self.entry(&capitalized(&lower), speech))
            .or_else(|| self.with_ending(&lower, speech))
    }

    fn entry(&self, word: &str, speech: Speech) -> Option<String> {
        let line = self.line(word)?;
        let mut fields = line.split('\t');
        let usual = fields.next()?;
        let said = |mark: &str| {
            let mut fields = line.split('\t').skip(1);
            fields.find_map(|field| field.strip_prefix(mark)?.strip_prefix('='))
        };
        let own = speech.marks().iter().find_map(|mark| said(mark));
        Some(own.unwrap_or(usual).to_owned())
    }

    /// What stands behind a word.
    fn line(&self, word: &str) -> Option<&str> {
        let text = &*self.0;
        let (mut low, mut high) = (0, text.len());
        while low < high {
            // The line that the middle falls into.
            let middle = usize::midpoint(low, high);
            let start = text.as_bytes()[..middle].iter().rposition(|b| *b == b'\n');
            let start = start.map_or(0, |at| at + 1).max(low);
            let end = text.as_bytes()[start..].iter().position(|b| *b == b'\n');
            let end = end.map_or(text.len(), |at| start + at);
            let (key, entry) = text.get(start..end)?.split_once('\t')?;
            match key.cmp(word) {
                std::cmp::Ordering::Equal => return Some(entry),
                std::cmp::Ordering::Less => low = end + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        None
    }

    /// "clinics", "Mary's", "booked", "waiting".
    fn with_ending(&self, word: &str, speech: Speech) -> Option<String> {
        let stem = |stem: &str| {
            let known = self.entry(stem, speech).or_else(|| self.entry(&capitalized(stem), speech));
            known.filter(|_| stem.len() > 1)
        };
        let cut = |ending: &str| word.strip_suffix(ending);
        if let Some(said) = cut("'s").or_else(|| cut("’s")).and_then(stem) {
            return Some(plural(said));
        }
        if let Some(said) = cut("s'").or_else(|| cut("s’")).and_then(stem) {
            return Some(plural(said));
        }
        if let Some(said) = cut("s").filter(|rest| !rest.ends_with('s')).and_then(stem) {
            return Some(plural(said));
        }
        let ies = cut("ies").map(|rest| format!("{rest}y"));
        if let Some(said) = ies.as_deref().or_else(|| cut("es")).and_then(stem) {
            return Some(plural(said));
        }
        let twice = |rest: &str| {
            let mut letters = rest.chars().rev();
            let is_twice = letters.next()? == letters.next()?;
            is_twice.then(|| rest[..rest.len() - 1].to_owned())
        };
        if let Some(rest) = cut("ed") {
            let same = twice(rest);
            let said = stem(rest).or_else(|| stem(&word[..word.len() - 1]));
            return said.or_else(|| stem(same.as_deref()?)).map(past);
        }
        if let Some(rest) = cut("ing") {
            let (silent, same) = (format!("{rest}e"), twice(rest));
            let said = stem(rest).or_else(|| stem(&silent));
            return said.or_else(|| stem(same.as_deref()?)).map(going);
        }
        None
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn last(said: &str) -> char {
    said.chars().next_back().unwrap_or_default()
}

/// Whether the last phoneme is a t behind one that it is tapped after.
fn taps(said: &str) -> bool {
    let mut from_end = said.chars().rev();
    from_end.next() == Some('t') && from_end.next().is_some_and(|c| TAPPING.contains(c))
}

fn plural(mut said: String) -> String {
    said.push_str(match last(&said) {
        'p' | 't' | 'k' | 'f' | 'θ' => "s",
        's' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ' => "ᵻz",
        _ => "z",
    });
    said
}

fn past(mut said: String) -> String {
    if taps(&said) {
        said.pop();
        said.push_str("Tᵻd");
        return said;
    }
    said.push_str(match last(&said) {
        'p' | 'k' | 'f' | 'θ' | 'ʃ' | 's' | 'ʧ' => "t",
        'd' | 't' => "ᵻd",
        _ => "d",
    });
    said
}

fn going(mut said: String) -> String {
    if taps(&said) {
        said.pop();
        said.push('T');
    }
    said.push_str("ɪŋ");
    said
}

pub(super) fn is_vowel(phoneme: char) -> bool {
    VOWELS.contains(phoneme)
}

pub(super) fn is_consonant(phoneme: char) -> bool {
    "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθT".contains(phoneme)
}

/// With a weak stress on its first vowel, if it has none at all: a word that begins a sentence, or
/// a name.
pub(super) fn stressed(said: String) -> String {
    let has_none = !said.contains([PRIMARY, SECONDARY]);
    let at = said.find(is_vowel).filter(|_| has_none);
    match at {
        Some(at) => format!("{}{SECONDARY}{}", &said[..at], &said[at..]),
        None => said,
    }
}

/// Phonemes of the sixty-odd sounds of ARPAbet, with the stress as figures behind vowels ("SH AH0 L
/// AA1 B IY0"); `None` if one of them is unknown.
pub(super) fn of_arpabet(phones: &str) -> Option<String> {
    let mut said = String::new();
    for phone in phones.split_whitespace() {
        let stress = phone.find(|c: char| c.is_ascii_digit());
        let (sound, stress) = phone.split_at(stress.unwrap_or(phone.len()));
        said.push_str(match stress {
            "1" => "ˈ",
            "2" => "ˌ",
            "0" | "" => "",
            _ => return None,
        });
        said.push_str(match sound {
            "AA" => "ɑ",
            "AE" => "æ",
            "AH" if stress == "0" => "ə",
            "AH" => "ʌ",
            "AO" => "ɔ",
            "AW" => "W",
            "AY" => "I",
            "B" => "b",
            "CH" => "ʧ",
            "D" => "d",
            "DH" => "ð",
            "EH" => "ɛ",
            "ER" if stress == "0" => "əɹ",
            "ER" => "ɜɹ",
            "EY" => "A",
            "F" => "f",
            "G" => "ɡ",
            "HH" => "h",
            "IH" => "ɪ",
            "IY" => "i",
            "JH" => "ʤ",
            "K" => "k",
            "L" => "l",
            "M" => "m",
            "N" => "n",
            "NG" => "ŋ",
            "OW" => "O",
            "OY" => "Y",
            "P" => "p",
            "R" => "ɹ",
            "S" => "s",
            "SH" => "ʃ",
            "T" => "t",
            "TH" => "θ",
            "UH" => "ʊ",
            "UW" => "u",
            "V" => "v",
            "W" => "w",
            "Y" => "j",
            "Z" => "z",
            "ZH" => "ʒ",
            _ => return None,
        });
    }
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "I'm\tˌIm\nMary\tmˈɛɹi\nbook\tbˈʊk\nclinic\tklˈɪnɪk\nfee\tfˈi\n\
                         read\tɹˈid\tADJ=ɹˈɛd\tVBD=ɹˈɛd\nvisit\tvˈɪzət\nwait\twˈAt\n";

    fn said(word: &str, speech: Speech) -> Option<String> {
        Lexicon::new(WORDS).word(word, speech)
    }

    #[test]
    fn a_word_is_found_in_any_case() {
        for (word, wanted) in [
            ("clinic", "klˈɪnɪk"),
            ("Clinic", "klˈɪnɪk"),
            ("mary", "mˈɛɹi"),
            ("I'm", "ˌIm"),
            ("wait", "wˈAt"),
        ] {
            assert_eq!(said(word, Speech::Other).as_deref(), Some(wanted), "{word}");
        }
        for word in ["a", "clinical", "zebra", "I", ""] {
            assert_eq!(said(word, Speech::Other), None, "{word}");
        }
    }

    #[test]
    fn an_ending_is_said_behind_the_word() {
        for (word, wanted) in [
            ("clinics", "klˈɪnɪks"),
            ("Mary's", "mˈɛɹiz"),
            ("fees", "fˈiz"),
            ("booked", "bˈʊkt"),
            ("visited", "vˈɪzəTᵻd"),
            ("waiting", "wˈATɪŋ"),
            ("booking", "bˈʊkɪŋ"),
        ] {
            assert_eq!(said(word, Speech::Other).as_deref(), Some(wanted), "{word}");
        }
    }

    #[test]
    fn what_a_word_is_decides_how_it_is_said() {
        assert_eq!(said("read", Speech::Other).as_deref(), Some("ɹˈid"));
        assert_eq!(said("read", Speech::Past).as_deref(), Some("ɹˈɛd"));
        assert_eq!(said("book", Speech::Past).as_deref(), Some("bˈʊk"));
    }

    #[test]
    fn arpabet_becomes_the_voices_own_phonemes() {
        assert_eq!(of_arpabet("SH AH0 L AA1 B IY0").as_deref(), Some("ʃəlˈɑbi"));
        assert_eq!(of_arpabet("K EH1 L ER0").as_deref(), Some("kˈɛləɹ"));
        for wrong in ["", "SH AH9", "hello", "QQ"] {
            assert_eq!(of_arpabet(wrong), None, "{wrong}");
        }
    }
}
