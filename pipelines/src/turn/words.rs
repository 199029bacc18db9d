//! What the words heard so far amount to, for turn taking.

use serde::{Deserialize, Serialize};

/// Whether the words heard so far complete what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// They do.
    Complete,
    /// Nothing can be said.
    #[default]
    Unknown,
    /// They break off: more will come.
    Incomplete,
}
