//! Pronunciations of the words that a recognizer listens for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::SttError;

/// A pronunciation that is not in the dictionary and was made by rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The word.
    pub word: String,
    /// Its phones in ARPAbet.
    pub phones: String,
}

/// Corrections to a dictionary: word → its pronunciations in ARPAbet.
pub type Corrections = BTreeMap<String, Vec<String>>;

/// Words that CMUdict lacks and that letter-to-sound rules get wrong, with all pronunciations that
/// are to be understood: people's, and for names also the rules' own, since voices say that.
const CORRECTIONS: &[(&str, &[&str])] = &[
    ("abdullah", &["AE B D AH L AH", "AE B D AA L AH"]),
    ("aisha", &["AY SH AH", "AA IY SH AH"]),
    ("bupa", &["B UW P AH", "B Y UW P AH"]),
    ("emad", &["IY M AE D", "AH M AH D"]),
    ("farouk", &["F AH R UW K", "F AA R UW K"]),
    ("fatima", &["F AE TH IH M AH", "F AE T IH M AH", "F AH T AH M AH"]),
    ("fouad", &["F UW AE D", "F UH AE D"]),
    ("khaled", &["HH AH L AH D", "K AH L AH D", "K AA L EH D"]),
    ("laila", &["L EY L AH", "L AY L AH"]),
    ("layla", &["L EY L AA", "L EY L AH"]),
    ("mahmoud", &["M AE M UW D", "M AA M UW D", "M AA M AW UW D"]),
    ("majid", &["M AH JH IH D", "M AE JH IH D"]),
    ("masoud", &["M AH S UW D", "M AA Z AW UW D"]),
    ("nada", &["N AA D AA", "N AA D AH"]),
    ("nadia", &["N AE D Y AH", "N AA D Y AH", "N AA D IY AH"]),
    ("rashad", &["R AH SH AA D", "R AE SH AE D"]),
    ("sabry", &["S AA B R IY", "S AE B R IY"]),
    ("samira", &["S AH M IH R AH", "S AH M IY R AH", "S AA M AY R AH"]),
    ("toothache", &["T UW TH EY K"]),
    ("yahya", &["Y AH Y AH", "Y AA Y AH"]),
    ("ziad", &["Z IY AE D", "Z AY AE D", "Z IY AH D"]),
];

/// The phones of the recognizer.
const PHONES: &[&str] = &[
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH",
    "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH",
    "UW", "V", "W", "Y", "Z", "ZH",
];

/// The corrections that are known from the start.
#[must_use]
pub fn corrections() -> Corrections {
    CORRECTIONS
        .iter()
        .map(|(word, all)| ((*word).to_owned(), all.iter().map(|&one| one.to_owned()).collect()))
        .collect()
}

/// The part of a pronouncing dictionary that a vocabulary needs. A small one keeps decoders small:
/// the whole of CMUdict costs each of them some 18 MB.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    text: String,
    guesses: Vec<Guess>,
}

impl Lexicon {
    /// Takes from the dictionary at `path` (CMUdict's format: a word, a space, phones; `word(2)`
    /// for further pronunciations) what `vocabulary` needs, or all of it if `whole`. `corrections`
    /// replace the dictionary's. `guess` makes the rest.
    ///
    /// # Errors
    /// [`SttError::MissingModel`] if the dictionary cannot be read, [`SttError::Engine`] naming the
    /// words that have no pronunciation, or one with phones that the recognizer does not know.
    pub fn load(
        path: &Path,
        vocabulary: &BTreeSet<String>,
        whole: bool,
        corrections: &Corrections,
        guess: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SttError> {
        let dictionary = fs::read_to_string(path).map_err(|_| SttError::MissingModel {
            what: "pronouncing dictionary",
            path: path.display().to_string(),
        })?;
        let mut lexicon = Self::default();
        let mut known = BTreeSet::new();
        for line in dictionary.lines() {
            let Some((entry, _)) = line.split_once(char::is_whitespace) else { continue };
            let word = entry.split_once('(').map_or(entry, |(word, _)| word);
            if (whole || vocabulary.contains(word)) && !corrections.contains_key(word) {
                known.insert(word);
                lexicon.text.push_str(line);
                lexicon.text.push('\n');
            }
        }
        let mut mute = Vec::new();
        for word in vocabulary.iter().filter(|word| !known.contains(word.as_str())) {
            let guessed = if corrections.contains_key(word) { None } else { guess(word) };
            let all = match &guessed {
                Some(phones) => std::slice::from_ref(phones),
                None => corrections.get(word).map_or(&[][..], Vec::as_slice),
            };
            if all.is_empty() || !all.iter().all(|phones| are_phones(phones)) {
                mute.push(word.as_str());
                continue;
            }
            for (number, phones) in (1..).zip(all) {
                // Writing to a string does not fail.
                let _ = match number {
                    1 => writeln!(lexicon.text, "{word} {phones}"),
                    _ => writeln!(lexicon.text, "{word}({number}) {phones}"),
                };
            }
            if let Some(phones) = guessed {
                lexicon.guesses.push(Guess { word: word.clone(), phones });
            }
        }
        if mute.is_empty() {
            Ok(lexicon)
        } else {
            Err(SttError::Engine(format!(
                "no pronunciation in ARPAbet for {}; correct the table of pronunciations",
                mute.join(", ")
            )))
        }
    }

    /// The dictionary in CMUdict's format.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pronunciations that were made by rule, in alphabetical order: to be looked over.
    #[must_use]
    pub fn guesses(&self) -> &[Guess] {
        &self.guesses
    }
}

fn are_phones(phones: &str) -> bool {
    !phones.trim().is_empty() && phones.split_whitespace().all(|phone| PHONES.contains(&phone))
}
