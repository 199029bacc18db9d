//! Which other language a caller speaks or asks for.

use super::pattern::{Reader, find_any};
use super::tokens::Tokens;
use crate::language::Language;

/// The name of another language, if it is asked for or the text is in its script.
pub(super) fn other_language(text: &str, all: &Tokens, language: &Language) -> Option<String> {
    let reader = Reader { tokens: all, language, latest_year: 0 };
    let others = language.languages.iter().filter(|other| other.code != language.code());
    let titled = |word: &str| language.titles.iter().any(|title| word.starts_with(title));
    let about_doctor = all.words.iter().any(|word| titled(&word.text));
    let named = others.clone().find(|other| {
        // "A doctor who speaks French" asks for a doctor; French words are French all the same.
        let own = |at: usize| all.text(at) == other.name.to_lowercase();
        find_any(&other.say, reader).is_some_and(|found| !about_doctor || !own(found.start))
    });
    if let Some(named) = named {
        return Some(named.name.clone());
    }
    let foreign: Vec<char> = text.chars().filter(|c| language.is_foreign(*c)).collect();
    (foreign.len() >= 3).then(|| {
        let known = language.languages.iter().find(|other| {
            let letters = other.letters.as_ref();
            letters.is_some_and(|letters| foreign.iter().any(|letter| letters.has(*letter)))
        });
        known.map_or_else(String::new, |other| other.name.clone())
    })
}
