//! Which languages there are, and which of them a call is held in.

use std::sync::LazyLock;

use super::bundle::{Bundle, BundleError};
use super::{Language, en};

/// The languages that a runtime has, in the order in which they are preferred.
#[derive(Debug, Clone)]
pub struct Languages {
    preferred: Language,
    others: Vec<Language>,
}

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
        let (first, rest) = bundles.split_first().ok_or(BundleError::None)?;
        rest.iter().try_fold(Self::of(Language::load(first)?), |all, bundle| all.with(bundle))
    }

    const fn of(preferred: Language) -> Self {
        Self { preferred, others: Vec::new() }
    }

    /// These and the language of one more folder.
    ///
    /// # Errors
    /// As for [`Languages::load`].
    pub fn with(mut self, bundle: &Bundle<'_>) -> Result<Self, BundleError> {
        if self.get(bundle.code).is_some() {
            return Err(BundleError::Twice { code: bundle.code.to_owned() });
        }
        self.others.push(Language::load(bundle)?);
        Ok(self)
    }

    fn all(&self) -> impl Iterator<Item = &Language> {
        std::iter::once(&self.preferred).chain(&self.others)
    }

    /// The language of a code (ISO 639-1), if it is there.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Language> {
        self.all().find(|language| language.code() == code)
    }

    /// The language of a call: the one that was asked for, if the clinic serves it and it is there;
    /// else the first of the clinic's that is there; else the first that there is.
    #[must_use]
    pub fn for_call(&self, asked: &str, served: &[String]) -> &Language {
        let asked = served.iter().filter(|code| *code == asked);
        let mut codes = asked.chain(served);
        codes.find_map(|code| self.get(code)).unwrap_or(&self.preferred)
    }

    /// Their codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.all().map(Language::code)
    }
}
