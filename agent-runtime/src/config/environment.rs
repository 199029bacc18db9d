//! The outside world as the configuration sees it: variables and folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ConfigError;
use super::settings::{self, CONFIG_FILE, SETTINGS};

/// The outside world as the configuration sees it; an argument so that tests have their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Environment variables.
    pub vars: BTreeMap<String, String>,
    /// Working folder.
    pub working_dir: PathBuf,
    /// Whether the process runs as root.
    pub root: bool,
}

impl Environment {
    /// That of this process. Variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let working_dir = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        Self { vars, working_dir, root: rustix::process::geteuid().is_root() }
    }

    pub(super) fn var(&self, name: &str) -> Option<&str> {
        // An empty variable counts as unset, so that a compose file can pass through optional ones.
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn default_data_dir(&self) -> PathBuf {
        let local = self.working_dir.join(".frontdesk");
        if local.is_dir() {
            local
        } else if let Some(data) = self.var("XDG_DATA_HOME") {
            Path::new(data).join("frontdesk")
        } else if self.root {
            // PostgreSQL refuses to run as root, and its user cannot enter root's home folder.
            PathBuf::from("/var/lib/frontdesk")
        } else if let Some(home) = self.var("HOME") {
            Path::new(home).join(".local/share/frontdesk")
        } else {
            local
        }
    }
}

/// Names of unknown `FRONTDESK_…` variables. One that is nearly a setting is an error: somebody
/// believes to have set it.
pub(super) fn unknown_variables(env: &Environment) -> Result<Vec<String>, ConfigError> {
    let mut ignored = Vec::new();
    for name in env.vars.keys() {
        let ours = name.starts_with("FRONTDESK_") || name.starts_with("LIVEKIT_");
        if !ours || settings::by_env(name).is_some() {
            continue;
        }
        match settings::nearest(name, SETTINGS.iter().map(|setting| setting.env)) {
            Some((near, distance)) if distance <= 2 => {
                return Err(ConfigError::Unknown {
                    name: name.clone(),
                    nearest: format!(", did you mean {near}?"),
                });
            }
            _ if name.starts_with("FRONTDESK_") => ignored.push(name.clone()),
            _ => {}
        }
    }
    Ok(ignored)
}

pub(super) fn candidate_files(env: &Environment) -> Vec<PathBuf> {
    if let Some(path) = env.var(CONFIG_FILE) {
        return vec![env.working_dir.join(path)];
    }
    let data_dir = env.var("FRONTDESK_DATA_DIR").map(PathBuf::from);
    let data_dir = data_dir.unwrap_or_else(|| env.default_data_dir());
    vec![env.working_dir.join("frontdesk.toml"), data_dir.join("frontdesk.toml")]
}
