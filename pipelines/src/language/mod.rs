//! Languages: what is understood, said, spoken aloud and listened for, one folder for each.
//!
//! A folder ([`Bundle`]) has `understand.toml` (tables of words for the parsers), `phrases.toml`
//! (what the agent says), `speak.toml` with one file of code for numbers ([`Numbers`]; how text
//! becomes words for a voice), `listen.toml` (what the recognizer expects), `turn.toml` (words that
//! turn taking listens for), and lists of names. Adding a language is adding a folder and naming it
//! in [`Languages::built_in`]; no code asks which language it has before it.

pub mod bundle;
mod en;
pub mod listen;
pub mod numbers;
pub mod speech;
pub mod turn;

use std::sync::LazyLock;

pub use crate::dialogue::language::{Language, PhraseError};
pub use bundle::{Bundle, BundleError};
pub use numbers::Numbers;

/// The languages that a runtime has, in the order in which they are preferred.
#[derive(Debug, Clone)]
pub struct Languages(Vec<Language>);

static BUILT_IN: LazyLock<Languages> = LazyLock::new(|| {
    let built_in = Languages::load(&[en::BUNDLE]);
    built_in.unwrap_or_else(|error| unreachable!("the embedded languages are tested: {error}"))
});

impl Languages {
    /// Those that come with Frontdesk.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Those of these folders.
    ///
    /// # Errors
    /// [`BundleError`], which names file and entry, if one of them cannot be used, if two have the
    /// same code, or if there is none.
    pub fn load(bundles: &[Bundle<'_>]) -> Result<Self, BundleError> {
        let mut all: Vec<Language> = Vec::with_capacity(bundles.len());
        for bundle in bundles {
            if all.iter().any(|known| known.code() == bundle.code) {
                return Err(BundleError::Twice { code: bundle.code.to_owned() });
            }
            all.push(Language::load(bundle)?);
        }
        if all.is_empty() { Err(BundleError::None) } else { Ok(Self(all)) }
    }

    /// The language of a code (ISO 639-1), if it is there.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Language> {
        self.0.iter().find(|language| language.code() == code)
    }

    /// The language of a call: the one that was asked for, if the clinic serves it and it is there;
    /// else the first of the clinic's that is there; else the first that there is.
    #[must_use]
    pub fn for_call(&self, asked: &str, served: &[String]) -> &Language {
        let asked = served.iter().filter(|code| *code == asked);
        let codes = asked.chain(served);
        let found = codes.filter_map(|code| self.get(code)).next();
        found.unwrap_or(&self.0[0])
    }

    /// Their codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Language::code)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// English, for tests of what is the same in all languages.
    pub(crate) fn english() -> Language {
        Languages::built_in().get("en").expect("it comes with Frontdesk").clone()
    }

    #[test]
    fn a_call_has_the_language_that_was_asked_for_or_one_that_the_clinic_serves() {
        let all = Languages::built_in();
        let served =
            |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        for codes in [&["en", "ar"][..], &["ar", "en"], &["ar"], &[]] {
            assert_eq!(all.for_call("ar", &served(codes)).code(), "en", "{codes:?}");
        }
        assert!(all.get("ar").is_none());
    }
}
