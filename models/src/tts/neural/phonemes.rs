//! From words to phonemes: the lexicon, the few words that are said by what stands around them, and
//! a guess for the rest.
//!
//! Words are read from the last to the first, because "the" and "to" are said by the sound that
//! follows.

use super::lexicon::{Lexicon, PRIMARY, Speech, is_consonant, is_vowel, of_arpabet, stressed};

/// Marks that the net knows: it pauses at them.
const MARKS: &[char] = &['.', ',', '!', '?', ';', ':'];

/// Words that this lexicon lacks and the agent says: names of letters as they are spelled for a
/// voice, and titles.
const OWN: [(&str, &str); 6] = [
    ("ay", "ˈA"),
    ("cue", "kjˈu"),
    ("zee", "zˈi"),
    ("double", "dˈʌbᵊl"),
    ("miz", "mˈɪz"),
    ("why", "wˈI"),
];

/// Words behind which a word is a verb, and behind which it is a noun or is past.
const BEFORE_VERBS: [&str; 17] = [
    "to", "will", "can", "could", "would", "should", "may", "must", "please", "not", "i", "you",
    "we", "they", "i'll", "we'll", "you'll",
];
const BEFORE_NOUNS: [&str; 14] = [
    "the", "a", "an", "my", "your", "our", "their", "his", "her", "this", "no", "any", "of",
    "medical",
];
const BEFORE_PAST: [&str; 8] = ["have", "has", "had", "was", "were", "been", "is", "are"];

/// A word and what is written with it.
struct Word<'a> {
    text: &'a str,
    /// As it is said, in ARPAbet.
    phones: Option<&'a str>,
    /// The mark behind it.
    mark: Option<char>,
}

/// The phonemes of a text. `guess` is asked for words that are nowhere.
pub(super) fn phonemes(
    text: &str,
    lexicon: &Lexicon,
    guess: &mut dyn FnMut(&str) -> Option<String>,
) -> String {
    let words = words(text);
    let mut said: Vec<String> = Vec::with_capacity(words.len());
    // Whether the sound that follows is a vowel; nothing before a pause.
    let mut vowel = None;
    for (at, word) in words.iter().enumerate().rev() {
        if word.mark.is_some() {
            vowel = None;
        }
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let before = before.filter(|before| before.mark.is_none()).map(|before| before.text);
        let mut sound = say(word, before, vowel, lexicon, guess);
        let first = sound.chars().find(|c| is_vowel(*c) || is_consonant(*c));
        vowel = first.map_or(vowel, |first| Some(is_vowel(first)));
        sound.extend(word.mark);
        if !sound.is_empty() {
            said.push(sound);
        }
    }
    said.reverse();
    said.join(" ").replace('ɾ', "T").replace('ʔ', "t")
}

