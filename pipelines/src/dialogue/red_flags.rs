//! Red flags: words that interrupt any dialogue (domain.md, section 6).
//!
//! Checked on every partial and final transcript, before any policy. A false alarm costs one
//! question; a missed one may cost a life: so "my father had chest pain" raises the flag as well,
//! and only a plain denial ("no chest pain") does not.

use super::understand::days::ends_before;
use super::understand::pattern::{Reader, longest_at};
use super::understand::tokens::Tokens;
use crate::language::Language;

/// Words between a denial and what is denied, at most ("not any chest pain").
const DENIAL_REACH: usize = 2;

/// Ids of the red flags that `text` raises, in the order of the language's table.
pub(crate) fn in_text(text: &str, language: &Language) -> Vec<String> {
    let tokens = Tokens::of(text, language);
    let reader = Reader { tokens: &tokens, language, latest_year: 0 };
    let words = &language.red_flags;
    let denied = |start: usize| {
        (start.saturating_sub(DENIAL_REACH)..=start).any(|at| {
            let Some(length) = ends_before(&words.negations, reader, at) else { return false };
            let from = at - length;
            let cut = tokens.words[at.saturating_sub(1)..start].iter().any(|word| word.stop);
            !cut && longest_at(&words.not_negating, reader, from).is_none()
        })
    };
    let raised =
        |say| (0..tokens.len()).any(|at| longest_at(say, reader, at).is_some() && !denied(at));
    words.flags.iter().filter(|flag| raised(&flag.say)).map(|flag| flag.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::tests::english;

    fn flags(text: &str) -> Vec<String> {
        in_text(text, &english())
    }

    #[test]
    fn emergencies_are_heard_in_many_words() {
        for (text, flag) in [
            ("I have chest pain", "chest_pain"),
            ("there is a terrible pain in my chest", "chest_pain"),
            ("my chest really hurts", "chest_pain"),
            ("my father had chest pain last year", "chest_pain"),
            ("she can't breathe", "breathing"),
            ("his face is drooping on one side", "stroke"),
            ("I am bleeding and it won't stop", "bleeding"),
            ("the bleeding will not stop", "bleeding"),
            ("I want to kill myself", "suicide"),
            ("I don't want to live anymore", "suicide"),
            ("my son swallowed some bleach", "poisoning"),
            ("he passed out", "unconscious"),
            ("this is an emergency", "emergency"),
            ("not sure, chest pain maybe", "chest_pain"),
        ] {
            assert!(flags(text).iter().any(|f| f == flag), "{text:?} raised {:?}", flags(text));
        }
    }

    #[test]
    fn denials_and_ordinary_words_raise_none() {
        for text in [
            "no chest pain",
            "I don't have any chest pain",
            "it is not an emergency",
            "I would like to see a heart doctor",
            "for a blood test",
            "can I have an appointment on Monday",
            "my heart is set on Tuesday",
        ] {
            assert_eq!(flags(text), Vec::<String>::new(), "{text:?}");
        }
    }
}
