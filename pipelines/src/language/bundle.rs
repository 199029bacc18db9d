//! The folder of one language, and what is said when a file of it cannot be used.

use std::ops::Range;

use serde::de::DeserializeOwned;

use super::classes::{self, ClassError};
use super::speech::Numbers;

/// The folder of one language: its files and the one part that is code.
///
/// The files that every folder has are `understand.toml`, `danger.toml`, `phrases.toml`,
/// `speak.toml`, `listen.toml` and `turn.toml`; those of names and of common words are named in `listen.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Bundle<'a> {
    /// ISO 639-1 code, and name of the folder.
    pub code: &'a str,
    /// Each file's path inside the folder, with its text.
    pub files: &'a [(&'a str, &'a str)],
    /// Numbers, dates, times and amounts in words.
    pub numbers: &'static dyn Numbers,
}

/// A language's folder cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A file is missing.
    #[error("{code}/{file} is missing; add it to the folder of the language")]
    Missing {
        /// Code of the language.
        code: String,
        /// The file's path inside the folder.
        file: String,
    },
    /// A file holds what it must not, or lacks what it must hold.
    #[error("{code}/{file}, {key}: {reason}")]
    Bad {
        /// Code of the language.
        code: String,
        /// The file's path inside the folder.
        file: String,
        /// The entry, with its table (`states.request.say`), or the number of the line.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two folders have the same code.
    #[error("the language {code:?} is there twice; keep one folder of it")]
    Twice {
        /// The code.
        code: String,
    },
    /// There is no folder at all.
    #[error("there is no language; give at least one folder")]
    None,
}

impl Bundle<'_> {
    /// The text of a file.
    pub(super) fn text(&self, file: &str) -> Result<&str, BundleError> {
        let found = self.files.iter().find(|(name, _)| *name == file).map(|(_, text)| *text);
        found.ok_or_else(|| BundleError::Missing { code: self.code.into(), file: file.into() })
    }

    /// What is wrong with an entry of a file.
    pub(super) fn bad(&self, file: &str, key: &str, reason: impl Into<String>) -> BundleError {
        let (code, file, key) = (self.code.into(), file.into(), key.into());
        BundleError::Bad { code, file, key, reason: reason.into() }
    }

    /// A file of TOML, its classes of words written out.
    pub(super) fn toml<T: DeserializeOwned>(&self, file: &str) -> Result<T, BundleError> {
        let text = self.text(file)?;
        let refuse = |text: &str, error: &toml::de::Error| {
            let key = error.span().map_or_else(|| "whole file".to_owned(), |at| key_at(text, at));
            self.bad(file, &key, error.message())
        };
        let whole = classes::written_out(text).map_err(|error| match error {
            ClassError::File(error) => refuse(text, &error),
            ClassError::Unknown { key, class } => {
                let reason = format!("there is no class <{class}>; add it, or correct the name");
                self.bad(file, &key, reason)
            }
        })?;
        toml::from_str(&whole).map_err(|error| refuse(&whole, &error))
    }
}

/// The entry at a place in TOML, with the table it is in.
fn key_at(text: &str, place: Range<usize>) -> String {
    let upto = text.get(..place.start).unwrap_or(text);
    let line_start = upto.rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[line_start..].find('\n').map_or(text.len(), |at| line_start + at);
    let (mut table, mut key) = ("", "");
    for line in text[..line_end].lines() {
        let line = line.trim_end();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_start_matches('[').split(']').next().unwrap_or_default();
            (table, key) = (header, "");
        } else if let Some((name, _)) = line.split_once('=')
            && line.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"')
        {
            key = name.trim().trim_matches('"');
        }
    }
    match (table, key) {
        ("", "") => format!("line {}", upto.lines().count().max(1)),
        ("", key) => key.to_owned(),
        (table, "") => table.to_owned(),
        (table, key) => format!("{table}.{key}"),
    }
}
