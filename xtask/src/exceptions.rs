//! Known exceptions to the checks of source files. The list may only shrink: each check refuses an
//! exception that it does not need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::sources;

/// Where the exceptions are.
pub(crate) const EXCEPTIONS: &str = "xtask/exceptions.toml";

/// A file, and the files that it uses.
pub(crate) type Edges = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Exceptions {
    /// Files that are too long, and how many lines they may have.
    #[serde(default)]
    pub(crate) file_sizes: BTreeMap<PathBuf, usize>,
    /// Public functions of `tenants` that nobody calls yet.
    #[serde(default)]
    pub(crate) callers: BTreeSet<String>,
    /// Imports that close a circle.
    #[serde(default)]
    pub(crate) circles: Edges,
}

pub(crate) fn read(root: &Path) -> Result<Exceptions> {
    toml::from_str(&sources::read(root, EXCEPTIONS)?).context(EXCEPTIONS)
}