fn say(
    word: &Word<'_>,
    before: Option<&str>,
    vowel: Option<bool>,
    lexicon: &Lexicon,
    guess: &mut dyn FnMut(&str) -> Option<String>,
) -> String {
    if let Some(said) = word.phones.and_then(of_arpabet) {
        return said;
    }
    let lower = word.text.to_lowercase();
    let fixed = match (lower.as_str(), vowel) {
        // A letter, where nothing follows.
        ("a", None) => "ˈA",
        ("a", Some(_)) => "ɐ",
        ("an", Some(_)) => "ɐn",
        ("am", Some(_)) if word.text == "am" => "ɐm",
        ("i", _) => "ˌI",
        ("to", Some(true)) => "tʊ",
        ("to", Some(false)) => "tə",
        ("in", Some(_)) => "ɪn",
        ("in", None) => "ˈɪn",
        ("the", Some(true)) => "ði",
        ("the", _) => "ðə",
        _ => OWN.iter().find(|(own, _)| *own == lower).map_or("", |(_, said)| said),
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    let known = lexicon.word(word.text, speech(before, vowel));
    let is_capital = word.text.starts_with(char::is_uppercase);
    match known {
        Some(said) if is_capital => stressed(said),
        Some(said) => said,
        None => guessed(word.text, guess),
    }
}

/// What a word is, by the one before it.
fn speech(before: Option<&str>, vowel: Option<bool>) -> Speech {
    let before = before.map(str::to_lowercase).unwrap_or_default();
    if BEFORE_VERBS.contains(&&*before) {
        Speech::Verb
    } else if BEFORE_NOUNS.contains(&&*before) {
        Speech::Noun
    } else if BEFORE_PAST.contains(&&*before) {
        Speech::Past
    } else if vowel.is_none() {
        Speech::Last
    } else {
        Speech::Other
    }
}

/// A word that is nowhere, with a stress: a name is never without.
fn guessed(word: &str, guess: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let (stem, ending) = match word.find(['\'', '’']) {
        Some(at) if word[at..].trim_start_matches(['\'', '’']) == "s" => (&word[..at], "z"),
        _ => (word, ""),
    };
    let said = guess(stem).unwrap_or_default();
    let said = if said.contains(PRIMARY) { said } else { stressed(said) };
    format!("{said}{ending}")
}

/// The words of a text. "Shalaby{SH AH0 L AA1 B IY0}" is a word with how it is said.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| !c.is_whitespace() && c != '-') {
        rest = &rest[begin..];
        let end = rest.find(|c: char| c.is_whitespace() || c == '-' || c == '{');
        let (mut token, mut after) = rest.split_at(end.unwrap_or(rest.len()));
        if let Some((inside, behind)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            let end = behind.find(|c: char| c.is_whitespace()).unwrap_or(behind.len());
            let mark = behind[..end].chars().find(|c| MARKS.contains(c));
            words.push(Word { text: token, phones: Some(inside), mark });
            (token, after) = ("", &behind[end..]);
        } else if after.starts_with('{') {
            after = &after[1..];
        }
        let core = token.trim_matches(|c: char| !c.is_alphanumeric());
        let mark = token.chars().rev().find(|c| MARKS.contains(c));
        if !core.is_empty() {
            words.push(Word { text: core, phones: None, mark });
        } else if let (Some(mark), Some(word)) = (mark, words.last_mut()) {
            word.mark.get_or_insert(mark);
        }
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "at\tæt\nclinic\tklˈɪnɪk\ndoctor\tdˈɑktəɹ\nhour\tˈWəɹ\nis\tɪz\nread\tɹˈid\tVBD=ɹˈɛd\n\
                         that\tðæt\nto\ttˈu\n";

    fn said(text: &str) -> String {
        let mut guess = |word: &str| Some(format!("<ˈ{word}>"));
        phonemes(text, &Lexicon::new(WORDS), &mut guess)
    }

    #[test]
    fn the_and_to_are_said_by_the_sound_that_follows() {
        assert_eq!(said("the hour at the clinic."), "ði ˈWəɹ æt ðə klˈɪnɪk.");
        assert_eq!(said("to the clinic"), "tə ðə klˈɪnɪk");
        assert_eq!(said("that is to."), "ðæt ɪz tˈu.");
    }

    #[test]
    fn a_word_that_is_nowhere_is_guessed_with_its_genitive() {
        assert_eq!(said("Doctor Okafor's clinic"), "dˈɑktəɹ <ˈOkafor>z klˈɪnɪk");
    }

    #[test]
    fn a_word_with_phones_is_said_so_and_keeps_its_mark() {
        assert_eq!(said("Doctor Shalaby{SH AH0 L AA1 B IY0}, that is"), "dˈɑktəɹ ʃəlˈɑbi, ðæt ɪz");
        assert_eq!(said("Shalaby{nonsense} is"), "<ˈShalaby> ɪz");
    }

    #[test]
    fn marks_stay_and_hyphens_part_words() {
        assert_eq!(said("Is that at-clinic? That is, ..."), "ˌɪz ðæt æt klˈɪnɪk? ðˌæt ɪz,");
        assert_eq!(said(""), "");
        assert_eq!(said("?!"), "");
    }
}
