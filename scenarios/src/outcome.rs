//! How a command of this crate ends, and where it prints.

use std::fmt::Display;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to.
    Done,
    /// It ran, and the result is bad.
    Failed,
    /// The command line or the configuration is wrong; nothing was started.
    Usage,
    /// Something that it needs is not there or refuses; everything started was stopped again.
    Unavailable,
}

/// Why a command ended otherwise than [`Exit::Done`]: one line for the user.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened, to what, what to do.
    pub message: String,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        // One line, whatever a library wrote.
        let message = message.to_string().split('\n').map(str::trim).collect::<Vec<_>>().join(", ");
        Self { exit, message }
    }
}

/// Where a command prints its result.
pub trait Output {
    /// Prints a line at once.
    fn line(&mut self, text: impl Display);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line() {
        let failure = Failure::new(Exit::Failed, "first\n  second");
        assert_eq!(failure.to_string(), "first, second");
    }
}
