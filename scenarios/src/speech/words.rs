//! Words as they are spoken, and how many of them were understood.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use frontdesk_models::stt::SttError;
use frontdesk_models::stt::lexicon::{Corrections, Lexicon};
use frontdesk_models::tts::flite;
use frontdesk_pipelines::language::{Language, Languages};
use frontdesk_pipelines::speak::spoken;

/// The language that the patient speaks: its voice and its recognizer have no other.
pub(crate) const LANGUAGE: &str = "en";

fn language() -> &'static Language {
    Languages::built_in().for_call(LANGUAGE, &[LANGUAGE.to_owned()])
}

/// The words of a text as a voice says them: numbers, dates and times in words, lower case.
#[must_use]
pub(crate) fn as_spoken(text: &str) -> Vec<String> {
    let text = spoken(text, language()).to_lowercase().replace('\u{2019}', "'");
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What became of the words that were said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Alignment {
    /// Words said.
    pub said: usize,
    /// Those that were understood.
    pub matched: usize,
    /// Words wrong, missing and made up.
    pub errors: usize,
}

/// Aligns what was understood with what was said, with the fewest errors.
#[must_use]
pub(crate) fn align(
    said: &[String],
    heard: &[String],
    same: impl Fn(&str, &str) -> bool,
) -> Alignment {
    // (errors, matches) of the best alignment of the words said so far with each start of `heard`;
    // fewest errors, then most matches.
    let better = |a: (usize, usize), b: (usize, usize)| {
        if (b.0, usize::MAX - b.1) < (a.0, usize::MAX - a.1) { b } else { a }
    };
    let mut row: Vec<(usize, usize)> = (0..=heard.len()).map(|extra| (extra, 0)).collect();
    for word in said {
        let mut diagonal = row[0];
        row[0].0 += 1;
        for (column, other) in heard.iter().enumerate() {
            let equal = same(word, other);
            let step = (diagonal.0 + usize::from(!equal), diagonal.1 + usize::from(equal));
            let missing = (row[column + 1].0 + 1, row[column + 1].1);
            let extra = (row[column].0 + 1, row[column].1);
            diagonal = row[column + 1];
            row[column + 1] = better(better(step, missing), extra);
        }
    }
    let (errors, matched) = row.last().copied().unwrap_or_default();
    Alignment { said: said.len(), matched, errors }
}

/// Aligns by spelling.
#[must_use]
pub(crate) fn errors(said: &[String], heard: &[String]) -> Alignment {
    align(said, heard, |a, b| a == b)
}

/// How words sound: their pronunciations in a dictionary.
pub(crate) type Sounds = HashMap<String, BTreeSet<String>>;

/// The pronunciations of `words` in CMUdict's words, or made by rule for what it lacks.
///
/// # Errors
/// [`SttError::MissingModel`] if the dictionary cannot be read.
pub(crate) fn sounds_of<'a>(
    dictionary: &Path,
    words: impl IntoIterator<Item = &'a String>,
) -> Result<Sounds, SttError> {
    let plain = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '\'');
    let known: BTreeSet<String> = words.into_iter().filter(plain).cloned().collect();
    let corrections = Corrections::default();
    let lexicon = Lexicon::load(dictionary, &known, false, &corrections, &flite::pronounce)?;
    let mut sounds = Sounds::new();
    for (entry, phones) in lexicon.text().lines().filter_map(|line| line.split_once(' ')) {
        let word = entry.split_once('(').map_or(entry, |(word, _)| word);
        sounds.entry(word.to_owned()).or_default().insert(phones.trim().to_owned());
    }
    Ok(sounds)
}

/// Aligns by sound: heard, "four" and "for" are one word, and so are the letter B and "bee".
#[must_use]
pub(crate) fn understood(said: &[String], heard: &[String], sounds: &Sounds) -> Alignment {
    align(said, heard, |a, b| {
        let alike = || Some(!sounds.get(a)?.is_disjoint(sounds.get(b)?));
        a == b || alike().unwrap_or(false)
    })
}

#[cfg(test)]
mod tests {
    use frontdesk_models::stt::pocketsphinx::Options;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn display_text_becomes_the_words_of_the_voice() {
        let words = as_spoken("Sunday, June 14, at 9:30 AM with Dr. Hassan.");
        assert_eq!(
            words.join(" "),
            "sunday june fourteenth at nine thirty in the morning with doctor hassan"
        );
    }

    #[test]
    fn wrong_missing_and_added_words_are_errors() {
        let said = words("i would like to see a doctor");
        let alignment = errors(&said, &words("i would like see the doctor please"));
        assert_eq!(alignment, Alignment { said: 7, matched: 5, errors: 3 });
        assert_eq!(errors(&said, &said).errors, 0);
        assert_eq!(errors(&said, &[]), Alignment { said: 7, matched: 0, errors: 7 });
        assert_eq!(errors(&[], &words("hello")).errors, 1);
    }

    #[test]
    fn words_that_sound_alike_are_the_same_to_an_ear() {
        let (said, heard) = (words("kay see nile four"), words("k sea niall for"));
        let dictionary = Options::default().dictionary;
        let sounds = sounds_of(&dictionary, said.iter().chain(&heard)).expect("a dictionary");
        assert_eq!(understood(&said, &heard, &sounds).matched, 4);
        assert_eq!(understood(&words("nine"), &words("five"), &sounds).matched, 0);
        assert_eq!(errors(&words("four"), &words("for")).errors, 1);
    }
}
