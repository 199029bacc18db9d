//! What is wrong with a configuration.

/// Why the configuration is not usable. Each prints as one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not what the setting needs.
    #[error("{name} is {shown}: expected {expected}")]
    Invalid {
        /// Variable, or key and file.
        name: String,
        /// The value, or `[secret]`.
        shown: String,
        /// What would be right.
        expected: String,
    },
    /// A name that nobody reads, most likely misspelt.
    #[error("{name} is not a setting{nearest}; all settings are in docs/configuration.md")]
    Unknown {
        /// Variable, or key and file.
        name: String,
        /// `", did you mean …?"` or nothing.
        nearest: String,
    },
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system or the parser said, in one line.
        reason: String,
    },
    /// Two settings do not go together.
    #[error("{0}")]
    Conflict(String),
}
