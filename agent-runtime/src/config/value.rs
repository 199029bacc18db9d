//! Values of settings: where each came from, and parsing at the edge.

use std::fmt;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::settings::Setting;

/// A value that must not be shown: prints as `[secret]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the connection that needs it. Never for a log or an error.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The environment variable of the setting, or the one named.
    Env(&'static str),
    /// The file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

/// A value before it is parsed.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A setting and what was said of it.
pub(super) struct Given<'a> {
    pub(super) setting: &'static Setting,
    pub(super) raw: Option<&'a Raw>,
}

impl Given<'_> {
    /// Parses the value, if there is one. `expected` completes "expected …".
    pub(super) fn parse<T>(
        &self,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(raw) = self.raw else { return Ok(None) };
        match parse(&raw.text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.invalid(raw, expected)),
        }
    }

    fn invalid(&self, raw: &Raw, expected: &str) -> ConfigError {
        let name = match (&raw.origin, self.setting.key) {
            (Origin::File(path), Some(key)) => format!("{key} in {}", path.display()),
            (Origin::Env(name), _) => (*name).to_owned(),
            _ => self.setting.env.to_owned(),
        };
        let shown =
            if self.setting.secret { "[secret]".to_owned() } else { format!("{:?}", raw.text) };
        ConfigError::Invalid { name, shown, expected: expected.to_owned() }
    }
}

/// `on`/`off` and the other usual words for it.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A clinic's slug: lowercase letters, digits and inner hyphens, at most 63.
pub(super) fn slug(text: &str) -> Option<String> {
    frontdesk_tenants::directory::is_slug(text).then(|| text.to_owned())
}

/// A folder, absolute; a leading `~/` is the home folder.
pub(super) fn path(text: &str, home: Option<&Path>) -> Option<PathBuf> {
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    if text.is_empty() { None } else { std::path::absolute(path).ok() }
}
