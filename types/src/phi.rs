//! Personal (health) data that must not reach a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that identifies a person or tells of their health. It prints as `[phi]`; whoever needs
/// the value says so with [`Phi::expose`], which reviewers and `xtask` can search for.
///
/// ```
/// use frontdesk_types::Phi;
/// let name = Phi::new("Mary Johnson".to_owned());
/// assert_eq!(format!("{name} {name:?}"), "[phi] [phi]");
/// assert_eq!(name.expose(), "Mary Johnson");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the database, the caller's own ears, or a comparison. Never for a log.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, by move.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[phi]")
    }
}
