//! Arabic: what tells a danger to life, and what is said then; calls are not held in it yet.

/// The file of dangers.
pub(super) const DANGERS: [&str; 1] = [include_str!("danger.toml")];

/// The language.
pub(super) const CODE: &str = "ar";

/// What is written to people.
pub(super) const MAIL: &str = include_str!("mail.toml");
