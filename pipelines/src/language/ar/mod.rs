//! Arabic: what tells a danger to life, and what is said then; calls are not held in it yet.

/// The file of dangers.
pub(super) const DANGERS: [&str; 1] = [include_str!("danger.toml")];
